"""Copies within a collection and across two, against brute force."""
import json
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from ascnet_mm import InputError

pytest.importorskip('pyarrow')

from ascnet_mm.collection import (
    Collection,
    copies,
    duplicates,
    index,
    leaks,
    matching,
    select,
)
from ascnet_mm.collection.contrast import RIDGE, Contrast
from ascnet_mm.collection.matching import best_line, find_matches
from ascnet_mm_cli import commands_parser, main

from .builders import (
    noise,
    write_collection,
    write_encoder,
    write_video,
)

CHANNELS = 24


def brute_force(similarity):
    """Most similar stretch of a line: its mean, and its pairs of clips."""
    n, m = similarity.shape
    best = -2, None
    length = math.ceil(min(n, m) / 2)
    for down, right in ((1, 1), (1, 2), (2, 1)):
        for i in range(n):
            for j in range(m):
                cells = [(i + down * p, j + right * p) for p in range(length)]
                if cells[-1][0] < n and cells[-1][1] < m:
                    mean = sum(similarity[cell] for cell in cells) / length
                    if mean > best[0] + 1e-12:
                        best = mean, cells
    return best


def random_cosines(n, m, seed):
    return np.random.default_rng(seed).uniform(-1, 1, (n, m))


@pytest.mark.parametrize('n, m', [(1, 1), (1, 6), (5, 4), (7, 7), (4, 13)])
@pytest.mark.parametrize('band', [2**24, 17, 1])
def test_the_best_line_is_that_of_brute_force(n, m, band, monkeypatch):
    """In one piece, and in bands."""
    monkeypatch.setattr(matching, 'BAND', band)
    for seed in range(8):
        similarity = random_cosines(n, m, seed)
        mean, cells = brute_force(similarity)
        rows = similarity, np.eye(m)
        line = best_line(*rows, mean - 1e-9)
        assert line.similarity == pytest.approx(mean, abs=1e-12)
        along = list(zip(line.first, line.second))
        start = along.index(cells[0])
        assert along[start:start + len(cells)] == cells
        # As long as the clips are as similar, and no longer
        steps = [b - a for a, b in zip(*along[:2])] if along[1:] else (0, 0)
        for ends, sign in ((along[0], -1), (along[-1], 1)):
            beyond = tuple(np.add(ends, sign * np.array(steps)))
            if along[1:] and 0 <= beyond[0] < n and 0 <= beyond[1] < m:
                assert similarity[beyond] < mean
        assert best_line(*rows, mean + 1e-9) is None


def test_similarities_of_long_videos_are_not_in_memory_at_once(monkeypatch):
    monkeypatch.setattr(matching, 'BAND', 2**14)
    rng = np.random.default_rng(0)
    one, other = (rng.normal(size=(1500, 16)).astype(np.float32)
                  for _ in range(2))
    other[700:] = one[:800]
    one, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True)
                  for rows in (one, other))
    tracemalloc.start()
    line = best_line(one, other, 0.999)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert line.first == range(800) and line.second == range(700, 1500)
    assert peak < 1500 * 1500 * 4 / 4


def collection_of(folder, features, counts, **options):
    return Collection(write_collection(folder, features, counts, **options))


def test_pairs_are_those_of_brute_force(tmp_path, monkeypatch):
    """In blocks that end within videos."""
    monkeypatch.setattr(matching, 'ROWS', 5)
    monkeypatch.setattr(matching, 'COLUMNS', 7)
    rng = np.random.default_rng(0)
    counts = [3, 1, 4, 2, 5, 1, 6, 3]
    one = collection_of(
        tmp_path / 'a', rng.normal(size=(sum(counts), 4)), counts)
    other = collection_of(tmp_path / 'b', rng.normal(size=(9, 4)), [2, 6, 1])
    for first, second in ((one, one), (one, other)):
        contrast = Contrast([first.features, second.features])
        rows = [contrast.rows(part.features)
                for part in (first, second)]
        found = {(match.first, match.second): match.similarity
                 for match in find_matches(
                     rows, (first.clips, second.clips), 0.6,
                     within=first is second)}
        expected = {}
        for a in range(len(first.videos)):
            for b in range(len(second.videos)):
                similarity = (
                    rows[0][first.rows(a)[0]:first.rows(a)[-1] + 1]
                    @ rows[1][second.rows(b)[0]:second.rows(b)[-1] + 1].T)
                best = brute_force(similarity.double().numpy())[0]
                if best >= 0.6 and (first is not second or a < b):
                    expected[a, b] = best
        assert found == pytest.approx(expected, abs=1e-5) and len(found) > 2


