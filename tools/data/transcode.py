"""Make small copies of videos that decode several times faster.

    python tools/data/transcode.py data/ucf101 data/ucf101_small
    python tools/train.py CONFIG --cfg-options data_root=data/ucf101_small

SRC is the folder of a data set, links in it are followed, or one video. Any
file that the installed FFmpeg (PyAV) reads becomes an H.264 .mp4 at the same
place below DST: a short edge of 128, upright, at a constant frame rate, with
a key frame every 16 frames, without B-frames and sound. Lists (.txt) that
name videos are copied with the new names.

Smaller pictures are not enlarged, but for those narrower than 32 pixels:
decord opens none of them. The frame rate is the file's average one; frames
are repeated or dropped by their time stamps where they come irregularly. The
colour matrix stays BT.601 or BT.709, any other becomes BT.709, and a file
that names none is BT.601, as FFmpeg and decord read it; the copy names its
own. Interlaced and HDR pictures are taken as they are stored.

The run can be stopped (Ctrl-C) and started again at any time: copies that are
newer than their source are kept. All videos without a copy, and damaged ones
of which only a part could be copied, are named in DST/unreadable_videos.txt;
a damaged one needs 16 frames for a copy. Listed videos stay in the lists:
training skips and counts those without a copy, evaluation counts them as
misses.
"""
import argparse
import contextlib
import errno
import fcntl
import json
import math
import multiprocessing
import os
import os.path as osp
import re
import signal
import sys
import time
from fractions import Fraction
from itertools import islice, repeat
from multiprocessing.connection import Connection, wait
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

import av
from av.video.reformatter import (
    ColorRange,
    Colorspace,
    Interpolation,
    VideoReformatter,
)
from list_files import write_lines
from rich.progress import track

from ascnet_mm import InputError
from ascnet_mm.apis import run_script
from ascnet_mm.datasets.video import (
    LONGEST_PAUSE,
    Timing,
    UnreadableVideo,
    chroma_siting,
    decode_in_order,
    open_file,
    orientation,
    packets,
    timing,
    video_stream,
)
from ascnet_mm.datasets.video_folder import EXTENSIONS, find_videos, sort_out
from ascnet_mm.datasets.video_list import read_lines, split_line
from ascnet_mm.text import printable

# decord opens no narrower picture.
NARROWEST = 32
# A clip of the shortest configs: less of a damaged file is of no use.
FEWEST = 16
# What the disk of the copies reports, and no decoder or encoder.
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG,
        errno.EIO)
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
# H.264's places of colour samples, right of and below the first pixel
CHROMA_PLACES = [(0, 0.5), (0.5, 0.5), (0, 0), (0.5, 0), (0, 1), (0.5, 1)]
# Of AVColorSpace: swscale takes a file that names no matrix (2) for BT.601.
BT601 = (2, 5, 6)


class Recipe(NamedTuple):
    """What all copies below a folder have in common; see ``--help``."""
    short_edge: int
    key_frames: int
    quality: int
    fps: Optional[str]


class Outcome(NamedTuple):
    """What became of a video.

    Attributes:
        kept (bool): Whether there is a copy.
        problem (str): Why there is none, or not of the whole video.
    """
    kept: bool
    problem: str = ''


# -------------------------------------------------------------- decoding


@contextlib.contextmanager
def opened(path: str) -> Iterator[tuple]:
    """Open a file: the container and its video stream.

    Raises:
        UnreadableVideo: If there is no video in it.
    """
    with open_file(path) as container:
        yield container, video_stream(container)


# ------------------------------------------------------------------ time


def timing_of(path: str) -> Timing:
    """Read the time stamps of a file: its rate, as it says if they agree."""
    with opened(path) as (container, stream):
        stamps = []
        # Up to where the file breaks off.
        with contextlib.suppress(av.FFmpegError):
            for packet in packets(container, stream):
                stamps.append(
                    packet.dts if packet.pts is None else packet.pts)
        return timing(stamps, stream.time_base, stream.average_rate)


def timed(frames: Iterator[av.VideoFrame],
          source: Timing) -> Iterator[Tuple[Fraction, av.VideoFrame]]:
    """Yield frames with their seconds, which ascend from 0."""
    seconds, last = Fraction(0), None
    for index, frame in enumerate(frames):
        stamp = frame.dts if frame.pts is None else frame.pts
        if source.steady or stamp is None:
            gap = Fraction(0)
        else:
            gap = (stamp - (stamp if last is None else last)) * frame.time_base
        if index:
            is_pause = 0 < gap <= LONGEST_PAUSE
            seconds += gap if is_pause else 1 / source.rate
        last = stamp
        yield seconds, frame


