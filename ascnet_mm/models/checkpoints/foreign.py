"""How other projects store networks that are our encoders."""
import re
from typing import Any, Dict, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from ...errors import InputError
from ..backbones import R3D, S3DG, C3DConv, R2Plus1D
from .unseen import unseen_options


class Layout(NamedTuple):
    """How another project stores a network that is one of our encoders.

    Attributes:
        name (str): The network.
        sign (str): A key that no other layout has.
        differs (str): How it differs from our encoder, for messages.
        encoder (type, optional): The encoder that can compute the same; None
            if there is none.
        options (dict): The encoder's options with which it does.
        rules (tuple): Patterns and replacements that turn its keys, one
            after the other, into the encoder's.
    """
    name: str
    sign: str
    differs: str
    encoder: Optional[type] = None
    options: dict = {}
    rules: Tuple[Tuple[str, str], ...] = ()


# Of VCOP's ResNets, which have one block per stage
VCOP = (
    (r'bn(\d)\.', r'conv\1.bn.'),
    (r'downsampleconv\.', 'downsample.'),
    (r'downsamplebn\.', 'downsample.bn.'),
    *((rf'^conv{stage + 1}\.block1\.', f'layer{stage}.0.')
      for stage in range(1, 5)),
)

LAYOUTS = (
    Layout(
        name="torchvision's r3d_18",
        sign='layer1.0.conv1.0.weight',
        differs='a 3x7x7 stem and no max pool',
        encoder=R3D,
        options=dict(
            conv1_kernel=(3, 7, 7), with_pool1=False,
            frame_strides=(2, 1, 2, 2, 2)),
        rules=(
            (r'^stem\.', 'conv1.'),
            (r'\.0\.(\w+)$', r'.conv.\1'),
            (r'\.1\.(\w+)$', r'.bn.\1'),
        )),
    Layout(
        name="torchvision's r2plus1d_18",
        sign='stem.3.weight',
        differs='45 instead of 83 mid channels in its stem, one number of mid '
        'channels per block and shortcuts that are not factorized'),
    Layout(
        name="RSPNet's resnet18",
        sign='layer1.0.conv1.weight',
        differs='a 7x7x7 stem and a max pool',
        encoder=R3D,
        options=dict(
            conv1_kernel=(7, 7, 7), with_pool1=True,
            frame_strides=(2, 1, 2, 2, 2)),
        rules=(
            (r'conv(\d)\.weight$', r'conv\1.conv.weight'),
            (r'bn(\d)\.', r'conv\1.bn.'),
            (r'downsample\.0\.', 'downsample.conv.'),
            (r'downsample\.1\.', 'downsample.bn.'),
        )),
    Layout(
        name="VCOP's r21d, which is RSPNet's r2plus1d-vcop",
        sign='conv1.spatial_conv.weight',
        differs='one block per stage',
        encoder=R2Plus1D,
        options=dict(depth=10),
        rules=(
            (r'\.bn\.', '.conv.bn_s.'),
            (r'\.spatial_conv\.', '.conv.conv_s.'),
            (r'\.temporal_conv\.', '.conv.conv_t.'),
            *VCOP,
        )),
    Layout(
        name="VCOP's r3d",
        sign='conv1.temporal_spatial_conv.weight',
        differs='one block per stage, a 3x7x7 stem and no max pool',
        encoder=R3D,
        options=dict(
            depth=10, conv1_kernel=(3, 7, 7), with_pool1=False,
            frame_strides=(2, 1, 2, 2, 2)),
        rules=(
            (r'\.temporal_spatial_conv\.', '.conv.'),
            *VCOP,
        )),
    Layout(
        name="VCOP's c3d",
        sign='conv3a.weight',
        differs='BatchNorm',
        encoder=C3DConv,
        rules=(
            (r'^(conv|bn)([12])\.', r'\1\2a.'),
            (r'^conv(\w\w)\.', r'conv\1.conv.'),
            (r'^bn(\w\w)\.', r'conv\1.bn.'),
        )),
    Layout(
        name="CoCLR's s3d",
        sign='Conv_1a.conv1.weight',
        differs="no gates, and BatchNorm's eps of 1e-5",
        encoder=S3DG,
        options=dict(
            gated=False,
            norm_cfg=dict(type='BN3d'),
            stem_strides=((1, 2, 2), (2, 1, 1)),
            frame_strides=(1, 1, 2, 2)),
        rules=(
            (r'^Conv_', 'conv_'),
            (r'^Mixed_', 'mixed_'),
            (r'\.branch0\.0\.', '.branch0.'),
            (r'\.(conv|bn)1\.', r'.spatial.\1.'),
            (r'\.(conv|bn)2\.', r'.temporal.\1.'),
        )),
    Layout(
        name="RSPNet's s3dg",
        sign='feature.sepConv1.sep_conv.0.conv3d.weight',
        differs='other strides in its stem',
        encoder=S3DG,
        options=dict(
            stem_strides=((2, 2, 2), (1, 1, 1)),
            frame_strides=(1, 1, 2, 2)),
        rules=(
            (r'^feature\.', ''),
            (r'^sepConv1\.', 'conv_1a.'),
            (r'^basicConv3d\.', 'conv_2b.'),
            (r'^sep_conv2\.', 'conv_2c.'),
            (r'^sepInc_', 'mixed_'),
            (r'sep_conv\.0\.', 'spatial.'),
            (r'sep_conv\.1\.', 'temporal.'),
            (r'excitation\.', 'gate.'),
            (r'conv3d\.', 'conv.'),
        )),
)

