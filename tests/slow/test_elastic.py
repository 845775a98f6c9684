"""torchrun starts the ranks again after one was lost."""
import sys

import torch

from .ranks import torchrun


def test_a_run_goes_on_after_the_loss_of_a_rank(videos, tmp_path):
    """From the latest checkpoint, and ends like one that lost none."""
    launch = [
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc-per-node', '2', '--max-restarts', '1', 'tools/train.py'
    ]
    args = ['--launcher', 'pytorch', '--resume']
    for name, fault in (('whole', ''), ('restarted', 'kill')):
        done = torchrun(
            str(tmp_path / name), f'{videos}/videos', *args, launch=launch,
            fault=fault, TORCH_DISABLE_SHARE_RDZV_TCP_STORE='1')
        assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / 'restarted' / 'harmed').exists()
    assert 'resumed epoch: 1, iter: 7' in done.stdout + done.stderr
    whole, restarted = (
        torch.load(tmp_path / name / 'epoch_2.pth', weights_only=False)
        for name in ('whole', 'restarted'))
    for key, value in whole['state_dict'].items():
        assert torch.equal(restarted['state_dict'][key], value), key
    for speed, ring in whole['memory_bank']['rings'].items():
        other = restarted['memory_bank']['rings'][speed]
        assert torch.equal(other['video_ids'], ring['video_ids'])
        assert torch.equal(other['appearance'], ring['appearance'])
