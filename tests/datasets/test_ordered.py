"""Clips in the order of time, against the rules written out in loops."""
import numpy as np
import pytest

from ascnet_mm import InputError
from ascnet_mm.datasets import ClozeClips, OrderedClips, ShuffledClips


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


def test_clips_are_shuffled_into_every_order_and_it_is_told():
    seen = set()
    for total in (64, 70, 40) * 40:
        out = ShuffledClips(16, 3, 8).transform(
            dict(total_frames=total, start_index=1))
        starts = out['frame_inds'].reshape(3, 16)[:, 0].tolist()
        assert [sorted(starts).index(start) for start in starts] == list(
            out['order'])
        assert out['num_clips'] == 3
        seen.add(out['order'])
    assert len(seen) == 6


def test_a_shuffled_sample_holds_the_clips_of_an_ordered_one():
    np.random.seed(3)
    out = ShuffledClips(4, 4, 2, frame_interval=3).transform(
        dict(total_frames=90, start_index=0))
    clips = sorted(out['frame_inds'].reshape(4, 4).tolist())
    assert clips == clips_from(clips[0][0], 4, 4, 2, 3)


def cloze(total, **options):
    """Starts of the outer clips, frames of the middle one, the operation."""
    out = ClozeClips(8, interval=3, **options).transform(
        dict(total_frames=total, start_index=0))
    before, middle, after = out['frame_inds'].reshape(3, 8).tolist()
    assert [before, after] == [clips_from(before[0], 8, 1, 0)[0],
                               clips_from(before[0] + 22, 8, 1, 0)[0]]
    return before[0], middle, out['operation']


def test_the_middle_clip_undergoes_each_operation_as_often():
    """Worked out anew: in place, with two quarters swapped, or far away."""
    np.random.seed(0)
    seen, swaps, places = {}, set(), set()
    for _ in range(3000):
        start, middle, operation = cloze(90, distance=5)
        usual = clips_from(start + 11, 8, 1, 0)[0]
        seen[operation] = seen.get(operation, 0) + 1
        if operation == 'quarters':
            parts = [usual[i:i + 2] for i in (0, 2, 4, 6)]
            order = tuple(parts.index(middle[i:i + 2]) for i in (0, 2, 4, 6))
            assert sum(a != b for a, b in enumerate(order)) == 2
            swaps.add(order)
        elif operation == 'remote':
            assert middle == clips_from(middle[0], 8, 1, 0)[0]
            # Frames between it and the first or last clip
            room = (start - middle[-1] - 1 if middle[0] < start else
                    middle[0] - (start + 29) - 1)
            assert room >= 5 and 0 <= middle[0] <= 82
            places.add((middle[0] < start, room))
        else:
            assert middle == usual
    assert len(swaps) == 6 and {(True, 5), (False, 5)} <= places
    assert set(seen) == set(ClozeClips(8).operations)
    assert min(seen.values()) > 500 and max(seen.values()) < 700


@pytest.mark.parametrize('total, near', [(42, True), (43, False)])
def test_without_room_for_a_remote_clip_another_operation_is_drawn(
        total, near):
    """30 frames of three clips, 8 of a remote one, 5 between."""
    drawn = {cloze(total, distance=5)[2] for _ in range(1000)}
    assert ('remote' not in drawn) == near and len(drawn) == 5 - near


def test_operations_can_be_chosen():
    drawn = {cloze(60, operations=('none', 'tiles'))[2] for _ in range(50)}
    assert drawn == {'none', 'tiles'}


@pytest.mark.parametrize('options, named', [
    (dict(clip_len=6), 'multiple of 4, not 6'),
    (dict(clip_len=8, operations=('none', )), "two or more"),
    (dict(clip_len=8, operations=('none', 'none')), "two or more"),
    (dict(clip_len=8, operations=('none', 'blur')), "'blur'"),
    (dict(clip_len=8, distance=-1), 'distance cannot be negative, as -1')])
def test_impossible_operations_are_refused(options, named):
    with pytest.raises(InputError, match=named):
        ClozeClips(**options)
    ClozeClips(6, operations=('none', 'remote'))