def at_constant_rate(frames: Iterator[av.VideoFrame], source: Timing,
                     target: Fraction) -> Iterator[av.VideoFrame]:
    """Yield each frame as often as it is shown, none or many times."""

    def place(seconds: Fraction) -> int:
        return math.floor(seconds * target + Fraction(1, 2))

    shown, held = 0, None
    for seconds, frame in timed(frames, source):
        yield from repeat(held, place(seconds) - shown)
        shown, held = place(seconds), frame
    if held is not None:
        end = place(seconds + 1 / source.rate)
        yield from repeat(held, max(end, 1) - shown)


# -------------------------------------------------------------- pictures


def fit(width: int, height: int, short_edge: int) -> Tuple[int, int]:
    """Even size with a short edge of at most ``short_edge``."""
    short = min(width, height)
    edge = max(min(short, short_edge), NARROWEST)
    return (width * edge // short // 2 * 2, height * edge // short // 2 * 2)


def turns(frame: av.VideoFrame) -> List[str]:
    """FFmpeg's filters that put a frame upright, by its display matrix."""
    upright = orientation(frame)
    return (['transpose'] * upright.transposed + ['hflip'] * upright.mirrored
            + ['vflip'] * upright.flipped)


def make_graph(frame: av.VideoFrame, filters: List[str]) -> av.filter.Graph:
    """A chain of filters for frames like the given one."""
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=Fraction(1))
    graph.link_nodes(source, *map(graph.add, [*filters, 'buffersink']))
    graph.configure()
    return graph


def pictures(frames: Iterator[av.VideoFrame],
             short_edge: int) -> Iterator[av.VideoFrame]:
    """Yield frames upright, small and as limited yuv420p, all of one size."""
    # Turned in full colour, whose samples lie with those of the luma.
    scaler, graph = VideoReformatter(), None
    thinner = VideoReformatter()
    for frame in frames:
        if graph is None:
            size = fit(frame.width, frame.height, short_edge)
            matrix = (
                Colorspace.ITU601 if frame.format.is_rgb
                or frame.colorspace in BT601 else Colorspace.ITU709)
        small = scaler.reformat(
            frame,
            *size,
            'yuv444p',
            dst_colorspace=matrix,
            interpolation=SCALING,
            dst_color_range=ColorRange.MPEG,
            threads=1)
        if graph is None:
            graph = make_graph(small, turns(frame))
        graph.vpush(small)
        yield thinner.reformat(
            graph.vpull(), format='yuv420p', interpolation=SCALING, threads=1)


# -------------------------------------------------------------- encoding


def add_stream(container: av.container.OutputContainer,
               picture: av.VideoFrame, rate: Fraction,
               recipe: Recipe) -> av.VideoStream:
    """Add the stream that pictures like the given one go into."""
    place = CHROMA_PLACES.index(chroma_siting(picture))
    stream = container.add_stream(
        'libx264',
        rate=rate,
        options={
            'preset': 'veryfast',
            'tune': 'fastdecode',
            'crf': str(recipe.quality),
            'g': str(recipe.key_frames),
            # Key frames at these places alone: cuts begin no shorter group.
            'sc_threshold': '0',
            'bf': '0',
            'a53cc': '0',
            'x264-params': f'open-gop=0:chromaloc={place}',
        })
    stream.width, stream.height = picture.width, picture.height
    stream.pix_fmt = 'yuv420p'
    context = stream.codec_context
    context.thread_count = 1
    context.colorspace = picture.colorspace
    context.color_range = ColorRange.MPEG
    return stream


