"""MMEngine 0.10 cannot load its own checkpoints under torch 2.6 or later."""
import functools
import os
import os.path as osp
import pickle
from typing import Any, Callable, Dict, List, Optional, Tuple, Type
from urllib.parse import urlparse
from zipfile import is_zipfile

import numpy as np
import torch
from mmengine.dist import barrier, is_main_process
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils import digit_version

from ..errors import InputError


class SafeCheckpointLoader(CheckpointLoader):
    """MMEngine's loader, under torch's protection where torch is 2.6 or later.

    Tensors of a file are mapped, not read: whoever wants only the settings or
    the encoder of a checkpoint does not wait for its memory bank.

    Examples:
        >>> SafeCheckpointLoader.load_checkpoint(
        ...     'epoch_200.pth', map_location='cpu')  # doctest: +SKIP
    """

    _schemes = dict(CheckpointLoader._schemes)


def load_checkpoints_safely() -> None:
    """Let MMEngine load its own checkpoints under torch's protection.

    Since torch 2.6 ``torch.load`` refuses, for good reason, whatever is not
    on its allow-list, and MMEngine 0.10's log buffers are not
    (open-mmlab/mmengine#1655). MMEngine's loaders of files and of http
    addresses are replaced. Under an older torch they work, unprotected, and
    are left alone. Can go with MMEngine 0.11.
    """
    _protect(CheckpointLoader, load_from_local)


def _protect(loaders: Type[CheckpointLoader], load_local: Callable) -> None:
    if digit_version(torch.__version__) < digit_version('2.6'):
        return
    for prefixes, loader in (('', load_local),
                             (('http://', 'https://'), load_from_http)):
        loaders.register_scheme(prefixes=prefixes, loader=loader, force=True)


def mmap_from_local(filename: str, map_location: Any = None) -> dict:
    """:func:`load_from_local`, reading of each tensor only what is used.

    Not for a run that trains on with the tensors: they are the file's as long
    as they live.

    Args:
        filename (str): Path of the file.
        map_location: As for :func:`torch.load`.

    Returns:
        dict: As of :func:`load_from_local`.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: As for :func:`load_from_local`.
    """
    return load_from_local(filename, map_location, mmap=True)


def load_from_local(filename: str,
                    map_location: Any = None,
                    mmap: bool = False) -> dict:
    """Load a checkpoint that holds tensors, numbers and log buffers only.

    Args:
        filename (str): Path of the file.
        map_location: As for :func:`torch.load`.
        mmap (bool): Whether to map the tensors instead of reading them, where
            the file's format allows it. Defaults to False.

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
                filename,
                map_location=map_location,
                weights_only=True,
                # torch maps no files in its format from before 1.6.
                mmap=mmap and is_zipfile(filename))
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
    """Download a checkpoint, and load it like a local file.

    The first rank downloads it, and then those that do not find it there, as
    on another machine.

    Args:
        filename (str): Address of the file.
        map_location: As for :func:`torch.load`.
        model_dir (str, optional): Folder to keep it in. Defaults to torch
            hub's.

    Returns:
        dict: The checkpoint.
    """
    folder = model_dir or osp.join(torch.hub.get_dir(), 'checkpoints')
    path = osp.join(folder, osp.basename(urlparse(filename).path))
    if is_main_process():
        _download(filename, path)
    barrier()
    _download(filename, path)
    return load_from_local(path, map_location)


def _download(address: str, path: str) -> None:
    """Download a file that is not there, whole or not at all."""
    if not osp.isfile(path):
        os.makedirs(osp.dirname(path), exist_ok=True)
        torch.hub.download_url_to_file(address, path, progress=False)


class _Refused(Exception):
    """A call that no checkpoint of MMEngine needs."""


class _Annealing:
    """Stands for OneCycleLR, whose state names a function of its class."""
    _annealing_cos = OneCycleParamScheduler._annealing_cos
    _annealing_linear = OneCycleParamScheduler._annealing_linear


def _method(owner: Any, name: str) -> Callable:
    """All that a pickled ``getattr`` may do.

    Name a method of a log buffer, or how OneCycleLR anneals.
    """
    public = owner is HistoryBuffer and not name.startswith('_')
    annealing = owner is _Annealing and name in (
        '_annealing_cos', '_annealing_linear')
    if not (public or annealing) or not callable(getattr(owner, name, None)):
        raise _Refused(f'it asks for the attribute {name!r} of {owner!r}')
    return getattr(owner, name)


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
    allowed: Dict[str, Any] = {
        'mmengine.logging.history_buffer.HistoryBuffer': HistoryBuffer,
        'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler':
        _Annealing,
        '__builtin__.getattr': _method,
        'builtins.getattr': _method,
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


_protect(SafeCheckpointLoader, mmap_from_local)