def test_contrast_is_the_formula():
    rng = np.random.default_rng(1)
    parts = [rng.normal(size=(n, 5)) @ rng.normal(size=(5, 5)) + 4
             for n in (40, 30)]
    contrast = Contrast(parts)
    unit = np.concatenate([
        part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts])
    covariance = np.cov(unit.T, bias=True)
    variances, directions = np.linalg.eigh(covariance)
    expected = (unit - unit.mean(axis=0)) @ directions / np.sqrt(
        variances + RIDGE * variances.mean())
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = torch.cat([contrast.rows(part)[:] for part in parts]).numpy()
    # Directions are known up to their signs, cosines exactly.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T,
                               atol=1e-4)


def planted(folder, seed=0, with_copies=True):
    """Twelve videos of ten clips that crowd around one direction; if asked
    for, v12 is v03 without two seconds, v13 is v05 at twice the speed, v14
    repeats the end of v13.
    """
    rng = np.random.default_rng(seed)
    videos = [0.6 * rng.normal(size=(10, CHANNELS))
              + rng.normal(size=CHANNELS) for _ in range(12)]
    if with_copies:
        videos.append(videos[3][2:])
        videos.append((videos[5][:-1] + videos[5][1:])[::2] / 2)
        videos.append(videos[13][2:])
    rng = np.random.default_rng(seed + 1)
    features = np.concatenate(videos) + 8
    features += 0.05 * rng.normal(size=features.shape)
    return collection_of(folder, features, list(map(len, videos)),
                         encoder=dict(sha256='x'))


def test_planted_copies_are_found_with_their_moments(tmp_path, capsys):
    collection = planted(tmp_path / 'c')
    groups = duplicates(collection)
    assert [group.videos for group in groups] == [[5, 13, 14], [3, 12]]
    match, = groups[1].matches
    assert (match.first, match.second, match.speed) == (3, 12, 1)
    assert (match.start_first, match.end_first) == (2, 11)
    assert (match.start_second, match.end_second) == (0, 9)
    faster = groups[0].matches[0]
    assert (faster.first, faster.second, faster.speed) == (5, 13, 2)
    assert min(m.similarity for g in groups for m in g.matches) > 0.8
    main('duplicates', [str(tmp_path / 'c'), '--json'])
    printed = json.loads(capsys.readouterr().out)
    assert [one['files'] for one in printed] == [
        ['v05.mp4', 'v13.mp4', 'v14.mp4'], ['v03.mp4', 'v12.mp4']]
    assert printed[1]['matches'] == [
        dict(match._asdict(), first='v03.mp4', second='v12.mp4')]
    main('duplicates', [str(tmp_path / 'c')])
    said = capsys.readouterr().out
    assert 'at 2x speed' in said and '3 of 15 videos' in said
    main('duplicates', [str(tmp_path / 'c'), '--threshold', '1'])
    assert '0 of 15 videos' in capsys.readouterr().out


def test_no_copies_are_made_up(tmp_path):
    assert duplicates(planted(tmp_path / 'c', with_copies=False)) == []


def test_a_leak_is_found_and_told_by_the_exit_status(tmp_path, capsys):
    train = planted(tmp_path / 'train', with_copies=False)
    clean = planted(tmp_path / 'clean', seed=7, with_copies=False)
    assert leaks(train, clean) == []
    main('leaks', [train.folder, clean.folder])
    assert '0 of 12' in capsys.readouterr().out
    features = clean.features[:]
    features[20:28] = train.features[41:49]
    leaking = collection_of(tmp_path / 'test', features, [10] * 12,
                            encoder=dict(sha256='x'))
    match, = leaks(train, leaking)
    assert (match.first, match.second) == (4, 2)
    assert (match.start_first, match.start_second) == (1, 0)
    for json_too in ([], ['--json']):
        with pytest.raises(SystemExit) as stop:
            main('leaks', [train.folder, leaking.folder, *json_too])
        assert stop.value.code == 1
        assert 'v04.mp4' in capsys.readouterr().out


def test_a_collection_leaks_into_itself(tmp_path):
    one = planted(tmp_path / 'one', with_copies=False)
    found = leaks(one, one)
    assert [(match.first, match.second) for match in found] == [
        (video, video) for video in range(len(one.videos))]


