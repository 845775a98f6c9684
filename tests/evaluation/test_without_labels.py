import json
import math
import shutil

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.logging import MMLogger

from ascnet_mm import InputError
from ascnet_mm.evaluation import (
    EffectiveRankMetric,
    LinearProbeMetric,
    PairedSpeedProbeMetric,
    ReadingDirectionMetric,
    SameVideoRetrievalMetric,
    SpeedProbeMetric,
    VideoRetrievalMetric,
)

from ..engine.reliability.test_loops import pretraining, train


def evaluate(metric, features):
    metric.process(None, [
        dict(clip_features=f, role='query') for f in features
    ] + [
        dict(clip_features=torch.randn(2, features.shape[2]), role='gallery'),
        dict(role='query')
    ])  # yapf: disable
    return metric.evaluate(len(features) + 2)


def test_same_video_retrieval_counts_own_clips_found():
    slow = torch.eye(4)
    # videos 0 and 1 are found, 2 and 3 are taken for one another
    fast = torch.stack([slow[0], slow[1] + 0.1, slow[3], slow[2]])
    result = evaluate(SameVideoRetrievalMetric(), torch.stack([slow, fast], 1))
    assert result == {'same_video/top1': 50, 'same_video/chance': 25}


def test_equal_features_are_no_find():
    result = evaluate(SameVideoRetrievalMetric(), torch.ones(5, 2, 3))
    assert result['same_video/top1'] == 0


