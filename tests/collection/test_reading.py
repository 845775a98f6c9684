"""A collection that is opened: its rows, its search, and its faults."""
import json
import os
import pickle

import numpy as np
import pytest
import torch

from ascnet_mm import InputError

pytest.importorskip('pyarrow')

from ascnet_mm.collection import Collection

from .builders import write_collection, write_shard

COUNTS = [3, 1, 4, 2, 5, 1, 6]


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(sum(COUNTS), 8))


@pytest.fixture
def folder(tmp_path, features):
    return write_collection(tmp_path / 'c', features, COUNTS)


def test_rows_come_from_the_shards_in_order(folder, features):
    collection, expected = Collection(folder), features.astype('float32')
    assert len(collection) == 22 and collection.features.shape == (22, 8)
    for rows in (slice(None), slice(7, 11), slice(20, 99), slice(5, 5),
                 slice(1, 20, 6), [21, 0, 8, 8], -1, 9):
        assert np.array_equal(collection.features[rows], expected[rows])
    clips = collection.clips
    for mask in (clips.label == 1, clips.video == 99):
        assert np.array_equal(collection.features[mask], expected[mask])
    assert collection.features[[]].shape == (0, 8)
    for rows in (22, [1.5], (1, 3), [[1, 2]], [True, False], 'a'):
        with pytest.raises(IndexError):
            collection.features[rows]
    assert clips.video.tolist() == np.repeat(range(7), COUNTS).tolist()
    assert clips.start.tolist() == [i for n in COUNTS for i in range(n)]
    assert (clips.end == clips.start + 2).all() and (clips.fps == 25).all()
    assert clips.label.tolist() == [v % 2 for v in clips.video]
    assert [v.file for v in collection.videos[:2]] == ['v00.mp4', 'v01.mp4']
    assert collection.rows(2) == range(4, 8)
    assert collection.find('v04.mp4') == 4 and collection.find('x') is None
    assert collection.path(1) == '/videos/v01.mp4'
    assert Collection(folder, root='mine').path(1) == 'mine/v01.mp4'
    collection.verify()


@pytest.mark.parametrize('dtype', ['float16', 'float32'])
def test_search_is_brute_force(tmp_path, features, dtype):
    collection = Collection(
        write_collection(tmp_path / 'c', features, COUNTS, dtype=dtype))
    rows = features.astype(dtype).astype(float)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    queries = np.random.default_rng(1).normal(size=(5, 8))
    cosines = queries @ unit.T / np.linalg.norm(
        queries, axis=1, keepdims=True)
    found = collection.search(queries, top=6, one_per_video=False)
    order = np.argsort(-cosines, axis=1)
    assert np.array_equal(found.row, order[:, :6])
    np.testing.assert_allclose(
        found.similarity, np.take_along_axis(cosines, found.row, 1),
        rtol=1e-5, atol=1e-6)
    found = collection.search(queries, top=5)
    for row, ranked in zip(found.row, order):
        seen, expected = set(), []
        for place in ranked:
            if collection.clips.video[place] not in seen:
                seen.add(collection.clips.video[place])
                expected.append(place)
        assert row.tolist() == expected[:5]
    assert collection.search(queries[0], top=99).row.shape == (1, 7)
    assert collection.search(
        queries, top=99, one_per_video=False).row.shape == (5, 22)


@pytest.mark.parametrize('block', [2**26, 400])
def test_of_equal_clips_and_videos_the_first_ones_count(
        tmp_path, monkeypatch, block):
    """Also where a video's clips lie in several blocks."""
    monkeypatch.setattr('ascnet_mm.collection.ranking.BLOCK', block)
    generator = np.random.default_rng(0)
    # Axes and their opposites: products and sums are exact.
    rows = np.concatenate([np.eye(4), -np.eye(4)])
    counts = [1, 30, 2, 7, 12, 1]
    features = rows[generator.integers(0, 8, sum(counts))]
    collection = Collection(write_collection(tmp_path / 'c', features, counts))
    video = collection.clips.video
    for query in rows:
        cosines = features @ query
        best = [max(np.flatnonzero(video == number),
                    key=lambda row: (cosines[row], -row))
                for number in range(len(counts))]
        expected = sorted(best, key=lambda row: (-cosines[row], row))
        for top in (1, 3, 6, 9):
            found = collection.search(query, top)
            assert found.row[0].tolist() == expected[:top]
            assert found.similarity[0].tolist() == [
                cosines[row] for row in expected[:top]]
    found = collection.search(rows, 3)
    assert np.array_equal(found.row, np.concatenate(
        [collection.search(query, 3).row for query in rows]))