def test_what_could_not_be_read_may_be_a_copy(tmp_path, capsys):
    train = planted(tmp_path / 'train', with_copies=False)
    clean = planted(tmp_path / 'clean', seed=7, with_copies=False)
    record = Path(clean.folder) / 'shards' / f'{0:032x}.json'
    content = json.loads(record.read_text())
    content['videos'].append(dict(
        file='x.mp4', size=0, mtime_ns=0, label=-1, clips=0,
        unreadable='torn'))
    record.write_text(json.dumps(content))
    for pair in ((train.folder, clean.folder), (clean.folder, train.folder)):
        with pytest.raises(SystemExit) as stop:
            main('leaks', [*pair, '--json'])
        assert stop.value.code == 1
        said = capsys.readouterr()
        assert said.out == '[]\n'
        assert f'1 of 13 videos of {clean.folder} could not' in said.err


def test_features_that_are_all_the_same_tell_of_no_copies(tmp_path):
    """As of an encoder that has collapsed, or of two videos of one color."""
    one, other = (
        collection_of(tmp_path / name, np.ones((count, 4)), [1] * count,
                      encoder=dict(sha256='x'))
        for name, count in (('one', 1), ('other', 3)))
    for search in (lambda: leaks(one, other), lambda: leaks(one, one),
                   lambda: duplicates(other)):
        with pytest.raises(InputError, match='has collapsed'):
            search()
    assert duplicates(one) == []
    with pytest.raises(SystemExit, match='has collapsed'):
        main('leaks', [one.folder, other.folder])


def test_features_that_are_no_numbers_are_refused(tmp_path):
    features = np.random.default_rng(0).normal(size=(9, 4))
    features[4, 2] = np.nan
    found = collection_of(tmp_path / 'c', features, [3] * 3)
    for search in (duplicates, lambda found: select(found, 2)):
        with pytest.raises(InputError, match='NaN'):
            search(found)


def test_equal_videos_match_at_a_threshold_of_one(tmp_path):
    """Products of equal rows of unit length are 1 but for rounding."""
    rng = np.random.default_rng(0)
    features = np.tile(rng.normal(size=(12 * 4, CHANNELS)), (2, 1))
    found = collection_of(tmp_path / 'c', features, [4] * 24)
    assert sorted(group.videos for group in duplicates(found, 1)) == [
        [video, video + 12] for video in range(12)]
    assert {(match.start_first, match.end_first) for group in duplicates(
        found, 1) for match in group.matches} == {(0, 5)}


def test_what_cannot_be_compared_is_refused(tmp_path):
    one = planted(tmp_path / 'one')
    for key, value in (('encoder', dict(sha256='y')), ('stride', 2.0),
                       ('recipe', dict(pipeline=[]))):
        other = collection_of(
            tmp_path / key, one.features[:], [135],
            **{'encoder': dict(sha256='x'), key: value})
        with pytest.raises(InputError, match=f'another {key}'):
            leaks(one, other)
    for threshold in (0, -1, 1.1, math.nan):
        with pytest.raises(InputError, match='threshold'):
            duplicates(one, threshold)
        with pytest.raises(InputError, match='threshold'):
            leaks(one, one, threshold)
    with pytest.raises(SystemExit, match='threshold'):
        main('duplicates', [one.folder, '--threshold', '0'])


def test_copies_of_videos_are_found(tmp_path):
    """From files to groups."""
    pictures = [noise(12, seed) for seed in range(8)]
    pictures += [pictures[0][10:], pictures[1][:90]]
    for number, changed in enumerate(pictures):
        write_video(tmp_path / f'videos/{number}.mkv', changed)
    collection = index(
        str(tmp_path / 'videos'), str(tmp_path / 'c'),
        write_encoder(tmp_path / 'a.pth'), workers=0, dtype='float32')
    # The encoder tells little apart.
    groups = duplicates(collection, 0.95)
    assert [group.videos for group in groups] == [[0, 8], [1, 9]]
    trimmed, = groups[0].matches
    assert trimmed.start_first - trimmed.start_second == 1
    assert trimmed.speed == 1


def test_the_command_has_the_threshold_of_the_function():
    args = commands_parser().parse_args(['leaks', 'a', 'b'])
    assert args.threshold == copies.THRESHOLD