# RSPNet's pre-trained query encoder, with and without the wrapper of its two
# tasks, and its fine-tuned encoder; CoCLR's query encoder; VCOP's encoder; and
# a network by itself.
PREFIXES = ('encoder_q.encoder.', 'encoder_q.', 'encoder.', 'encoder_q.0.',
            'base_network.', '')

# Heads, and the second names that CoCLR's layers have
PASSED_OVER = re.compile(r'(fc|linear|block\d)\.')


def recognize(
        state: Dict[str, Tensor]) -> Tuple[Layout, Dict[str, Tensor]]:
    """Find the layout of weights, and take the encoder's of them.

    Args:
        state (dict[str, Tensor]): All weights of a file.

    Raises:
        InputError: If it is none that is known.
    """
    for prefix in PREFIXES:
        for layout in LAYOUTS:
            if prefix + layout.sign in state:
                return layout, under(prefix, state)
    understood = ', '.join(
        layout.name for layout in LAYOUTS if layout.encoder is not None)
    raise InputError(
        f'no encoder was recognized among its weights '
        f'({listed(list(state), 5)}): use a checkpoint of ascnet_mm or '
        f'MMAction2 (with backbone.*), or {understood}')


def require_same_network(layout: Layout, encoder: nn.Module) -> None:
    """Refuse what the weights' names and shapes might not reveal.

    Raises:
        InputError: If the encoder is not the layout's network.
    """
    if layout.encoder is None:
        raise InputError(
            f'it holds {layout.name}, which no encoder of ascnet_mm can be: '
            f'it has {layout.differs}; use another checkpoint')
    if not isinstance(encoder, layout.encoder):
        options = ''.join(
            f', {key}={value}' for key, value in layout.options.items())
        raise InputError(
            f'it holds {layout.name}, the encoder of the config is '
            f'{type(encoder).__name__}: use model.backbone=dict('
            f"type='{layout.encoder.__name__}'{options})")
    options = {
        key: value
        for key, value in layout.options.items() if key != 'norm_cfg'
    }
    with torch.device('meta'):
        theirs = unseen_options(layout.encoder(**layout.options))
    ours = unseen_options(encoder)
    if all(getattr(encoder, key) == value for key, value in options.items()):
        options = {
            key: value
            for key, value in theirs.items() if ours[key] != value
        }
    elif theirs['norm_cfg.eps'] != ours['norm_cfg.eps']:
        options['norm_cfg.eps'] = theirs['norm_cfg.eps']
    if options:
        named = ' and '.join(_setting(*option) for option in options.items())
        raise InputError(
            f'it holds {layout.name}, which has {layout.differs}, unlike the '
            f'{type(encoder).__name__} of the config: set {named}')


def _setting(key: str, value: Any) -> str:
    if key == 'norm_cfg.eps':
        key, value = 'norm_cfg', f"dict(type='BN3d', eps={value})"
    return f'model.backbone.{key}={value}'


def under(prefix: str, state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Weights whose names begin with a prefix, without it."""
    return {
        key[len(prefix):]: value
        for key, value in state.items() if key.startswith(prefix)
    }


def renamed_weights(given: Dict[str, Tensor],
                    layout: Layout) -> Dict[str, Tensor]:
    """An encoder's weights under the names that ours has; no heads.

    A bias before BatchNorm, which ours has not, is taken off the mean.
    """
    renamed = {}
    for key, value in given.items():
        if PASSED_OVER.match(key):
            continue
        for pattern, replacement in layout.rules:
            key = re.sub(pattern, replacement, key)
        renamed[key] = value
    for key in [key for key in renamed if key.endswith('.conv.bias')]:
        mean = key.replace('.conv.bias', '.bn.running_mean')
        if mean in renamed:
            renamed[mean] = renamed[mean] - renamed.pop(key)
    return renamed


def listed(names: list, at_most: int) -> str:
    """The first of some names, for a message."""
    more = ['...'] if len(names) > at_most else []
    return ', '.join(names[:at_most] + more) or 'none'
