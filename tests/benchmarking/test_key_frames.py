import json
import os

import av
import pytest
from av.video.frame import PictureType

from ascnet_mm import InputError
from ascnet_mm.benchmarking import key_frames
from ascnet_mm.benchmarking.key_frames import Way

OPTIONS = dict(clip_len=8, limit=4, repeats=1)


@pytest.fixture(scope='module')
def video(videos):
    folder = f'{videos}/videos/striped_disc_shifts'
    return os.path.join(folder, sorted(os.listdir(folder))[0])


def kinds(path):
    """The picture types of a file, in the order of showing."""
    with av.open(path) as container:
        return ''.join(PictureType(frame.pict_type).name
                       for frame in container.decode(video=0))


def test_copies_have_their_key_frames_and_every_second_frame_is_a_b_frame(
        video, tmp_path):
    plain = kinds(key_frames.encode(video, str(tmp_path / 'a.mp4'), Way(8)))
    assert plain.startswith('IPPPPPPPIPPP') and 'B' not in plain
    with_b = kinds(
        key_frames.encode(video, str(tmp_path / 'b.mp4'), Way(8, True)))
    assert with_b.startswith('IBPBPBPPIBPB')
    assert len(plain) == len(with_b)


@pytest.mark.parametrize('way, most', [
    # From a key frame on, 8 frames at 1x and 15, or 8, at 2x
    (Way(8, at_key_frames=True), 8 + 15), (Way(8), 7 + 8 + 7 + 15),
    (Way(8, True, True), 8 + 2 + 8 + 2)])
def test_no_more_frames_are_decoded_than_the_way_needs(way, most, video,
                                                       tmp_path):
    copy = key_frames.encode(video, str(tmp_path / 'a.mp4'), way)
    found = key_frames.decode_clips([copy], way, 8, (1, 2))
    assert 8 + 8 <= found <= most
    if way == Way(8, at_key_frames=True):
        assert found == most


def test_a_run_writes_its_figures(video, tmp_path):
    (tmp_path / 'few').mkdir()
    os.symlink(video, tmp_path / 'few' / 'a.mp4')
    key_frames.run(str(tmp_path / 'few'), out=str(tmp_path), **OPTIONS)
    with open(tmp_path / 'key_frames.json') as file:
        found = json.load(file)
    assert len(found['ratios']) == 7 and len(found['seconds']) == 8 * 3
    assert len(found['settings']['bytes']) == 4


def test_no_video_and_a_short_one_are_refused(video, tmp_path):
    with pytest.raises(InputError, match='holds 0 videos'):
        key_frames.run(str(tmp_path), out=str(tmp_path), **OPTIONS)
    with pytest.raises(InputError, match='needs 1999'):
        key_frames.decode_clips([video], Way(16), 1000, (2, ))
