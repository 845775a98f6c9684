import ctypes
from fractions import Fraction

import av
import numpy as np
import pytest

from ascnet_mm.datasets.video import UnreadableVideo, VideoReader


def render(path, frames=50, gop=12, b_frames=0, codec='libx264'):
    """Frame i is gray of level 4 i + 20, so that it can be told."""
    with av.open(str(path), 'w') as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        if codec == 'libx264':
            stream.options = {'sc_threshold': '0', 'crf': '10'}
        else:
            stream.bit_rate = 8_000_000
        for index in range(frames):
            image = np.full((48, 64, 3), 4 * index + 20, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, 'rgb24')))
        out.mux(stream.encode())
    return str(path)


def told(frame):
    level = frame.to_ndarray(format='rgb24').mean()
    return round((level - 20) / 4)


class Spy:
    """Counts what is asked of a container."""

    def __init__(self, container):
        self.container, self.seeks, self.decoded = container, 0, 0

    def seek(self, *args, **kwargs):
        self.seeks += 1
        self.container.seek(*args, **kwargs)

    def demux(self, stream):
        for packet in self.container.demux(stream):
            self.decoded += 1
            yield packet


@pytest.mark.parametrize('name, options', [
    ('plain.mp4', {}), ('b.mp4', dict(b_frames=3)),
    ('mpeg4.avi', dict(codec='mpeg4')), ('stream.ts', dict(b_frames=2)),
    ('one_key.mkv', dict(gop=999))])
def test_any_frames_are_the_right_ones(name, options, tmp_path):
    path = render(tmp_path / name, **options)
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 20, 50):
        wanted = sorted(rng.choice(50, size, replace=False).tolist())
        reader = VideoReader(path)
        assert len(reader) == 50
        assert [told(frame) for frame in reader.frames(wanted)] == wanted
        reader.close()


@pytest.mark.parametrize('wanted, seeks, decoded', [
    (range(5), 0, 5), ([0, 11], 0, 12), ([0, 12], 1, 2),
    ([3, 30], 1, 4 + 7), ([40], 1, 5), ([2, 3, 23, 24, 49], 2, 4 + 13 + 2)])
def test_it_seeks_only_where_that_saves_frames(wanted, seeks, decoded,
                                               tmp_path):
    """Key frames are 0, 12, 24, 36 and 48."""
    reader = VideoReader(render(tmp_path / 'plain.mp4'))
    assert reader.timetable.keys == [0, 12, 24, 36, 48]
    reader.container = spy = Spy(reader.container)
    list(reader.frames(wanted))
    assert (spy.seeks, spy.decoded) == (seeks, decoded)


@pytest.mark.parametrize('name, options', [
    ('plain.mp4', {}), ('b.mp4', dict(b_frames=3)), ('one_key.mkv',
                                                     dict(gop=999))])
def test_key_frames_are_those_that_decode_as_such(name, options, tmp_path):
    path = render(tmp_path / name, **options)
    with av.open(path) as container:
        keys = [number for number, frame in enumerate(
            container.decode(video=0)) if frame.key_frame]
    assert VideoReader(path).key_frames == keys
    assert VideoReader(path, in_order=True).key_frames == []


def test_no_key_frame_lies_before_the_first_one(tmp_path):
    reader = VideoReader(render(tmp_path / 'plain.mp4'))
    reader.timetable.keys[:] = [20, 30]
    reader.container = spy = Spy(reader.container)
    assert [told(f) for f in reader.frames([0, 3])] == [0, 3]
    assert spy.seeks == 0


def test_a_seek_that_leads_past_the_frame_is_taken_back(tmp_path):
    reader = VideoReader(render(tmp_path / 'plain.mp4'))
    reader.timetable.keys[:] = [0, 20]  # there is none: it lands on 24 or 12
    reader.timetable.stamps[20] = reader.timetable.stamps[24]
    assert [told(f) for f in reader.frames([1, 22, 30])] == [1, 22, 30]


def test_what_holds_no_video_is_unreadable(tmp_path):
    (tmp_path / 'empty.mp4').write_bytes(b'')
    (tmp_path / 'text.mp4').write_text('no video')
    with av.open(str(tmp_path / 'sound.wav'), 'w') as out:
        stream = out.add_stream('pcm_s16le', rate=8000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 800), np.int16), 's16', 'mono')
        frame.rate = 8000
        out.mux(stream.encode(frame))
    for name, why in (('empty', 'Invalid data'), ('text', 'Invalid data'),
                      ('none', 'No such file'), ('sound', 'no video')):
        path = tmp_path / f'{name}.{"wav" if name == "sound" else "mp4"}'
        with pytest.raises(UnreadableVideo, match=why):
            VideoReader(str(path))


def test_a_torn_file_is_read_up_to_the_tear(tmp_path):
    path = render(tmp_path / 'whole.ts')
    content = (tmp_path / 'whole.ts').read_bytes()
    (tmp_path / 'torn.ts').write_bytes(content[:len(content) // 2])
    assert len(VideoReader(path)) == 50
    reader = VideoReader(str(tmp_path / 'torn.ts'))
    assert 5 < len(reader) < 50
    assert [told(f) for f in reader.frames([0, 3])] == [0, 3]


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), 'mallinfo2'), reason='not glibc')
@pytest.mark.parametrize('wanted', [[], [3], [3, 15]])
def test_a_file_that_was_read_leaves_no_memory_behind(wanted, tmp_path):
    """A container that is not closed keeps 380 bytes for ever, and a reading
    that is left off 150.
    """
    path = render(tmp_path / 'b.mp4', frames=20, gop=6, b_frames=2)

    class Allocator(ctypes.Structure):
        """glibc's ``struct mallinfo2``."""
        _fields_ = [(name, ctypes.c_size_t) for name in (
            'arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks',
            'fsmblks', 'uordblks', 'fordblks', 'keepcost')]

    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = Allocator
    for number in range(400):
        reader = VideoReader(path)
        list(reader.frames(wanted))
        reader.close()
        if number == 100:
            before = mallinfo2().uordblks
    assert mallinfo2().uordblks - before < 300 * 30


@pytest.mark.parametrize('seconds', [60, 1500, 2100, 3600])
@pytest.mark.parametrize('name', ['x.mp4', 'x.mkv'])
def test_a_picture_an_hour_has_a_rate(name, seconds, tmp_path):
    with av.open(str(tmp_path / name), 'w') as out:
        stream = out.add_stream('mpeg4', rate=Fraction(1, seconds))
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuv420p'
        for index in range(5):
            frame = av.VideoFrame(32, 32, 'yuv420p')
            frame.pts, frame.time_base = index, Fraction(seconds)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    reader = VideoReader(str(tmp_path / name))
    assert len(reader) == 5
    assert reader.fps == pytest.approx(1 / seconds, rel=1e-3)
    # The last picture counts as a pause, which nobody looks at to its end.
    assert reader.duration == pytest.approx(4 * seconds + 10, rel=1e-3)
    reader.close()
