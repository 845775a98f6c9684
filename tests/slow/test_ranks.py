"""Several ranks through the launchers: like one, and never waiting for ever.
"""
import json
import os
import os.path as osp
import shutil
import socket
import subprocess
import sys

import mmaction
import pytest
import torch

from ascnet_mm.benchmarking.processes import differences, identical, train

from ..conftest import ROOT, run_tool
from ..tools.test_cli import TINY
from .ranks import torchrun


def tool(name):
    return osp.join(ROOT, 'tools', name)


def test_four_ranks_end_as_one_process(videos):
    reference, = train(f'{videos}/videos', 1)
    records = train(f'{videos}/videos', 4)
    assert max(differences(reference, records[0]).values()) < 1e-12
    assert identical(records, 'banks') and identical(records, 'weights')


@pytest.fixture(scope='module')
def trained(videos, tmp_path_factory):
    """A run of two ranks in folders with blanks, and its output."""
    folder = tmp_path_factory.mktemp('a run')
    data = folder / 'my videos'
    data.symlink_to(f'{videos}/videos')
    done = torchrun(str(folder / 'work dir'), str(data))
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / 'work dir', done.stdout + done.stderr


def test_the_log_says_how_the_ranks_are_joined(trained):
    _, printed = trained
    assert printed.count('2 ranks on CPUs, joined by gloo') == 1
    assert printed.count('BatchNorm: statistics of each rank by itself') == 1
    assert '0 of 57 training videos could not be read' in printed


def metrics(work_dir):
    """Those that MMAction2 writes to its file, which lacks the integers."""
    path, = work_dir.glob('*/*.json')
    found = json.loads(path.read_text())
    return {k: v for k, v in found.items() if '/' in k and v is not None}


