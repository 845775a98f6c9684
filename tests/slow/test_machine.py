"""A data folder that goes away while a run reads from it."""
import os
import shutil
import subprocess
import time

from ..conftest import ROOT
from ..engine.reliability.test_termination import command
from .test_termination import wait_for_training


def start(tmp_path, videos):
    shutil.copytree(f'{videos}/videos', tmp_path / 'videos')
    run = subprocess.Popen(
        command('tools/train.py', str(tmp_path), tmp_path / 'work') + [
            'train_dataloader.dataset.patience=2',
            'val_dataloader.dataset.patience=2'],
        cwd=ROOT, env=dict(os.environ, OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for_training(tmp_path / 'work', [run])
    os.rename(tmp_path / 'videos', tmp_path / 'away')
    return run


def test_for_good(videos, tmp_path):
    run = start(tmp_path, videos)
    printed, _ = run.communicate(timeout=100)
    assert run.returncode == 1
    sentence = printed.splitlines()[-1]
    assert sentence.startswith('error: ') and 'is gone or empty' in sentence
    assert not (tmp_path / 'work' / 'skipped_videos.txt').exists()


def test_for_a_moment(videos, tmp_path):
    run = start(tmp_path, videos)
    time.sleep(.4)
    os.rename(tmp_path / 'away', tmp_path / 'videos')
    time.sleep(3)
    assert run.poll() is None
    run.terminate()
    printed, _ = run.communicate(timeout=60)
    assert run.returncode == 0 and 'Terminated at iteration' in printed
    assert not (tmp_path / 'work' / 'skipped_videos.txt').exists()