def test_queries_may_be_what_a_model_gives(folder):
    """In half precision, with a gradient, or none at all."""
    collection = Collection(folder)
    queries = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    queries = queries.bfloat16()
    expected = collection.search(queries.float().numpy(), top=2)
    for given in (queries, queries.float().requires_grad_()):
        found = collection.search(given, top=2)
        assert np.array_equal(found.row, expected.row)
    for one_per_video in (True, False):
        found = collection.search(np.empty((0, 8)), 2, one_per_video)
        assert len(found.row) == len(found.similarity) == 0


def test_what_cannot_be_searched_for(folder):
    collection = Collection(folder)
    with pytest.raises(InputError, match='8 channels'):
        collection.search(np.zeros((2, 7)))
    for top in (0, 2.5):
        with pytest.raises(InputError, match='top is a whole number'):
            collection.search(np.zeros(8), top=top)
    with pytest.raises(InputError, match='NaN'):
        collection.search(np.full(8, np.nan))
    count = len(collection.videos)
    assert collection.rows(-1) == collection.rows(count - 1)
    for video in (count, -count - 1):
        with pytest.raises(IndexError):
            collection.rows(video)


def test_a_collection_that_was_updated_is_to_be_opened_again(folder):
    collection = Collection(folder)
    for path in (folder / 'shards').glob('*.npy'):
        path.unlink()
    with pytest.raises(InputError, match='updated or moved'):
        collection.search(np.ones(8))


def change(folder, file, **values):
    path = folder / file
    content = json.loads(path.read_text())
    content.update(values)
    path.write_text(json.dumps(content))


FIRST = f'shards/{0:032x}'


def test_each_damage_has_its_sentence(tmp_path, features):
    """Whatever is found when it is opened, read or verified."""
    def fault(break_it, number=[0]):
        number[0] += 1
        folder = write_collection(
            tmp_path / str(number[0]), features, COUNTS)
        break_it(folder)
        with pytest.raises(InputError) as found:
            collection = Collection(folder)
            collection.features[:], collection.clips
            collection.verify()
        assert str(folder) in str(found.value)
        return str(found.value)

    def cut(name):
        def do(folder):
            os.truncate(folder / name, (folder / name).stat().st_size // 2)
        return do

    def flip(name, where):
        def do(folder):
            content = bytearray((folder / name).read_bytes())
            content[where] ^= 0xff
            (folder / name).write_bytes(content)
        return do

    def literal(header):
        def do(folder):
            path = folder / f'{FIRST}.npy'
            content = path.read_bytes()
            path.write_bytes(content[:10] + header.ljust(118) + content[128:])
        return do

    assert 'bytes instead of' in fault(cut(f'{FIRST}.npy'))
    assert 'bytes instead of' in fault(cut(f'{FIRST}.parquet'))
    assert 'cannot be read' in fault(cut(f'{FIRST}.json'))
    assert 'cannot be read' in fault(cut('collection.json'))
    assert 'is damaged' in fault(flip(f'{FIRST}.npy', 3))
    assert 'is damaged' in fault(literal(b'(' * 8))
    assert 'is damaged' in fault(literal(
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 8)}"
        % 10**30))
    assert 'is damaged' in fault(flip(f'{FIRST}.parquet', -8))
    assert 'not what was written' in fault(flip(f'{FIRST}.npy', -1))
    for ending in ('npy', 'parquet', 'json'):
        assert 'is gone' in fault(
            lambda folder, end=ending: (folder / f'{FIRST}.{end}').unlink())
    assert 'not finished' in fault(
        lambda folder: (folder / 'collection.json').unlink())
    for key, value in (
            ('version', 2), ('format', 'x'), ('window', 'x'), ('root', 3),
            ('dtype', 'object'), ('shards', {}), ('channels', -1)):
        said = fault(lambda folder, k=key, v=value: change(
            folder, 'collection.json', **{k: v}))
        assert 'of version 2' in said or key in said or 'manifest' in said \
            or 'features' in said
    assert 'is damaged' in fault(
        lambda folder: change(folder, 'collection.json', channels=9))
    assert 'is damaged' in fault(
        lambda folder: change(folder, f'{FIRST}.json', videos=[{}]))
    # More than any memory
    assert 'do not take' in fault(lambda folder: change(
        folder, f'{FIRST}.json', videos=[dict(
            file='a.mp4', size=1, mtime_ns=1, label=0, clips=10**15)]))
    assert 'is damaged' in fault(lambda folder: change(
        folder, f'{FIRST}.json', videos=[dict(
            file='a.mp4', size=1, mtime_ns=1, label=0, clips=9)]))


