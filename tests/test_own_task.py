"""The pretext task of docs/own_task.md, as the page has it."""
import os.path as osp
import re
from glob import glob

import pytest
from mmengine.runner import Runner

import ascnet_mm
from ascnet_mm import InputError
from ascnet_mm.apis import export_encoder, read_config

from .conftest import ROOT, LossRecorder
from .helpers.processes import run_tool

TINY = {
    'model.backbone.base_channels': 2, 'model.jump_head.in_channels': 16,
    'clip_len': 4, 'scale': (24, 24), 'batch_size': 4,
    'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1,
    'default_hooks.checkpoint.interval': 1,
    'default_hooks.logger.interval': 1,
    'env_cfg.dist_cfg.backend': 'gloo', 'log_level': 'WARNING',
}  # yapf: disable


def files_of_the_page():
    """Names and contents."""
    with open(osp.join(ROOT, 'docs', 'own_task.md')) as file:
        return dict(re.findall(
            r'^`(\w+\.py)`[^\n]*\n\n```python\n(.*?)^```', file.read(),
            re.M | re.S))


@pytest.fixture(scope='module')
def trained(videos, tmp_path_factory):
    """An epoch; the folder, its losses and what validation said."""
    folder = tmp_path_factory.mktemp('own')
    for name, code in files_of_the_page().items():
        (folder / name).write_text(code)
    recorder = LossRecorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))  # PYTHONPATH=.
        cfg = read_config(
            str(folder / 'jump_cut_r18.py'),
            dict(TINY, data_root=f'{videos}/videos'))
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            loader.update(num_workers=0, persistent_workers=False)
            loader.dataset.indices = 8
        cfg.work_dir = str(folder)
        cfg.experiment_name = 'own_task'
        runner = Runner.from_cfg(cfg)
        runner.register_hook(recorder)
        runner.train()
    return folder, recorder.losses, runner.message_hub.log_scalars


def test_it_takes_sixty_lines():
    files = files_of_the_page()
    assert len(files) == 2
    assert sum(code.count('\n') for code in files.values()) <= 60


def test_it_trains_and_is_validated(trained):
    _, losses, scalars = trained
    assert len(losses) == 2
    assert all(0 < step['loss_jump'] < 2 for step in losses)
    assert 0 <= scalars['train/jump_accuracy'].current() <= 1
    assert 'val/same_video/top1' in scalars


def test_its_encoder_needs_no_code_of_it(trained, videos):
    folder, *_ = trained
    checkpoint = str(folder / 'epoch_1.pth')
    exported = str(folder / 'encoder.pth')
    export_encoder(checkpoint, exported)
    video = glob(f'{videos}/videos/*/*.mp4')[0]
    one, other = (ascnet_mm.load_encoder(path).embed([video])
                  for path in (checkpoint, exported))
    assert one.shape == (1, 16)
    assert (one == other).all()
    with pytest.raises(InputError, match='nowhere.pth, does not exist'):
        export_encoder('nowhere.pth', exported)


def test_it_is_tested_where_its_code_is_not(trained, videos, tmp_path):
    """Another process, which does not know the method."""
    folder, *_ = trained
    listed = sorted(glob(f'{videos}/videos/*/*.mp4'))[:4]
    (tmp_path / 'list.txt').write_text(''.join(
        f'{osp.relpath(path, f"{videos}/videos")} {number % 2}\n'
        for number, path in enumerate(listed)))
    dataset = 'test_dataloader.dataset'
    done = run_tool(
        'tools/test.py', 'configs/ascnet/retrieval/r18_ucf101.py',
        str(folder / 'epoch_1.pth'), '--work-dir', str(tmp_path),
        '--cfg-options', 'clip_len=4', f'data_root={tmp_path}',
        'test_dataloader.num_workers=0',
        f'{dataset}.ann_file.gallery=list.txt',
        f'{dataset}.ann_file.query=list.txt',
        f'{dataset}.data_prefix.video={videos}/videos')
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'retrieval/top1: 100' in done.stdout + done.stderr
