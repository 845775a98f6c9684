"""Copies of generated videos: what they show, and when they are made."""
import errno
import json
import multiprocessing
import os
import os.path as osp
import shutil
import signal
import time
from fractions import Fraction
from types import SimpleNamespace

import av
import decord
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from ascnet_mm import InputError
from ascnet_mm.datasets import DecodeFrames, OpenVideo, VideoList
from ascnet_mm.datasets.video import decode_in_order
from ascnet_mm.preparation import Outcome, transcode
from ascnet_mm.preparation.transcoding import copying
from ascnet_mm.preparation.transcoding.jobs import find_jobs
from ascnet_mm.preparation.transcoding.pictures import fit
from ascnet_mm_cli import commands_parser

from ..conftest import ROOT, run_tool
from ..datasets.test_decode import save_gray_ramp
from ..helpers.processes import start_script


def gray(count, height=64, width=96):
    """Frames that tell their number: the level is ``20 + 5 * index``."""
    levels = 20 + 5 * np.arange(count, dtype=np.uint8)
    return np.broadcast_to(levels[:, None, None, None],
                           (count, height, width, 3)).copy()


def noise(count, height=64, width=96):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, height, width, 3), np.uint8)


def save(path, frames, codec='libx264', pix_fmt='yuv420p', rate=24,
         stamps=None, matrix=6, full=False, tagged=True, turn=None,
         **options):
    """Encode RGB frames; stamps are in milliseconds."""
    os.makedirs(osp.dirname(path) or '.', exist_ok=True)
    # The tables in front, so that a file can be cut off.
    movflags = {'movflags': 'faststart'} if path.endswith('mp4') else {}
    with av.open(path, 'w', options=movflags) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pix_fmt
        if turn:
            stream.set_display_rotation(*turn)
        if stamps:
            stream.time_base = Fraction(1, 1000)
            stream.codec_context.time_base = Fraction(1, 1000)
        if tagged:
            stream.codec_context.colorspace = matrix
            stream.codec_context.color_range = 2 if full else 1
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            if not pix_fmt.startswith(('bgr', 'gbr', 'rgb')):
                picture = picture.reformat(
                    format=pix_fmt,
                    dst_colorspace={6: 5}.get(matrix, matrix),
                    dst_color_range=2 if full else 1)
            if stamps:
                picture.pts = stamps[index]
                picture.time_base = Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


class Copy:
    """What is in a file: packets, frames (Y, U, V) and the stream's rate."""

    def __init__(self, path):
        with av.open(path) as container:
            assert [s.type for s in container.streams] == ['video']
            self.packets = [p for p in container.demux() if p.size]
        with av.open(path) as container:
            stream = container.streams.video[0]
            self.codec, self.rate = stream.codec.name, stream.average_rate
            frames = list(container.decode(stream))
        self.size = frames[0].width, frames[0].height
        self.formats = {frame.format.name for frame in frames}
        self.tags = {(f.colorspace, f.color_range) for f in frames}
        self.planes = [
            frame.reformat(format='yuv444p').to_ndarray() for frame in frames
        ]

    @property
    def numbers(self):
        """What frames of ``gray`` these are."""
        levels = [
            (planes[0].mean() - 16) * 255 / 219 for planes in self.planes
        ]
        return [round((level - 20) / 5) for level in levels]


def lines(path):
    with open(path) as file:
        return file.read().splitlines()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command on ``source`` and ``target`` in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)

    def call(*options, source='source', target='target'):
        args = commands_parser().parse_args(
            ['transcode', source, target, '--workers', '2', *options])
        args.run(args)

    return call


# ------------------------------------------------------------- the copies


@pytest.mark.parametrize('levels', [ColorRange.MPEG, ColorRange.JPEG])
def test_gray_copies_have_the_range_that_the_file_says(levels, run):
    os.mkdir('source')
    ramp = save_gray_ramp('source/x.mkv', levels)
    run()
    copy = Copy('target/x.mp4')
    assert {levels for _, levels in copy.tags} == {ColorRange.MPEG}
    for planes in copy.planes:
        found = (planes[0].mean(axis=0) - 16) * 255 / 219
        assert np.abs(found - ramp).max() < 6