@pytest.mark.parametrize('metric', [
    SameVideoRetrievalMetric, SpeedProbeMetric, EffectiveRankMetric,
    VideoRetrievalMetric, LinearProbeMetric
])  # yapf: disable
def test_features_can_be_a_projection(metric):
    generator = torch.Generator().manual_seed(0)
    features, other = torch.randn(2, 20, 2, 5, generator=generator)
    common = [
        dict(role=role, gt_label=torch.tensor([i // 2 % 2]))
        for i, role in enumerate(['query', 'gallery'] * 10)
    ]

    def result(metric, **fields):
        metric.process(None, [
            dict(sample, **{key: value[i] for key, value in fields.items()})
            for i, sample in enumerate(common)
        ])
        return metric.evaluate(len(common))

    expected = result(metric(), clip_features=other)
    assert expected != result(metric(), clip_features=features)
    assert expected == result(
        metric(feature='scp_head_projection'), clip_features=features,
        scp_head_projection=other)
    with pytest.raises(InputError, match='acp_head_projection: set feature'):
        result(metric(feature='scp'), clip_features=features,
               acp_head_projection=other)


def test_effective_rank_is_that_of_all_query_clips():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(30, 2, 20, generator=generator) ** 3
    result = evaluate(EffectiveRankMetric(), features)
    clips = features.reshape(60, 20).double().numpy()
    shares = np.linalg.svd(clips - clips.mean(axis=0), compute_uv=False)**2
    shares /= shares.sum()
    assert result['encoder/effective_rank'] == pytest.approx(
        np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
    values = np.linalg.svd(clips, compute_uv=False)
    shares = values / values.sum() + 1e-7
    assert result['encoder/rankme'] == pytest.approx(
        np.exp(-(shares * np.log(shares)).sum()), rel=1e-6)


@pytest.mark.parametrize('speeds', [2, 3])
def test_speed_probe_finds_a_linear_cue(speeds):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, speeds, 20, generator=generator)
    for speed in range(speeds):
        features[:, speed, 3 + speed] += 6
    result = evaluate(SpeedProbeMetric(), features)
    assert result['speed_probe/accuracy'] > 95
    assert result['speed_probe/chance'] == pytest.approx(100 / speeds)


def test_speed_probe_is_at_chance_without_a_cue_on_unseen_videos():
    """A feature that tells the videos apart is no cue."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(300, 2, 40, generator=generator)
    accuracy = evaluate(SpeedProbeMetric(), features)['speed_probe/accuracy']
    assert 40 < accuracy < 60


def normal_share(x):
    return 50 * (1 + math.erf(x / 2**0.5))


def planted(apart, between, kinds=2, videos=240, draws=5, size=16):
    """Clips ``[V, draws, kinds, C]`` of known difference within a video.

    Along one direction those of the next kind are ``apart``; all vary by 1
    within a video and by ``between`` from video to video.
    """
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(videos, draws, kinds, size, generator=generator)
    features += between * torch.randn(
        videos, 1, 1, size, generator=generator)
    features[..., 0] += apart * torch.arange(kinds)
    return features


def probe(metric, features, speeds):
    metric.process(None, [
        dict(clip_features=clips.flatten(0, 1), role='query',
             speeds=speeds * clips.shape[0]) for clips in features])
    return metric.evaluate(len(features))


@pytest.mark.parametrize('apart', [0.6, 1.2])
def test_the_paired_probe_sees_what_the_pooled_one_does_not(apart):
    """Both against the best that their view of the clips allows."""
    between = 5
    features = planted(apart, between)
    paired = probe(PairedSpeedProbeMetric(), features, (1, 2))
    assert paired['paired_speed_probe/chance'] == 50
    assert paired['paired_speed_probe/accuracy'] == pytest.approx(
        normal_share(apart / 2**0.5), abs=4)
    pooled = probe(SpeedProbeMetric(), features, (1, 2))
    assert pooled['speed_probe/accuracy'] == pytest.approx(
        normal_share(apart / 2 / (1 + between**2)**0.5), abs=3)
    assert (paired['paired_speed_probe/accuracy'] >
            pooled['speed_probe/accuracy'] + 10)


def test_without_differences_between_videos_a_clip_alone_tells():
    features = planted(1.2, between=0)
    pooled = probe(SpeedProbeMetric(), features, (1, 2))
    assert pooled['speed_probe/accuracy'] == pytest.approx(
        normal_share(0.6), abs=3)


def test_the_paired_probe_is_at_chance_when_speeds_are_shuffled():
    features = planted(2., between=5)
    swapped = torch.rand(
        features.shape[:2], generator=torch.Generator().manual_seed(1)) < 0.5
    features[swapped] = features[swapped].flip(1)
    result = probe(PairedSpeedProbeMetric(), features, (1, 2))
    assert 45 < result['paired_speed_probe/accuracy'] < 55


def test_the_paired_probe_tells_three_speeds():
    result = probe(
        PairedSpeedProbeMetric(), planted(4., between=20, kinds=3), (1, 2, 4))
    assert result['paired_speed_probe/chance'] == pytest.approx(100 / 3)
    assert result['paired_speed_probe/accuracy'] > 85


@pytest.mark.parametrize('groups, low, high', [
    (None, 95, 100),  # learned by heart
    (r'v_g\d+', 25, 75)
])
def test_a_recording_is_judged_by_probes_of_others(groups, low, high):
    """Four videos of each share what speed does, which no other has."""
    generator = torch.Generator().manual_seed(0)
    signs = torch.tensor([-1., 1.])[:, None]
    metric = PairedSpeedProbeMetric(groups=groups)
    metric.process(None, [
        dict(clip_features=signs * effect, role='query', speeds=(1, 2),
             filename=f'videos/v_g{recording:02}_c{clip}.mp4')
        for recording, effect in enumerate(
            torch.randn(40, 64, generator=generator))
        for clip in range(4)])  # yapf: disable
    assert low <= metric.evaluate(160)['paired_speed_probe/accuracy'] <= high


@pytest.mark.parametrize('metric', [
    SameVideoRetrievalMetric, EffectiveRankMetric, SpeedProbeMetric])
def test_samples_of_another_data_set_are_refused(metric):
    metric = metric()
    with pytest.raises(InputError, match=f'{type(metric).__name__}.* role'):
        metric.process(None, [dict(clip_features=torch.rand(2, 4))])
    metric.process(None, [
        dict(clip_features=torch.rand(clips, 4), speeds=(1, 2) * (clips // 2),
             role='query') for clips in (2, 4)])
    with pytest.raises(InputError, match='as many clips of every video, not '
                       '2 to 4'):
        metric.evaluate(2)


def test_a_probe_needs_a_second_fold():
    with pytest.raises(InputError, match='folds to 2 or more, not 1'):
        SpeedProbeMetric(folds=1)


def test_videos_of_one_recording_alone_are_not_probed():
    metric = PairedSpeedProbeMetric(groups='v_g1')
    metric.process(None, [
        dict(clip_features=torch.eye(2), role='query', speeds=(1, 2),
             filename=f'v_g1_c{clip}.mp4') for clip in range(4)])
    assert metric.evaluate(4) == {}


def with_reverses(features):
    """Draws of two speeds whose reverses stand behind them all."""
    ahead, back = features.unbind(dim=2)
    return torch.stack([ahead, back], dim=1).flatten(1, 2)


def test_reading_direction_is_read_from_a_clip_and_its_reverse():
    features = planted(1.2, between=5)
    metric = ReadingDirectionMetric()
    metric.process(None, [
        dict(clip_features=clips, role='query',
             speeds=(1, 2, 1, 2, 4, -1, -2, -1, -2, -4))
        for clips in with_reverses(features)])
    result = metric.evaluate(len(features))
    assert result == {
        'reading_direction/chance': 50,
        'reading_direction/accuracy': pytest.approx(
            normal_share(1.2 / 2**0.5), abs=4)}  # yapf: disable


def test_other_metrics_leave_the_reverses_alone():
    features = planted(1.2, between=1, videos=40, draws=2)
    ahead, back = features.unbind(dim=2)
    speeds = (1, 2)
    for metric in (SpeedProbeMetric, PairedSpeedProbeMetric,
                   SameVideoRetrievalMetric, EffectiveRankMetric):
        plain, both = metric(), metric()
        plain.process(None, [
            dict(clip_features=clips, role='query', speeds=speeds)
            for clips in ahead])
        both.process(None, [
            dict(clip_features=torch.cat(clips), role='query',
                 speeds=speeds + (-1, -2)) for clips in zip(ahead, back)])
        assert plain.evaluate(40) == both.evaluate(40)


@pytest.mark.parametrize('speeds', [(1, 2), (1, -2), (-1, -2)])
def test_reading_direction_without_reverses_is_refused(speeds):
    with pytest.raises(InputError, match='AppendReversed'):
        probe(ReadingDirectionMetric(), torch.randn(3, 1, 2, 4), speeds)


def test_same_video_retrieval_is_the_mean_over_draws():
    draws = torch.randn(
        12, 3, 2, 4, generator=torch.Generator().manual_seed(0))
    draws[:, :, 1] = draws[:, :, 0] + 0.5 * draws[:, :, 1]
    alone = [
        probe(SameVideoRetrievalMetric(), draws[:, [number]], (1, 2))
        for number in range(3)]
    together = probe(SameVideoRetrievalMetric(), draws, (1, 2))
    assert len({result['same_video/top1'] for result in alone}) > 1
    assert together['same_video/top1'] == pytest.approx(
        np.mean([result['same_video/top1'] for result in alone]))


@pytest.mark.parametrize('metric, videos', [
    (SameVideoRetrievalMetric, 0), (EffectiveRankMetric, 0),
    (SpeedProbeMetric, 0), (SpeedProbeMetric, 1),
    (PairedSpeedProbeMetric, 1)])
def test_without_videos_nothing_is_reported_and_that_is_said_once(
        metric, videos, tmp_path):
    log = tmp_path / 'x.log'
    MMLogger.get_instance(str(tmp_path), log_file=str(log))
    metric = metric()
    for _ in range(2):
        assert evaluate(metric, torch.randn(videos, 2, 3)) == {}
    assert log.read_text().count(f'{type(metric).__name__} reports') == 1


@pytest.mark.parametrize('broken, best', [
    (True, 'same_video/top1'), (False, 'speed_probe/accuracy')])
def test_pretraining_goes_on_without_metrics(broken, best, videos, tmp_path):
    """With a single validation video: it is broken, or there is no probe."""
    shutil.copytree(f'{videos}/videos', tmp_path / 'videos')
    cfg = pretraining(tmp_path, tmp_path / 'work', val_share=0.01, **{
        'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1,
        'default_hooks.checkpoint.save_best': best})
    [video] = DATASETS.build(cfg.val_dataloader.dataset).load_data_list()
    if broken:
        with open(video['filename'], 'wb') as file:
            file.write(b'no video')
    assert train(cfg)['meta']['iter'] == 4
    [log] = (tmp_path / 'work').glob('*/vis_data/scalars.json')
    names = set().union(*map(json.loads, log.read_text().splitlines()))
    assert 'same_video/top1' not in names if broken else (
        'same_video/top1' in names)
    assert not [name for name in names if name.startswith('speed_probe')]
    assert 'NaN' not in log.read_text()
