"""Outliers, clusters and a diverse subset of a collection's videos."""
import base64
import itertools
import json
import sys

import numpy as np
import pytest
import torch

from ascnet_mm import InputError

pytest.importorskip('pyarrow')

from ascnet_mm.collection import Collection, clusters, outliers, select
from ascnet_mm.collection.clustering import _by_size
from ascnet_mm.collection.selection import k_center
from ascnet_mm.collection.video_means import video_means
from ascnet_mm_cli import main

from .builders import write_collection

COUNTS = [2, 3, 1] * 10


@pytest.fixture
def folder(tmp_path):
    """Videos of three kinds, 12, 9 and 8 of them in turns, and a stray."""
    rng = np.random.default_rng(0)
    centers = 4 * np.eye(16)[:4] + 3
    kinds = kinds_of()
    features = np.concatenate([
        centers[kind] + 0.3 * rng.normal(size=(count, 16))
        for kind, count in zip(kinds, COUNTS)])
    return str(write_collection(tmp_path / 'c', features, COUNTS))


def kinds_of():
    kinds = [0] * 12 + [1] * 9 + [2] * 8
    np.random.default_rng(3).shuffle(kinds)
    return kinds[:20] + [3] + kinds[20:]


def test_video_means_are_the_formula(folder):
    collection = Collection(folder)
    rows = collection.features[:].astype(float)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    means = np.stack([rows[collection.rows(v)].mean(axis=0)
                      for v in range(30)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    means -= means.mean(axis=0)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(video_means(collection), means, atol=1e-5)


def test_the_stray_is_the_outlier(folder, capsys):
    collection = Collection(folder)
    found = outliers(collection, top=30)
    assert found[0].video == 20 and found[0].distance > 2 * found[1].distance
    cosines = (video_means(collection) @ video_means(collection).T).numpy()
    np.fill_diagonal(cosines, -9)
    for one in found:
        near = np.sort(cosines[one.video])[::-1]
        assert one.distance == pytest.approx(1 - near[:5].mean(), abs=1e-5)
        assert one.nearest == cosines[one.video].argmax()
    main('outliers', [folder, '--top', '2', '--json'])
    printed = json.loads(capsys.readouterr().out)
    assert len(printed) == 2 and printed[0]['file'] == 'v20.mp4'
    main('outliers', [folder, '--top', '2'])
    assert 'v20.mp4' in capsys.readouterr().out.splitlines()[1]
    with pytest.raises(SystemExit, match='top is a whole number'):
        main('outliers', [folder, '--top', '0'])


def test_a_copy_is_no_outlier_and_one_video_has_none(tmp_path):
    """Of equal videos any may come first, itself or not."""
    same = np.ones((8, 3)) * [1, 2, 3]
    same[7] = [3, 2, 1]
    found = outliers(Collection(
        write_collection(tmp_path / 'c', same, [1] * 8)), top=8)
    assert found[0].video == 7
    assert all(one.nearest != one.video for one in found)
    assert found[-1].distance == pytest.approx(0, abs=1e-5)
    single = Collection(write_collection(tmp_path / 'd', same[:2], [2]))
    with pytest.raises(InputError, match='holds one video'):
        outliers(single)


def test_clusters_are_the_kinds_and_color_a_page(folder, tmp_path, capsys):
    pytest.importorskip('sklearn')
    kinds = np.array(kinds_of())
    found = clusters(Collection(folder), 4)
    # From the largest: 12, 9, 8 and the stray
    assert np.array_equal(found, kinds)
    found = clusters(Collection(folder), method='hdbscan')
    # Where it puts the stray is its own affair.
    assert np.array_equal(found[kinds < 3], kinds[kinds < 3])
    assert _by_size(np.array([3, -1, 3, 0])).tolist() == [0, -1, 0, 1]
    main('clusters', [folder, '--k', '4', '--json'])
    printed = json.loads(capsys.readouterr().out)
    assert [one['cluster'] for one in printed] == kinds.tolist()
    groups = tmp_path / 'clusters.json'
    groups.write_text(json.dumps(printed))
    main('page', [folder, str(tmp_path / 'page'), '--groups', str(groups)])
    shown = json.loads((tmp_path / 'page/data.js').read_text().partition(
        ' = ')[2].rstrip(';\n'))['groups'][0]
    places = np.frombuffer(base64.b64decode(shown['of']), '<i4')
    assert [int(shown['values'][place]) for place in places] == np.repeat(
        kinds, COUNTS).tolist()
    capsys.readouterr()
    main('clusters', [folder, '--k', '4'])
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == sorted(kinds)
    assert lines[-1].split() == ['3', 'v20.mp4']
    for k, fault in ((0, 'whole number'), (2.5, 'whole number'),
                     (31, '30 videos')):
        with pytest.raises(InputError, match=fault):
            clusters(Collection(folder), k)


def test_clusters_without_scikit_learn(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, 'sklearn.cluster', None)
    with pytest.raises(SystemExit, match=r"pip install 'ascnet_mm\[maps\]'"):
        main('clusters', [folder])


def radius(points, chosen):
    return torch.cdist(points, points[list(chosen)]).min(dim=1).values.max()


def test_a_selection_covers_more_than_chance(folder, capsys, monkeypatch):
    collection = Collection(folder)
    points = video_means(collection)
    rng = np.random.default_rng(0)
    for count in (3, 4, 8, 15):
        chosen = select(collection, count)
        assert len(set(chosen)) == count
        drawn = [radius(points, rng.choice(30, count, replace=False))
                 for _ in range(50)]
        assert radius(points, chosen) < np.median(drawn)
    assert {kinds_of()[place] for place in select(collection, 4)} == set(
        range(4))
    assert select(collection, 30)[:8] == select(collection, 8)
    main('select', [folder, '3', '--json'])
    printed = json.loads(capsys.readouterr().out)
    assert printed == [f'v{v:02}.mp4' for v in select(collection, 3)]
    main('select', [folder, '3'])
    assert capsys.readouterr().out.split() == printed
    # On a terminal with escapes; for a file as they are
    odd = Collection(folder)
    odd.videos[select(odd, 1)[0]] = odd.videos[0]._replace(
        file='a\u202fb\\.mp4')
    monkeypatch.setattr('ascnet_mm.collection.Collection', lambda _: odd)
    for terminal, shown in ((False, 'a\u202fb\\.mp4\n'),
                            (True, 'a\\u202fb\\\\.mp4\n')):
        monkeypatch.setattr('sys.stdout.isatty', lambda said=terminal: said)
        main('select', [folder, '1'])
        assert capsys.readouterr().out == shown
    monkeypatch.undo()
    for count, fault in (('0', 'whole number'), ('31', '30 videos')):
        with pytest.raises(SystemExit, match=fault):
            main('select', [folder, count])
    with pytest.raises(InputError, match='count is a whole number.*not 2.5'):
        select(collection, 2.5)


def test_the_radius_is_at_most_twice_the_smallest():
    for seed in range(10):
        points = torch.randn(
            9, 2, generator=torch.Generator().manual_seed(seed))
        best = min(radius(points, chosen)
                   for chosen in itertools.combinations(range(9), 3))
        assert radius(points, k_center(points, 3)) <= 2 * best
    assert sorted(k_center(torch.zeros(4, 2), 4)) == [0, 1, 2, 3]
