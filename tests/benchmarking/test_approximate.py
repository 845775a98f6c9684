"""What the comparison of exact and approximate search writes down."""
import json

import numpy as np
import pytest

pytest.importorskip('pyarrow')

from ascnet_mm.benchmarking import approximate
from ascnet_mm.collection import Collection

pytest.importorskip(
    'faiss', reason="FAISS is not installed: pip install 'ascnet_mm[faiss]'")


def test_both_searches_are_timed_and_compared(tmp_path):
    approximate.run([1000, 2000], 8, 3, str(tmp_path / 'work'),
                    str(tmp_path))
    found = json.loads((tmp_path / 'approximate.json').read_text())
    assert [row['clips'] for row in found['rows']] == [1000, 2000]
    for row in found['rows']:
        assert row['lists'] == round(row['clips']**0.5)
        assert {name: len(times) for name, times in row['seconds'].items()
                } == dict(exact=3, lists=3)
        assert list(row['recall']) == ['4', '8', '16', '32', '64', '128']
        recall = list(row['recall'].values())
        assert recall == sorted(recall) and recall[-1] == 1
        assert row['seconds_to_make'] > 0 and row['seconds_to_open'] > 0
    Collection(tmp_path / 'work/1000x8').verify()


def test_features_crowd_by_video_and_kind():
    features = approximate.Features(200, 64)
    clips = np.stack([features.clips(video) for video in range(200)])
    clips /= np.linalg.norm(clips, axis=2, keepdims=True)
    of_video = np.einsum('vic,vjc->v', clips, clips).mean() / 50**2
    of_all = np.einsum('vic,wjc->', clips, clips) / (200 * 50)**2
    nearest = np.sort(np.einsum('vc,wc->vw', clips[:, 0], clips[:, 0]))
    assert of_video > 0.7 > nearest[:, -5].mean() > of_all + 0.2
