"""What the host's releases get wrong, mended: one function per fault.

:func:`mend` runs when ``ascnet_mm`` is imported and leaves alone whatever
works. Each function says which thread reports the fault and from which
release on it can go.
"""
import functools
import importlib
import importlib.util
import logging
import os
import os.path as osp
import pickle
import sys
import warnings
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import urlparse

import numpy as np
import torch

from .errors import InputError
from .files import write_whole


def mend() -> None:
    """Mend every known fault of the installed host; safe to call again."""
    require_mmcv()
    quiet_mmcv_lite()
    stand_in_for_drn()
    load_checkpoints_safely()
    write_whole_files()
    write_metrics_once()
    join_ranks_without_gpus()


def require_mmcv() -> None:
    """Say in one sentence that mmcv is missing.

    MMAction2 does not declare it, because two packages provide it: ``mmcv``
    (compiled operators) and ``mmcv-lite``.

    Raises:
        InputError: If neither is installed.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise InputError(
            'mmcv is not installed: run `pip install "ascnet_mm[lite]"` for '
            'mmcv-lite, which is enough for every recogniser, or install '
            'mmcv>=2.0.0rc4,<2.2.0 with its compiled operators')


def quiet_mmcv_lite() -> None:
    """Keep mmcv-lite from warning at each import that it is not mmcv."""
    warnings.filterwarnings(
        'ignore', message='Fail to import ``MultiScaleDeformableAttention``')


def stand_in_for_drn() -> None:
    """Let ``import mmaction.models`` pass where DRN cannot be imported.

    ``localizers/__init__.py`` imports ``localizers.drn``, which the wheel of
    MMAction2 1.2.0 lacks (open-mmlab/mmaction2#2714), and which in a source
    checkout needs torchvision without declaring it. The stand-in's ``DRN``
    raises when it is built. Can go with the first release whose wheel holds
    that folder and whose requirements name torchvision.
    """
    package = 'mmaction.models.localizers.drn'
    mmaction = importlib.util.find_spec('mmaction')
    if package in sys.modules or mmaction is None:
        return
    folder = osp.join(osp.dirname(mmaction.origin), 'models', 'localizers')
    if not osp.isdir(osp.join(folder, 'drn')):
        reason = 'the released wheel lacks it: install MMAction2 from source'
    elif not _imports('torchvision'):
        reason = 'it needs a torchvision that fits the installed torch'
    else:
        return

    class DRN:

        def __init__(self, *args, **kwargs) -> None:
            raise ImportError(f'DRN cannot be used here, {reason}')

    outer, inner = ModuleType(package), ModuleType(f'{package}.drn')
    outer.__path__ = []
    inner.DRN, outer.drn = DRN, inner
    sys.modules[outer.__name__] = outer
    sys.modules[inner.__name__] = inner


def _imports(module: str) -> bool:
    try:
        importlib.import_module(module)
    # A torchvision built for another torch raises a RuntimeError.
    except Exception:
        return False
    return True


def load_checkpoints_safely() -> None:
    """Let MMEngine load its own checkpoints under torch's protection.

    Since torch 2.6 ``torch.load`` refuses, for good reason, whatever is not
    on its allow-list, and MMEngine 0.10's log buffers are not
    (open-mmlab/mmengine#1655). MMEngine's loaders of files and of http
    addresses are replaced. Under an older torch they work, unprotected, and
    are left alone. Can go with MMEngine 0.11.
    """
    # Imported late: mmengine must not be needed to report a missing mmcv.
    from mmengine.runner.checkpoint import CheckpointLoader
    from mmengine.utils import digit_version
    if digit_version(torch.__version__) < digit_version('2.6'):
        return
    for prefixes, loader in (('', load_from_local),
                             (('http://', 'https://'), load_from_http)):
        CheckpointLoader.register_scheme(
            prefixes=prefixes, loader=loader, force=True)


def load_from_local(filename: str, map_location: Any = None) -> dict:
    """Load a checkpoint that holds tensors, numbers and log buffers only.

    Args:
        filename (str): Path of the file.
        map_location: As for :func:`torch.load`.

    Returns:
        dict: The checkpoint, without ``meta['config']``: MMEngine would run
        that text as Python when it resumes.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If the file is no checkpoint, or holds anything else:
            nothing of it has been executed then.
    """
    filename = osp.expanduser(filename)
    if not osp.isfile(filename):
        raise FileNotFoundError(f'{filename} can not be found.')
    try:
        with torch.serialization.safe_globals(_allowed_globals()):
            checkpoint = torch.load(
                filename, map_location=map_location, weights_only=True)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    # A damaged file can make the unpickler fail in any way.
    except Exception as error:
        if not _is_refusal(error):
            raise InputError(
                f'{filename} is not a whole checkpoint '
                f'({_first_sentence(error)}); use another one') from error
        raise InputError(
            f'{filename} was not loaded, because it holds more than tensors, '
            f'numbers and log buffers ({_first_sentence(error)}). If you '
            'trust whoever made it, save its weights alone: '
            "torch.save(torch.load(FILE, weights_only=False)['state_dict'], "
            'NEW_FILE)') from error
    if isinstance(checkpoint, dict):
        meta = checkpoint.get('meta')
        if isinstance(meta, dict):
            meta.pop('config', None)
    return checkpoint


def load_from_http(filename: str,
                   map_location: Any = None,
                   model_dir: Optional[str] = None) -> dict:
    """Download a checkpoint, on one rank, and load it like a local file.

    Args:
        filename (str): Address of the file.
        map_location: As for :func:`torch.load`.
        model_dir (str, optional): Folder to keep it in. Defaults to torch
            hub's.

    Returns:
        dict: The checkpoint.
    """
    from mmengine.dist import barrier, is_main_process
    folder = model_dir or osp.join(torch.hub.get_dir(), 'checkpoints')
    path = osp.join(folder, osp.basename(urlparse(filename).path))
    if is_main_process() and not osp.isfile(path):
        os.makedirs(folder, exist_ok=True)
        torch.hub.download_url_to_file(filename, path, progress=False)
    barrier()
    return load_from_local(path, map_location)


def write_whole_files() -> None:
    """Let a file that MMEngine writes appear when it is whole.

    MMEngine 0.10 writes checkpoints in their place, so that a killed run
    leaves half a file under the name of a good one. Its backend of local
    files is replaced. No release does otherwise yet.
    """
    from mmengine.fileio import LocalBackend, register_backend

    class WholeFileBackend(LocalBackend):

        def put(self, obj: bytes, filepath: str) -> None:
            os.makedirs(osp.dirname(filepath) or '.', exist_ok=True)
            write_whole(str(filepath), obj)

    register_backend('local', WholeFileBackend, force=True, prefixes='')


def write_metrics_once() -> None:
    """Let the first rank alone write the metrics of a test to their file.

    MMEngine's hook has all ranks write it, at the same time, which can leave
    two pieces of JSON in it. No thread reports it; written for MMEngine 0.10.
    """
    from mmengine.dist import master_only
    from mmengine.hooks import LoggerHook
    if not hasattr(LoggerHook.after_test_epoch, '__wrapped__'):
        LoggerHook.after_test_epoch = master_only(LoggerHook.after_test_epoch)


def join_ranks_without_gpus() -> None:
    """Let MMEngine's runner join several processes on CPUs.

    It selects a CUDA device before it joins them, keeps to the config's
    ``nccl``, hands the CUDA device to ``DistributedDataParallel``, which
    refuses one for weights on a CPU, and converts to SyncBN, which torch has
    for GPUs alone. With GPUs only a line of the log is added: whose batches
    BatchNorm takes its statistics of. No thread reports it; written for
    MMEngine 0.10.
    """
    from mmengine.device import get_device
    from mmengine.model import MMDistributedDataParallel
    from mmengine.runner import runner
    runner.convert_sync_batchnorm = convert_sync_batchnorm
    if get_device() != 'cpu':
        return
    runner.init_dist = init_dist_without_gpus
    init = MMDistributedDataParallel.__init__
    if hasattr(init, '__wrapped__'):
        return

    @functools.wraps(init)
    def init_on_cpu(self, module, *args, device_ids=None, **kwargs) -> None:
        from mmengine.dist import get_backend, get_world_size
        from mmengine.logging import print_log
        print_log(
            f'{get_world_size()} ranks on CPUs, joined by {get_backend()}',
            'current')
        init(self, module, *args, **kwargs)

    MMDistributedDataParallel.__init__ = init_on_cpu


def init_dist_without_gpus(launcher: str,
                           backend: str = 'nccl',
                           **kwargs) -> None:
    """MMEngine's ``init_dist`` with ``gloo`` in the place of ``nccl``.

    Args:
        launcher (str): ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        backend (str): torch's name of it. Defaults to ``'nccl'``.
        **kwargs: As for MMEngine's.
    """
    from mmengine.dist import init_dist
    set_device = torch.cuda.set_device
    torch.cuda.set_device = lambda device: None
    try:
        init_dist(launcher, 'gloo' if 'nccl' in backend else backend, **kwargs)
    finally:
        torch.cuda.set_device = set_device


def convert_sync_batchnorm(module: torch.nn.Module,
                           implementation: str = 'torch') -> torch.nn.Module:
    """MMEngine's, but leaves a model on CPUs as it is; both say so.

    Args:
        module (nn.Module): The model.
        implementation (str): ``'torch'`` or ``'mmcv'``.

    Returns:
        nn.Module: The model, converted or not.
    """
    from mmengine.device import get_device
    from mmengine.logging import print_log
    from mmengine.model import convert_sync_batchnorm as convert
    if get_device() == 'cpu':
        print_log(
            'BatchNorm: statistics of each rank by itself, for SyncBN needs '
            'GPUs', 'current', logging.WARNING)
        return module
    print_log('BatchNorm: statistics over all ranks (SyncBN)', 'current')
    return convert(module, implementation)


class _Refused(Exception):
    """A call that a log buffer never needs."""


def _buffer_method(owner: Any, name: str) -> Callable:
    """All that a pickled ``getattr`` may do: name a log buffer's method."""
    from mmengine.logging import HistoryBuffer
    if owner is not HistoryBuffer or name.startswith('_') or not callable(
            getattr(HistoryBuffer, name, None)):
        raise _Refused(f'it asks for the attribute {name!r} of {owner!r}')
    return getattr(HistoryBuffer, name)


@functools.cache
def _numpy_globals() -> Tuple[Tuple[Any, str], ...]:
    reconstruct, _, _ = np.zeros(1).__reduce__()
    scalar, _ = np.float64(0).__reduce__()
    named = [(np.ndarray, 'numpy.ndarray'), (np.dtype, 'numpy.dtype')]
    for core in ('numpy._core', 'numpy.core'):  # numpy 2 and numpy 1
        named.append((reconstruct, f'{core}.multiarray._reconstruct'))
        named.append((scalar, f'{core}.multiarray.scalar'))
    dtypes = {type(np.dtype(code)) for code in '?bBhHiIlLqQefdg'}
    named += [(d, f'{d.__module__}.{d.__qualname__}') for d in dtypes]
    return tuple(named)


def _allowed_globals() -> List[Tuple[Any, str]]:
    """What MMEngine's checkpoints name, beside tensors and containers."""
    from mmengine.logging import HistoryBuffer
    allowed: Dict[str, Any] = {
        'mmengine.logging.history_buffer.HistoryBuffer': HistoryBuffer,
        '__builtin__.getattr': _buffer_method,
        'builtins.getattr': _buffer_method,
    }
    return [(value, name) for name, value in allowed.items()
            ] + list(_numpy_globals())


def _is_refusal(error: Exception) -> bool:
    """Whether the file is sound and holds what is not allowed."""
    if isinstance(error, _Refused):
        return True
    signs = ('Unsupported global', 'Unsupported class', 'unsupported GLOBAL',
             'Can only', 'unrecognized function')
    return isinstance(error, pickle.UnpicklingError) and any(
        sign in str(error) for sign in signs)


def _first_sentence(error: Optional[BaseException]) -> str:
    text = ' '.join(str(error).split())
    for marker in ('Unsupported global: ', 'WeightsUnpickler error: '):
        if marker in text:
            text = text.split(marker, 1)[1]
    return text.split('. ', 1)[0][:200] or type(error).__name__
