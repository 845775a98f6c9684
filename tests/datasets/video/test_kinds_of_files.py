"""The reader is held to a plain decode of the whole file, kind by kind."""
import os.path as osp
import random
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger

from ascnet_mm.datasets import VideoFolder
from ascnet_mm.datasets.video import (
    MiscountedVideo,
    UnreadableVideo,
    VideoReader,
)

from ...conftest import ROOT

WIDTH, HEIGHT = 64, 48
FAULTS = osp.join(osp.dirname(ROOT), 'shared', 'data', 'faults')


def pictures(count, seed=0):
    """Smooth shapes that move, no two alike."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    phase, speed = rng.uniform(0, 6, (3, 1, 1)), rng.uniform(.1, .3, (3, 1, 1))
    for index in range(count):
        waves = np.sin(rows / 5 + columns / 7 + phase + speed * index)
        yield (127 + 100 * waves).astype(np.uint8).transpose(1, 2, 0)


def write(path, frames=40, codec='libx264', rate=25, pixels='yuv420p', gop=8,
          b_frames=0, seed=0, form=None, change=None, movflags='',
          **options):
    """Encode moving pictures; ``change`` alters a packet before it is muxed.
    """
    if codec == 'libx264':
        options = {'sc_threshold': '0', 'crf': '10', **options}
    with av.open(str(path), 'w', format=form,
                 options={'movflags': movflags} if movflags else {}) as out:
        stream = out.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        if codec.startswith('mpeg'):
            stream.bit_rate = 1_000_000
        frames = [av.VideoFrame.from_ndarray(picture, 'rgb24').reformat(
            format=pixels) for picture in pictures(frames, seed)]
        for frame in [*frames, None]:
            for packet in stream.encode(frame):
                out.mux(packet if change is None else change(packet))
    return path


def join(path, *parts):
    """Recordings, one behind the other in one file."""
    path.write_bytes(b''.join(part.read_bytes() for part in parts))


def joined(name, **options):

    def make(folder):
        parts = [write(folder / f'{seed}_{name}', seed=seed, **options)
                 for seed in (0, 1)]
        join(folder / name, *parts)
        return folder / name

    return make


def one(name, **options):
    return lambda folder: write(folder / name, **options)


def late(ticks):
    """Lets pictures be shown later than they are decoded."""

    def change(packet):
        packet.pts += ticks * int(1 / packet.time_base / 25)
        return packet

    return change


def begun_at(number, key=False, **options):
    """A recording that lacks the packets before this (key) one."""

    def make(folder):
        path = write(folder / 'whole.ts', b_frames=2, **options)
        content = path.read_bytes()
        with av.open(str(path)) as container:
            places = [packet.pos for packet in container.demux(video=0)
                      if packet.size and packet.is_keyframe >= key]
        start = places[number] // 188 * 188
        # The tables of the stream come first.
        (folder / 'begun.ts').write_bytes(content[:3 * 188] + content[start:])
        return folder / 'begun.ts'

    return make


def with_cover(folder):
    """A picture before the video, as sound files and downloads have one."""
    with av.open(str(folder / 'cover.mp4'), 'w') as out:
        cover = out.add_stream('png', rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, 'rgb24'
        cover.disposition = av.stream.Disposition.attached_pic
        stream = out.add_stream('libx264', rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        picture = np.full((32, 32, 3), 99, np.uint8)
        out.mux(cover.encode(av.VideoFrame.from_ndarray(picture, 'rgb24')))
        out.mux(cover.encode())
        for picture in pictures(30):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        out.mux(stream.encode())
    return folder / 'cover.mp4'


def hidden_vp8(folder):
    """VP8 stores pictures that are never shown."""
    path = write(folder / 'source.ivf', codec='libvpx')
    data, hidden = path.read_bytes(), bytearray()
    head, place, number = data[:32], 32, 0
    while place < len(data):
        size = int.from_bytes(data[place:place + 4], 'little')
        frame = bytearray(data[place + 12:place + 12 + size])
        if number % 8 == 5:
            frame[0] &= ~0x10
        hidden += data[place:place + 12] + frame
        place, number = place + 12 + size, number + 1
    (folder / 'hidden.ivf').write_bytes(head + hidden)
    return folder / 'hidden.ivf'


def cut(name, share, **options):

    def make(folder):
        content = write(folder / f'whole_{name}', **options).read_bytes()
        (folder / name).write_bytes(content[:int(share * len(content))])
        return folder / name

    return make


def concealed(folder):
    """Packets in which a few bytes are others."""
    path = write(folder / 'x.mp4', frames=40)
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size)
                  for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for place, size in places[5::7]:
        data[place + size // 2] ^= 0xff
    path.write_bytes(data)
    return path


def paletted(folder):
    """Raw pictures whose palette comes with the first packet alone."""
    palette = np.random.default_rng(0).integers(0, 256, (256, 4), np.uint8)
    palette[:, 0] = 255
    with av.open(str(folder / 'pal8.avi'), 'w') as out:
        stream = out.add_stream('rawvideo', rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, 'pal8'
        for picture in pictures(20):
            frame = av.VideoFrame.from_ndarray(
                (np.ascontiguousarray(picture[..., 0]), palette), 'pal8')
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return folder / 'pal8.avi'


SOUGHT, GIVEN_UP, IN_ORDER, ANYHOW = range(4)
# A file, and how its frames are found
KINDS = {
    'mp4': (one('x.mp4'), SOUGHT),
    'mp4 with B-frames': (one('x.mp4', b_frames=3), SOUGHT),
    'open groups': (one('x.mp4', b_frames=3,
                        **{'x264-params': 'open-gop=1'}), SOUGHT),
    'fragmented mp4': (one('x.mp4', b_frames=2, movflags='frag_keyframe'),
                       SOUGHT),
    'shown two ticks late': (one('x.mp4', change=late(2)), SOUGHT),
    'frames that share a stamp': (one('x.mkv', rate=2000), IN_ORDER),
    'H.264 in AVI': (one('x.avi'), SOUGHT),
    'H.264 with B-frames in AVI': (one('x.avi', b_frames=2), IN_ORDER),
    'MPEG-4 in AVI': (one('x.avi', codec='mpeg4'), SOUGHT),
    'MPEG-4 with B-frames in AVI': (one('x.avi', codec='mpeg4', b_frames=2),
                                    IN_ORDER),
    'MPEG-4 in Matroska': (one('x.mkv', codec='mpeg4', b_frames=2), SOUGHT),
    'joined transport streams': (joined('x.ts', b_frames=2), IN_ORDER),
    'joined program streams': (joined('x.mpg', codec='mpeg2video'), IN_ORDER),
    'joined parts of other lengths': (
        joined('x.ts', frames=13, gop=5), IN_ORDER),
    'MPEG-2 in a program stream': (
        one('x.mpg', codec='mpeg2video', b_frames=2), IN_ORDER),
    'MPEG-2 in a transport stream': (
        one('x.ts', codec='mpeg2video', b_frames=2), SOUGHT),
    'H.264 in a program stream': (one('x.mpg', form='mpeg'), IN_ORDER),
    'interlaced transport stream': (
        one('x.mts', form='mpegts', b_frames=2,
            **{'x264-params': 'interlaced=1'}), IN_ORDER),
    'a bare stream': (one('x.h264', b_frames=2), IN_ORDER),
    'refreshed without key frames': (
        one('x.ts', **{'x264-params': 'intra-refresh=1'}), GIVEN_UP),
    'begun within a group': (begun_at(3), IN_ORDER),
    'begun at an open group': (
        begun_at(1, key=True, **{'x264-params': 'open-gop=1'}),
        IN_ORDER),
    'a cover before the video': (with_cover, SOUGHT),
    'pictures that are not shown': (hidden_vp8, SOUGHT),
    'damage that is concealed': (concealed, GIVEN_UP),
    'cut off': (cut('x.ts', 0.5, b_frames=2), ANYHOW),
    'cut off, with its index': (
        cut('x.mp4', 0.6, movflags='faststart'), ANYHOW),
    'cut off FLV': (cut('x.flv', 0.7), ANYHOW),
    'VP9': (one('x.webm', codec='libvpx-vp9'), SOUGHT),
    'HEVC': (one('x.mp4', codec='libx265', b_frames=2,
                 **{'x265-params': 'log-level=none:keyint=8'}), SOUGHT),
    'AV1': (one('x.mkv', codec='libsvtav1', **{'svtav1-params': 'keyint=8'}),
            SOUGHT),
    'Motion JPEG': (one('x.avi', codec='mjpeg', pixels='yuvj420p'), SOUGHT),
    'H.264, 4:4:4': (one('x.mp4', pixels='yuv444p'), SOUGHT),
    'a palette': (paletted, IN_ORDER),
    'Windows Media': (one('x.wmv', codec='wmv2'), IN_ORDER),
    'DivX 3': (one('x.avi', codec='msmpeg4'), IN_ORDER),
    'Flash': (one('x.flv', codec='flv'), IN_ORDER),
    'GIF': (one('x.gif', codec='gif', pixels='rgb8'), IN_ORDER),
    'screen recording': (one('x.avi', codec='zmbv', pixels='bgr0'), IN_ORDER),
    'QuickTime animation': (one('x.mov', codec='qtrle', pixels='rgb24'),
                            IN_ORDER),
}


def seen(frame):
    """What is in a frame, without what stands beside its lines."""
    planes, form = frame.planes, frame.format
    if len(planes) == 1 or form.name == 'pal8':
        sizes = [max(form.padded_bits_per_pixel // 8, 1), 4]
    else:
        # Chroma of half-planar formats has two samples in one place.
        sizes = [(component.bits + 7) // 8 for component in form.components]
        sizes = sizes[:1] + [
            size * (2 if len(planes) < len(sizes) else 1)
            for size in sizes[1:]]
    return b''.join(
        np.frombuffer(plane, np.uint8).reshape(
            plane.height, -1)[:, :plane.width * size].tobytes()
        for plane, size in zip(planes, sizes))


def decoded(path):
    """All frames of a file, as PyAV puts them out from its beginning."""
    frames = []
    with av.open(str(path), metadata_errors='replace') as container:
        stream = container.streams.best('video')
        # Several threads conceal damage in other ways.
        stream.thread_count = 1
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return frames
            with suppress(av.FFmpegError):
                frames += [seen(frame) for frame in packet.decode()]


def require_same_frames(path):
    """Every frame, in order, sampled, and one by one with jumps back."""
    expected = decoded(path)
    reader = VideoReader(str(path))
    assert len(reader) == len(expected) > 0
    assert [seen(f) for f in reader.frames(range(len(reader)))] == expected
    reader.close()
    rng = random.Random(0)
    wanted = [rng.randrange(len(expected)) for _ in range(12)]
    for indices in (sorted(set(wanted)), wanted, [wanted[-1]]):
        reader = VideoReader(str(path))
        found = [seen(frame) for frame in reader.frames(indices)]
        assert found == [expected[index] for index in indices]
        reader.close()
    return reader


@pytest.mark.parametrize('kind', KINDS)
def test_frame_n_is_the_nth_that_ffmpeg_puts_out(kind, tmp_path):
    make, how = KINDS[kind]
    path = make(tmp_path)
    reader = require_same_frames(path)
    if how != ANYHOW:
        assert reader.in_order == (how != SOUGHT)
        assert VideoReader(str(path)).in_order == (how == IN_ORDER)


@pytest.mark.skipif(not osp.isdir(FAULTS), reason='no such files here')
@pytest.mark.parametrize('name, frames', [
    ('concat.ts', 120), ('fast.mkv', 60), ('h264_bf.avi', 60),
    ('pal8.avi', 60), ('shift.mp4', 60)])
def test_files_that_were_read_wrongly_once(name, frames):
    reader = require_same_frames(osp.join(FAULTS, name))
    assert len(reader) == frames


def test_the_rate_is_told_by_the_stamps(tmp_path):
    for name, rate in (('x.mp4', 25), ('x.ts', Fraction(30000, 1001))):
        reader = VideoReader(str(write(tmp_path / name, rate=rate)))
        assert abs(reader.fps - rate) < 0.01
        reader.close()


def test_frames_that_refute_the_timetable_are_counted_anew(tmp_path):
    path = str(write(tmp_path / 'x.mp4'))
    expected = decoded(path)
    reader = VideoReader(path)
    reader.timetable.stamps[11] += 1
    found = [seen(frame) for frame in reader.frames([3, 9, 12, 30])]
    assert found == [expected[index] for index in (3, 9, 12, 30)]
    for place in (5, 40):
        reader = VideoReader(path)
        reader.timetable.stamps.insert(place, 512 * place - 1)
        with pytest.raises(MiscountedVideo, match='40 frames, not 41'):
            list(reader.frames([min(place + 5, 40)]))
    reader = VideoReader(path, in_order=True)
    assert len(reader) == 40 and reader.in_order
    assert [seen(f) for f in reader.frames([7, 2])] == [
        expected[7], expected[2]]


def test_a_frame_beside_a_key_frame_is_not_taken_for_it(tmp_path):
    """A timetable of a file whose frames are all shown two ticks later."""
    path = str(write(tmp_path / 'x.mp4'))
    expected = decoded(path)
    reader = VideoReader(path)
    table = reader.timetable
    reader.timetable = table._replace(
        stamps=[stamp - 1024 for stamp in table.stamps],
        seeks=[0 for _ in table.seeks])
    assert [seen(f) for f in reader.frames([18])] == [expected[18]]


def test_a_cover_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / 'x.mp4'), 'w') as out:
        cover = out.add_stream('png', rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, 'rgb24'
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(
            np.zeros((32, 32, 3), np.uint8), 'rgb24')
        out.mux(cover.encode(frame))
        out.mux(cover.encode())
    with pytest.raises(UnreadableVideo, match='no video stream'):
        VideoReader(str(tmp_path / 'x.mp4'))


def test_a_sample_of_a_miscounted_video_is_drawn_again(tmp_path, monkeypatch):
    """Its draws are those of a video whose frames were counted at once."""
    folder = tmp_path / 'videos'
    folder.mkdir()
    write(folder / 'x.mp4')
    pipeline = [
        dict(type='OpenVideo'),
        dict(type='SpeedPairedSampleFrames', clip_len=8),
        dict(type='DecodePlanes'), dict(type='SampleCrops', scale=(8, 8)),
        dict(type='PackClips')
    ]
    dataset = VideoFolder(str(folder), pipeline=pipeline)
    counted = VideoReader.__init__
    monkeypatch.setattr(
        VideoReader, '__init__', lambda self, path, limit, in_order:
        counted(self, path, limit, True))
    expected = [dataset.prepare_data(0)['inputs'] for _ in range(2)]

    def miscounted(self, path, limit, in_order):
        counted(self, path, limit, in_order)
        if not in_order:
            stamps = self.timetable.stamps
            stamps += range(stamps[-1] + 1, stamps[-1] + 400)

    monkeypatch.setattr(VideoReader, '__init__', miscounted)
    assert torch.equal(dataset.prepare_data(0)['inputs'], expected[0])
    assert not dataset.skipped.any()


def test_slow_files_are_named_once(tmp_path, capsys):
    for name in 'abc':
        write(tmp_path / f'{name}.avi', b_frames=2)
    pipeline = [dict(type='OpenVideo'),
                dict(type='SampleFrames', clip_len=4, num_clips=1),
                dict(type='DecodeFrames'),
                dict(type='FormatShape', input_format='NCTHW'),
                dict(type='PackActionInputs', meta_keys=('filename', ))]
    dataset = VideoFolder(str(tmp_path), pipeline=pipeline)
    MMLogger.get_instance('slow files', log_level='WARNING')
    for index in range(3):
        dataset.prepare_data(index)
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count('transcode.py') == 1
