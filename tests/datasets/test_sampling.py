from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from ascnet_mm import InputError
from ascnet_mm.datasets import SpeedPairedSampleFrames
from ascnet_mm.datasets.transforms import (
    AppendReversed,
    SampleFramesAtRate,
    SkippingSampleFrames,
    SlidingSampleFrames,
)


def draw(total, clip_len=8, speeds=(1, 2), start_index=0, **options):
    out = SpeedPairedSampleFrames(clip_len, speeds, **options).transform(
        dict(total_frames=total, start_index=start_index))
    return out['frame_inds'].reshape(out['num_clips'], clip_len), out['speeds']


@pytest.mark.parametrize('speeds', [(1, 2), (1, 2, 4), (3, 1, 5, 8)])
@pytest.mark.parametrize('total', [1, 2, 7, 8, 9, 15, 16, 100])
def test_clips_step_at_their_speed_and_stay_in_the_video(speeds, total):
    for _ in range(30):
        clips, drawn = draw(total, speeds=speeds)
        assert len(clips) == 2 and drawn[0] != drawn[1]
        assert set(drawn) <= set(speeds)
        assert clips.min() >= 0 and clips.max() < total
        for frames, speed in zip(clips, drawn):
            # The one rule for short videos: they are played in a loop.
            assert (np.diff(frames) % total == speed % total).all()
            if total > 7 * speed:
                assert (np.diff(frames) == speed).all()


def test_every_ordered_pair_and_every_start_occurs():
    pairs, starts = set(), {1: set(), 3: set()}
    for _ in range(800):
        clips, drawn = draw(10, clip_len=3, speeds=(1, 2, 3))
        pairs.add(drawn)
        for frames, speed in zip(clips, drawn):
            starts.setdefault(speed, set()).add(int(frames[0]))
    assert len(pairs) == 6
    assert starts[1] == set(range(8)) and starts[3] == set(range(4))


def test_test_mode_gives_one_clip_per_speed_ascending():
    clips, drawn = draw(100, speeds=(4, 1, 2), test_mode=True)
    assert drawn == (1, 2, 4)
    assert [c[1] - c[0] for c in clips] == [1, 2, 4]


