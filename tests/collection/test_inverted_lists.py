"""Lists of clips that are searched in place of all."""
import os
import zipfile

import numpy as np
import pytest

pytest.importorskip('pyarrow')

from ascnet_mm import InputError
from ascnet_mm.collection import Collection, InvertedLists, inverted_lists
from ascnet_mm_cli import main

from .builders import write_collection

faiss = pytest.importorskip(
    'faiss', reason="FAISS is not installed: pip install 'ascnet_mm[faiss]'")

COUNTS = [3, 1, 4, 2, 5] * 60
FILE = 'inverted_lists.npz'


@pytest.fixture
def features():
    """900 clips around 30 centers."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(30, 8))
    return centers[rng.integers(0, 30, 900)] + rng.normal(size=(900, 8)) / 2


@pytest.fixture
def folder(tmp_path, features):
    return write_collection(tmp_path / 'c', features, COUNTS, rows_a_shard=50)


@pytest.fixture
def few_probes(monkeypatch):
    monkeypatch.setattr(inverted_lists, 'PROBES', 3)


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_it_finds_what_an_index_of_faiss_finds(folder, features, few_probes):
    """The same centers and as many probes, in FAISS's own structure."""
    lists = InvertedLists(Collection(folder))
    assert lists.centers.shape == (30, 8)
    quantizer = faiss.IndexFlatIP(8)
    quantizer.add(lists.centers.numpy())
    index = faiss.IndexIVFFlat(
        quantizer, 8, 30, faiss.METRIC_INNER_PRODUCT)
    index.is_trained, index.nprobe = True, 3
    index.add(unit(features))
    queries = np.random.default_rng(1).normal(size=(40, 8))
    similarity, expected = index.search(unit(queries), 7)
    found = lists.search(queries, 7, one_per_video=False)
    assert np.array_equal(found.row, expected)
    np.testing.assert_allclose(found.similarity, similarity, rtol=1e-5)
    exact = lists.collection.search(queries, 7, one_per_video=False)
    assert not np.array_equal(exact.row, expected), 'it is approximate'


def test_its_recall_is_that_of_other_videos(folder, few_probes, monkeypatch):
    collection = Collection(folder)
    monkeypatch.setattr(inverted_lists, 'QUERIES', 900)
    lists = InvertedLists(collection)
    video, shares = collection.clips.video, []
    for row in range(900):
        exact, found = (
            [other for other in searched.search(
                collection.features[row], 11).row[0]
             if video[other] != video[row]][:10]
            for searched in (collection, lists))
        shares.append(len(set(exact) & set(found)) / 10)
    # The last bits of a similarity depend on how many are searched for.
    assert lists.recall == pytest.approx(np.mean(shares), abs=1e-3)
    assert lists.recall < 1
    assert InvertedLists(collection).recall == lists.recall


def test_more_lists_are_searched_until_there_are_enough(
        folder, few_probes):
    collection = Collection(folder)
    lists = InvertedLists(collection)
    for one_per_video, every in ((True, 300), (False, 900)):
        found = lists.search(collection.features[:2], 999, one_per_video)
        exact = collection.search(collection.features[:2], 999, one_per_video)
        assert found.row.shape == (2, every)
        assert np.array_equal(found.row, exact.row)
    with pytest.raises(InputError, match='top is a whole number'):
        lists.search(collection.features[0], 0)
    with pytest.raises(InputError, match='8 channels'):
        lists.search(np.zeros(7))


@pytest.fixture
def made(monkeypatch):
    """How often lists are made from now on."""
    calls, divide = [], inverted_lists._divide

    def spy(collection):
        calls.append(collection.folder)
        return divide(collection)

    monkeypatch.setattr(inverted_lists, '_divide', spy)
    return calls


