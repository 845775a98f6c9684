"""Checks of the installation and the machine, with advice."""
import os
import platform
import resource
from importlib.util import find_spec
from typing import Iterator, NamedTuple, Optional

import av
import torch

from .datasets.transport import FOLDER, free_memory
from .device import computes_in_bfloat16, cores
from .text import printable
from .versions import versions

# Half of what a loader of two pre-training workers takes (ours).
LITTLE_MEMORY = 2**28
FEW_FILES = 4096


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name (str): What.
        found (str): How it is.
        advice (str, optional): What to do; None where all is well.
    """
    name: str
    found: str
    advice: Optional[str] = None


def examine() -> Iterator[Finding]:
    """Look at the installation and the machine.

    Examples:
        >>> [finding.name for finding in examine()][:2]
        ['Python', 'ascnet_mm']
    """
    yield Finding('Python', f'{platform.python_version()} on '
                  f'{platform.system()} {platform.machine()}')
    yield from _packages()
    yield from _device()
    yield from _decoders()
    yield from _machine()


def _packages() -> Iterator[Finding]:
    found = versions()
    mmcv = found.pop('mmcv'), found.pop('mmcv-lite')
    for name, version in found.items():
        yield Finding(
            name, version or 'not installed', None if version else
            f'pip install {name}' if name != 'ascnet_mm' else
            'pip install it; it runs from a folder')
    both = None if None in mmcv else (
        'both overwrite the same files: pip uninstall mmcv mmcv-lite, then '
        'install one of them')
    yield Finding(
        'mmcv', mmcv[0] or f'{mmcv[1]} (mmcv-lite, without compiled '
        'operators, which no recognizer needs)', both)
    drn = find_spec('mmaction.models.localizers').submodule_search_locations
    whole = any(os.path.isdir(os.path.join(folder, 'drn')) for folder in drn)
    yield Finding(
        'MMAction2', 'whole' if whole else 'without its DRN localizer, as '
        'released; imported all the same')
    protected = 'weights_only' if torch.__version__ >= '2.6' else None
    yield Finding(
        'checkpoints', 'loaded without running code in them' if protected else
        f'torch {torch.__version__} runs code in them',
        None if protected else 'torch 2.6 or later refuses it')


def _device() -> Iterator[Finding]:
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            yield Finding(
                f'GPU {index}', f'{properties.name}, '
                f'{properties.total_memory / 2**30:.0f} GiB, CUDA '
                f'{torch.version.cuda}')
        version = torch.backends.cudnn.version()
        yield Finding('cuDNN', str(version),
                      convolution_advice(torch.__version__, version))
        device = 'cuda'
    else:
        built = torch.version.cuda
        yield Finding(
            'GPU', 'none', None if built is None else
            f'torch was built for CUDA {built} and finds no GPU: see '
            'nvidia-smi, or install torch for CPUs')
        device = 'cpu'
    yield Finding(
        'precision', 'bfloat16' if computes_in_bfloat16(device) else
        f'float32: this {"GPU" if device == "cuda" else "CPU"} has no '
        'instructions for bfloat16')


def convolution_advice(torch_version: str,
                       cudnn: Optional[int]) -> Optional[str]:
    """What to install if 3D convolutions of a GPU are wrong or slow.

    Encoders hand over half precision channels last, which the first two
    faults spare; MMAction2's other recognizers do not.

    Args:
        torch_version (str): torch's release.
        cudnn (int, optional): cuDNN's version as torch gives it, such as
            91002 for 9.10.2; None without cuDNN.

    Returns:
        str, optional: None where all is well.

    Examples:
        >>> convolution_advice('2.13.0', 92100) is None
        True
        >>> convolution_advice('2.13.0', 91002)
        'cuDNN 9.10.2 computes some 3D convolutions in TF32 wrongly \
(pytorch#167024) and torch keeps half precision from it (pytorch#163539): \
pip install the nvidia-cudnn of your CUDA, 9.16 or later'
    """
    if torch_version.split('+')[0] == '2.9.0':
        return ('torch 2.9.0 computes 3D convolutions in half precision '
                'without cuDNN, slowly and in many times the memory '
                '(pytorch#166643): install another release')
    if cudnn is None:
        return 'without cuDNN 3D convolutions are slow'
    if not 90800 <= cudnn < 91600:
        return None
    release = f'{cudnn // 10000}.{cudnn // 100 % 100}.{cudnn % 100}'
    faults = []
    if cudnn >= 91002:
        faults.append('computes some 3D convolutions in TF32 wrongly '
                      '(pytorch#167024)')
    if cudnn < 91500:
        faults.append('torch keeps half precision from it (pytorch#163539)'
                      if faults else
                      'computes some 3D convolutions in half precision '
                      'wrongly (pytorch#163539)')
    return (f'cuDNN {release} {" and ".join(faults)}: pip install the '
            'nvidia-cudnn of your CUDA, 9.16 or later')


def _decoders() -> Iterator[Finding]:
    version = '.'.join(map(str, av.library_versions['libavcodec']))
    lacking = [
        name for name in ('h264', 'hevc', 'vp9', 'av1', 'mpeg4')
        if name not in av.codecs_available
    ]
    yield Finding(
        'decoders', f'FFmpeg in PyAV, libavcodec {version}',
        f'without {", ".join(lacking)}: install the wheel of av from PyPI'
        if lacking else None)
    yield Finding(
        'encoder', 'libx264' if 'libx264' in av.codecs_available else
        'no libx264', None if 'libx264' in av.codecs_available else
        '`ascnet-mm transcode` needs it: install the wheel of av from PyPI')


def _machine() -> Iterator[Finding]:
    yield Finding('CPU cores', str(cores()))
    free = free_memory()
    yield Finding(
        FOLDER, f'{free / 2**20:.0f} MiB free',
        'workers of loaders pass their samples on there: docker run '
        '--shm-size=8g' if free < LITTLE_MEMORY else None)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = float('inf') if hard == resource.RLIM_INFINITY else hard
    yield Finding(
        'open files', f'{soft}, at most {hard}',
        'each sample of a loader takes some: raise the hard limit of ulimit '
        '-n' if hard < FEW_FILES else None)


def tell() -> bool:
    """Print all findings.

    Returns:
        bool: Whether all is well.
    """
    well = True
    for name, found, advice in examine():
        print(f'{"ok  " if advice is None else "NOTE"} {name}: '
              f'{printable(found)}')
        if advice is not None:
            well = False
            print(f'     {printable(advice)}')
    return well
