"""Files and names that mean harm, or are broken in odd ways."""
import os
import resource
import shutil
import socket
import struct
import time

import av
import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger

from ascnet_mm import InputError
from ascnet_mm.datasets import OpenVideo, VideoFolder
from ascnet_mm.datasets.skipped_list import SkippedList
from ascnet_mm.datasets.video import UnreadableVideo, VideoReader, within
from ascnet_mm.datasets.video import timetable as timetable_module
from ascnet_mm.preparation.opening import find_unreadable
from ascnet_mm.text import printable

from ..helpers.processes import run_code, start_script
from .test_decode import drawing, write_video
from .video.test_reader import render, told

NAMES = [
    '[red]x[bold].mp4', '%s%n%d.mp4', '{0}{split}.mp4', '$(touch y).mp4',
    '`touch y`.mp4', '<script>alert(1).mp4', 'a\nb\tc\r.mp4',
    '\x1b[31mx.mp4', '-rf.mp4', os.fsdecode(b'\xff\xfe.mp4'), 'ü 漢.mp4',
    "'\";&|.mp4", '~.mp4', 'back\\nslash.mp4', 'file:x.mp4', 'concat:x.mp4'
]
PIPELINE = [
    dict(type='OpenVideo'),
    dict(type='SpeedPairedSampleFrames', clip_len=2),
    dict(type='DecodePlanes'),
    dict(type='SampleCrops', scale=(8, 8)),
    dict(type='PackClips')
]


