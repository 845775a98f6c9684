"""The published protocols, written out after docs/protocols.md."""
import numpy as np
import pytest
import torch
from mmaction.registry import METRICS, TRANSFORMS

PRESETS = dict(
    vcop_rspnet=dict(type='VideoRetrievalMetric'),
    coclr=dict(type='VideoRetrievalMetric', center=True))


def vcop_rspnet(queries, gallery):
    """Mean over the clips, then the cosine of every pair."""
    queries, gallery = queries.mean(axis=1), gallery.mean(axis=1)
    lengths = np.outer(
        np.linalg.norm(queries, axis=1), np.linalg.norm(gallery, axis=1))
    return (queries @ gallery.T) / lengths


def coclr(queries, gallery):
    """Mean over the windows, each set's own mean off, unit length, dot."""
    sets = []
    for clips in (queries, gallery):
        videos = clips.mean(axis=1)
        videos = videos - videos.mean(axis=0)
        sets.append(videos / np.linalg.norm(videos, axis=1, keepdims=True))
    return sets[0] @ sets[1].T


@pytest.mark.parametrize('protocol', [vcop_rspnet, coclr])
def test_presets_follow_their_protocols(protocol):
    rng = np.random.default_rng(0)
    # An offset that all videos share is what centring takes away.
    sets = dict(
        query=(rng.normal(1, 1, (60, 10, 16)), rng.integers(0, 20, 60)),
        gallery=(rng.normal(2, 1, (90, 10, 16)), rng.integers(0, 20, 90)))
    metric = METRICS.build(PRESETS[protocol.__name__])
    for role, (features, labels) in sets.items():
        metric.process(None, [
            dict(
                clip_features=torch.from_numpy(clips),
                gt_label=torch.tensor([label]), role=role)
            for clips, label in zip(features, labels)
        ])  # yapf: disable
    result = metric.evaluate(150)

    (queries, query_labels), (gallery, gallery_labels) = sets.values()
    order = np.argsort(-protocol(queries, gallery), axis=1)
    for k in (1, 5, 10, 20, 50):
        found = gallery_labels[order[:, :k]] == query_labels[:, None]
        assert result[f'retrieval/top{k}'] == pytest.approx(
            100 * found.any(axis=1).mean())


@pytest.mark.parametrize('total', [16, 17, 29, 164, 250, 1776])
def test_ten_clips_lie_from_start_to_end(total):
    """RSPNet rounds the even starts; VCOP cuts them, at most a frame less."""
    frames = TRANSFORMS.build(
        dict(type='SampleFrames', clip_len=16, num_clips=10, test_mode=True)
    ).transform(dict(total_frames=total, start_index=0))['frame_inds']
    clips = frames.reshape(10, 16)
    even = np.linspace(0, total - 16, 10)
    np.testing.assert_array_equal(clips[:, 0], np.round(even))
    centers = np.linspace(16 / 2, total - 16 / 2, 10)
    cut = np.array([int(center - 16 / 2) for center in centers])
    assert set(clips[:, 0] - cut) <= {0, 1}
    assert (np.diff(clips, axis=1) == 1).all()


@pytest.mark.parametrize('total', [29, 31, 32, 46, 47, 100, 750, 1776])
def test_windows_are_those_of_coclr(total):
    """Of 32 frames, every 15; a short video's first frame is repeated."""
    windows = []
    if total > 32:
        start = 0
        while start + 32 <= total:
            windows.append(list(range(start, start + 32)))
            start += 32 // 2 - 1
    else:
        windows.append([0] * (32 - total) + list(range(total)))
    out = TRANSFORMS.build(
        dict(type='SlidingSampleFrames', clip_len=32, stride=15)).transform(
            dict(total_frames=total, start_index=0))
    assert out['num_clips'] == len(windows)
    assert out['frame_inds'].reshape(-1, 32).tolist() == windows