def test_what_a_copy_is(run):
    save('source/x.avi', noise(40, 144, 260), 'mpeg4')
    run()
    copy = Copy('target/x.mp4')
    assert copy.codec == 'h264' and copy.formats == {'yuv420p'}
    assert copy.size == (230, 128) and copy.rate == 24
    keys = [i for i, p in enumerate(copy.packets) if p.is_keyframe]
    assert keys == [0, 16, 32]
    assert len(copy.packets) == len(copy.planes) == 40
    assert all(packet.pts == packet.dts for packet in copy.packets)
    with open('target/x.mp4', 'rb') as file:
        data = file.read()
    assert data.index(b'moov') < data.index(b'mdat')


def test_the_source_decides_on_no_key_frame(run):
    cut = np.concatenate([gray(20), 255 - gray(20)])
    save('source/x.mp4', cut, g='5', bf='2')
    run()
    copy = Copy('target/x.mp4')
    assert [i for i, p in enumerate(copy.packets) if p.is_keyframe] == [
        0, 16, 32]


def test_copies_of_parts_and_of_the_whole_lie_in_one_folder(run, capsys):
    save('source/a/x.mp4', gray(4))
    save('source/b/y.mp4', gray(4))
    run(source='source/a', target='parts/a')
    run(source='source/b', target='parts/b')
    run(target='parts')
    assert '0 videos copied, 2 were there' in capsys.readouterr().out
    # Above DST may be anything, originals too.
    run(target='whole')
    with pytest.raises(InputError, match='such as x.mp4'):
        run(source='source/a', target='whole/a')
    save('parts/own.mp4', gray(4))
    os.remove('parts/transcode.json')
    with pytest.raises(InputError, match='such as own.mp4'):
        run(target='parts')


def test_copies_of_a_part_were_made_alike(run):
    save('source/a/x.mp4', gray(4))
    save('source/b/y.mp4', gray(4))
    run('--short-edge', '64', source='source/a', target='parts/a')
    for target in ('parts', 'parts/a'):
        with pytest.raises(InputError, match='parts/a were .*64.*not.*128'):
            run(source='source' if target == 'parts' else 'source/a',
                target=target)
    run('--short-edge', '64', target='parts')


def test_originals_below_a_folder_of_copies_are_not_replaced(run):
    save('all/original/x.mp4', gray(4, 144, 260))
    run(source='all/original', target='all/small')
    save('source/y.mp4', gray(4))
    shutil.copytree('all/small', 'source/small')
    run(target='all/more')
    shutil.copy('all/more/transcode.json', 'all')
    with pytest.raises(InputError, match='may be originals'):
        run(source='all/small', target='all/original')
    assert Copy('all/original/x.mp4').size == (260, 144)


def test_a_copy_is_of_the_video_that_is_there_now(run):
    save('source/x.mp4', gray(4))
    save('other/x.mp4', gray(7))
    for source, age, count in (('source', 0, 4), ('other', -9000, 7)):
        date = os.stat('source/x.mp4').st_mtime + age
        os.utime(f'{source}/x.mp4', (date, date))
        run(source=source)
        assert len(Copy('target/x.mp4').planes) == count
        assert os.stat('target/x.mp4').st_mtime == pytest.approx(date)


@pytest.mark.parametrize('unit, done', [
    (1000, True), (10**9, True), (7, False)])
def test_dates_that_the_file_system_of_the_copies_cuts(unit, done, run):
    save('source/x.mp4', gray(4))
    run()
    date = 1_700_000_000_123_456_789
    os.utime('source/x.mp4', ns=(date, date))
    os.utime('target/x.mp4', ns=(date - date % unit, date - date % unit))
    [job] = find_jobs('source', 'target')
    assert job.done is done


def test_links_into_the_copies_are_refused(run):
    save('outside/x.mp4', gray(4))
    os.makedirs('source')
    os.symlink(osp.abspath('outside'), 'source/link')
    with pytest.raises(InputError, match='source/link in SRC leads to'):
        run(target='outside')
    with pytest.raises(InputError, match='source/link/small in SRC leads to'):
        save('outside/small/y.mp4', gray(4))
        run(target='outside/small')


