"""Other projects' networks, rewritten with their key layout, any width."""
from collections import OrderedDict

import torch
from torch import nn


def conv(inside, out, kernel, stride=1):
    sides = (kernel, ) * 3 if isinstance(kernel, int) else kernel
    return nn.Conv3d(
        inside, out, kernel, stride, tuple(k // 2 for k in sides), bias=False)


class TorchvisionBlock(nn.Module):

    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = nn.Sequential(
            conv(inside, out, 3, stride), nn.BatchNorm3d(out), nn.ReLU())
        self.conv2 = nn.Sequential(conv(out, out, 3), nn.BatchNorm3d(out))
        self.downsample = nn.Identity() if stride == 1 else nn.Sequential(
            conv(inside, out, 1, stride), nn.BatchNorm3d(out))

    def forward(self, x):
        return (self.conv2(self.conv1(x)) + self.downsample(x)).relu()


class TorchvisionR3D(nn.Module):

    def __init__(self, width):
        super().__init__()
        self.stem = nn.Sequential(
            conv(3, width, (3, 7, 7), (1, 2, 2)), nn.BatchNorm3d(width),
            nn.ReLU())
        for i in range(4):
            inside, out = width * 2**max(i - 1, 0), width * 2**i
            layer = nn.Sequential(
                TorchvisionBlock(inside, out, 1 if i == 0 else 2),
                TorchvisionBlock(out, out, 1))
            self.add_module(f'layer{i + 1}', layer)
        self.fc = nn.Linear(8 * width, 5)

    def features(self, x):
        for layer in list(self.children())[:-1]:
            x = layer(x)
        return x


class RSPNetBlock(nn.Module):

    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = conv(inside, out, 3, stride)
        self.bn1 = nn.BatchNorm3d(out)
        self.conv2 = conv(out, out, 3)
        self.bn2 = nn.BatchNorm3d(out)
        self.downsample = nn.Identity() if stride == 1 else nn.Sequential(
            conv(inside, out, 1, stride), nn.BatchNorm3d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + self.downsample(x)).relu()


class RSPNetR3D(nn.Module):

    def __init__(self, width):
        super().__init__()
        self.conv1 = conv(3, width, 7, (1, 2, 2))
        self.bn1 = nn.BatchNorm3d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool3d(3, 2, 1)
        for i in range(4):
            inside, out = width * 2**max(i - 1, 0), width * 2**i
            layer = nn.Sequential(
                RSPNetBlock(inside, out, 1 if i == 0 else 2),
                RSPNetBlock(out, out, 1))
            self.add_module(f'layer{i + 1}', layer)
        self.fc = nn.Linear(8 * width, 1)

    def features(self, x):
        for layer in list(self.children())[:-1]:
            x = layer(x)
        return x


class Factorized(nn.Module):

    def __init__(self, inside, out, kernel, stride=(1, 1, 1)):
        super().__init__()
        time, space, _ = kernel
        mid = (time * space**2 * inside * out) // (
            space**2 * inside + time * out)
        self.spatial_conv = conv(inside, mid, (1, space, space),
                                 (1, *stride[1:]))
        self.bn = nn.BatchNorm3d(mid)
        self.temporal_conv = conv(mid, out, (time, 1, 1), (stride[0], 1, 1))

    def forward(self, x):
        return self.temporal_conv(self.bn(self.spatial_conv(x)).relu())


class Whole(nn.Module):

    def __init__(self, inside, out, kernel, stride=(1, 1, 1)):
        super().__init__()
        self.temporal_spatial_conv = conv(inside, out, kernel, stride)

    def forward(self, x):
        return self.temporal_spatial_conv(x)


class VCOPBlock(nn.Module):

    def __init__(self, convolution, inside, out):
        super().__init__()
        stride = (1, 1, 1) if inside == out else (2, 2, 2)
        if inside != out:
            self.downsampleconv = convolution(inside, out, (1, 1, 1), stride)
            self.downsamplebn = nn.BatchNorm3d(out)
        self.conv1 = convolution(inside, out, (3, 3, 3), stride)
        self.bn1 = nn.BatchNorm3d(out)
        self.conv2 = convolution(out, out, (3, 3, 3))
        self.bn2 = nn.BatchNorm3d(out)

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        if hasattr(self, 'downsampleconv'):
            x = self.downsamplebn(self.downsampleconv(x))
        return (y + x).relu()


class VCOPR3D(nn.Module):
    convolution = Whole

    def __init__(self, width):
        super().__init__()
        self.conv1 = self.convolution(3, width, (3, 7, 7), (1, 2, 2))
        self.bn1 = nn.BatchNorm3d(width)
        self.relu1 = nn.ReLU()
        for i in range(4):
            block = VCOPBlock(
                self.convolution, width * 2**max(i - 1, 0), width * 2**i)
            self.add_module(f'conv{i + 2}',
                            nn.Sequential(OrderedDict(block1=block)))
        self.linear = nn.Linear(8 * width, 1)

    def features(self, x):
        for layer in list(self.children())[:-1]:
            x = layer(x)
        return x


class RSPNetR2Plus1D(VCOPR3D):
    convolution = Factorized


# By name, the channels into a convolution and out of it, in multiples of
# those of the first one.
C3D = {
    '1': (None, 1), '2': (1, 2), '3a': (2, 4), '3b': (4, 4), '4a': (4, 8),
    '4b': (8, 8), '5a': (8, 8), '5b': (8, 8)
}  # yapf: disable


class VCOPC3D(nn.Module):

    def __init__(self, width):
        super().__init__()
        for name, (inside, out) in C3D.items():
            self.add_module(f'conv{name}', nn.Conv3d(
                inside * width if inside else 3, out * width, 3, padding=1))
            self.add_module(f'bn{name}', nn.BatchNorm3d(out * width))
            self.add_module(f'relu{name}', nn.ReLU())
            if name in ('1', '2', '3b', '4b'):
                pooled = (1, 2, 2) if name == '1' else 2
                self.add_module(f'pool{name[0]}', nn.MaxPool3d(pooled))
        self.linear = nn.Linear(8 * width, 5)

    def features(self, x):
        for layer in list(self.children())[:-1]:
            x = layer(x)
        return x


class ConvNorm(nn.Module):

    def __init__(self, inside, out, kernel, stride=1):
        super().__init__()
        self.conv3d = conv(inside, out, kernel, stride)
        self.bn = nn.BatchNorm3d(out, eps=1e-3, momentum=0.001)

    def forward(self, x):
        return self.bn(self.conv3d(x)).relu()


class Separable(nn.Module):

    def __init__(self, inside, out, kernel, stride=1):
        super().__init__()
        self.sep_conv = nn.Sequential(
            ConvNorm(inside, out, (1, kernel, kernel), stride),
            ConvNorm(out, out, (kernel, 1, 1)))
        self.excitation = nn.Conv3d(out, out, 1)

    def forward(self, x):
        x = self.sep_conv(x)
        mean = nn.functional.adaptive_avg_pool3d(x, 1)
        return x * self.excitation(mean).sigmoid()


class Mixed(nn.Module):

    def __init__(self, inside, a, b, c, d, e, f):
        super().__init__()
        self.branch0 = ConvNorm(inside, a, 1)
        self.branch1 = nn.Sequential(
            ConvNorm(inside, b, 1), Separable(b, c, 3))
        self.branch2 = nn.Sequential(
            ConvNorm(inside, d, 1), Separable(d, e, 3))
        self.branch3 = nn.Sequential(
            nn.MaxPool3d(3, 1, 1), ConvNorm(inside, f, 1))

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.children()], dim=1)


