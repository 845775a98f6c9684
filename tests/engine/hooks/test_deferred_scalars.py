"""Nothing but the log makes the CPU wait for the device."""
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils._python_dispatch import TorchDispatchMode

from ...conftest import tiny_model

ITERATIONS, INTERVAL = 11, 4
HOOKS = [
    dict(type='MomentumUpdateHook'),
    dict(type='MemoryBankHook'),
    dict(type='TrainingHealthHook'),
]
READS = {
    '_local_scalar_dense', 'is_nonzero', 'equal', 'nonzero', 'masked_select',
    '_unique2', 'unique_dim', 'bincount'
}


class Reads(TorchDispatchMode):
    """Notes at which iteration an operation would wait for a GPU.

    Those whose result is a number, or whose shape depends on values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found = []
        self.iteration = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function._schema.name.split('::')[1]
        # index.Tensor and index_put_ take a list of indices.
        indices = args[1] if name in ('index', 'index_put_') else []
        if name in READS or any(
                index is not None and index.dtype == torch.bool
                for index in indices):
            self.found.append((self.iteration, name))
        return function(*args, **(kwargs or {}))


def trained(work_dir, hook):
    """A runner after one epoch that logs each INTERVAL iterations."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    batches = [
        dict(
            inputs=[
                torch.randint(
                    256, (2, 3, 2, 4, 4), dtype=torch.uint8,
                    generator=generator) for _ in range(6)
            ],
            data_samples=[
                ActionDataSample(metainfo=dict(
                    video_id=6 * (step % 3) + row,
                    speeds=[(1, 2), (2, 1)][row % 2])) for row in range(6)
            ]) for step in range(ITERATIONS)
    ]
    runner = Runner(
        model=tiny_model(
            data_preprocessor=dict(
                type='ClipDataPreprocessor', mean=[128.] * 3, std=[64.] * 3)),
        work_dir=str(work_dir),
        train_dataloader=torch.utils.data.DataLoader(
            batches, batch_size=None, shuffle=False),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(
            type='BFloat16OptimWrapper',
            optimizer=dict(type='SGD', lr=0.1, momentum=0.9, fused=True)),
        custom_hooks=HOOKS,
        default_scope='mmaction',
        default_hooks=dict(
            runtime_info=dict(type=hook),
            logger=dict(
                type='LoggerHook', interval=INTERVAL, ignore_last=False),
            checkpoint=None, sampler_seed=None),
        experiment_name=f'{hook}-{work_dir}')
    runner.train()
    return runner


# After the third and seventh iteration, and the last of the epoch.
LOGGED = {3, 7, 10}


@pytest.mark.parametrize('hook, iterations', [
    ('DeferredScalarsHook', LOGGED),
    ('RuntimeInfoHook', set(range(ITERATIONS))),
])
def test_values_are_read_only_to_be_logged(hook, iterations, tmp_path,
                                           monkeypatch):
    reads = Reads()
    to_list, run_iter = torch.Tensor.tolist, EpochBasedTrainLoop.run_iter

    def noted(tensor):
        if tensor.is_floating_point():  # the others are made on the CPU
            reads.found.append((reads.iteration, 'tolist'))
        return to_list(tensor)

    def watched(loop, index, batch):
        reads.iteration = index
        with reads:
            run_iter(loop, index, batch)

    monkeypatch.setattr(torch.Tensor, 'tolist', noted)
    monkeypatch.setattr(EpochBasedTrainLoop, 'run_iter', watched)
    assert trained(tmp_path, hook).iter == ITERATIONS
    assert {number for number, _ in reads.found} == iterations, reads.found


def test_the_log_holds_the_same_values(tmp_path):
    ours, theirs = (
        trained(tmp_path / hook, hook).message_hub.log_scalars
        for hook in ('DeferredScalarsHook', 'RuntimeInfoHook'))
    assert ours.keys() == theirs.keys()
    for name in ('loss', 'loss_acp', 'loss_scp', 'acp_spread',
                 'scp_target_share', 'bank_fill_1x', 'lr'):
        values, _ = ours[f'train/{name}'].data
        assert len(values) == ITERATIONS
        assert (values == theirs[f'train/{name}'].data[0]).all()