def remove(path: str) -> None:
    """Remove a file if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)


def encode(path: str, pictures: Iterator[av.VideoFrame], rate: Fraction,
           recipe: Recipe) -> int:
    """Write pictures to a file; how many there were."""
    parent, count, stream = os.getppid(), 0, None
    with av.open(
            path, 'w', format='mp4',
            options={'movflags': '+faststart'}) as container:
        for count, picture in enumerate(pictures, 1):
            if os.getppid() != parent:  # the run was killed
                remove(path)
                os._exit(1)
            stream = stream or add_stream(container, picture, rate, recipe)
            picture.pts, picture.time_base = count - 1, 1 / rate
            # Else x264 takes over the source's key frames.
            picture.pict_type = 0
            container.mux(stream.encode(picture))
        if stream is not None:
            container.mux(stream.encode(None))
    return count


# ------------------------------------------------------------- processes


class Job(NamedTuple):
    """A video, by its path below SRC, and the files to read and write."""
    name: str
    source: str
    target: str

    def temporary(self, process: int) -> str:
        """Where a process writes the copy, until it is whole."""
        folder, name = osp.split(self.target)
        return osp.join(folder, f'.{name}.{process}.tmp')

    @property
    def done(self) -> bool:
        """bool: Whether there is a copy as new as the video."""
        return (osp.exists(self.source) and osp.exists(self.target)
                and osp.getmtime(self.target) >= osp.getmtime(self.source))


def transcode(job: Job, recipe: Recipe) -> Outcome:
    """Make a copy of one video.

    Raises:
        UnreadableVideo: If not enough of it can be decoded.
        InputError: If the copy cannot be written.
    """
    problems: List[str] = []
    temporary = job.temporary(os.getpid())
    shown = timing_of(job.source)
    fps = Fraction(recipe.fps) if recipe.fps else shown.rate
    with opened(job.source) as (container, stream):
        frames = at_constant_rate(
            decode_in_order(container, stream, problems), shown, fps)
        try:
            count = encode(temporary, pictures(frames, recipe.short_edge),
                           fps, recipe)
        except av.FFmpegError as error:
            if error.errno not in DISK:
                raise
            raise InputError(
                f'{job.target} cannot be written ({error.strerror}): make '
                'room or choose another DST, and run it again') from None
    if not count and not problems:
        raise UnreadableVideo('it has no frame')
    problem = f'{problems[0]}, only {count} frames' if problems else ''
    if problem and count < FEWEST:
        raise UnreadableVideo(problem)
    os.replace(temporary, job.target)
    return Outcome(True, problem)


def work(job: Job, recipe: Recipe, timeout: int, answer: Connection) -> None:
    """Copy one video in a process of its own, and send what became of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run's to handle
    # Ends the process in the decoder's code, too, and without the run.
    signal.alarm(timeout)
    try:
        answer.send(transcode(job, recipe))
    except InputError as error:
        answer.send(error)
    except UnreadableVideo as error:
        answer.send(Outcome(False, str(error)))
    except av.FFmpegError as error:
        answer.send(Outcome(False, error.strerror))
    # Broken files make the bindings raise about anything.
    except Exception as error:
        answer.send(Outcome(False, f'{type(error).__name__}: {error}'))


def outcome(process: multiprocessing.Process, answer: Connection,
            timeout: int) -> Outcome:
    """What an ended process has sent, or why it could not.

    Raises:
        InputError: If it sent one.
    """
    process.join()
    try:
        sent = answer.recv()
    except EOFError:
        code = process.exitcode
        if code == -signal.SIGALRM:
            return Outcome(False, f'it took longer than {timeout} s')
        name = signal.Signals(-code).name if code < 0 else f'exit code {code}'
        return Outcome(False, f'the decoder crashed ({name})')
    if isinstance(sent, InputError):
        raise sent
    return sent


def transcode_all(jobs: List[Job], recipe: Recipe, workers: int,
                  timeout: int) -> Iterator[Tuple[Job, Outcome]]:
    """Copy videos in parallel, and yield them as they are finished.

    A process for each: none can take others along when it crashes.
    """
    fork = multiprocessing.get_context('fork')
    waiting, running = iter(jobs), {}
    try:
        while True:
            for job in islice(waiting, workers - len(running)):
                answer, sender = fork.Pipe(duplex=False)
                process = fork.Process(
                    target=work, args=(job, recipe, timeout, sender))
                # First, or Ctrl-C in between would let it go on.
                running[process] = job, answer
                process.start()
                sender.close()
            if not running:
                return
            ended = wait([process.sentinel for process in running])
            for process in [one for one in running if one.sentinel in ended]:
                job, answer = running[process]
                result = outcome(process, answer, timeout)
                del running[process]
                remove(job.temporary(process.pid))
                if not result.kept:
                    remove(job.target)
                yield job, result
    finally:
        for process, (job, _) in running.items():
            if process.pid is not None:
                process.kill()
                process.join()
                remove(job.temporary(process.pid))


