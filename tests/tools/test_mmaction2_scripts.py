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


def test_the_folder_runs_in_a_checkout_of_mmaction2(videos, tmp_path):
    """Copied to configs/ascnet of another folder: train, resume, test."""
    shutil.copytree(
        osp.join(ROOT, 'configs', 'ascnet'), tmp_path / 'configs' / 'ascnet')
    # MMAction2's scripts know no variables: each place has its own option.
    options = [o for o in TINY if '.' in o.split('=')[0]] + [
        'train_dataloader.batch_size=8'
    ] + [
        f'{part}_dataloader.dataset.{key}'
        for part in ('train', 'val')
        for key in (f'data_root={videos}/videos', 'pipeline.1.clip_len=4',
                    'pipeline.3.scale=(24,24)')
    ]
    work_dir = tmp_path / 'work_dirs' / 'r18_folder'
    for resume in ([], ['--resume']):
        done = run_tool(
            osp.join(SCRIPTS, 'train.py'), 'configs/ascnet/r18_folder.py',
            *resume, '--cfg-options', *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr[-2000:]
        (work_dir / 'last_checkpoint').write_text(f'{work_dir}/epoch_1.pth')
    assert 'resumed epoch: 1, iter: 7' in done.stdout + done.stderr

    dataset = 'test_dataloader.dataset'
    done = run_tool(
        osp.join(SCRIPTS, 'test.py'), 'configs/ascnet/retrieval/r18_ucf101.py',
        'work_dirs/r18_folder/epoch_2.pth', '--cfg-options', *TINY[:5],
        'test_dataloader.num_workers=1', f'{dataset}.data_root={videos}',
        f'{dataset}.ann_file.gallery=train.txt',
        f'{dataset}.ann_file.query=test.txt',
        f'{dataset}.pipeline.1.clip_len=4',
        f'{dataset}.pipeline.1.num_clips=2', cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'retrieval/queries: 16' in done.stdout + done.stderr

    # The linear protocol on top of it
    for part, source in (('train', 'train'), ('val', 'test')):
        shutil.copy(f'{videos}/{source}.txt',
                    tmp_path / f'ucf101_{part}_split_1_videos.txt')
    (tmp_path / 'videos').symlink_to(f'{videos}/videos')
    options = [
        f'{part}_dataloader.{option}' for part in ('train', 'val')
        for option in (f'dataset.data_root={tmp_path}', 'batch_size=8',
                       'num_workers=1', 'dataset.pipeline.1.clip_len=4')
    ]
    checkpoint = 'work_dirs/r18_folder/epoch_2.pth'
    done = run_tool(
        osp.join(SCRIPTS, 'train.py'), 'configs/ascnet/linear/r18_ucf101.py',
        '--cfg-options', *options, 'train_cfg.max_epochs=1',
        f'default_hooks.pretrained_encoder.checkpoint={checkpoint}', TINY[0],
        'model.cls_head.in_channels=16', cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f'encoder weights of {checkpoint}' in done.stdout + done.stderr
