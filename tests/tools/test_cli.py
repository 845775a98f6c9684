"""The scripts as a user runs them, on the rendered set."""
import json
import math
import os
import os.path as osp
import pickle
import re
import shutil

import pytest
import torch

from ascnet_mm.device import computes_in_bfloat16

from ..conftest import ROOT, run_tool

TINY = [
    'model.backbone.base_channels=2', 'model.acp_head.in_channels=16',
    'model.scp_head.in_channels=16', 'model.acp_head.hidden_channels=8',
    'model.scp_head.hidden_channels=8', 'model.memory_bank.size=32',
    'clip_len=4', 'batch_size=8', 'scale=(24,24)',
    'train_dataloader.num_workers=1', 'val_dataloader.num_workers=1',
    'default_hooks.logger.interval=1', 'default_hooks.checkpoint.interval=1',
    'default_hooks.checkpoint.max_keep_ckpts=9', 'train_cfg.max_epochs=2',
    'train_cfg.val_interval=1'
]  # yapf: disable


def train(work_dir, videos, *options, args=(), config='r18_folder'):
    return run_tool(
        'tools/train.py', f'configs/ascnet/{config}.py', '--work-dir',
        str(work_dir), '--seed', '3', *args, '--cfg-options',
        f'data_root={videos}', *TINY, *options)


def scalars(work_dir):
    """All that was logged in a work folder, run after run."""
    lines = []
    for run in sorted(os.listdir(work_dir)):
        path = osp.join(work_dir, run, 'vis_data', 'scalars.json')
        if osp.isfile(path):
            with open(path) as file:
                lines += [json.loads(line) for line in file]
    return lines


@pytest.fixture(scope='module')
def trained(videos, tmp_path_factory):
    """Two epochs on a folder."""
    work_dir = tmp_path_factory.mktemp('trained')
    done = train(work_dir, f'{videos}/videos')
    assert done.returncode == 0, done.stderr[-2000:]
    return work_dir


def test_every_diagnostic_and_metric_is_in_the_log(trained):
    lines = scalars(trained)
    training = [line for line in lines if 'loss_acp' in line]
    # 64 videos, a tenth of them (rounded up) kept out, batches of 8
    assert len(training) == 2 * 7
    for line in training:
        for key in ('loss', 'loss_scp', 'acp_spread', 'scp_spread',
                    'retrieved_similarity', 'scp_target_share',
                    'ema_momentum', 'bank_fill_1x', 'bank_fill_2x',
                    'data_time', 'lr'):
            assert key in line, key
    assert training[0]['scp_target_share'] == 0
    assert training[-1]['bank_fill_1x'] + training[-1][
        'bank_fill_2x'] > 1.5  # 112 entries for twice 32 places
    validations = [line for line in lines if 'same_video/top1' in line]
    assert [line['step'] for line in validations] == [0, 1, 2]
    assert all('speed_probe/accuracy' in line for line in validations)


def test_a_resumed_run_ends_like_one_that_went_through(
        trained, videos, tmp_path):
    """Weights, target and banks, from the checkpoint of epoch 1."""
    shutil.copy(trained / 'epoch_1.pth', tmp_path)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_1.pth'))
    done = train(tmp_path, f'{videos}/videos', args=['--resume'])
    assert done.returncode == 0, done.stderr[-2000:]
    whole, resumed = (
        torch.load(folder / 'epoch_2.pth', weights_only=False)
        for folder in (trained, tmp_path))
    assert resumed['meta']['iter'] == whole['meta']['iter'] == 14
    for key, value in whole['state_dict'].items():
        assert torch.equal(resumed['state_dict'][key], value), key
    for speed, ring in whole['memory_bank']['rings'].items():
        other = resumed['memory_bank']['rings'][speed]
        assert all(torch.equal(other[k], ring[k])
                   for k in ('appearance', 'motion', 'video_ids'))
    # The checkpoint was taken before epoch 1 was validated; the random
    # network was not validated again.
    assert [line['step'] for line in scalars(tmp_path)
            if 'same_video/top1' in line] == [1, 2]


@pytest.fixture
def retrieval(videos):
    """Options of the retrieval config, on the rendered set."""
    lists = 'test_dataloader.dataset.ann_file'
    return [
        f'data_root={videos}', f'{lists}.gallery=train.txt',
        f'{lists}.query=test.txt', 'clip_len=4', 'num_clips=2',
        'test_dataloader.num_workers=1', 'test_evaluator.0.topk=(1,5)',
        *TINY[:5]
    ]


def test_a_checkpoint_is_evaluated_and_dumped(trained, retrieval, tmp_path):
    done = run_tool('tools/test.py', 'configs/ascnet/retrieval/r18_ucf101.py',
                    str(trained / 'epoch_2.pth'), '--work-dir',
                    str(tmp_path), '--dump', str(tmp_path / 'out.pkl'),
                    '--cfg-options', *retrieval)
    assert done.returncode == 0, done.stderr[-2000:]
    metrics = dict(re.findall(r'retrieval/(\w+): ([\d.]+)', done.stdout +
                              done.stderr))
    assert metrics['queries'] == '16' and metrics['gallery'] == '48'
    assert metrics['unreadable'] == '0'
    assert 0 <= float(metrics['top1']) <= float(metrics['top5']) <= 100
    with open(tmp_path / 'out.pkl', 'rb') as file:
        dumped = pickle.load(file)
    assert len(dumped) == 64
    assert dumped[0]['clip_features'].shape == (2, 16)


def refused(done, *parts):
    assert done.returncode != 0
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith('error: ')
    assert 'Traceback' not in done.stderr
    for part in parts:
        assert part in sentence, sentence


