"""From a pre-trained checkpoint to figures, as a user types it."""
import json
import os.path as osp
import re
import shutil

import numpy as np
import pytest
import torch
from mmengine.runner import load_checkpoint

from ascnet_mm.apis import versions

from ..conftest import run_tool
from .test_cli import TINY, refused, retrieval, train  # noqa: F401

ENCODER = [
    'model.backbone.base_channels=2', 'model.cls_head.in_channels=16',
    'clip_len=4', 'scale=(24,24)', 'batch_size=8', 'split=2'
]


@pytest.fixture(scope='module')
def pretrained(videos, tmp_path_factory):
    """One epoch on a folder."""
    work_dir = tmp_path_factory.mktemp('pretrained')
    done = train(work_dir, f'{videos}/videos', 'train_cfg.max_epochs=1')
    assert done.returncode == 0, done.stderr[-2000:]
    return work_dir / 'epoch_1.pth'


@pytest.fixture(scope='module')
def root(videos, tmp_path_factory):
    """The second split of a UCF-101, one test video of which is torn."""
    root = tmp_path_factory.mktemp('ucf101')
    shutil.copytree(f'{videos}/videos', root / 'videos')
    for part, source in (('train', 'train'), ('val', 'test')):
        shutil.copy(f'{videos}/{source}.txt',
                    root / f'ucf101_{part}_split_2_videos.txt')
    torn = (root / 'ucf101_val_split_2_videos.txt').read_text().split()[0]
    (root / 'videos' / torn).write_bytes(b'torn')
    return root


def downstream(config, root, work_dir, *args, options=()):
    return run_tool(
        'tools/train.py', f'configs/ascnet/{config}.py', '--work-dir',
        str(work_dir), '--seed', '3', *args, '--cfg-options',
        f'data_root={root}', *ENCODER, 'train_dataloader.num_workers=1',
        'train_dataloader.dataset.indices=24',
        'val_dataloader.num_workers=1', 'train_cfg.max_epochs=2',
        'default_hooks.checkpoint.interval=1', 'train_cfg.val_interval=2',
        *options)


def encoder_of(path):
    state = torch.load(path, weights_only=False)['state_dict']
    return {key: value for key, value in state.items()
            if key.startswith('backbone.')}


def test_the_linear_protocol_leaves_the_encoder_alone(
        pretrained, root, tmp_path):
    done = downstream('linear/r18_ucf101', root, tmp_path, '--pretrained',
                      str(pretrained))
    assert done.returncode == 0, done.stderr[-2000:]
    printed = done.stdout + done.stderr
    before, after = encoder_of(pretrained), encoder_of(tmp_path /
                                                       'epoch_2.pth')
    assert f'starts with the {len(before)} encoder weights' in printed
    assert before.keys() == after.keys()
    for key, value in before.items():
        assert torch.equal(after[key], value), key
    heads = [
        torch.load(tmp_path / f'epoch_{epoch}.pth',
                   weights_only=False)['state_dict']['cls_head.fc_cls.weight']
        for epoch in (1, 2)
    ]
    assert not torch.equal(*heads)


