"""Trainings of shipped configs on a pretend GPU, and what their steps cost."""
import gc
import os
import os.path as osp
from contextlib import ExitStack, contextmanager
from typing import Dict, Iterator, List, Optional
from unittest import mock

import torch
import torch.distributed as dist
from mmengine.runner import EpochBasedTrainLoop, Runner

from ...apis import read_config
from .device import PretendGPU

# The first one makes banks and momentum buffers, the last one logs.
STEPS = 3
LIST = 'often.txt'


def measure(gpu: PretendGPU, config: str, videos: str, work_dir: str,
            options: Optional[dict] = None) -> Dict[str, object]:
    """Train a few steps of a config by MMEngine's runner, up to its log.

    Args:
        gpu (PretendGPU): The device.
        config (str): Below ``configs/ascnet``.
        videos (str): A rendered set.
        work_dir (str): Where the runner may write.
        options (dict, optional): Changes of the config.

    Returns:
        dict: Of a step between two logs with a full bank: all ``launches``,
        those of the ``augmentation`` among them, the ``waits``, each as
        ``operation at file:line``, and the ``peak``, bytes.
    """
    gc.collect()  # of what was trained before
    before = gpu.allocated
    cfg = read_config(f'ascnet_mm::ascnet/{config}', options or {})
    ranks = dist.get_world_size() if dist.is_initialized() else 1
    cfg.launcher = 'none' if ranks == 1 else 'pytorch'
    _train_alone(cfg)
    _use(cfg.train_dataloader, videos, ranks)
    cfg.work_dir = work_dir
    cfg.experiment_name = osp.basename(work_dir)
    runner = Runner.from_cfg(cfg)
    augmentation = 0

    def after_augmentation(*_) -> None:
        nonlocal augmentation
        augmentation = sum(gpu.launches.values())

    model = getattr(runner.model, 'module', runner.model)
    model.data_preprocessor.register_forward_hook(after_augmentation)
    steps: List[dict] = []
    run_iter = EpochBasedTrainLoop.run_iter

    def watched(*args) -> None:
        gpu.reset()
        run_iter(*args)
        steps.append(dict(
            augmentation=augmentation,
            launches=sum(gpu.launches.values()),
            waits=[f'{wait.operation} at {wait.where}'
                   for wait in gpu.waits],
            peak=gpu.peak - before))
        _fill_bank(model)

    with mock.patch.object(EpochBasedTrainLoop, 'run_iter', watched):
        runner.train()
    assert len(steps) == STEPS
    return steps[-2]


def _train_alone(cfg) -> None:
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.train_cfg.max_epochs = 1
    cfg.train_cfg.pop('val_interval', None)
    cfg.default_hooks.checkpoint = None
    for hook in ('initial_validation', 'pretrained_encoder'):
        cfg.default_hooks.pop(hook, None)
    cfg.log_level = 'ERROR'


def _use(loader: dict, videos: str, ranks: int) -> None:
    """Let a loader read a few videos, again and again, in this process."""
    with open(osp.join(videos, 'train.txt')) as file:
        lines = file.read().splitlines()
    needed = STEPS * loader.batch_size * ranks
    often = osp.join(videos, LIST)
    with open(often, 'w') as file:
        file.write('\n'.join((lines * needed)[:needed]))
    loader.update(num_workers=0, persistent_workers=False)
    loader.dataset = dict(
        type='VideoList', data_root=videos, ann_file=LIST,
        data_prefix=dict(video='videos'), pipeline=loader.dataset.pipeline)


def _join_gradients(wrapper, module, **_) -> None:
    """In the place of ``DistributedDataParallel``'s constructor.

    torch's reducer is C++ that times the device. Its sums of gradients come
    one by one here, not by buckets.
    """
    torch.nn.Module.__init__(wrapper)
    wrapper.module = module
    wrapper.detect_anomalous_params = False
    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.register_post_accumulate_grad_hook(
                lambda parameter: dist.all_reduce(parameter.grad))


def _fill_bank(model) -> None:
    """As after a long training; there are no values to be entered."""
    bank = getattr(model, 'memory_bank', None)
    for ring in bank._rings.values() if bank else ():
        ring.filled = bank.size


@contextmanager
def joined(ranks: int) -> Iterator[None]:
    """Let this process be the first of several, by a group that is fake.

    Each collective gives back what this process gave. Groups say that they
    are what they were asked to be.
    """
    if ranks == 1:
        yield
        return
    # The first one lets groups be fake, the second one their operations.
    import torch.distributed._tools.fake_collectives  # noqa: F401
    from mmengine.dist import utils
    from mmengine.model import MMDistributedDataParallel
    from torch.testing._internal.distributed.fake_pg import FakeStore
    new_group = dist.new_group
    cpu_groups = []

    def new_fake_group(*args, backend='nccl', **kwargs):
        group = new_group(*args, backend='fake', **kwargs)
        if backend == 'gloo':
            cpu_groups.append(group)
        return group

    def cast(data, device, out=None):
        # MMEngine wants both of one class, which a fake tensor is not. What
        # the CPU gave comes back to it as it was.
        result = utils.cast_data_device(data, device)
        if out is not None and out.is_cuda:
            out.copy_(result)
        return result

    def backend_of(group=None) -> str:
        return 'gloo' if group in cpu_groups else 'nccl'

    dist.init_process_group(
        'fake', store=FakeStore(), rank=0, world_size=ranks)
    with ExitStack() as stack:
        for module in (dist, utils):
            stack.enter_context(mock.patch.object(
                module, 'get_backend', backend_of))
        stack.enter_context(
            mock.patch.object(dist, 'new_group', new_fake_group))
        stack.enter_context(mock.patch(
            'mmengine.dist.dist.cast_data_device', cast))
        stack.enter_context(mock.patch.dict(os.environ, LOCAL_RANK='0'))
        stack.enter_context(mock.patch.multiple(
            MMDistributedDataParallel, __init__=_join_gradients,
            forward=lambda wrapper, *args, **kwargs: wrapper.module(
                *args, **kwargs)))
        yield