def make_folders(jobs: List[Job]) -> None:
    """Make the folders of copies, without what a killed run left there.

    A process of it may not have noticed yet: it will find its file gone.
    """
    for folder in {osp.dirname(job.target) for job in jobs}:
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            if re.fullmatch(r'\..*\.mp4\.\d+\.tmp', name):
                remove(osp.join(folder, name))


# ----------------------------------------------------------------- lists


def as_copy(path: str) -> str:
    """The name of a video's copy."""
    return f'{osp.splitext(path)[0]}.mp4'


def tails(paths: List[str]) -> Set[str]:
    """All ways to name videos from a folder above them."""
    return {
        '/'.join(parts[start:])
        for parts in (path.split('/') for path in paths)
        for start in range(len(parts))
    }


def rewrite(lines: List[str]) -> List[str]:
    """Lines of a list with the names of the copies."""
    split = map(split_line, lines)
    return [
        (as_copy(path) if path.lower().endswith(EXTENSIONS) else path)
        + (label and f' {label}') for path, label in split
    ]


def copy_lists(source: str, target: str, videos: List[str]) -> List[str]:
    """Copy all lists that name one of the videos; their paths."""
    names = tails(videos)
    copied = []
    for path in find_videos(source, ('.txt', )):
        lines = read_lines(osp.join(source, path))
        if any('\0' in line for line in lines):
            print(f'{printable(osp.join(source, path))} is not copied: it is '
                  'in UTF-16, or no text; save it as UTF-8')
            continue
        if any(osp.normpath(split_line(line)[0]) in names for line in lines):
            os.makedirs(osp.dirname(osp.join(target, path)), exist_ok=True)
            write_lines(osp.join(target, path), rewrite(lines))
            copied.append(path)
    return copied


# --------------------------------------------------------------- the run


def find_jobs(source: str, target: str) -> List[Job]:
    """All videos below a folder, or the one that is given.

    Raises:
        InputError: If there is none, or two would get the same name.
    """
    if osp.isfile(source):
        source, name = osp.split(source)
        names = [name]
    elif osp.isdir(source):
        names, others = sort_out(source)
        if not names:
            raise InputError(
                f'SRC: the folder {source} holds no video, only {others}')
        if others:
            print(f'passed over: {others}')
    else:
        raise InputError(f'SRC: there is no folder or file {source}')
    copies: Dict[str, str] = {}
    for name in names:
        other = copies.setdefault(as_copy(name), name)
        if other != name:
            raise InputError(
                f'SRC: {other} and {name} in {source} would both become '
                f'{as_copy(name)}: rename or remove one')
    return [
        Job(name, osp.join(source, name), osp.join(target, copy))
        for copy, name in copies.items()
    ]


def check_folders(source: str, target: str) -> None:
    """Copies are not to be mixed with what they are made of.

    Raises:
        InputError: If one folder lies in the other, or DST is no folder.
    """
    paths = [osp.realpath(path) for path in (source, target)]
    if osp.isdir(source) and osp.commonpath(paths) in paths:
        raise InputError(
            f'DST: {target} and SRC, {source}, lie in one another: choose a '
            'folder apart')
    try:
        os.makedirs(target, exist_ok=True)
    except OSError as error:
        raise InputError(
            f'DST: the folder {target} cannot be made ({error.strerror}): '
            'choose another') from error


def check_recipe(target: str, recipe: Recipe) -> None:
    """Remember how the copies in a folder are made.

    Raises:
        InputError: If those that are there were made otherwise.
    """
    path = osp.join(target, 'transcode.json')
    wanted = recipe._asdict()
    if not osp.exists(path):
        write_lines(path, [json.dumps(wanted)])
        return
    with open(path, encoding='utf-8') as file:
        found = json.load(file)
    if found != wanted:
        raise InputError(
            f'DST: the videos in {target} were made with {found}, not '
            f'{wanted}: give the same options, or choose another DST')


@contextlib.contextmanager
def alone(target: str) -> Iterator[None]:
    """Keep a second run out of a folder; the lock ends with the process.

    Raises:
        InputError: If one is under way.
    """
    with open(osp.join(target, '.lock'), 'w') as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f'DST: another run is writing to {target}: wait for its end'
            ) from None
        yield