# By name, the channels into a block and its branches', in multiples of 1/64.
BLOCKS = {
    'sepInc_3b': (192, 64, 96, 128, 16, 32, 32),
    'sepInc_3c': (256, 128, 128, 192, 32, 96, 64),
    'maxPool3': nn.MaxPool3d(3, 2, 1),
    'sepInc_4b': (480, 192, 96, 208, 16, 48, 64),
    'sepInc_4c': (512, 160, 112, 224, 24, 64, 64),
    'sepInc_4d': (512, 128, 128, 256, 24, 64, 64),
    'sepInc_4e': (512, 112, 144, 288, 32, 64, 64),
    'sepInc_4f': (528, 256, 160, 320, 32, 128, 128),
    'maxpool4': nn.MaxPool3d(2),
    'sepInc_5b': (832, 256, 160, 320, 32, 128, 128),
    'sepInc_5c': (832, 384, 192, 384, 48, 128, 128),
}


class RSPNetS3DG(nn.Module):

    def __init__(self, width):
        super().__init__()
        layers = OrderedDict(
            sepConv1=Separable(3, width, 7, 2),
            maxPool1=nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            basicConv3d=ConvNorm(width, width, 1),
            sep_conv2=Separable(width, 3 * width, 3),
            maxPool2=nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)))
        for name, block in BLOCKS.items():
            layers[name] = block if isinstance(
                block, nn.Module) else Mixed(*(n * width // 64 for n in block))
        self.feature = nn.Sequential(layers)
        self.fc = nn.Linear(16 * width, 5)

    def features(self, x):
        return self.feature(x)


class CoCLRConv(nn.Module):

    def __init__(self, inside, out):
        super().__init__()
        self.conv = conv(inside, out, 1)
        self.bn = nn.BatchNorm3d(out)

    def forward(self, x):
        return self.bn(self.conv(x)).relu()


class CoCLRSeparable(nn.Module):

    def __init__(self, inside, out, kernel, stride=1):
        super().__init__()
        self.conv1 = conv(
            inside, out, (1, kernel, kernel), (1, stride, stride))
        self.conv2 = conv(out, out, (kernel, 1, 1), (stride, 1, 1))
        self.bn1 = nn.BatchNorm3d(out)
        self.bn2 = nn.BatchNorm3d(out)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        return self.bn2(self.conv2(x)).relu()


class CoCLRMixed(nn.Module):

    def __init__(self, inside, a, b, c, d, e, f):
        super().__init__()
        self.branch0 = nn.Sequential(CoCLRConv(inside, a))
        self.branch1 = nn.Sequential(
            CoCLRConv(inside, b), CoCLRSeparable(b, c, 3))
        self.branch2 = nn.Sequential(
            CoCLRConv(inside, d), CoCLRSeparable(d, e, 3))
        self.branch3 = nn.Sequential(
            nn.MaxPool3d(3, 1, 1), CoCLRConv(inside, f))

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.children()], dim=1)


class CoCLRS3D(nn.Module):

    def __init__(self, width):
        super().__init__()
        self.Conv_1a = CoCLRSeparable(3, width, 7, 2)
        self.MaxPool_2a = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        self.Conv_2b = CoCLRConv(width, width)
        self.Conv_2c = CoCLRSeparable(width, 3 * width, 3)
        self.MaxPool_3a = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        for name, block in BLOCKS.items():
            self.add_module(
                name.replace('sepInc', 'Mixed'),
                block if isinstance(block, nn.Module) else CoCLRMixed(
                    *(n * width // 64 for n in block)))

    def features(self, x):
        for layer in self.children():
            x = layer(x)
        return x