@pytest.fixture(scope='module')
def finetuned(pretrained, root, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('finetuned')
    done = downstream('finetune/r18_ucf101', root, work_dir, '--pretrained',
                      str(pretrained))
    assert done.returncode == 0, done.stderr[-2000:]
    return work_dir


def test_fine_tuning_starts_from_the_encoder_and_moves_it(
        pretrained, finetuned):
    before, after = encoder_of(pretrained), encoder_of(finetuned /
                                                       'epoch_2.pth')
    assert before.keys() == after.keys()
    assert not any(
        torch.equal(after[key], before[key]) for key in before
        if key.endswith('conv.weight'))


def test_a_run_is_resumed_without_the_pretrained_file(
        finetuned, root, tmp_path):
    shutil.copy(finetuned / 'epoch_1.pth', tmp_path)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_1.pth'))
    done = downstream('finetune/r18_ucf101', root, tmp_path, '--resume')
    assert done.returncode == 0, done.stderr[-2000:]
    whole, resumed = (
        torch.load(folder / 'epoch_2.pth', weights_only=False)['state_dict']
        for folder in (finetuned, tmp_path))
    assert all(torch.equal(resumed[key], whole[key]) for key in whole)
    # where there is nothing to resume from, it is needed after all
    refused(
        downstream('finetune/r18_ucf101', root, tmp_path / 'none',
                   '--resume'), '--pretrained')


@pytest.mark.parametrize('crop, clips', [('CenterCrop', 2), ('ThreeCrop', 6)])
def test_every_test_video_counts(finetuned, root, crop, clips, tmp_path):
    done = run_tool(
        'tools/test.py', 'configs/ascnet/finetune/r18_ucf101.py',
        str(finetuned / 'epoch_2.pth'), '--work-dir', str(tmp_path),
        '--dump', str(tmp_path / 'out.pkl'), '--cfg-options',
        f'data_root={root}', *ENCODER, 'num_clips=2',
        'test_dataloader.num_workers=1',
        f'test_dataloader.dataset.pipeline.4.type={crop}')
    assert done.returncode == 0, done.stderr[-2000:]
    top1 = float(re.findall(r'acc/top1: ([\d.]+)', done.stdout +
                            done.stderr)[-1])
    assert top1 * 16 == pytest.approx(round(top1 * 16), abs=1e-2)


def test_from_scratch_needs_no_checkpoint(root, pretrained, tmp_path):
    done = downstream('finetune/r18_ucf101_scratch', root, tmp_path,
                      options=['train_cfg.max_epochs=1'])
    assert done.returncode == 0, done.stderr[-2000:]
    refused(
        downstream('finetune/r18_ucf101_scratch', root, tmp_path / 'no',
                   '--pretrained', str(pretrained)), 'takes no pre-trained')


@pytest.mark.parametrize('args, options, parts', [
    ([], [], ['--pretrained']),
    (['--pretrained', 'CHECKPOINT'], ['model.backbone.with_pool1=False'],
     ['trained with', 'with_pool1']),
    (['--pretrained', 'CHECKPOINT'], ['load_from=CHECKPOINT'],
     ['holds an encoder already']),
    ([], ['load_from=CHECKPOINT'], ['classifier of 101 classes', 'none']),
    (['--pretrained', 'CHECKPOINT'], ['model.cls_head.num_classes=2'],
     ['the label', 'from 0 to 1']),
    (['--pretrained', 'CHECKPOINT'], ['splitt=2'], ['splitt is neither']),
    (['--pretrained', '/nowhere.pth', '--resume'], [], ['/nowhere.pth']),
    (['--pretrained', '/nowhere.pth'], [], ['/nowhere.pth']),
    (['--pretrained', 'CHECKPOINT'], ['model.backbone.base_channels=3'],
     ['conv1.conv.weight', 'instead of']),
    (['--pretrained', 'CHECKPOINT'],
     ['model.backbone.type=R2Plus1D', 'model.backbone.depth=10'],
     ['missing', 'surplus', 'conv_s']),
    (['--pretrained', 'CHECKPOINT'], ['split=3'], ['split_3']),
])
def test_what_does_not_fit_is_refused(args, options, parts, pretrained, root,
                                      tmp_path):
    args = [str(pretrained) if a == 'CHECKPOINT' else a for a in args]
    options = [o.replace('CHECKPOINT', str(pretrained)) for o in options]
    refused(
        downstream('finetune/r18_ucf101', root, tmp_path / 'run', *args,
                   options=options), *parts)
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_a_config_for_the_other_script_is_refused(pretrained, root):
    refused(
        run_tool('tools/train.py', 'configs/ascnet/retrieval/r18_ucf101.py'),
        'not for tools/train.py')
    refused(
        run_tool('tools/test.py', 'configs/ascnet/r18_folder.py',
                 str(pretrained)), 'not for tools/test.py')


def test_a_checkpoint_without_a_classifier_is_not_tested(
        pretrained, finetuned, root, tmp_path):
    for checkpoint, options, part in (
        (pretrained, [], 'classifier'),
        (finetuned / 'epoch_2.pth', ['model.cls_head.num_classes=99'],
         'classifier of 99 classes and the checkpoint one of 101'),
        (finetuned / 'epoch_2.pth', ['model.backbone.base_channels=3'],
         'another encoder')):
        refused(
            run_tool('tools/test.py', 'configs/ascnet/finetune/r18_ucf101.py',
                     str(checkpoint), '--work-dir', str(tmp_path),
                     '--cfg-options', f'data_root={root}',
                     *ENCODER[:4], 'split=2', *options), part)


def test_an_exported_encoder_has_its_card_and_loads_anywhere(
        pretrained, root, retrieval, tmp_path):  # noqa: F811
    out = tmp_path / 'new' / 'encoder.pth'
    done = run_tool('tools/export.py', 'configs/ascnet/r18_folder.py',
                    str(pretrained), str(out), '--cfg-options', TINY[0])
    assert done.returncode == 0, done.stderr[-2000:]
    exported = torch.load(out, weights_only=True)
    expected = encoder_of(pretrained)
    assert exported['state_dict'].keys() == expected.keys()
    assert all(torch.equal(exported['state_dict'][key], expected[key])
               for key in expected)
    card = exported['meta']['model_card']
    assert card['encoder']['base_channels'] == 2
    assert card['epochs'] == 1 and card['seed'] == 3
    assert '57 videos of the folder' in card['data'][0]
    assert 'SpeedPairedSampleFrames' in card['config']
    assert card['trained_with']['torch'] == versions()['torch']
    with open(next(pretrained.parent.glob('*/vis_data/scalars.json'))) as log:
        entries = [json.loads(line) for line in log]
    last = [e for e in entries if e.get('step') == 1 and 'loss' not in e][-1]
    assert card['gauges']['same_video/top1'] == last['same_video/top1']
    assert not list(out.parent.glob('*.part'))
    again = run_tool('tools/export.py', 'configs/ascnet/r18_folder.py',
                     str(out), str(tmp_path / 'again.pth'), '--cfg-options',
                     TINY[0])
    assert again.returncode == 0, again.stderr[-2000:]
    assert torch.load(tmp_path / 'again.pth',
                      weights_only=True)['meta']['model_card'] == card
    refused(
        run_tool('tools/export.py', 'configs/ascnet/r18_folder.py', str(out),
                 str(out), '--cfg-options', TINY[0]), 'overwritten')

    # a recognizer, by MMAction2's means and by ours, and retrieval
    from mmaction.registry import MODELS
    recognizer = MODELS.build(
        dict(type='Recognizer3D', backbone=dict(type='R3D', base_channels=2)))
    load_checkpoint(recognizer, str(out), map_location='cpu', strict=True)
    assert downstream('linear/r18_ucf101', root, tmp_path / 'linear',
                      '--pretrained', str(out)).returncode == 0
    found = []
    for checkpoint in (out, pretrained):
        done = run_tool(
            'tools/test.py', 'configs/ascnet/retrieval/r18_ucf101.py',
            str(checkpoint), '--work-dir', str(tmp_path / 'retrieval'),
            '--cfg-options', *retrieval)
        assert done.returncode == 0, done.stderr[-2000:]
        found.append(re.findall(r'((?:retrieval|knn)/\w+: [\d.]+)',
                                done.stdout + done.stderr))
    assert found[0] == found[1] and len(found[0]) > 5


def test_features_are_written_with_names_and_labels(
        pretrained, root, retrieval, tmp_path):  # noqa: F811
    options = [o for o in retrieval if not o.startswith(
        ('data_root', 'test_evaluator', 'test_dataloader.dataset'))]
    listed = root / 'ucf101_val_split_2_videos.txt'

    def extract(*args):
        return run_tool(
            'tools/extract_features.py',
            'configs/ascnet/retrieval/r18_ucf101.py', str(pretrained), *args,
            '--work-dir', str(tmp_path), '--cfg-options', *options)

    done = extract(str(listed), str(tmp_path / 'list.npz'), '--root',
                   str(root / 'videos'))
    assert done.returncode == 0, done.stderr[-2000:]
    found = np.load(tmp_path / 'list.npz')
    lines = [line.split() for line in listed.read_text().splitlines()]
    assert found['features'].shape == (15, 16)
    assert found['names'].tolist() == [name for name, _ in lines[1:]]
    assert found['labels'].tolist() == [int(label) for _, label in lines[1:]]
    assert found['unreadable'].tolist() == [lines[0][0]]
    [skipped] = tmp_path.glob('*/skipped_videos.txt')
    assert lines[0][0] in skipped.read_text()

    folder = root / 'videos' / osp.dirname(lines[-1][0])
    done = extract(str(folder), str(tmp_path / 'folder.npz'))
    assert done.returncode == 0, done.stderr[-2000:]
    other = np.load(tmp_path / 'folder.npz')
    assert set(other['labels']) == {-1}
    same = other['names'].tolist().index(osp.basename(lines[-1][0]))
    np.testing.assert_allclose(
        other['features'][same], found['features'][-1], rtol=1e-4, atol=1e-6)
    refused(extract(str(folder), str(tmp_path / 'x.txt')), '.npz')
    refused(extract(str(folder / 'none'), 'x.npz'), 'neither a folder')
