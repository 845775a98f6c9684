"""The machine's faults are waited for, and put on no file."""
import errno
import os
import resource
import shutil
import threading
from contextlib import contextmanager

import av
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.datasets import VideoFolder, VideoList

from .test_hostile import PIPELINE
from .video.test_reader import render

DECORD = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=2, num_clips=1),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(8, 8), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('filename', ))
]


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'videos').mkdir()
    for name in 'abc':
        render(tmp_path / 'videos' / f'{name}.mp4', frames=12)
    return tmp_path / 'videos'


@contextmanager
def away(root, seconds):
    os.rename(root, f'{root}.away')
    back = threading.Timer(seconds, os.rename, (f'{root}.away', root))
    back.start()
    yield
    back.join()


def watched(root, pipeline=PIPELINE, **options):
    dataset = VideoFolder(str(root), pipeline, **options)
    dataset.share_skipped(f'{root}.list')
    return dataset


def nothing_is_kept(dataset, root):
    return not dataset.skipped.any() and not os.path.exists(f'{root}.list')


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('pipeline', [PIPELINE, DECORD])
def test_a_folder_that_is_away_for_a_moment(pipeline, test_mode, root):
    # A wait is not the file's slowness.
    dataset = watched(root, pipeline, test_mode=test_mode, time_limit=0.3)
    expected = dataset[1]['inputs']
    with away(root, 0.5):
        assert torch.equal(dataset[1]['inputs'], expected)
    assert nothing_is_kept(dataset, root)


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('stays', [False, True])
def test_a_folder_that_stays_away_or_is_empty(stays, test_mode, root):
    """An empty one is what a disk was mounted on."""
    dataset = watched(root, test_mode=test_mode, patience=0.3)
    os.rename(root, f'{root}.away')
    if stays:
        os.mkdir(root)
    with pytest.raises(InputError, match='folder .*videos is gone or empty'):
        dataset[1]
    assert nothing_is_kept(dataset, root)


def test_what_is_missing_in_a_folder_that_is_there_is_its_own_fault(root):
    """Also a folder that never was: the list may name what was not loaded."""
    (root.parent / 'list.txt').write_text('a.mp4 0\nno.mp4 0\nnone/x.mp4 0\n')
    dataset = VideoList('list.txt', PIPELINE, data_root=str(root.parent),
                        data_prefix=dict(video='videos'))
    for index in range(3):
        assert dataset[index]['data_samples'].filename.endswith('a.mp4')
    assert dataset.skipped.tolist() == [False, True, True]


class Opening:
    """av.open, failing for some time."""

    def __init__(self, error, times):
        self.error, self.left, self.open = error, times, av.open

    def __call__(self, *args, **kwargs):
        self.left -= 1
        if self.left < 0:
            return self.open(*args, **kwargs)
        raise self.error


@pytest.mark.parametrize('error', [
    *(OSError(getattr(errno, name), os.strerror(getattr(errno, name)))
      for name in ('ESTALE', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETIMEDOUT',
                   'ENOTCONN', 'EHOSTDOWN')),
    av.error.OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
    MemoryError('no memory')
], ids=repr)  # yapf: disable
def test_no_verdict(error, root, monkeypatch):
    dataset = watched(root, patience=0.3)
    expected = dataset[1]['inputs']
    monkeypatch.setattr(av, 'open', Opening(error, 2))
    assert torch.equal(dataset[1]['inputs'], expected)
    monkeypatch.setattr(av, 'open', Opening(error, 10**9))
    with pytest.raises(InputError) as stopped:
        dataset[1]
    code = getattr(error, 'errno', None) or errno.ENOMEM
    assert os.strerror(code) in str(stopped.value)
    assert nothing_is_kept(dataset, root)


@pytest.mark.parametrize('code', [errno.EIO, errno.ENOMEM])
def test_what_ffmpeg_says_of_a_file_that_the_system_can_read(
        code, root, monkeypatch):
    """It gives such errors for broken files, too."""
    dataset = watched(root)
    kind = {errno.EIO: av.error.OSError, errno.ENOMEM: av.error.MemoryError}
    error = kind[code](code, os.strerror(code))
    expected = dataset[1]['inputs']
    monkeypatch.setattr(av, 'open', Opening(error, 1))
    assert torch.equal(dataset[1]['inputs'], expected)
    monkeypatch.setattr(av, 'open', Opening(error, 2))
    assert dataset[1]['data_samples'].filename != str(root / 'b.mp4')
    assert dataset.skipped.tolist() == [False, True, False]


def test_no_file_can_be_opened_for_a_moment(root):
    dataset = watched(root)
    expected = dataset[1]['inputs']
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    back = threading.Timer(
        0.5, resource.setrlimit, (resource.RLIMIT_NOFILE, limits))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    back.start()
    try:
        found = dataset[1]['inputs']
    finally:
        back.join()
    assert torch.equal(found, expected)
    assert nothing_is_kept(dataset, root)


def test_a_broken_file_is_still_its_own_fault(root):
    shutil.copy(__file__, root / 'b.mp4')
    dataset = watched(root, time_limit=5)
    assert dataset[1]['data_samples'].filename != str(root / 'b.mp4')
    assert dataset.skipped.tolist() == [False, True, False]


@pytest.mark.parametrize('patience', [-1, float('nan'), float('inf')])
def test_an_impossible_patience_is_refused(patience, root):
    with pytest.raises(InputError, match='patience'):
        VideoFolder(str(root), PIPELINE, patience=patience)