def test_what_is_no_collection(tmp_path):
    with pytest.raises(InputError, match='there is no collection'):
        Collection(tmp_path / 'none')
    with pytest.raises(InputError, match='is no collection'):
        Collection(tmp_path)
    (tmp_path / 'collection.json').write_text('[' * 100000)
    with pytest.raises(InputError, match='cannot be read'):
        Collection(tmp_path)


@pytest.mark.parametrize('name', [
    '../../x', '/etc/passwd', 'a' * 32 + '/x', '..', 'A' * 32, 3, None])
def test_a_shard_is_named_below_the_folder(folder, name):
    change(folder, 'collection.json', shards=[name])
    with pytest.raises(InputError, match='no name of a shard'):
        Collection(folder)


def test_links_out_of_the_folder_are_not_followed(folder, tmp_path):
    path = folder / f'{FIRST}.npy'
    path.rename(tmp_path / 'outside.npy')
    path.symlink_to(tmp_path / 'outside.npy')
    with pytest.raises(InputError, match='is a link'):
        Collection(folder)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match='no regular file'):
        Collection(folder)
    path.unlink()
    (tmp_path / 'outside.npy').rename(path)
    (folder / 'shards').rename(tmp_path / 'outside')
    (folder / 'shards').symlink_to(tmp_path / 'outside')
    with pytest.raises(InputError, match='is a link'):
        Collection(folder)


def test_the_folder_itself_may_be_a_link(folder, features, tmp_path):
    link = tmp_path / 'link'
    link.symlink_to(folder, target_is_directory=True)
    collection = Collection(link)
    collection.verify()
    assert np.array_equal(collection.features[:], features.astype('float32'))


@pytest.mark.parametrize('file', ['../x.mp4', '/etc/x.mp4', 'a/../../x.mp4'])
def test_a_video_lies_below_the_root(folder, file):
    change(folder, f'{FIRST}.json', videos=[dict(
        file=file, size=1, mtime_ns=1, label=0, clips=8)])
    with pytest.raises(InputError, match='leads out'):
        Collection(folder)


class Executed:
    def __reduce__(self):
        return os.system, ('touch executed',)


def test_pickles_are_not_executed(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    objects = np.array([Executed()] * 8)
    videos = [dict(file='a.mp4', size=1, mtime_ns=1, label=0, clips=8)]
    write_shard(folder, f'{0:032x}', objects, videos)
    assert not os.path.exists('executed')
    for content in ((folder / f'{FIRST}.npy').read_bytes(),
                    pickle.dumps(Executed())):
        (folder / f'{FIRST}.npy').write_bytes(content)
        change(folder, f'{FIRST}.json', size={
            '.npy': len(content),
            '.parquet': (folder / f'{FIRST}.parquet').stat().st_size})
        with pytest.raises(InputError, match='is damaged'):
            Collection(folder).features[:]
    assert not os.path.exists('executed')