@pytest.mark.parametrize('total', [100, 20, 9])
def test_draws_start_in_equal_parts_of_the_possible_starts(total):
    starts = {speed: [set() for _ in range(3)] for speed in (1, 2)}
    for _ in range(300):
        clips, drawn = draw(total, test_mode=True, draws=3)
        assert drawn == (1, 2, 1, 2, 1, 2)
        for number, (frames, speed) in enumerate(zip(clips, drawn)):
            assert (np.diff(frames) % total == speed).all()
            starts[speed][number // 2].add(int(frames[0]))
    for speed, (first, second, third) in starts.items():
        span = 7 * speed + 1
        # A video that is shorter than a clip starts anywhere.
        last = total - span if total >= span else total - 1
        assert first | second | third == set(range(last + 1))
        if last > 1:
            assert max(first) < min(second) and max(second) < min(third)


@pytest.mark.parametrize('draws', [1, 4])
def test_the_first_draw_of_several_has_its_part_of_the_only_one(draws):
    """With one draw the clips are those of a test without the option."""
    np.random.seed(0)
    plain, _ = draw(50, test_mode=True)
    np.random.seed(0)
    clips, _ = draw(50, test_mode=True, draws=draws)
    assert (clips[:2] == plain).all() == (draws == 1)
    assert len(clips) == 2 * draws


def test_draws_are_of_test_mode():
    assert len(draw(50, draws=3)[0]) == 2
    with pytest.raises(InputError, match='draws'):
        SpeedPairedSampleFrames(8, test_mode=True, draws=0)


def test_each_clip_gets_its_reverse():
    sample = SpeedPairedSampleFrames(4, (1, 3), test_mode=True, draws=2)
    results = sample(dict(total_frames=40, start_index=1))
    clips = results['frame_inds'].reshape(4, 4).copy()
    results = AppendReversed()(results)
    assert results['num_clips'] == 8
    assert results['speeds'] == (1, 3, 1, 3, -1, -3, -1, -3)
    both = results['frame_inds'].reshape(8, 4)
    assert (both[:4] == clips).all()
    for clip, reverse in zip(clips, both[4:]):
        assert reverse.tolist() == clip.tolist()[::-1]


@pytest.mark.parametrize('pattern', [(0, ), (0, 0), (0, 1), (0, 0, 1),
                                     (1, 0, 2, 0)])
def test_clips_have_the_speeds_of_the_pattern(pattern):
    """Equal numbers, equal speeds; every way to have them occurs."""
    seen = set()
    for _ in range(400):
        clips, drawn = draw(100, speeds=(1, 2, 4), pattern=pattern)
        assert [clip[1] - clip[0] for clip in clips] == list(drawn)
        for i, speed in enumerate(drawn):
            for j, other in enumerate(drawn):
                assert (speed == other) == (pattern[i] == pattern[j])
        seen.add(drawn)
    assert len(seen) == {1: 3, 2: 6, 3: 6}[len(set(pattern))]


def test_one_speed_is_enough_for_equal_ones():
    assert draw(100, speeds=(2, ), pattern=(0, 0))[1] == (2, 2)


@pytest.mark.parametrize('pattern', [(), (1, 1), (0, 2), (0, -1)])
def test_a_pattern_that_skips_a_number_is_refused(pattern):
    with pytest.raises(InputError, match='pattern numbers'):
        SpeedPairedSampleFrames(8, (1, 2, 4), pattern)


def test_a_pattern_needs_as_many_speeds():
    with pytest.raises(InputError, match='must be 3 or more'):
        SpeedPairedSampleFrames(8, (1, 2), (0, 1, 2))


def test_indices_start_at_mmaction2s_start_index():
    clips, _ = draw(8, clip_len=8, start_index=1)
    assert clips.min() >= 1 and clips.max() <= 8


@pytest.mark.parametrize(
    'speeds', [(1, ), (), (1, 1), (0, 1), (-1, 2), (1, 1.5)])
def test_impossible_speeds_are_refused(speeds):
    with pytest.raises(InputError, match='speeds'):
        SpeedPairedSampleFrames(8, speeds)


def centers_apart(clips):
    """From the clip that spans most, of clips that are no loops."""
    centers = clips.mean(axis=1)
    return abs(centers - centers[np.argmax(np.ptp(clips, axis=1))])


@pytest.mark.parametrize('limit', [0., 3.5, 10])
@pytest.mark.parametrize('pattern', [(0, 1), (0, 0), (1, 0, 0)])
def test_centers_of_clips_are_no_further_apart(limit, pattern):
    """All places within the limit occur, and no others."""
    seen, total = set(), 16
    for _ in range(3000):
        clips, speeds = draw(total, clip_len=6, pattern=pattern,
                             max_distance=limit)
        assert clips.min() >= 0 and clips.max() < total
        # A clip starts at a whole frame.
        assert centers_apart(clips).max() <= max(limit, 0.5)
        seen.add((speeds, *clips[:, 0]))
    if len(pattern) > 2:
        return
    expected = set()
    for one in np.ndindex(total, total):
        for drawn in ((1, 2), (2, 1)):
            speeds = tuple(drawn[number] for number in pattern)
            clips = np.array([start + speed * np.arange(6)
                              for start, speed in zip(one, speeds)])
            if clips.max() < total and centers_apart(
                    clips).max() <= max(limit, 0.5):
                expected.add((speeds, *one))
    assert seen == expected


def test_short_videos_are_not_bound():
    clips, _ = draw(9, clip_len=8, max_distance=0.)
    assert clips.min() >= 0 and clips.max() < 9
    starts = {int(draw(1, clip_len=8, max_distance=0.)[0].max())
              for _ in range(9)}
    assert starts == {0}


def test_a_negative_distance_is_refused():
    with pytest.raises(InputError, match='max_distance'):
        SpeedPairedSampleFrames(8, max_distance=-1)


def slide(total, start_index=0, **options):
    out = SlidingSampleFrames(**options).transform(
        dict(total_frames=total, start_index=start_index))
    return out['frame_inds'].reshape(out['num_clips'], out['clip_len'])


def coclr_windows(total, length, interval, stride=None):
    """CoCLR's rule in words: a clip reaches over length x interval frames.

    The next one starts half of that less one later, while it fits whole. A
    video that is not longer gives one clip, whose frames stand at its end.
    """
    reach = length * interval
    if stride is None:
        stride = reach // 2 - 1
    if total <= reach:
        there = [frame for frame in range(0, reach, interval)
                 if frame < total]
        return [[0] * (length - len(there)) + there]
    windows, start = [], 0
    while start <= total - reach:
        windows.append([start + step * interval for step in range(length)])
        start += stride
    return windows


@pytest.mark.parametrize('interval', [1, 2, 3, 4])
@pytest.mark.parametrize('length', [6, 7, 32])
def test_sliding_clips_are_those_of_coclr(length, interval):
    reach = length * interval
    totals = {1, 2, interval, interval + 1, length, reach // 2}
    totals |= set(range(reach - interval - 1, reach + 3))
    totals |= {reach + reach // 2 + more for more in (-2, -1, 0, 1)}
    for total in totals | {10 * reach, 10 * reach + 5}:
        clips = slide(total, clip_len=length, frame_interval=interval)
        assert clips.tolist() == coclr_windows(total, length, interval), total
        clips = slide(
            total, clip_len=length, stride=4, frame_interval=interval)
        assert clips.tolist() == coclr_windows(total, length, interval, 4)


def test_coclrs_figures():
    """Worked by hand: 32 frames, every second one of 64."""
    two = slide(95, clip_len=32, frame_interval=2)
    assert two[:, 0].tolist() == [0, 31] and two[:, -1].tolist() == [62, 93]
    # 94 frames are one too few, although the last one needed is there.
    assert slide(94, clip_len=32, frame_interval=2)[:, 0].tolist() == [0]
    short = slide(7, clip_len=6, frame_interval=2)
    assert short.tolist() == [[0, 0, 0, 2, 4, 6]]
    assert slide(47, clip_len=32)[:, 0].tolist() == [0, 15]


def test_sliding_clips_have_the_keys_that_mmaction2_expects():
    out = SlidingSampleFrames(6, 4, frame_interval=2).transform(
        dict(total_frames=20, start_index=1))
    assert out.pop('frame_inds').min() == 1
    assert out == dict(total_frames=20, start_index=1, clip_len=6,
                       frame_interval=2, num_clips=3)  # yapf: disable


@pytest.mark.parametrize('options', [(0, 1), (8, 0), (8, 4, 0), (2, )])
def test_impossible_sliding_clips_are_refused(options):
    with pytest.raises(InputError, match='must be positive'):
        SlidingSampleFrames(*options)


def at_rate(total, fps, start_index=0, **options):
    return SampleFramesAtRate(25, **options).transform(dict(
        total_frames=total, start_index=start_index, avg_fps=float(fps),
        filename='a.avi'))  # yapf: disable


def rspnet_frames(total, fps):
    """Frames that stay: each time another whole ``fps / 25`` is reached.

    Of a step that is a whole number, as long as there are frames; else as
    many as there are whole steps in the video.
    """
    step = Fraction(fps) / 25
    if step.denominator == 1:
        return [n for n in range(total) if n % step == 0]
    kept, n = [], 0
    while (n + 1) * step <= total:
        kept.append(int(n * step))
        n += 1
    return kept


RATES = ['25', '50', '75', '30', '12.5', '10', '24', '29.97', '15']


@pytest.mark.parametrize('fps', RATES)
@pytest.mark.parametrize('total', [7, 40, 41, 164, 300])
def test_frames_at_a_rate_are_rspnets(fps, total):
    kept = rspnet_frames(total, fps)
    count = len(kept)
    out = at_rate(total, fps, start_index=1, clip_len=16, num_clips=3,
                  test_mode=True)  # yapf: disable
    clips = out.pop('frame_inds').reshape(3, 16) - 1
    for clip, start in zip(clips, np.linspace(0, max(count - 16, 0), 3)):
        # Too short ones are played in a loop.
        assert clip.tolist() == [
            kept[(round(start) + step) % count] for step in range(16)]
    assert out == dict(
        total_frames=total, start_index=1, avg_fps=float(fps), num_clips=3,
        filename='a.avi', clip_len=16, frame_interval=1)  # yapf: disable


def test_every_start_at_a_rate_is_drawn_in_training():
    kept = rspnet_frames(30, '50')
    starts = {at_rate(30, 50, clip_len=12)['frame_inds'][0]
              for _ in range(200)}
    assert starts == set(kept[:15 - 12 + 1])


def test_a_video_without_a_rate_and_one_of_less_than_a_step():
    plain = at_rate(20, 0, clip_len=4, num_clips=2, test_mode=True)
    assert plain['frame_inds'].tolist() == [0, 1, 2, 3, 16, 17, 18, 19]
    one = at_rate(1, 60, clip_len=4, test_mode=True)
    assert one['frame_inds'].tolist() == [0] * 4


@pytest.mark.parametrize('rate', [0, -25, float('nan')])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(InputError, match='frame_rate'):
        SampleFramesAtRate(rate, clip_len=8)


def starts_at(keys, total=40, **options):
    """Where clips of 8 frames at 1x and 2x start, with these key frames."""
    sample = SpeedPairedSampleFrames(8, at_key_frames=True, **options)
    found = {1: set(), 2: set()}
    for _ in range(300):
        out = sample(dict(total_frames=total, start_index=0,
                          video_reader=SimpleNamespace(key_frames=keys)))
        for start, speed in zip(out['frame_inds'][::8], out['speeds']):
            found[speed].add(int(start))
    return found


def test_clips_start_at_every_key_frame_that_leaves_room_and_nowhere_else():
    # The last starts that leave room are 32 at 1x and 25 at 2x.
    assert starts_at([0, 12, 25, 36]) == {1: {0, 12, 25}, 2: {0, 12, 25}}
    assert starts_at([0, 12, 26, 32]) == {1: {0, 12, 26, 32}, 2: {0, 12}}


def test_clips_start_anywhere_without_key_frames_and_in_short_videos():
    assert starts_at([]) == {1: set(range(33)), 2: set(range(26))}
    assert starts_at([0, 4], total=6) == {1: set(range(6)), 2: set(range(6))}
    assert starts_at([0, 12], test_mode=True) == starts_at([])


def gaps(sampler, draws, total=400):
    """Frames up to the next one of each clip, ``[draws, clips, T - 1]``."""
    np.random.seed(0)
    return np.array([
        np.diff(sampler(dict(total_frames=total, start_index=0))['frame_inds']
                .reshape(-1, sampler.clip_len)) for _ in range(draws)])


@pytest.mark.parametrize('factor', [1.2, 2.2])
def test_frames_are_skipped_as_if_one_by_one(factor):
    """Against a walk that decides of each frame."""
    found = gaps(SkippingSampleFrames(16, ((factor, factor), )), 400)
    rng, walked = np.random.default_rng(1), []
    while len(walked) < found.size:
        gap = 1
        while rng.random() < 1 - 1 / factor:
            gap += 1
        walked.append(gap)
    for gap in range(1, 5):
        expected = np.mean(np.array(walked) == gap)
        # 6000 draws: a standard deviation is at most 0.0065.
        assert (found == gap).mean() == pytest.approx(expected, abs=0.03)
    assert found.mean() == pytest.approx(factor, abs=0.1)


def test_each_clip_has_a_factor_of_its_range():
    sampler = SkippingSampleFrames(clip_len=5)
    np.random.seed(0)
    drawn = np.array([
        sampler(dict(total_frames=99, start_index=0))['speeds']
        for _ in range(500)])
    for column, (low, high) in zip(drawn.T, ((1, 1.2), (1.7, 2.2))):
        assert low <= column.min() < low + 0.02
        assert high - 0.02 < column.max() <= high
        assert column.mean() == pytest.approx((low + high) / 2, abs=0.03)
    steps = gaps(sampler, 500).mean(axis=(0, 2))
    assert steps == pytest.approx([1.1, 1.95], abs=0.12)


def test_both_clips_start_together_and_stay_within_the_video():
    sampler = SkippingSampleFrames(clip_len=4)
    np.random.seed(0)
    starts = set()
    for _ in range(300):
        found = sampler(dict(total_frames=30, start_index=7))
        clips = found['frame_inds'].reshape(2, 4)
        assert clips[0, 0] == clips[1, 0]
        assert (np.diff(clips) >= 1).all()
        assert clips.min() >= 7 and clips.max() < 37
        starts.add(clips[0, 0])
    assert min(starts) == 7 and max(starts) >= 30
    assert found['num_clips'] == 2 and found['clip_len'] == 4


@pytest.mark.parametrize('total', [1, 3])
def test_a_short_video_is_played_in_a_loop(total):
    """Of clips that skip frames."""
    found = SkippingSampleFrames(clip_len=16)(
        dict(total_frames=total, start_index=2))['frame_inds']
    assert len(found) == 32 and found.min() >= 2 and found.max() < 2 + total


@pytest.mark.parametrize('options', [
    dict(clip_len=0), dict(clip_len=4, factors=()),
    dict(clip_len=4, factors=((0.5, 1.2), )),
    dict(clip_len=4, factors=((2, 1), )), dict(clip_len=4, factors=((1, ), ))])
def test_factors_that_are_no_ranges_are_refused(options):
    with pytest.raises(InputError):
        SkippingSampleFrames(**options)
