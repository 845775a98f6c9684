"""The configs under MMAction2's own scripts, with nothing of tools/."""
import os.path as osp
import shutil

import mmaction
import pytest

from ..conftest import ROOT, run_tool
from .test_cli import TINY

SCRIPTS = osp.join(osp.dirname(mmaction.__file__), '.mim', 'tools')

pytestmark = pytest.mark.skipif(
    not osp.isfile(osp.join(SCRIPTS, 'train.py')),
    reason='this installation of MMAction2 has no scripts')


def test_the_folder_runs_in_a_project_of_the_hosts(videos, tmp_path):
    """Copied to configs/ascnet of another folder: train, resume, test."""
    shutil.copytree(
        osp.join(ROOT, 'configs', 'ascnet'), tmp_path / 'configs' / 'ascnet')
    # The host's scripts know no variables: each place has its own option.
    options = [o for o in TINY if '.' in o.split('=')[0]] + [
        'train_dataloader.batch_size=8'
    ] + [
        f'{part}_dataloader.dataset.{key}'
        for part in ('train', 'val')
        for key in (f'data_root={videos}/videos', 'pipeline.1.clip_len=4')
    ]
    for resume in ([], ['--resume']):
        epochs = ['train_cfg.max_epochs=2' if resume else
                  'train_cfg.max_epochs=1']
        done = run_tool(
            osp.join(SCRIPTS, 'train.py'), 'configs/ascnet/r18_folder.py',
            *resume, '--cfg-options', *options, *epochs, cwd=tmp_path)
        assert done.returncode == 0, done.stderr[-2000:]
    assert 'resumed epoch: 1, iter: 7' in done.stdout + done.stderr

    datasets = 'test_dataloader.dataset.datasets'
    done = run_tool(
        osp.join(SCRIPTS, 'test.py'), 'configs/ascnet/retrieval/r18_ucf101.py',
        'work_dirs/r18_folder/epoch_2.pth', '--cfg-options', *TINY[:5],
        'test_dataloader.num_workers=1', *[
            f'{datasets}.{index}.{option}'
            for index, part in enumerate(('train', 'test'))
            for option in (f'data_root={videos}', f'ann_file={part}.txt',
                           'pipeline.1.clip_len=4', 'pipeline.1.num_clips=2')
        ], cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'retrieval/queries: 16' in done.stdout + done.stderr
