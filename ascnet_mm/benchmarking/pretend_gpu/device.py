"""A GPU that does not exist: it computes nothing, and notes what it is asked.

Tensors on ``cuda`` are torch's fake tensors, which have a shape and no
values; those on the CPU are real. So a whole training runs as on a GPU, up to
the values: whatever is read from the device is a one.
"""
import collections
import ctypes
import os
import os.path as osp
import sys
import weakref
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from .process import ROOT, Unavailable

try:
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
except ImportError as missing:
    raise Unavailable(f'torch has no fake tensors: {missing}') from missing

aten = torch.ops.aten
HARNESS = osp.dirname(osp.abspath(__file__))
PACKAGE = osp.join(ROOT, 'ascnet_mm')

# Operations that end by reading from the device, on any input.
READS = {
    '_local_scalar_dense', 'is_nonzero', 'equal', 'nonzero', 'masked_select',
    '_unique', '_unique2', 'unique_dim', 'unique_consecutive',
    'unique_dim_consecutive', 'bincount', '_linalg_check_errors',
    '_linalg_eigh', 'linalg_eig', '_linalg_svd', 'linalg_lstsq'
}
# They allocate, and launch nothing.
SILENT = {
    'empty', 'empty_like', 'empty_strided', 'new_empty', 'new_empty_strided',
    '_unsafe_view', 'lift_fresh', 'set_', 'resize_'
}
ALLOCATED_AT_ONCE = 512  # bytes, of torch's allocator


def _like_first(first: Tensor, *_) -> Tensor:
    return torch.empty_like(first)


def _per_channel(first: Tensor, *_) -> Tuple[Tensor, Tensor]:
    return tuple(first.new_empty(first.shape[1], dtype=torch.float32)
                 for _ in range(2))


def _sums_per_channel(gradient: Tensor, *args) -> tuple:
    return tuple(_per_channel(gradient)[0] for _ in range(4))


# What torch cannot fake: its results, by shapes alone.
UNKNOWN_TO_TORCH = {
    '_fused_sgd_': lambda *_, **__: None,
    'batch_norm_stats': _per_channel,
    'batch_norm_gather_stats_with_counts': _per_channel,
    'batch_norm_elemt': _like_first,
    'batch_norm_backward_reduce': _sums_per_channel,
    'batch_norm_backward_elemt': _like_first,
}


class Wait(NamedTuple):
    """An operation for which the CPU waits for the device.

    Attributes:
        operation (str): torch's name of it.
        where (str): ``file:line`` of this project that asked for it.
    """
    operation: str
    where: str