def run(jobs: List[Job], report: str, args: argparse.Namespace,
        recipe: Recipe) -> Dict[str, Outcome]:
    """Copy all videos that are not done; what became of each.

    Problems are written down at once, for later runs.
    """
    known = dict(line.partition('\t')[::2] for line in read_lines(report)
                 ) if osp.exists(report) else {}
    todo = [job for job in jobs if not job.done]
    results = {
        job.name: Outcome(True, known.get(printable(job.name), ''))
        for job in jobs if job not in set(todo)
    }
    make_folders(todo)
    finished = transcode_all(todo, recipe, args.workers, args.timeout)
    with contextlib.closing(finished), open(
            report, 'a', encoding='utf-8',
            errors='surrogateescape') as file:
        for job, result in track(finished, 'copying', total=len(todo)):
            results[job.name] = result
            if result.problem:
                print(printable(job.name), printable(result.problem),
                      sep='\t', file=file)
                file.flush()
    return results


def finish(report: str, results: Dict[str, Outcome]) -> None:
    """Write down all problems, and show the first few."""
    problems = {
        printable(name): printable(result.problem)
        for name, result in sorted(results.items()) if result.problem
    }
    if not problems:
        os.remove(report)
        return
    write_lines(report, [f'{name}\t{why}' for name, why in problems.items()])
    unreadable = sum(not result.kept for result in results.values())
    print(f'unreadable videos: {unreadable}, damaged ones of which a part was '
          f'copied: {len(problems) - unreadable}, all named in {report}')
    for name, why in list(problems.items())[:3]:
        print(f'    {name} ({why})')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'source', metavar='SRC', help='folder of a data set, or one video')
    parser.add_argument(
        'target', metavar='DST', help='folder of the copies and lists')
    parser.add_argument(
        '--short-edge',
        type=int,
        default=128,
        help='pixels of the shorter edge; default: 128')
    parser.add_argument(
        '--key-frames',
        type=int,
        default=16,
        help='frames from one key frame to the next; default: 16')
    parser.add_argument(
        '--quality',
        type=int,
        default=20,
        help="x264's crf, 0 (best) to 51; default: 20")
    parser.add_argument(
        '--fps',
        help='frames per second of all copies, such as 25 or 30000/1001; '
        "default: each video's own average")
    parser.add_argument(
        '--workers',
        type=int,
        default=os.cpu_count(),
        help='videos that are copied at a time; default: one per core')
    parser.add_argument(
        '--timeout',
        type=int,
        default=600,
        help='seconds after which a video counts as unreadable; default: 600')
    args = parser.parse_args()
    limits = dict(
        short_edge=(NARROWEST, 4096),
        key_frames=(1, 1000),
        quality=(0, 51),
        workers=(1, 1024),
        timeout=(1, 86400))
    for option, (low, high) in limits.items():
        value = getattr(args, option)
        if not low <= value <= high:
            raise InputError(f'--{option.replace("_", "-")} must lie between '
                             f'{low} and {high}, not {value}')
    args.fps = args.fps and str(parse_fps(args.fps))
    return args


def parse_fps(text: str) -> Fraction:
    """A rate as a fraction.

    Raises:
        InputError: If it is none.
    """
    with contextlib.suppress(ValueError, ZeroDivisionError):
        fps = Fraction(text).limit_denominator(1001)
        if 1 <= fps <= 1000:
            return fps
    raise InputError(f'--fps must lie between 1 and 1000, not {text}')


def main() -> None:
    args = parse_args()
    started = time.monotonic()
    jobs = find_jobs(args.source, args.target)
    check_folders(args.source, args.target)
    recipe = Recipe(args.short_edge, args.key_frames, args.quality, args.fps)
    report = osp.join(args.target, 'unreadable_videos.txt')
    with alone(args.target):
        check_recipe(args.target, recipe)
        skipped = sum(job.done for job in jobs)
        try:
            results = run(jobs, report, args, recipe)
        except KeyboardInterrupt:
            sys.exit('stopped: run the same command again to go on')
        lists = copy_lists(args.source, args.target,
                           [job.name for job in jobs])
    for name in lists:
        print(f'{osp.join(args.target, name)}: names the copies')
    finish(report, results)
    kept = [job for job in jobs if results[job.name].kept]
    before, after = (
        sum(osp.getsize(getattr(job, side)) for job in kept) / 1e6
        for side in ('source', 'target'))
    print(f'{len(kept) - skipped} videos copied, {skipped} were there, '
          f'{len(jobs) - len(kept)} unreadable, '
          f'{time.monotonic() - started:.0f} s, {before:.1f} MB became '
          f'{after:.1f} MB')


if __name__ == '__main__':
    run_script(main)