def test_lists_are_kept_until_features_change(
        tmp_path, folder, features, made):
    first = InvertedLists(Collection(folder))
    again = InvertedLists(Collection(folder))
    assert len(made) == 1 and os.listdir(folder).count(FILE) == 1
    queries = np.random.default_rng(1).normal(size=(5, 8))
    assert np.array_equal(first.search(queries).row, again.search(queries).row)
    # Of other features, if of the same shape: a row has moved.
    other = write_collection(
        tmp_path / 'other', np.roll(features, 1, axis=0), COUNTS,
        rows_a_shard=50)
    (other / FILE).write_bytes((folder / FILE).read_bytes())
    InvertedLists(Collection(other))
    assert len(made) == 2
    assert (other / FILE).read_bytes() != (folder / FILE).read_bytes()


def test_what_is_damaged_or_foreign_is_made_anew(
        folder, made, tmp_path, monkeypatch):
    """Nothing in it is unpickled, and no row is taken on trust."""
    InvertedLists(Collection(folder))
    good = (folder / FILE).read_bytes()
    with np.load(folder / FILE) as file:
        kept = dict(file)

    class Executed:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'executed'), )

    def packed(**changes):
        np.savez(folder / FILE, **{**kept, **changes})

    def deflated():
        np.savez_compressed(folder / FILE, **kept)

    def flipped():
        content = bytearray(good)
        content[len(content) // 2] ^= 0xff
        (folder / FILE).write_bytes(content)

    def without_list():
        np.savez(folder / FILE, **{
            name: kept[name] for name in kept if name != 'list'})

    def odd_header():
        with zipfile.ZipFile(folder / FILE, 'w') as file:
            file.writestr('digest.npy', b'\x93NUMPY\x01\x00\x04\x00((((')

    damages = [
        lambda: (folder / FILE).write_bytes(good[:-200]),
        lambda: (folder / FILE).write_bytes(b''), flipped, deflated,
        without_list, odd_header,
        lambda: packed(digest=np.array('0' * 32)),
        lambda: packed(digest=np.array([Executed()], dtype=object)),
        lambda: packed(list=np.array([Executed()] * 900, dtype=object)),
        lambda: packed(list=kept['list'] + 30),
        lambda: packed(list=kept['list'] - 30),
        lambda: packed(list=kept['list'][:-1]),
        lambda: packed(list=kept['list'].astype(np.int64)),
        lambda: packed(centers=kept['centers'][:, :-1]),
        lambda: packed(centers=kept['centers'][:0]),
        lambda: packed(centers=np.full_like(kept['centers'], np.nan)),
        lambda: packed(recall=np.array('high'))]
    for number, damage in enumerate(damages):
        damage()
        del made[:]
        assert InvertedLists(Collection(folder)).recall > 0.5
        assert len(made) == 1, number
        assert (folder / FILE).read_bytes() == good
    assert not (tmp_path / 'executed').exists()
    # Nor is what a link leads to read, or written over.
    (folder / FILE).rename(tmp_path / 'elsewhere.npz')
    (folder / FILE).symlink_to(tmp_path / 'elsewhere.npz')
    with pytest.raises(InputError, match='is a link'):
        InvertedLists(Collection(folder))


def test_features_of_nothing_but_numbers(tmp_path, features):
    features[123, 4] = np.nan
    folder = write_collection(tmp_path / 'c', features, COUNTS)
    with pytest.raises(InputError, match='NaN'):
        InvertedLists(Collection(folder))
    assert not (folder / FILE).exists()


def test_what_cannot_be_kept_is_searched_all_the_same(
        folder, features, monkeypatch):
    monkeypatch.setattr(inverted_lists, 'write_whole', full)
    lists = InvertedLists(Collection(folder))
    assert not (folder / FILE).exists()
    assert lists.search(features[7], top=1).row.tolist() == [[7]]
    assert lists.search(np.empty((0, 8))).row.shape == (0, 0)


def full(*_):
    raise InputError('no space left')


def test_of_one_video_nothing_is_missed(tmp_path, features):
    folder = write_collection(tmp_path / 'one', features[:20], [20])
    assert InvertedLists(Collection(folder)).recall == 1


def test_the_command_says_its_recall(folder, capsys):
    main('search', [str(folder), '--row', '7', '--approximate', '--top', '3'])
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 4
    assert 'v02.mp4' in said.out
    recall = InvertedLists(Collection(folder)).recall
    assert f'{100 * recall:.1f} %' in said.err