def test_a_checkpoint_of_another_encoder_is_refused(trained, retrieval):
    wide = [o for o in retrieval if 'base_channels' not in o]
    refused(
        run_tool('tools/test.py', 'configs/ascnet/retrieval/r18_ucf101.py',
                 str(trained / 'epoch_2.pth'), '--work-dir',
                 str(trained / 'never'), '--cfg-options', *wide,
                 'model.backbone.base_channels=4'),
        'another encoder', 'backbone.conv1.conv.weight', 'instead of')


@pytest.mark.parametrize('option, parts', [
    ('data_root=/nowhere/at/all', ['no folder /nowhere/at/all']),
    (f'data_root={ROOT}/configs', ['holds no video']),
    ('batch_size=999', ['fewer than one batch of 999']),
    ('speeds=(1,1)', ['speeds must be 2 or more different']),
    ('speeds=(0,1)', ['positive']),
    ('model.memory_bank.size=0', ['memory_bank.size']),
    ('model.gamma=1.5', ['model.gamma=1.5']),
])
def test_bad_input_ends_with_one_sentence(option, parts, videos, tmp_path):
    dumped = tmp_path / 'r18_folder.py'
    dumped.write_text('of an earlier run')
    refused(train(tmp_path, f'{videos}/videos', option), *parts)
    assert dumped.read_text() == 'of an earlier run'
    assert not list(tmp_path.glob('*.pth'))


def test_a_foreign_checkpoint_is_refused_on_resume(videos, tmp_path):
    (tmp_path / 'bad.pth').write_bytes(b'not a checkpoint')
    refused(
        train(tmp_path, f'{videos}/videos',
              args=['--resume', str(tmp_path / 'bad.pth')]), 'bad.pth')


def test_a_folder_of_unreadable_files_ends_with_one_sentence(tmp_path):
    (tmp_path / 'videos').mkdir()
    for index in range(20):
        (tmp_path / 'videos' / f'{index}.mp4').write_bytes(b'no video')
    for options in ((), ('val_cfg=None', 'val_dataloader=None',
                         'val_evaluator=None')):
        refused(train(tmp_path / 'work', tmp_path / 'videos', *options),
                'can be read')


def test_amp_trains_in_bfloat16_without_a_gpu(videos, tmp_path):
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    done = train(
        tmp_path, f'{videos}/videos', 'optim_wrapper.type=OptimWrapper',
        'train_cfg.max_epochs=1', 'val_cfg=None', 'val_dataloader=None',
        'val_evaluator=None', args=['--amp'])
    assert done.returncode == 0, done.stderr[-2000:]
    dtype = 'bfloat16' if computes_in_bfloat16('cpu') else 'float32'
    assert f'training in {dtype}, ' in done.stdout + done.stderr
    assert "type='BFloat16OptimWrapper'" in (
        tmp_path / 'r18_folder.py').read_text()
    assert all(math.isfinite(line['loss']) for line in scalars(tmp_path))


def test_amp_beside_another_wrapper_is_refused(videos, tmp_path):
    refused(
        train(tmp_path, f'{videos}/videos',
              'optim_wrapper.type=ApexOptimWrapper', args=['--amp']),
        '--amp', 'ApexOptimWrapper')


def test_a_rate_is_not_scaled_from_an_unknown_batch(videos, tmp_path):
    refused(
        train(tmp_path, f'{videos}/videos', 'auto_scale_lr=None',
              args=['--auto-scale-lr']), 'auto_scale_lr', 'base_batch_size')


def test_the_best_checkpoint_and_tensorboard_can_be_asked_for(
        videos, tmp_path):
    done = train(
        tmp_path, f'{videos}/videos', 'train_cfg.max_epochs=1',
        'default_hooks.checkpoint.save_best=same_video/top1',
        'visualizer.vis_backends.0.type=TensorboardVisBackend')
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(tmp_path.glob('best_same_video*.pth'))
    assert list(tmp_path.rglob('events.out.tfevents*'))


def test_unreadable_files_are_named_and_counted(videos, tmp_path):
    shutil.copytree(f'{videos}/videos', tmp_path / 'videos')
    names = ['a\nb.mp4', '[red]%s{0}$(touch y).mp4', '-x.mp4']
    for name in names:
        (tmp_path / 'videos' / name).write_bytes(b'no video')
    os.mkfifo(tmp_path / 'videos' / 'pipe.mp4')
    options = ('val_cfg=None', 'val_dataloader=None', 'val_evaluator=None',
               'train_dataloader.dataset.part=all')
    listed = tmp_path / 'work' / 'skipped_videos.txt'
    done = train(tmp_path / 'work', tmp_path / 'videos', *options)
    assert done.returncode == 0, done.stderr[-2000:]
    printed = done.stdout + done.stderr
    assert '4 of 68 training videos could not be read' in printed
    assert printed.count('skipped, cannot be read') == 4
    lines = dict(line.split('\t') for line in
                 listed.read_text().splitlines())
    root = f'{tmp_path}/videos/'
    assert set(lines) == {
        f'{root}{name}' for name in ('a\\nb.mp4', *names[1:], 'pipe.mp4')}
    assert lines[f'{root}pipe.mp4'] == 'it is no regular file'
    # a resumed run tries none again and says none twice
    done = train(tmp_path / 'work', tmp_path / 'videos', *options,
                 args=['--resume', str(tmp_path / 'work' / 'epoch_1.pth')])
    assert done.returncode == 0, done.stderr[-2000:]
    printed = done.stdout + done.stderr
    assert '4 of 68 training videos could not be read' in printed
    assert 'skipped, cannot be read' not in printed
    # too many stop the run
    refused(
        train(tmp_path / 'other', tmp_path / 'videos', *options,
              'default_hooks.skipped_videos.max_share=0.05'),
        '4 of the 68 training videos', 'skipped_videos.txt', 'max_share')
