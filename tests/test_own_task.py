"""The pretext task of docs/own_task.md, as the page has it."""
import json
import os.path as osp
import re
from glob import glob

import pytest

import ascnet_mm

from .helpers.processes import ROOT, run_code, run_tool

# What `PYTHONPATH=. ascnet-mm train ...` does
TRAIN = '''
import runpy, sys
folder, script, *arguments = sys.argv[1:]
sys.path.insert(0, folder)
sys.argv = [script, *arguments]
runpy.run_path(script, run_name='__main__')
'''
TINY = [
    'model.backbone.base_channels=2', 'model.jump_head.in_channels=16',
    'clip_len=4', 'scale=(24,24)', 'batch_size=8',
    'train_dataloader.num_workers=1', 'val_dataloader.num_workers=1',
    'default_hooks.logger.interval=1', 'default_hooks.checkpoint.interval=1',
    'train_cfg.max_epochs=1', 'train_cfg.val_interval=1'
]


def write_files(folder):
    """The files that the page shows, below their names."""
    with open(osp.join(ROOT, 'docs', 'own_task.md')) as file:
        page = file.read()
    files = dict(re.findall(
        r'^`(\w+\.py)`[^\n]*\n\n```python\n(.*?)^```', page, re.M | re.S))
    for name, code in files.items():
        (folder / name).write_text(code)
    return files


@pytest.fixture(scope='module')
def trained(videos, tmp_path_factory):
    folder = tmp_path_factory.mktemp('own')
    write_files(folder)
    done = run_code(
        TRAIN, str(folder), osp.join(ROOT, 'tools', 'train.py'),
        'jump_cut_r18.py', '--work-dir', str(folder / 'run'), '--cfg-options',
        f'data_root={videos}/videos', *TINY, cwd=str(folder))
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def test_it_takes_sixty_lines(tmp_path):
    files = write_files(tmp_path)
    assert len(files) == 2
    assert sum(code.count('\n') for code in files.values()) <= 60


def test_it_trains_and_is_validated(trained):
    path, = glob(str(trained / 'run' / '*' / 'vis_data' / 'scalars.json'))
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    steps = [line for line in lines if 'loss_jump' in line]
    assert len(steps) == 7
    assert all(0 <= line['jump_accuracy'] <= 1 for line in steps)
    assert any('same_video/top1' in line for line in lines)


def test_its_encoder_needs_no_code_of_it(trained, videos):
    video = glob(f'{videos}/videos/*/*.mp4')[0]
    checkpoint = str(trained / 'run' / 'epoch_1.pth')
    exported = str(trained / 'encoder.pth')
    done = run_tool('tools/export.py', checkpoint, exported)
    assert done.returncode == 0, done.stderr[-2000:]
    one, other = (ascnet_mm.load_encoder(path).embed([video])
                  for path in (checkpoint, exported))
    assert one.shape == (1, 16)
    assert (one == other).all()
