"""Clips in the order of time, against the rules written out in loops."""
import numpy as np
import pytest

from ascnet_mm import InputError
from ascnet_mm.datasets import OrderedClips


def draw(total, *options, start_index=0, kind=OrderedClips, **more):
    """Clips as lists of frames."""
    out = kind(*options, **more).transform(
        dict(total_frames=total, start_index=start_index))
    return out['frame_inds'].reshape(out['num_clips'], -1).tolist()


def clips_from(start, clip_len, clips, interval, frame_interval=1):
    """Frame after frame, leaving out ``interval`` between two clips."""
    made, frame = [], start
    for _ in range(clips):
        clip = [frame]
        while len(clip) < clip_len:
            frame += frame_interval
            clip.append(frame)
        made.append(clip)
        frame += 1 + interval
    return made


# VCOP's clips; MemDPC's blocks (every third frame throughout); two that
# touch; still ones; one clip
SHAPES = [(16, 3, 8, 1), (5, 8, 2, 3), (3, 2, 0, 1), (4, 4, 5, 0),
          (4, 1, 0, 2)]


@pytest.mark.parametrize('shape', SHAPES)
def test_clips_follow_one_another_from_every_start_that_leaves_room(shape):
    last = clips_from(0, *shape)[-1][-1]
    for more in (0, 3):
        expected = [clips_from(start, *shape) for start in range(more + 1)]
        drawn = [draw(last + 1 + more, *shape) for _ in range(60)]
        assert all(clips in expected for clips in drawn)
        assert all(clips in drawn for clips in expected)


def test_vcops_and_memdpcs_figures():
    """By hand: 3 x 16 + 2 x 8 frames; 40 frames, three apart."""
    clips = draw(64, 16, 3, 8)
    assert [(clip[0], clip[-1]) for clip in clips] == [
        (0, 15), (24, 39), (48, 63)]
    blocks = draw(118, 5, 8, 2, 3)
    assert np.ravel(blocks).tolist() == list(range(0, 118, 3))


@pytest.mark.parametrize('shape', SHAPES)
def test_clips_of_a_short_video_stay_in_order_and_reach_to_both_ends(shape):
    length = clips_from(0, *shape)[0][-1] + 1
    last = clips_from(0, *shape)[-1][-1]
    for total in range(length, last + 1):
        clips = draw(total, *shape)
        starts = [clip[0] for clip in clips]
        assert starts == sorted(starts)
        assert clips[0][0] == 0 and clips[-1][-1] == total - 1
        for clip, start in zip(clips, starts):
            assert clip == clips_from(start, shape[0], 1, 0, shape[3])[0]
        gaps = np.diff(starts)
        assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


@pytest.mark.parametrize('total', [1, 5, 15])
def test_a_video_shorter_than_a_clip_is_played_in_a_loop(total):
    clips = draw(total, 16, 3, 8)
    assert clips == [[frame % total for frame in range(16)]] * 3


def test_ordered_clips_have_the_keys_that_mmaction2_expects():
    out = OrderedClips(6, 2, 3, frame_interval=2).transform(
        dict(total_frames=25, start_index=1))
    frames = out.pop('frame_inds')
    assert frames.dtype == np.int64 and frames.min() == 1
    assert frames.max() == 25
    assert out == dict(total_frames=25, start_index=1, clip_len=6,
                       frame_interval=2, num_clips=2)  # yapf: disable


@pytest.mark.parametrize('options, named', [
    ((0, 3, 8), 'clip_len and clips'), ((16, 0, 8), 'clip_len and clips'),
    ((16, 3, -1), 'interval and frame'), ((16, 3, 8, -1), 'interval and')])
def test_impossible_ordered_clips_are_refused(options, named):
    with pytest.raises(InputError, match=f'OrderedClips: {named}'):
        OrderedClips(*options)