class PretendGPU(TorchDispatchMode):
    """Runs what is on ``cuda`` without computing it, and counts.

    An operation on tensors of two devices is refused, as by a GPU.

    Args:
        watched (str): A folder; waits are named by the lines in it.

    Attributes:
        launches (Counter): Operations that launch a kernel or more, by name.
        waits (list[Wait]): Those the CPU waits for.
        allocated (int): Bytes of all tensors that are alive on the device.
        peak (int): The most there were since :meth:`reset`.

    Examples:
        >>> with pretend_gpu() as gpu:  # doctest: +SKIP
        ...     x = torch.ones(3, device='cuda')
        ...     print(x.sum().item(), [wait.operation for wait in gpu.waits])
        1.0 ['_local_scalar_dense']
    """

    def __init__(self, watched: str) -> None:
        super().__init__()
        self.watched = watched
        self.fake = _FakeMode(allow_non_fake_inputs=True)
        self.allocated = 0
        self._storages: Dict[int, Any] = {}
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        self.launches = collections.Counter()
        self.waits: List[Wait] = []
        self.peak = self.allocated

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [value for value in tree_flatten((args, kwargs))[0]
                   if isinstance(value, Tensor)]
        target = kwargs.get('device')
        before = any(map(_on_device, tensors))
        if not before and not _is_cuda(target):
            return function(*args, **kwargs)
        name = function._schema.name.split('::')[1]
        if before and _is_cpu(target):
            return self._to_cpu(name, tensors[0], kwargs)
        if name == 'copy_' and not _on_device(args[0]):
            self._note_copy(name, args[2] if len(args) > 2 else False)
            return args[0].fill_(1)
        if name in READS:
            self._wait(name)
            return self._read(name, function, args, kwargs)
        self._note_hidden_copies(name, args, kwargs)
        if name in ('index', 'index_put_', '_index_put_impl_'):
            args = self._without_masks(name, args)
        with self.fake:
            result = UNKNOWN_TO_TORCH.get(name, function)(*args, **kwargs)
        self._count(name, function, result)
        return result

    # ---------------------------------------------------------------- waits

    def _wait(self, operation: str) -> None:
        self.waits.append(Wait(operation, _line_of(self.watched)))

    def _note_copy(self, name: str, non_blocking: bool) -> None:
        if not non_blocking:
            self._wait(name)

    def _to_cpu(self, name: str, source: Tensor, kwargs: dict) -> Tensor:
        self._note_copy(name, kwargs.get('non_blocking', False))
        return torch.ones(
            source.shape, dtype=kwargs.get('dtype') or source.dtype)

    def _note_hidden_copies(self, name: str, args: tuple,
                            kwargs: dict) -> None:
        """Copies to the device, in plain sight or inside an operation."""
        if name == '_to_copy' and not _on_device(args[0]):
            self._note_copy(name, kwargs.get('non_blocking', False))
        elif name == 'copy_' and not _on_device(args[1]):
            self._note_copy(name, args[2] if len(args) > 2 else False)
        elif name in ('index', 'index_put_', '_index_put_impl_', 'where'):
            for value in tree_flatten(args)[0]:
                if isinstance(value, Tensor) and not _on_device(value):
                    self._wait(f'{name} with a tensor of the CPU')

    def _without_masks(self, name: str, args: tuple) -> tuple:
        """Masks made the indices of all their elements, with a wait."""
        masks = [index for index in args[1] if index is not None
                 and index.dtype in (torch.bool, torch.uint8)]
        if not masks or (name != 'index' and args[2].numel() == 1):
            return args  # a masked fill
        self._wait(f'{name} with a mask')
        indices = []
        for index in args[1]:
            if index is None or index.dtype not in (torch.bool, torch.uint8):
                indices.append(index)
            else:
                with self.fake:
                    indices += [
                        torch.zeros(index.numel(), dtype=torch.int64,
                                    device=index.device)
                        for _ in range(index.ndim)
                    ]
        return (args[0], indices, *args[2:])

    def _read(self, name: str, function, args: tuple, kwargs: dict):
        """What a reading operation gives; all of its input, or a one."""
        source = args[0]
        if name == '_local_scalar_dense':
            return torch.ones((), dtype=source.dtype).item()
        if name in ('is_nonzero', 'equal'):
            return True
        if name == '_linalg_check_errors':
            return None
        with self.fake:
            if name == 'nonzero':
                return source.new_zeros(
                    source.numel(), source.ndim, dtype=torch.int64)
            if name == 'masked_select':
                return source.flatten()
            if name.startswith(('unique', '_unique')):
                index = source.new_zeros(source.numel(), dtype=torch.int64)
                return source.flatten(), index, index.clone()
            if name == 'bincount':
                return source.new_zeros(source.numel(), dtype=torch.int64)
            return function(*args, **kwargs)

    # ------------------------------------------------- launches and memory

    def _count(self, name: str, function, result: Any) -> None:
        if (name not in SILENT and function.namespace != 'prim'
                and not _is_view(function)):
            self.launches[name] += 1
        for tensor in tree_flatten(result)[0]:
            if isinstance(tensor, Tensor) and _on_device(tensor):
                self._track(tensor.untyped_storage())

    def _track(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._storages:
            return
        size = -(-storage.nbytes() // ALLOCATED_AT_ONCE) * ALLOCATED_AT_ONCE
        self._storages[key] = weakref.finalize(
            storage, self._free, key, size)
        self.allocated += size
        self.peak = max(self.peak, self.allocated)

    def _free(self, key: int, size: int) -> None:
        del self._storages[key]
        self.allocated -= size


class _FakeMode(FakeTensorMode):
    """torch's, which would ask whether there is a GPU."""

    avoid_device_init = True


def _on_device(tensor: Any) -> bool:
    return isinstance(tensor, FakeTensor)


def _is_cuda(device: Any) -> bool:
    return device is not None and torch.device(device).type == 'cuda'


def _is_cpu(device: Any) -> bool:
    return device is not None and torch.device(device).type == 'cpu'


def _is_view(function) -> bool:
    """Whether an operation only looks at its input in another way."""
    return any(value.alias_info is not None and not value.alias_info.is_write
               for value in function._schema.returns)


class _WithoutDriver(TorchFunctionMode):
    """What torch's C++ refuses for a device that it was not built for.

    There is one device, so ``cuda`` is ``cuda:0``; indexing goes straight to
    the operations that torch makes of it.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.device:
            return function(*args, **kwargs or {})
        args, kwargs = tree_map(_first_device, (args, kwargs or {}))
        if function is Tensor.cuda:
            return args[0].to('cuda:0', **kwargs)
        if function is Tensor.new_tensor:
            like, data = args
            return torch.tensor(
                data, **{'dtype': like.dtype, 'device': like.device, **kwargs})
        if args and _on_device(args[0]):
            function = _BY_OPERATIONS.get(function, function)
        return function(*args, **kwargs)


def _get(tensor: Tensor, index: Any) -> Tensor:
    view, indices = _viewed(tensor, index)
    return aten.index.Tensor(view, indices) if indices else view


def _set(tensor: Tensor, index: Any, value: Any) -> None:
    view, indices = _viewed(tensor, index)
    if not isinstance(value, Tensor):
        value = torch.full(
            (), value, dtype=tensor.dtype, device=tensor.device)
    if indices:
        view.index_put_(indices, value)
    else:
        aten.copy_.default(view, value)


def _viewed(tensor: Tensor, index: Any) -> Tuple[Tensor, list]:
    """Numbers, slices, None and dots of an index applied; its tensors."""
    items = list(index) if isinstance(index, tuple) else [index]
    indices, dim = [], 0
    for place, item in enumerate(items):
        if item is Ellipsis:
            dim = tensor.ndim - sum(map(_dimensions, items[place + 1:]))
        elif item is None:
            tensor = tensor.unsqueeze(dim)
            dim += 1
        elif isinstance(item, slice):
            tensor = aten.slice.Tensor(
                tensor, dim, item.start, item.stop, item.step or 1)
            dim += 1
        elif isinstance(item, int):
            tensor = tensor.select(dim, item)
        else:
            if not isinstance(item, Tensor):
                item = torch.tensor(item)
            indices += [None] * (dim - len(indices)) + [item]
            dim += _dimensions(item)
    return tensor, indices


def _dimensions(item: Any) -> int:
    """How many dimensions of a tensor an item of an index is for."""
    if item is None or item is Ellipsis:
        return 0
    mask = isinstance(item, Tensor) and item.dtype == torch.bool
    return item.ndim if mask else 1


_BY_OPERATIONS = {
    Tensor.__getitem__: _get,
    Tensor.__setitem__: _set,
    Tensor.__float__: lambda tensor: float(tensor.item()),
    Tensor.__int__: lambda tensor: int(tensor.item()),
    Tensor.__index__: lambda tensor: int(tensor.item()),
    Tensor.__invert__: aten.bitwise_not.default,
    Tensor.contiguous: aten.contiguous.default,
    Tensor.copy_: aten.copy_.default,
}


def _first_device(value: Any) -> Any:
    if isinstance(value, (str, torch.device)) and str(value) == 'cuda':
        return torch.device('cuda', 0)
    return value


def _register_driver() -> None:
    """Let the C++ of a torch that was built for CPUs believe in a driver.

    A build for GPUs puts a stand-in into the place of a driver without
    devices; here it is shown one of that kind. The backward pass asks in
    addition whether there is CUDA at all, which a virtual method answers.
    An object of C++ begins with the address of its methods.
    """
    if torch.backends.cuda.is_built():
        return
    folder = osp.join(osp.dirname(torch.__file__), 'lib')
    try:
        drivers = (ctypes.c_void_p * 2).in_dll(
            ctypes.CDLL(osp.join(folder, 'libc10.so')),
            '_ZN3c104impl26device_guard_impl_registryE')
        get_hooks = ctypes.CDLL(
            osp.join(folder, 'libtorch_cpu.so'))._ZN2at6detail12getCUDAHooksEv
    except (AttributeError, OSError, ValueError) as missing:
        raise Unavailable(f'torch keeps its drivers elsewhere: {missing}'
                          ) from missing
    no_devices, yes = (
        ctypes.cast(answer, ctypes.c_void_p).value for answer in _ANSWERS)
    methods = (ctypes.c_void_p * 32)(*[no_devices] * 32)
    driver = ctypes.c_void_p(ctypes.addressof(methods))
    drivers[1] = ctypes.addressof(driver)  # c10::DeviceType::CUDA
    torch._C._ensureCUDADeviceGuardSet()

    get_hooks.restype = ctypes.c_void_p
    hooks = ctypes.c_void_p.from_address(get_hooks())
    methods = (ctypes.c_void_p * 48)(
        *(ctypes.c_void_p * 48).from_address(hooks.value))
    hooks.value = ctypes.addressof(methods)
    _KEPT.extend((driver, methods))
    _answer_yes(methods, yes, torch.accelerator.current_accelerator)
    _answer_yes(methods, yes, _backward_passes)


def _answer_yes(methods: ctypes.Array, yes: int, check: Callable) -> None:
    """Replace the one method that a check depends on.

    Raises:
        Unavailable: If there is none.
    """
    for place, method in enumerate(methods):
        methods[place] = yes
        if check():
            return
        methods[place] = method
    raise Unavailable('torch asks for CUDA in another way')


def _backward_passes() -> bool:
    with _FakeMode():
        weight = torch.ones(1, device='cuda:0', requires_grad=True)
        try:
            weight.sum().backward()
        except RuntimeError:
            return False
    return True


_ANSWERS = [ctypes.CFUNCTYPE(ctypes.c_int)(lambda answer=answer: answer)
            for answer in (0, 1)]
_KEPT: List[Any] = []  # what torch now points to


def _line_of(folder: str) -> str:
    """The innermost line in a folder that is being run."""
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if (path.startswith(folder + os.sep)
                and not path.startswith(HARNESS + os.sep)):
            return f'{osp.relpath(path, ROOT)}:{frame.f_lineno}'
        frame = frame.f_back
    return 'elsewhere'


@contextmanager
def pretend_gpu(watched: str = PACKAGE) -> Iterator[PretendGPU]:
    """A process in which ``cuda`` is there, and pretends.

    For a process of its own: what torch says of its devices is replaced.

    Args:
        watched (str): Waits are named by the lines in this folder. Defaults
            to that of the package.
    """
    gpu = PretendGPU(watched)
    properties = mock.Mock(name='pretend GPU', total_memory=2**40)
    answers = dict(
        _lazy_init=None, is_available=True, device_count=1, current_device=0,
        set_device=None, synchronize=None, empty_cache=None,
        manual_seed_all=None, manual_seed=None, is_bf16_supported=True,
        is_current_stream_capturing=False, reset_peak_memory_stats=None,
        get_device_name='pretend', get_device_properties=properties,
        get_device_capability=(9, 0))
    with ExitStack() as stack:
        for name, answer in answers.items():
            stack.enter_context(mock.patch.object(
                torch.cuda, name, lambda *_, answer=answer, **__: answer))
        stack.enter_context(mock.patch.object(
            torch.accelerator, 'is_available', lambda: False))
        stack.enter_context(mock.patch.object(
            torch.cuda, 'max_memory_allocated', lambda *_, **__: gpu.peak))
        # MMEngine asked when it was imported.
        stack.enter_context(
            mock.patch('mmengine.device.utils.DEVICE', 'cuda'))
        # Copies of the batch: one stream is as good as another here.
        for owner, name, answer in (
            (torch.cuda, 'Stream', lambda *_: mock.MagicMock()),
            (torch.cuda, 'current_stream', lambda *_: mock.MagicMock()),
            (torch.cuda, 'stream', lambda *_: nullcontext()),
            (Tensor, 'record_stream', lambda *_: None),
            (Tensor, 'pin_memory', lambda tensor: tensor)):
            stack.enter_context(mock.patch.object(owner, name, answer))
        stack.enter_context(_WithoutDriver())
        _register_driver()
        only_cpu = torch._C._only_lift_cpu_tensors()
        torch._C._set_only_lift_cpu_tensors(True)
        stack.callback(torch._C._set_only_lift_cpu_tensors, only_cpu)
        stack.enter_context(gpu)
        yield gpu
