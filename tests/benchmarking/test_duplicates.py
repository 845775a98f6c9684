"""Copies of known videos: how they are made, and how finding them counts."""
import json

import av
import numpy as np
import pytest

pytest.importorskip('pyarrow')

from ascnet_mm import InputError
from ascnet_mm.benchmarking import copies, duplicates, moments
from ascnet_mm.benchmarking.copies import KINDS, ORIGINAL
from ascnet_mm.benchmarking.duplicates import Pair
from ascnet_mm.collection import index
from ascnet_mm.inference import load_encoder
from ascnet_mm.preparation.synthetic import write_video

from ..collection.builders import write_encoder


def drifting(seconds, seed):
    """A soft texture that moves to the left, 10 frames a second."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8 + seconds, 3))
    wide = np.kron(coarse, np.ones((8, 8, 1))).astype(np.uint8)
    return np.stack([wide[:, shift:shift + 64]
                     for shift in range(0, 8 * seconds)])


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp('videos')
    for number in range(4):
        write_video(str(root / f'{number}.mp4'), drifting(8, number), fps=8)
    write_video(str(root / 'short.mp4'), drifting(2, 9), fps=8)
    return root


@pytest.fixture(scope='module')
def work(folder, tmp_path_factory):
    """A work folder with the copies of three videos."""
    root = tmp_path_factory.mktemp('work')
    assert copies.make_set(str(folder), 3, str(root / 'videos')) == 3
    return root


def pictures(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format='rgb24')
                         for frame in container.decode(video=0)]).astype(int)


def test_more_videos_than_are_counted_on_are_refused(folder, work):
    with pytest.raises(InputError, match='holds more than 2.*--work-dir'):
        copies.make_set(str(folder), 2, str(work / 'videos'))
    assert copies.make_set(str(folder), 3, str(work / 'videos')) == 3


def test_each_copy_is_of_its_kind(folder, work):
    made = work / 'videos'
    for number in range(3):
        original = pictures(made / ORIGINAL / f'{number:04}.mkv')
        assert len(original) == 64, 'the short one is left out'
        expected = dict.fromkeys(KINDS, original)
        expected.update({
            'half the size': original.reshape(
                64, 24, 2, 32, 2, 3).mean(axis=(2, 4)),
            'cropped by a tenth': original[:, :42, -56:],
            'mirrored': original[:, :, ::-1],
            'trimmed by a second': original[8:],
            'twice as fast': original[::2]})
        for kind, wanted in expected.items():
            found = pictures(made / kind / f'{number:04}.mkv')
            assert found.shape == wanted.shape, kind
            assert abs(found - wanted).mean() < 25, kind
            assert not np.array_equal(found, wanted), kind
    with av.open(str(made / 'VP9, low quality/0000.mkv')) as container:
        assert container.streams.video[0].codec_context.name == 'vp9'
    # What is there is kept.
    before = (made / 'mirrored/0000.mkv').stat().st_mtime_ns
    copies.make_set(str(folder), 3, str(made))
    assert (made / 'mirrored/0000.mkv').stat().st_mtime_ns == before
    with pytest.raises(InputError, match='holds 0 videos of 99 seconds'):
        copies.choose(str(folder), 3, 99)


def test_a_work_folder_is_of_the_same_videos(folder, work, tmp_path):
    """Those of another folder would be mixed with its own."""
    for number in range(3):
        write_video(str(tmp_path / f'{number}.mp4'), drifting(8, 7), fps=8)
    with pytest.raises(InputError, match='another --work-dir'):
        copies.make_set(str(tmp_path), 3, str(work / 'videos'))
    moments.cut_clips(str(folder), 2, str(work / 'moments'))
    moments.cut_clips(str(folder), 2, str(work / 'moments'))
    with pytest.raises(InputError, match='another --work-dir'):
        moments.cut_clips(str(tmp_path), 2, str(work / 'moments'))


def test_figures_are_counted_by_hand():
    small, fast = 'half the size', 'twice as fast'
    pairs = [
        Pair((ORIGINAL, small), (0, 0), 0.9),
        Pair((small, ORIGINAL), (1, 1), 0.8),
        Pair((ORIGINAL, small), (0, 1), 0.7),
        Pair((small, fast), (1, 1), 0.7),
        Pair((ORIGINAL, ORIGINAL), (0, 1), 0.6),
        Pair((ORIGINAL, fast), (0, 1), 0.5)]
    found = duplicates.figures(pairs, 0.55, videos=4)
    assert found['kinds'][small] == dict(precision=66.7, recall=50.)
    assert found['kinds'][fast] == dict(precision=None, recall=0.)
    assert found['all'] == dict(precision=60., recall=round(300 / 112, 1))
    assert found['originals'] == 1
    assert duplicates.figures(pairs, 0.75, 4)['kinds'][small] == dict(
        precision=100., recall=50.)


def test_the_threshold_has_the_highest_f1():
    rng = np.random.default_rng(0)
    pairs = [Pair((ORIGINAL, 'mirrored'), (0, int(wrong)), round(value, 3))
             for wrong, value in zip(rng.random(200) < 0.5, rng.random(200))]
    found = duplicates.best_threshold(pairs, 4)

    def f1(threshold):
        above = [pair for pair in pairs if pair.similarity >= threshold]
        return 2 * sum(p.right for p in above) / (len(above) + 112)

    assert f1(found) == max(f1(pair.similarity) for pair in pairs)
    # One half of the videos says nothing of the other.
    pairs = [Pair((ORIGINAL, 'mirrored'), numbers, similarity)
             for numbers, similarity in (
                 ((0, 0), 0.9), ((0, 2), 0.8), ((1, 1), 0.95), ((1, 3), 0.91),
                 ((1, 2), 0.99))]
    found = duplicates.chosen(pairs, 4)
    assert found['threshold'] == 0.9
    assert found['kinds']['mirrored'] == dict(precision=50., recall=50.)


def test_average_hashes_are_the_formula(folder):
    path = str(folder / '0.mp4')
    found = duplicates.average_hashes(path)
    assert found.shape == (8, 64)
    with av.open(path) as container:
        frames = [frame.to_ndarray(format='gray')
                  for frame in container.decode(video=0)][::8]
    small = np.stack(frames).reshape(8, 8, 6, 8, 8).mean(axis=(2, 4))
    expected = np.where(
        small > small.mean(axis=(1, 2), keepdims=True), 1, -1)
    assert (found == expected.reshape(8, 64)).mean() > 0.97


def test_both_benchmarks_write_their_figures(folder, work, tmp_path):
    encoder = [write_encoder(tmp_path / 'a.pth')]
    duplicates.run(str(folder), encoder, str(work), 3, str(tmp_path))
    found = json.loads((tmp_path / 'duplicates.json').read_text())
    assert found['settings']['videos'] == 3
    assert list(found['methods']) == [
        'trained encoder, default threshold', 'trained encoder',
        'untrained encoder', 'average hashes']
    for row in found['methods'].values():
        assert row['kinds'].keys() == KINDS.keys()
    hashes = found['methods']['average hashes']['kinds']
    assert hashes['half the size']['recall'] == 100
    assert hashes['mirrored']['recall'] < 100
    moments.run(str(folder), encoder, str(tmp_path / 'm'), 3, str(tmp_path))
    found = json.loads((tmp_path / 'moments.json').read_text())
    assert found['settings']['videos'] == 3
    for row in found['encoders'].values():
        assert 0 <= row['moment'] <= row['video'] <= 100


def test_a_moment_is_right_within_half_a_second(folder, tmp_path):
    """Of a tiny encoder, and as counted from what the search gives."""
    starts = moments.cut_clips(str(folder), 3, str(tmp_path))
    encoder = load_encoder(write_encoder(tmp_path / 'a.pth'))
    collection = index(str(tmp_path / 'videos'), str(tmp_path / 'c'), encoder,
                       workers=0)
    places = []
    for number in range(3):
        clip = str(tmp_path / f'clips/{number:04}.mkv')
        assert len(pictures(clip)) == 16
        query = encoder.embed_clips(clip).features.mean(dim=0)
        row = collection.search(query, top=1).row[0, 0]
        places.append((collection.videos[collection.clips.video[row]].file,
                       collection.clips.start[row]))
    for shift in (0, 0.45, -0.45, 0.6):
        moved = [place + shift for _, place in places]
        found = moments.shares(collection, encoder, moved, str(tmp_path))
        right = [file == f'{number:04}.mkv'
                 for number, (file, _) in enumerate(places)]
        assert found['video'] == round(100 * sum(right) / 3, 1)
        assert found['moment'] == (0 if shift == 0.6 else found['video'])
    assert len(set(starts)) == 3 and max(starts) <= 6 and sum(right)
    # The same time of another video is no place.
    one, other = (tmp_path / f'clips/{n:04}.mkv' for n in (0, 1))
    one.rename(tmp_path / 'kept'), other.rename(one)
    (tmp_path / 'kept').rename(other)
    moved = [places[n][1] for n in (1, 0, 2)]
    found = moments.shares(collection, encoder, moved, str(tmp_path))
    assert found['moment'] == found['video'] < 100