def test_damage_is_known_when_other_videos_have_been_copied(run):
    save('source/whole.mp4', noise(60))
    with open('source/whole.mp4', 'rb') as file:
        data = file.read()
    for name in ('x.mp4', ' y.mp4'):
        with open(f'source/{name}', 'wb') as file:
            file.write(data[:len(data) * 2 // 3])
    run()
    damage = reported()
    assert sorted(damage) == [' y.mp4', 'x.mp4']
    save('other/z.mp4', gray(4))
    run(source='other/z.mp4')
    assert reported() == damage
    outcomes = transcode('source', 'target')
    assert outcomes['x.mp4'].problem == damage['x.mp4']
    assert outcomes[' y.mp4'].problem == damage[' y.mp4']
    assert not outcomes['whole.mp4'].problem


def test_long_names(run):
    name = 'n' * 251
    save('source/x.mp4', gray(4))
    shutil.copy('source/x.mp4', f'source/{name}.mp4')
    run()
    assert len(state()) == 2 and not unfinished()
    shutil.copy('source/x.mp4', f'source/{name}m.ts')
    with pytest.raises(InputError, match='nm.ts .* more than 255 bytes'):
        run()


def test_what_cannot_be_read_of_how_copies_were_made_is_refused(run):
    save('source/x.mp4', gray(4))
    os.makedirs('target')
    open('target/transcode.json', 'w').close()
    with pytest.raises(InputError, match='target/transcode.json.*another DST'):
        run()


def test_lists_that_cannot_be_used_in_part_or_at_all(run, capsys):
    save('source/x.avi', gray(4), 'mpeg4')
    os.symlink('gone.txt', 'source/a.txt')
    with open('source/b.txt', 'w') as file:
        file.write('x.avi 1\ny.avi 1 2\n')
    run()
    shown = capsys.readouterr().out
    assert 'source/a.txt: it is not copied' in shown
    assert "source/b.txt: 1 of 2 lines name no video of SRC, such as " in shown
    assert "'y.avi 1 2'" in shown
    with open('target/b.txt') as file:
        assert file.read().splitlines()[0] == 'x.mp4 1'


def test_options(run):
    save('source/x.mp4', noise(24, 144, 260))
    run('--short-edge', '72', '--key-frames', '10', '--quality', '40',
        '--fps', '12')
    copy = Copy('target/x.mp4')
    assert copy.size == (130, 72) and copy.rate == 12
    assert [i for i, p in enumerate(copy.packets) if p.is_keyframe] == [0, 10]
    run('--short-edge', '72', '--key-frames', '10', '--fps', '12',
        target='better')
    assert osp.getsize('better/x.mp4') > 2 * osp.getsize('target/x.mp4')


@pytest.mark.parametrize('size, copied', [
    ((8, 8), (32, 32)),
    ((8, 66), (32, 264)),
    ((66, 16), (132, 32)),
    ((121, 81), (120, 80)),
    ((128, 200), (128, 200)),
    ((1920, 1080), (226, 128)),
    ((1080, 1920), (128, 226)),
])
def test_sizes(size, copied):
    assert fit(*size, 128) == copied


@pytest.mark.parametrize('codec, name, size, pix_fmt', [
    ('mpeg4', 'x.avi', (8, 10), 'yuv420p'),
    ('libsvtav1', 'x.webm', (66, 64), 'yuv420p10le'),
    ('ffv1', 'x.mkv', (33, 35), 'yuv444p'),
    ('libx264', 'x.mp4', (66, 34), 'yuv420p10le'),
    ('gif', 'x.gif', (65, 49), 'rgb8'),
    ('mpeg2video', 'x.mpg', (64, 48), 'yuv420p'),
    ('ffv1', 'x.avi', (64, 48), 'gray'),
])
def test_all_kinds_open_in_training(codec, name, size, pix_fmt, run):
    rate = 25 if codec == 'mpeg2video' else 10
    save(f'source/{name}', gray(7, size[1], size[0]), codec, pix_fmt, rate,
         tagged=pix_fmt not in ('rgb8', 'gray'))
    run()
    reader = decord.VideoReader('target/x.mp4')  # the pickiest
    assert len(reader) == 7 and reader.get_avg_fps() == rate
    copy = Copy('target/x.mp4')
    assert copy.size == fit(*size, 128)
    if codec != 'gif':  # of few colors
        assert copy.numbers == list(range(7))


def test_one_frame(run):
    save('source/x.mp4', gray(1))
    run()
    assert len(decord.VideoReader('target/x.mp4')) == 1
    run('--fps', '1', target='slow')
    assert len(Copy('slow/x.mp4').planes) == 1


# ------------------------------------------------------------------ time


def test_irregular_frames_come_at_a_constant_rate(run):
    steps = [40] * 10 + [80] * 9
    stamps = [sum(steps[:i]) for i in range(20)]
    save('source/x.mkv', gray(20), rate=25, stamps=stamps)
    run()
    copy = Copy('target/x.mp4')
    gaps = np.diff([packet.pts for packet in copy.packets])
    assert (gaps == gaps[0]).all()
    places = [np.floor(s * copy.rate / 1000 + Fraction(1, 2)) for s in stamps]
    shown = copy.numbers
    assert abs(len(shown) / copy.rate - Fraction(sum(steps) + 60, 1000)
               ) < 1 / copy.rate
    assert shown == [
        max(i for i, place in enumerate(places) if place <= k)
        for k in range(len(shown))
    ]


@pytest.mark.parametrize('fps, shown', [
    ('24', [0, 1, 2, 3, 4, 5]),
    ('12', [0, 2, 4]),
    ('48', [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
])
def test_a_given_rate(fps, shown, run):
    save('source/x.mp4', gray(6))
    run('--fps', fps)
    copy = Copy('target/x.mp4')
    assert copy.rate == int(fps)
    assert sorted(copy.numbers) == copy.numbers
    assert len(copy.numbers) == len(shown)
    assert np.abs(np.subtract(copy.numbers, shown)).max() <= 1


def test_rounded_stamps_are_regular(run):
    """Matroska counts milliseconds: 33, 67, 100, ..."""
    rate = Fraction(30000, 1001)
    save('source/x.mkv', gray(40), rate=rate)
    run()
    copy = Copy('target/x.mp4')
    assert copy.numbers == list(range(40))
    assert abs(copy.rate - rate) < 0.1


def test_a_clock_that_jumps_stands_for_one_frame(run):
    stamps = [40 * i + 3_600_000 * (i > 9) for i in range(20)]
    save('source/x.mkv', gray(20), rate=25, stamps=stamps)
    run()
    copy = Copy('target/x.mp4')
    assert copy.numbers == list(range(20))
    assert abs(copy.rate - 25) < 0.1


# ---------------------------------------------------------------- colors


def smooth(height=128, width=160):
    """A frame that goes through many colors slowly."""
    y, x = np.mgrid[:height, :width] / [[[height]], [[width]]]
    frame = np.stack([40 + 170 * x, 50 + 150 * y, 220 - 160 * x * y], -1)
    return frame.round().astype(np.uint8)[None]


def to_rgb(planes, matrix):
    """What a decoder makes of limited Y, U, V by the tagged matrix."""
    red, blue = {1: (0.2126, 0.0722)}.get(matrix, (0.299, 0.114))
    y, u, v = (planes.astype(float) - [[[16]], [[128]], [[128]]]) / [
        [[219]], [[224]], [[224]]]
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    g = (y - red * r - blue * b) / (1 - red - blue)
    return 255 * np.stack([r, g, b], -1)


@pytest.mark.parametrize('pix_fmt, matrix, full, tagged, copied', [
    ('yuv420p', 1, False, True, 1),
    ('yuv420p', 6, False, True, 6),
    ('yuv420p', 6, False, False, 6),
    ('yuv444p', 5, False, True, 6),
    ('yuv420p', 1, True, True, 1),
    ('yuv420p10le', 9, False, True, 1),
    ('bgr0', 0, True, False, 6),
])
def test_colors(pix_fmt, matrix, full, tagged, copied, run):
    frames = smooth().repeat(3, 0)
    save('source/x.mkv', frames, 'ffv1', pix_fmt, matrix=matrix, full=full,
         tagged=tagged)
    run('--quality', '4')
    copy = Copy('target/x.mp4')
    assert copy.tags == {(copied, 1)}
    difference = to_rgb(copy.planes[1], copied) - frames[1]
    # Of single pixels the source's own colors are rounded.
    blocks = difference.reshape(32, 4, 40, 4, 3).mean((1, 3))
    assert np.abs(blocks).max() < 2.5


@pytest.mark.parametrize('degrees', [0, 90, 180, 270])
@pytest.mark.parametrize('flips', [(False, False), (True, False),
                                   (False, True)])
def test_copies_are_upright(degrees, flips, run):
    frame = np.zeros((96, 128, 3), np.uint8)
    frame[:48, :64], frame[:48, 64:], frame[48:, :64] = 60, 120, 240
    save('source/x.mp4', frame[None].repeat(2, 0), turn=(degrees, *flips))
    run()
    shown = np.rot90(frame, degrees // 90)
    shown = shown[:, ::-1] if flips[0] else shown
    shown = shown[::-1] if flips[1] else shown
    copy = Copy('target/x.mp4')
    assert copy.size == shown.shape[1::-1]
    rgb = to_rgb(copy.planes[0], 6)
    assert np.abs(rgb[16::32, 16::32] - shown[16::32, 16::32]).max() < 4
    with av.open('target/x.mp4') as container:
        assert next(container.decode(video=0)).rotation == 0


# ------------------------------------------------------ folders and lists


def test_a_data_set(run, tmp_path):
    """Folders, a link, blanks, CRLF and a video that is not there."""
    save('elsewhere/a b/x y.avi', gray(4), 'mpeg4')
    save('elsewhere/c/deep/Z.MKV', gray(4))
    os.makedirs('source')
    os.symlink(tmp_path / 'elsewhere', 'source/videos')
    with open('source/videos/c/bad.avi', 'w') as file:
        file.write('no video')
    written = ['a b/x y.avi 0', '', 'c/deep/Z.MKV  1', 'c/bad.avi 2',
               'c/gone.webm -1', 'a b/x y.avi']
    with open('source/train.txt', 'w', newline='') as file:
        file.write('\r\n'.join(written))
    os.makedirs('source/lists')
    with open('source/lists/all.txt', 'w') as file:
        file.write('videos/c/deep/Z.MKV\n')
    with open('source/notes.txt', 'w') as file:
        file.write('made by gone.avi\n')
    run()
    assert sorted(os.listdir('target')) == [
        '.lock', 'lists', 'train.txt', 'transcode.json',
        'unreadable_videos.txt', 'videos']
    assert lines('target/train.txt') == [
        'a b/x y.mp4 0', 'c/deep/Z.mp4 1', 'c/bad.mp4 2', 'c/gone.mp4 -1',
        'a b/x y.mp4']
    assert lines('target/lists/all.txt') == ['videos/c/deep/Z.mp4']
    dataset = VideoList(
        ann_file='train.txt', data_root='target',
        data_prefix=dict(video='videos'), pipeline=[], test_mode=True)
    there = [
        osp.isfile(dataset.get_data_info(i)['filename']) for i in range(5)
    ]
    assert there == [True, True, False, False, True]


def files():
    """All files of the folder, with their sizes."""
    return {
        osp.join(folder, name): osp.getsize(osp.join(folder, name))
        for folder, _, names in os.walk('.')
        for name in names if name != '.lock'
    }


def test_one_video(run):
    save('x.avi', gray(4), 'mpeg4')
    run(source='x.avi')
    assert Copy('target/x.mp4').numbers == [0, 1, 2, 3]


@pytest.mark.parametrize('source, target, parts', [
    ('gone', 'target', 'SRC: there is no folder or file gone'),
    ('empty', 'target', 'SRC: the folder empty holds no video'),
    ('twice', 'target', 'x.avi and x.mov in twice .* x.mp4: rename'),
    ('source', 'source', 'DST: source and SRC, source, lie in one'),
    ('source', 'source/small', 'DST: source/small and SRC, source'),
    ('source', '.', 'DST: . and SRC, source, lie'),
    ('source', 'source/x.mp4/y', 'DST: '),
    ('source', 'file', 'the folder file cannot be made'),
    ('source/x.mp4', 'source', 'DST: source is the folder of source/x.mp4'),
    ('source/x.mp4', 'elsewhere/../source', 'is the folder of source/x.mp4'),
    ('link.avi', '.', 'DST: . is the folder of link.avi'),
    ('link.avi', 'source', 'DST: source is the folder of link.avi'),
    ('source', 'twice', 'DST: twice holds videos, such as x.avi, and no'),
    ('source/x.mp4', 'twice', 'DST: twice holds videos, such as x.avi'),
])
def test_what_is_refused(source, target, parts, run):
    os.makedirs('empty')
    for path in ('source/x.mp4', 'twice/x.avi', 'twice/x.mov', 'file'):
        os.makedirs(osp.dirname(path) or '.', exist_ok=True)
        open(path, 'w').close()
    os.makedirs('elsewhere')
    os.symlink('source/x.mp4', 'link.avi')
    before = files()
    with pytest.raises(InputError, match=parts):
        run(source=source, target=target)
    assert files() == before


@pytest.mark.parametrize('options', [
    ('--short-edge', '31'), ('--key-frames', '0'), ('--quality', '52'),
    ('--workers', '0'), ('--timeout', '0'), ('--fps', '0'),
    ('--fps', '1/0'), ('--fps', 'fast')])
def test_options_that_are_refused(options, run):
    save('source/x.mp4', gray(1))
    with pytest.raises(InputError, match=f'{options[0]} must lie between'):
        run(*options)
    assert not osp.exists('target')


@pytest.mark.parametrize('arguments, parts', [
    (dict(short_edge=31), '--short-edge must lie between 32 and 4096, not 31'),
    (dict(short_edge=128.5), '--short-edge must be a whole number, not 128.5'),
    (dict(workers=0), '--workers must lie between 1 and 1024, not 0'),
    *((dict(fps=fps), '--fps must lie between')
      for fps in (0, 0.5, 'fast', float('inf'), float('nan'))),
])
def test_what_is_refused_from_python(arguments, parts, run):
    save('source/x.mp4', gray(1))
    with pytest.raises(InputError, match=parts):
        transcode('source', 'target', **arguments)
    assert not osp.exists('target')


@pytest.mark.parametrize('fps', [12, 12., '12', Fraction(12)])
def test_the_same_from_python(fps, run):
    save('source/x.mp4', gray(4))
    open('source/empty.mp4', 'w').close()
    run('--fps', '12')
    first = state()
    outcomes = transcode('source', 'target', fps=fps)
    assert outcomes['x.mp4'] == Outcome(True)
    assert not outcomes['empty.mp4'].kept and outcomes['empty.mp4'].problem
    assert state() == first
    with pytest.raises(InputError, match="'fps': '12'.*'fps': None.*DST"):
        transcode('source', 'target')


# ------------------------------------------------------ what is unreadable


def reported():
    return dict(
        line.split('\t') for line in lines('target/unreadable_videos.txt'))


@pytest.mark.parametrize('turn, place, error', [
    (None, 0, 1.5), (None, 1, 1.5), (None, 2, 1.5), ((90, False), 0, 3),
    ((180, False), 1, 3), ((0, True), 0, 4)])
def test_colors_stay_where_they_were(turn, place, error, run):
    """Steps of color, wherever the file's color samples lie."""
    picture = np.full((48, 64, 3), (150, 60, 60), np.uint8)
    for left in range(9, 64, 11):
        picture[:, left:left + 5] = (40, 110, 90)
    picture[21:32] = (70, 90, 130)
    save('source/x.mp4', np.stack([picture] * 4), turn=turn, crf='1',
         **{'x264-params': f'chromaloc={place}'})
    run('--quality', '1')
    before, after = (
        DecodeFrames().transform(dict(
            OpenVideo().transform(dict(filename=f'{folder}/x.mp4')),
            frame_inds=np.array([0])))['imgs'][0].astype(float)
        for folder in ('source', 'target'))
    assert np.abs(before - after).mean() < error


def test_what_is_not_copied_is_said(run, capsys):
    save('source/x.mp4', gray(4))
    for name, encoding in (('one.txt', 'utf-8'), ('two.txt', 'utf-16')):
        with open(f'source/{name}', 'w', encoding=encoding) as file:
            file.write('x.mp4 0\n')
    open('source/._x.mp4', 'w').close()
    open('source/x.wav', 'w').close()
    run()
    printed = capsys.readouterr().out
    assert 'skipped: 3 other files (2 .txt, 1 .wav)' in printed
    assert 'two.txt is not copied' in printed
    assert osp.exists('target/one.txt')
    assert not osp.exists('target/two.txt')
    assert not osp.exists('target/unreadable_videos.txt')


def test_unreadable_videos_are_reported(run, capsys):
    save('source/good.mp4', gray(4))
    open('source/empty.mp4', 'w').close()
    os.symlink('gone.mp4', 'source/link.mp4')
    with av.open('source/sound.mkv', 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=8000)
        sound = av.AudioFrame.from_ndarray(
            np.zeros((1, 800), np.int16), layout='mono')
        sound.rate = 8000
        container.mux(stream.encode(sound))
    run()
    found = reported()
    assert sorted(found) == ['empty.mp4', 'link.mp4', 'sound.mkv']
    assert found['sound.mkv'] == 'it has no video stream'
    assert 'No such file' in found['link.mp4']
    assert sorted(os.listdir('target')) == [
        '.lock', 'good.mp4', 'transcode.json', 'unreadable_videos.txt']
    shown = capsys.readouterr().out
    assert 'unreadable videos: 3, damaged ones' in shown
    assert '1 videos copied, 0 were there, 3 unreadable' in shown

    for name in found:
        os.remove(f'source/{name}')
    run()
    assert not osp.exists('target/unreadable_videos.txt')


def test_of_a_damaged_video_the_beginning_is_kept(run, capsys):
    save('whole/x.mp4', noise(60))
    with av.open('whole/x.mp4') as container:
        ends = [p.pos + p.size for p in container.demux() if p.size]
    with open('whole/x.mp4', 'rb') as file:
        data = file.read()
    os.makedirs('source')
    for name, end in (('long', ends[40] - 20), ('short', ends[10] - 20)):
        with open(f'source/{name}.mp4', 'wb') as file:
            file.write(data[:end])
    run()
    found = reported()
    assert sorted(found) == ['long.mp4', 'short.mp4']
    count = len(Copy('target/long.mp4').planes)
    assert 20 < count <= 41
    assert found['long.mp4'].endswith(f', only {count} frames')
    assert not osp.exists('target/short.mp4')
    assert 'unreadable videos: 1, damaged ones of which a part was copied: 1' \
        in capsys.readouterr().out

    run()  # still damaged, though there is nothing to do
    assert reported() == found


def test_a_killed_run_does_not_forget_that_a_copy_is_of_a_part(
        run, monkeypatch):
    save('source/whole.mp4', noise(60))
    run()
    with open('source/whole.mp4', 'rb') as file:
        data = file.read()
    with open('source/x.mp4', 'wb') as file:
        file.write(data[:len(data) * 2 // 3])

    class Killed(BaseException):
        pass

    def killed(text, *_):
        if 'only' in text or text.endswith('.tmp'):
            raise Killed
        return text

    # While the problem is written down, and while the copy gets its name
    for place in ('ascnet_mm.preparation.transcoding.run.printable',
                  'os.replace'):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(place, killed)
            run()
        assert list(state()) == ['target/whole.mp4'] and not unfinished()
    run()
    assert len(state()) == 2
    assert ', only ' in reported()['x.mp4']
    run()
    assert ', only ' in reported()['x.mp4']


def test_a_container_that_breaks_off_is_damaged():

    class Broken:

        def demux(self, stream):
            yield SimpleNamespace(
                is_corrupt=False, decode=lambda: ['frame'])
            raise av.error.InvalidDataError(1, 'Invalid data')

    problems = []
    stream = SimpleNamespace(codec_context=SimpleNamespace(
        decode=lambda packet: ['held back']))
    frames = decode_in_order(Broken(), stream, problems)
    assert list(frames) == ['frame', 'held back']
    assert problems == ['Invalid data']


def kill_self(*args):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(*args):
    time.sleep(9)


@pytest.mark.parametrize('fault, why', [
    (kill_self, 'the decoder crashed (SIGKILL)'),
    (sleep, 'it took longer than 1 s'),
])
def test_one_video_does_not_end_the_run(fault, why, run, monkeypatch):
    for name in 'abc':
        save(f'source/{name}.mp4', gray(4))
    original = copying.timing_of
    monkeypatch.setattr(
        copying, 'timing_of', lambda path:
        fault() if 'b.mp4' in path else original(path))
    run('--timeout', '1')
    assert reported() == {'b.mp4': why}
    assert osp.exists('target/a.mp4') and osp.exists('target/c.mp4')


def test_a_full_disk_is_no_unreadable_video(run, monkeypatch):

    def fail(*args):
        raise av.error.OSError(errno.ENOSPC, 'No space left on device')

    save('source/x.mp4', gray(4))
    monkeypatch.setattr(copying, 'encode', fail)
    with pytest.raises(InputError, match='target/x.mp4 cannot be written'):
        run()
    assert not osp.exists('target/x.mp4')


# ---------------------------------------------------------- run again


def state():
    return {
        osp.join(folder, name): os.stat(osp.join(folder, name)).st_mtime_ns
        for folder, _, names in os.walk('target')
        for name in names if name.endswith('.mp4')
    }


def test_what_is_done_is_not_done_again(run, capsys):
    for name in 'abc':
        save(f'source/{name}.avi', gray(4), 'mpeg4')
    run()
    first = state()
    assert len(first) == 3
    run()
    assert state() == first
    assert '0 videos copied, 3 were there' in capsys.readouterr().out

    os.remove('target/a.mp4')
    later = time.time() + 100
    os.utime('source/b.avi', (later, later))
    run()
    assert '2 videos copied, 1 were there' in capsys.readouterr().out
    assert sorted(k for k, v in state().items() if v != first[k]) == [
        'target/b.mp4']


def test_no_copy_is_left_of_a_video_that_became_unreadable(run):
    save('source/x.mp4', gray(4))
    run()
    later = time.time() + 100
    with open('source/x.mp4', 'w') as file:
        file.write('no video')
    os.utime('source/x.mp4', (later, later))
    run()
    assert not osp.exists('target/x.mp4') and 'x.mp4' in reported()


def test_other_options_are_refused(run):
    save('source/x.mp4', gray(4))
    run()
    with open('target/transcode.json') as file:
        assert json.load(file)['short_edge'] == 128
    first = state()
    with pytest.raises(InputError, match="'quality': 20.*'quality': 21.*DST"):
        run('--quality', '21')
    assert state() == first
    run('--workers', '1')


def unfinished():
    return [name for name in os.listdir('target') if name.endswith('.tmp')]


def wait_for(event, seconds=30):
    end = time.time() + seconds
    while not event():
        assert time.time() < end
        time.sleep(0.01)


def hear_interrupts():
    """Background jobs of a shell are deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start():
    """Run the script by itself, until it is at its first video."""
    process = start_script(
        [osp.join(ROOT, 'tools', 'data', 'transcode.py'), 'source', 'target',
         '--workers', '1'], cwd=os.getcwd(), first=hear_interrupts)
    wait_for(unfinished, 120)
    return process


def many(count):
    # Long enough to be interrupted on a machine that is busy
    save('source/0.mp4', noise(220, 240, 320), preset='ultrafast')
    for index in range(1, count):
        shutil.copy('source/0.mp4', f'source/{index}.mp4')
    os.makedirs('target')


@pytest.mark.parametrize('kind', [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_leaves_no_half_file(kind, run):
    many(2)
    process = start()
    os.kill(process.pid, kind)
    process.join(20)
    assert process.exitcode == (-9 if kind == signal.SIGKILL else 1)
    wait_for(lambda: not unfinished())
    assert state() == {}  # nor did its processes go on
    open('target/.1.mp4.tmp', 'w').close()  # of a machine that went down
    run()
    assert len(state()) == 2
    assert all(len(Copy(path).planes) == 220 for path in state())
    assert not unfinished()


def test_one_that_has_just_started_is_ended_too(run, monkeypatch):
    many(1)
    process = multiprocessing.get_context('fork').Process
    begin = process.start

    def start_and_interrupt(self):
        begin(self)
        wait_for(unfinished)
        raise KeyboardInterrupt

    monkeypatch.setattr(process, 'start', start_and_interrupt)
    with pytest.raises(SystemExit, match='stopped'):
        run()
    assert not multiprocessing.active_children()
    assert not unfinished() and state() == {}


def test_a_second_run_at_a_time_is_refused(run):
    many(2)
    process = start()
    with pytest.raises(InputError, match='another process .* to target'):
        run()
    process.join(60)
    assert process.exitcode == 0 and len(state()) == 2


def test_as_a_script(tmp_path):
    """The report and exit code 0; one sentence and 1 for a mistake."""
    save(f'{tmp_path}/source/x.mp4', gray(4))
    done = run_tool('tools/data/transcode.py', 'source', 'target', '--fps',
                    '0', cwd=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        'error: --fps must lie between 1 and 1000, not 0\n')


def test_nothing_but_regular_files_that_name_no_others_is_opened(run):
    save('private.mp4', gray(20))
    save('source/good.mp4', gray(20))
    with open('source/list.mp4', 'w') as file:
        file.write(f'ffconcat version 1.0\nfile {osp.abspath("private.mp4")}')
    os.mkfifo('source/pipe.mp4')
    run()
    assert sorted(reported()) == ['list.mp4', 'pipe.mp4']
    assert reported()['pipe.mp4'] == 'it is no regular file'
    assert not osp.exists('target/list.mp4')