def gif(width, height):
    """A picture whose header promises this size."""
    return (b'GIF89a' + struct.pack('<HH', width, height) + b'\x80\0\0'
            + bytes(6) + b',' + bytes(4) + struct.pack('<HH', width, height)
            + b'\0\x02\x02\x4c\x01\0;')


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / 'pipe.mp4')
    (tmp_path / 'folder.mp4').mkdir()
    os.symlink('/dev/zero', tmp_path / 'zero.mp4')
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / 's.mp4'))
    for name in ('pipe', 'folder', 'zero', 's'):
        with pytest.raises(UnreadableVideo, match='no regular file'):
            VideoReader(str(tmp_path / f'{name}.mp4'))
    os.symlink(tmp_path / 'loop.mp4', tmp_path / 'loop.mp4')
    for name in ('loop.mp4', 'x' * 300, 'a\0b.mp4'):
        with pytest.raises(UnreadableVideo):
            VideoReader(str(tmp_path / name))


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path):
    (tmp_path / 'bomb.gif').write_bytes(gif(16000, 16000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableVideo, match='16000 x 16000'):
        VideoReader(str(tmp_path / 'bomb.gif'))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000  # kB; one such picture takes 256 MB
    path = render(tmp_path / 'x.mp4', frames=3)
    assert OpenVideo(max_pixels=64 * 48).transform(
        dict(filename=path))['total_frames'] == 3
    with pytest.raises(UnreadableVideo, match='64 x 48'):
        OpenVideo(max_pixels=64 * 48 - 1).transform(dict(filename=path))


def test_a_picture_larger_than_the_file_says_is_refused(tmp_path):
    """A stream that begins small and goes on large, as VP8 may."""
    small, large = (write_video(tmp_path / f'{w}.ivf', drawing(w, w), 4,
                                codec='libvpx') for w in (32, 256))
    with open(small, 'rb') as one, open(large, 'rb') as two:
        data, later = bytearray(one.read()), bytearray(two.read()[32:])
    start, pts = 0, 4
    while start < len(later):  # size, time stamp, picture
        later[start + 4:start + 12] = struct.pack('<Q', pts)
        start += 12 + struct.unpack_from('<I', later, start)[0]
        pts += 1
    path = str(tmp_path / 'x.ivf')
    (tmp_path / 'x.ivf').write_bytes(data + later)
    assert [f.width for f in VideoReader(path).frames([0, 7])] == [32, 256]
    reader = VideoReader(path, max_pixels=100 * 100)
    assert [f.width for f in reader.frames([0])] == [32]
    with pytest.raises(UnreadableVideo):
        list(reader.frames([7]))


def test_absurdly_many_frames_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(timetable_module, 'MAX_FRAMES', 20)
    for name in ('index.mp4', 'packets.ts'):
        with pytest.raises(UnreadableVideo, match='more than 20 frames'):
            VideoReader(render(tmp_path / name, frames=21))
        assert len(VideoReader(render(tmp_path / name, frames=20))) == 20


def test_a_codec_that_ffmpeg_does_not_know_is_named(tmp_path):
    path = tmp_path / 'x.mp4'
    write_video(path, drawing())
    content = path.read_bytes()
    assert b'avc1' in content
    path.write_bytes(content.replace(b'avc1', b'zzzz'))
    with pytest.raises(UnreadableVideo, match='no decoder for its codec'):
        VideoReader(str(path))
    assert find_unreadable(str(tmp_path), ['x.mp4'], 1) == {
        'x.mp4': 'FFmpeg has no decoder for its codec'}


@pytest.mark.parametrize('content', [
    '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n',
    'ffconcat version 1.0\nfile {name}\n',
    'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n'
    'm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n'])
def test_a_playlist_reaches_nothing(content, tmp_path):
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen()
        server.settimeout(0.2)
        port = server.getsockname()[1]
        render(tmp_path / 'other.ts', frames=5)
        (tmp_path / 'x.mp4').write_text(content.format(
            url=f'http://127.0.0.1:{port}/a.ts', name='other.ts', port=port))
        with pytest.raises(UnreadableVideo):
            VideoReader(str(tmp_path / 'x.mp4'))
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize('name', NAMES)
def test_names_are_but_names(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(render(tmp_path / 'good.mp4', frames=5), name)
    reader = VideoReader(name)
    assert [told(frame) for frame in reader.frames([0, 3])] == [0, 3]
    assert not os.path.exists('y')


def test_lost_frames_are_replaced_but_not_too_many(tmp_path):
    """Zeroes in packets: at the end, and in the middle."""
    path = render(tmp_path / 'x.mp4', frames=40, gop=1)
    with av.open(path) as container:
        places = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    whole = bytearray((tmp_path / 'x.mp4').read_bytes())

    def damaged(numbers):
        data = bytearray(whole)
        for number in numbers:
            start, size = places[number]
            data[start:start + size] = b'\xff' * size
        (tmp_path / 'y.mp4').write_bytes(data)
        return VideoReader(str(tmp_path / 'y.mp4'))

    frames = damaged([10, 11, 39]).frames([9, 10, 12, 39])
    assert [told(frame) for frame in frames] == [9, 12, 12, 38]
    frames = damaged(range(36, 40)).frames([38, 39])
    assert [told(frame) for frame in frames] == [35, 35]
    reader = damaged(range(35, 40))
    assert [told(frame) for frame in reader.frames([38])] == [34]
    with pytest.raises(UnreadableVideo, match='frame 39 of 40'):
        list(reader.frames([39]))


# ------------------------------------------------------------ time limit


@pytest.mark.filterwarnings(
    'ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_call_is_given_up_and_the_next_is_served():
    assert within(5, lambda a, b: a + b, 1, 2) == 3
    with pytest.raises(KeyError, match='x'):
        within(5, dict().__getitem__, 'x')
    ended = []

    def hang():
        try:
            while True:
                time.sleep(0.01)
        finally:
            ended.append(True)

    with pytest.raises(TimeoutError, match='longer than 0.2 s'):
        within(0.2, hang)
    assert within(5, int, '3') == 3
    deadline = time.monotonic() + 5
    while not ended and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ended  # it is ended once it is in Python's code


def test_a_call_that_never_comes_back_does_not_keep_the_process():
    """sleep of the C library, which no exception in Python reaches."""
    script = ('import ctypes, os\n'
              'from ascnet_mm.datasets.video import within\n'
              'libc = ctypes.CDLL(None)\n'
              'try:\n    within(0.2, libc.sleep, 600)\n'
              'except TimeoutError as error:\n    print(error)\n'
              'within(5, int, "7")\n'
              'child = os.fork()\n'
              'if not child:\n    os._exit(within(5, int, "7"))\n'
              'print(os.waitpid(child, 0)[1] >> 8)\n')
    done = run_code(script, timeout=60, finalize=True)
    assert done.stdout.split('\n')[:2] == ['it took longer than 0.2 s', '7']
    assert done.returncode == 0


@TRANSFORMS.register_module()
class HangOnce(BaseTransform):
    """Hangs for the videos whose name says so, and counts its calls."""

    calls = torch.zeros(1, dtype=torch.int64).share_memory_()

    def transform(self, results):
        if results['filename'].endswith('_hang.mp4'):
            self.calls += 1
            time.sleep(600)
        return results


def fetch(dataset, workers, epochs=1):
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=1, num_workers=workers,
        collate_fn=pseudo_collate)
    return [b['data_samples'][0] for _ in range(epochs) for b in loader]


@pytest.mark.parametrize('workers', [0, 2])
def test_a_video_that_hangs_is_given_up_once(workers, tmp_path):
    HangOnce.calls.zero_()
    for name in ('a', 'b', 'c_hang', 'd', 'e'):
        render(tmp_path / f'{name}.mp4', frames=6)
    dataset = VideoFolder(str(tmp_path), [dict(type='HangOnce'), *PIPELINE],
                          time_limit=1)
    dataset.share_skipped(str(tmp_path / 'list.txt'))
    samples = fetch(dataset, workers, epochs=3)
    assert len(samples) == 15
    assert dataset.skipped.tolist() == [False, False, True, False, False]
    assert (tmp_path / 'list.txt').read_text().endswith(
        'c_hang.mp4\tit took longer than 1 s\n')
    # another worker may draw it as a replacement while it hangs
    assert 1 <= int(HangOnce.calls) <= max(1, workers)
    for limit in (0, -1, float('nan'), float('inf')):
        with pytest.raises(InputError, match='time_limit'):
            VideoFolder(str(tmp_path), PIPELINE, time_limit=limit)


def test_draws_are_the_same_after_a_video_that_hung(tmp_path):
    for name in ('a', 'b_hang', 'c'):
        render(tmp_path / f'{name}.mp4', frames=30)
    dataset = VideoFolder(str(tmp_path), [dict(type='HangOnce'), *PIPELINE],
                          time_limit=0.5)
    state = np.random.get_state()[1].tolist()
    first = [dataset[i]['inputs'] for i in range(3)]
    assert np.random.get_state()[1].tolist() == state
    assert all(torch.equal(dataset[i]['inputs'], x)
               for i, x in enumerate(first))


# ------------------------------------------------------------- the list


def test_a_list_names_each_video_once_and_escaped(tmp_path):
    path = str(tmp_path / 'list.txt')
    assert SkippedList(path).names() == set()
    for name in NAMES * 2:
        SkippedList(path).add(name, 'why\nnot')
    with open(path, 'rb') as file:
        lines = file.read().decode('ascii', 'replace').splitlines()
    assert len(lines) == len(NAMES)
    assert all(line.count('\t') == 1 and line.endswith('\twhy\\nnot')
               and '\x1b' not in line for line in lines)
    assert SkippedList(path).names() == set(map(printable, NAMES))


def test_processes_write_whole_lines_once(tmp_path):
    script = ('import sys\n'
              'from ascnet_mm.datasets.skipped_list import SkippedList\n'
              'for n in range(200):\n'
              '    SkippedList(sys.argv[1]).add(f"{n}.mp4", "x" * 50)\n')
    (tmp_path / 'add.py').write_text(script)
    path = str(tmp_path / 'list.txt')
    for process in [start_script([tmp_path / 'add.py', path])
                    for _ in range(3)]:
        process.join(120)
        assert process.exitcode == 0
    with open(path) as file:
        assert sorted(file) == sorted(
            f'{n}.mp4\t{"x" * 50}\n' for n in range(200))


def test_what_a_list_names_is_not_tried_again(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes(b'')
    render(tmp_path / 'good.mp4', frames=9)
    log_file = tmp_path / 'x.log'
    MMLogger.get_instance('resumed', log_file=str(log_file))
    first = VideoFolder(str(tmp_path), PIPELINE)
    first.share_skipped(str(tmp_path / 'list.txt'))
    assert {s.filename for s in fetch(first, 2)} == {
        str(tmp_path / 'good.mp4')}
    assert first.skipped.sum() == len(NAMES)
    assert len((tmp_path / 'list.txt').read_text().splitlines()) == len(NAMES)
    printed = log_file.read_bytes()
    assert printed.count(b'skipped, cannot be read') == len(NAMES)
    assert b'\x1b' not in printed
    # later, or in another rank: the files are whole now
    for name in NAMES:
        shutil.copy(tmp_path / 'good.mp4', tmp_path / name)
    other = VideoFolder(str(tmp_path), PIPELINE)
    other.share_skipped(str(tmp_path / 'list.txt'))
    assert other.skipped.sum() == len(NAMES)
    assert VideoFolder(str(tmp_path), PIPELINE).skipped.sum() == 0


def test_a_list_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / 'bad.mp4').write_bytes(b'')
    render(tmp_path / 'good.mp4', frames=9)
    dataset = VideoFolder(str(tmp_path), PIPELINE)
    dataset.share_skipped(str(tmp_path / 'none' / 'list.txt'))
    assert len(fetch(dataset, 0)) == 2


# --------------------------------------------------- MMAction2's decoders


@pytest.mark.parametrize('opened, decoded', [
    ('DecordInit', 'DecordDecode'), ('OpenCVInit', 'OpenCVDecode'),
    ('PyAVInit', 'PyAVDecode')])
def test_mmaction2s_decoders_skip_what_they_cannot_read(
        opened, decoded, tmp_path):
    whole = render(tmp_path / 'good.mp4', frames=9)
    (tmp_path / 'empty.mp4').write_bytes(b'')
    (tmp_path / 'text.mp4').write_text('no video')
    with open(whole, 'rb') as file:
        (tmp_path / 'torn.mp4').write_bytes(file.read()[:500])
    pipeline = [
        dict(type=opened),
        dict(type='SampleFrames', clip_len=2, num_clips=1),
        dict(type=decoded),
        dict(type='Resize', scale=(8, 8), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs', meta_keys=('filename', ))
    ]
    dataset = VideoFolder(str(tmp_path), pipeline)
    samples = [dataset[i] for i in range(4)]
    assert all(s['data_samples'].filename == whole for s in samples)
    assert dataset.skipped.sum() == 3


def test_a_mistake_in_the_config_is_no_unreadable_video(tmp_path):
    render(tmp_path / 'good.mp4', frames=9)
    pipeline = [dict(type='OpenVideo'), dict(type='Resize', scale=(8, 8))]
    with pytest.raises(KeyError):
        VideoFolder(str(tmp_path), pipeline)[0]