def test_evaluation_gives_the_same_figures(trained, videos, tmp_path):
    """Retrieval, neighbors, linear probe; 65 videos, two unreadable."""
    (tmp_path / 'videos').symlink_to(f'{videos}/videos')
    (tmp_path / 'bad.mp4').write_bytes(b'no video')
    for part in ('train', 'test'):
        with open(f'{videos}/{part}.txt') as file:
            lines = file.read().splitlines()
        lines[3:3] = ['../bad.mp4 1']
        (tmp_path / f'{part}.txt').write_text('\n'.join(lines[1:]))
    config = tmp_path / 'r18.py'
    config.write_text(f'''
_base_ = {osp.join(ROOT, 'configs/ascnet/retrieval/r18_ucf101.py')!r}
test_evaluator = _base_.test_evaluator + [dict(type='LinearProbeMetric')]
''')
    dataset = 'test_dataloader.dataset'
    options = [
        '--cfg-options', f'data_root={tmp_path}',
        f'{dataset}.ann_file.gallery=train.txt',
        f'{dataset}.ann_file.query=test.txt',
        f'{dataset}.allow_outside=True', 'clip_len=4', 'num_clips=2',
        'test_dataloader.num_workers=0', 'test_evaluator.0.topk=(1,5)',
        *TINY[:5]
    ]
    checkpoint = str(trained[0] / 'epoch_2.pth')
    done = run_tool('tools/test.py', str(config), checkpoint, '--work-dir',
                    str(tmp_path / '1'), *options)
    assert done.returncode == 0, done.stderr[-3000:]
    expected = metrics(tmp_path / '1')
    assert {'retrieval/top1', 'knn/top1_k20', 'linear/top1'} <= set(expected)
    for ranks in ('2', '4'):
        assert 'retrieval/unreadable: 2 ' in done.stdout + done.stderr
        done = subprocess.run([
            tool('dist_test.sh'), str(config), checkpoint, ranks,
            '--work-dir', str(tmp_path / ranks), *options
        ], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        assert metrics(tmp_path / ranks) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('fault, cause', [
    ('kill', 'Signal 9 (SIGKILL)'),
    ('raise', 'RuntimeError: rank 1 is out of sorts'),
    ('hang', 'Timed out waiting'),
])
def test_a_rank_in_trouble_ends_all(fault, cause, videos, tmp_path):
    done = torchrun(
        str(tmp_path), f'{videos}/videos', fault=fault,
        options=['env_cfg.dist_cfg.timeout=10'])
    assert done.returncode == 1
    assert cause in done.stderr.split('Root Cause')[1]
    assert (tmp_path / 'epoch_1.pth').exists()


@pytest.mark.parametrize('content, sentence', [
    (None, 'there is no folder'),
    (b'no video', 'can be read'),
])
def test_data_that_one_rank_lacks_end_all(content, sentence, videos,
                                          tmp_path):
    shutil.copytree(f'{videos}/videos', tmp_path / 'of_0')
    if content:
        shutil.copytree(f'{videos}/videos', tmp_path / 'of_1')
        for path in (tmp_path / 'of_1').rglob('*.mp4'):
            path.write_bytes(content)
    dataset = f"dict(dataset=dict(data_root='{tmp_path}/of_{{{{$RANK:0}}}}'))"
    done = torchrun(
        str(tmp_path / 'work'), '',
        settings=f'train_dataloader = {dataset}\nval_dataloader = {dataset}',
        options=['env_cfg.dist_cfg.timeout=60'])
    assert done.returncode == 1
    assert sentence in done.stderr.split('Root Cause')[1]
    assert 'rank      : 1 ' in done.stderr.split('Root Cause')[1]


SRUN = '''#!/usr/bin/env python3
"""Starts the tasks of one node as srun does, with few of its variables."""
import os, subprocess, sys
words = sys.argv[1:]
count = int(words[words.index('--ntasks') + 1])
command = words[words.index('python'):]
open(os.environ['SEEN'], 'w').write(repr(words))
tasks = [
    subprocess.Popen(command, env=dict(
        os.environ, SLURM_PROCID=str(rank), SLURM_LOCALID=str(rank),
        SLURM_NTASKS=str(count), SLURM_NODELIST='node[1]'))
    for rank in range(count)
]
sys.exit(max(task.wait() for task in tasks))
'''


@pytest.fixture
def slurm(tmp_path):
    """Environment with a stand-in for Slurm."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    (folder / 'srun').write_text(SRUN)
    (folder / 'scontrol').write_text('#!/bin/sh\necho 127.0.0.1\n')
    for name in ('srun', 'scontrol'):
        (folder / name).chmod(0o755)
    return dict(
        PATH=f'{folder}:{os.environ["PATH"]}',
        SEEN=str(tmp_path / 'seen'),
        GPUS='2',
        CPUS_PER_TASK='3',
        SRUN_ARGS='--time 5',
        PY_ARGS='--auto-scale-lr')


def test_slurm_trains_and_tests(slurm, videos, tmp_path):
    work_dir = tmp_path / 'work dir'
    done = torchrun(
        str(work_dir), f'{videos}/videos',
        launch=[tool('slurm_train.sh'), 'part', 'a job'], **slurm)
    assert done.returncode == 0, done.stderr[-3000:]
    assert '2 ranks on CPUs' in done.stdout + done.stderr
    words = (tmp_path / 'seen').read_text()
    for part in ("'--partition', 'part', '--job-name', 'a job'",
                 "'--ntasks', '2', '--ntasks-per-node', '2'",
                 "'--cpus-per-task', '3'", "'--time', '5'",
                 "'--auto-scale-lr'"):
        assert part in words
    slurm['PY_ARGS'] = ''
    done = subprocess.run([
        tool('slurm_test.sh'), 'part', 'a job',
        osp.join(ROOT, 'configs/ascnet/retrieval/r18_ucf101.py'),
        str(work_dir / 'epoch_2.pth'), '--work-dir', str(tmp_path / 'test'),
        '--cfg-options', f'data_root={videos}', 'clip_len=4', 'num_clips=2',
        'test_dataloader.dataset.ann_file.gallery=train.txt',
        'test_dataloader.dataset.ann_file.query=test.txt',
        'test_dataloader.num_workers=0', *TINY[:5]
    ], cwd=tmp_path, env={**os.environ, **slurm}, capture_output=True,
        text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'retrieval/queries: 16 ' in done.stdout + done.stderr


def test_two_nodes_train_as_one(trained, tmp_path):
    """Both on this machine; the weights are those of two ranks of one."""
    work_dir, _ = trained
    nodes = [
        subprocess.Popen(
            [tool('dist_train.sh'), str(work_dir / 'config.py'), '1',
             '--work-dir', str(tmp_path / 'work'), '--cfg-options',
             f'data_root={work_dir.parent}/my videos', *TINY, 'batch_size=4'],
            env=dict(os.environ, NNODES='2', NODE_RANK=str(node),
                     MASTER_ADDR='127.0.0.1', PORT='29511',
                     OMP_NUM_THREADS='1'),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for node in range(2)
    ]  # yapf: disable
    printed = [node.communicate(timeout=300)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], printed
    assert '2 ranks on CPUs' in printed[0]
    assert 'Epoch(train)' not in printed[1]  # only rank 0 logs
    one, two = (
        torch.load(folder / 'epoch_2.pth', weights_only=False)['state_dict']
        for folder in (work_dir, tmp_path / 'work'))
    for key, value in one.items():
        assert torch.equal(two[key], value), key


def test_a_port_in_use_is_said(videos, tmp_path):
    """Of two runs at one PORT; without PORT each takes a free one."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        done = torchrun(str(tmp_path), f'{videos}/videos',
                        PORT=str(taken.getsockname()[1]))
    assert done.returncode != 0
    assert 'EADDRINUSE' in done.stderr


def test_mmaction2s_script_trains_two_ranks(videos, tmp_path):
    """The config brings along what a machine without GPUs needs."""
    script = osp.join(
        osp.dirname(mmaction.__file__), '.mim', 'tools', 'train.py')
    if not osp.isfile(script):
        pytest.skip('this installation of MMAction2 has no scripts')
    options = [o for o in TINY if '.' in o.split('=')[0]] + [
        'train_dataloader.batch_size=4', 'train_cfg.max_epochs=1'
    ] + [
        f'{part}_dataloader.dataset.{key}' for part in ('train', 'val')
        for key in (f'data_root={videos}/videos', 'pipeline.1.clip_len=4')
    ]
    done = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc-per-node', '2', script,
        osp.join(ROOT, 'configs/ascnet/r18_folder.py'), '--launcher',
        'pytorch', '--cfg-options', *options
    ], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert '2 ranks on CPUs, joined by gloo' in done.stdout + done.stderr
    assert (tmp_path / 'work_dirs/r18_folder/epoch_1.pth').exists()
