"""A run: all videos of a folder, their lists and a report."""
import contextlib
import os.path as osp
import time
from fractions import Fraction
from typing import Dict, List, Optional, Union

from rich.progress import track

from ...device import cores
from ...errors import InputError
from ...text import printable
from ..report import report
from .folders import alone, make_apart
from .jobs import Job, Outcome, as_copy, find_jobs, make_folders
from .lists import copy_lists
from .recipe import Recipe, check_limits, check_recipe, parse_fps
from .workers import make_copies


def transcode(source: str,
              target: str,
              short_edge: int = 128,
              key_frames: int = 16,
              quality: int = 20,
              fps: Union[str, float, Fraction, None] = None,
              workers: Optional[int] = None,
              timeout: int = 600) -> Dict[str, Outcome]:
    """Make small copies of videos that decode several times faster.

    Each becomes an H.264 ``.mp4`` at the same place below ``target``, upright,
    at a constant frame rate, without B-frames and sound. Lists (``.txt``) that
    name videos are copied with the new names. A copy gets the date of its
    video and is kept while the two are the same, so that the same call
    continues a run that was stopped.

    Args:
        source (str): Folder of a data set, links in it are followed; or one
            video.
        target (str): Folder of the copies and lists, apart from ``source``.
            Videos without a copy, or with one of a part of it only, are
            named in ``unreadable_videos.txt`` there.
        short_edge (int): Pixels of the shorter edge; smaller pictures are
            not enlarged, except to 32. Defaults to 128.
        key_frames (int): Frames from one key frame to the next. Defaults to
            16.
        quality (int): x264's crf, 0 (best) to 51. Defaults to 20.
        fps (str | float | Fraction, optional): Frames per second of all
            copies, such as 25 or ``'30000/1001'``. Defaults to each video's
            own average.
        workers (int, optional): Videos that are copied at a time. Defaults
            to one per core.
        timeout (int): Seconds after which a video counts as unreadable.
            Defaults to 600.

    Returns:
        dict[str, Outcome]: What became of each video, by its path below
        ``source``.

    Raises:
        InputError: If an argument makes no sense, there is no video, two
            would get the same name or one too long a name, the copies in
            ``target`` were made otherwise or are being made, or a copy
            cannot be written.

    Examples:
        >>> outcomes = transcode(
        ...     'data/ucf101', 'data/ucf101_small')  # doctest: +SKIP
        >>> [name for name, outcome in outcomes.items()
        ...  if not outcome.kept]  # doctest: +SKIP
        ['videos/Archery/broken.avi']
    """
    workers = cores() if workers is None else workers
    check_limits(
        short_edge=short_edge,
        key_frames=key_frames,
        quality=quality,
        workers=workers,
        timeout=timeout)
    rate = fps if fps in (None, '') else str(parse_fps(fps))
    recipe = Recipe(int(short_edge), int(key_frames), int(quality), rate)
    return copy_folder(source, target, recipe, workers, timeout)


def copy_folder(source: str, target: str, recipe: Recipe, workers: int,
                timeout: int) -> Dict[str, Outcome]:
    """Copy what is missing of a folder's videos, their lists and a report.

    Args:
        source (str): Folder of a data set, or one video.
        target (str): Folder of the copies and lists, apart from ``source``.
        recipe (Recipe): How to copy the videos.
        workers (int): Videos that are copied at a time.
        timeout (int): Seconds after which one counts as unreadable.

    Returns:
        dict[str, Outcome]: What became of each video, by its path below
        ``source``.

    Raises:
        InputError: As of :func:`transcode`.

    Examples:
        >>> copy_folder('data/ucf101', 'data/ucf101_small',
        ...             Recipe(128, 16, 20, None), workers=4,
        ...             timeout=600)  # doctest: +SKIP
    """
    started = time.monotonic()
    jobs = find_jobs(source, target)
    make_apart(source, target, jobs)
    problems = osp.join(target, 'unreadable_videos.txt')
    with alone(target):
        check_recipe(target, recipe, jobs)
        skipped = sum(job.done for job in jobs)
        results = copy_all(jobs, recipe, problems, workers, timeout)
        for name in copy_lists(source, target, [job.name for job in jobs]):
            print(f'{osp.join(target, name)}: names the copies')
        finish(problems, results)
    kept = [job for job in jobs if results[job.name].kept]
    before, after = (
        sum(osp.getsize(getattr(job, side)) for job in kept) / 1e6
        for side in ('source', 'target'))
    print(f'{len(kept) - skipped} videos copied, {skipped} were there, '
          f'{len(jobs) - len(kept)} unreadable, '
          f'{time.monotonic() - started:.0f} s, {before:.1f} MB became '
          f'{after:.1f} MB')
    return results


def copy_all(jobs: List[Job], recipe: Recipe, problems: str, workers: int,
             timeout: int) -> Dict[str, Outcome]:
    """Copy all videos that are not done; what became of each.

    Args:
        jobs (list[Job]): The videos.
        recipe (Recipe): How to copy them.
        problems (str): A file that problems are added to at once, for later
            runs.
        workers (int): Videos that are copied at a time.
        timeout (int): Seconds after which one counts as unreadable.

    Raises:
        InputError: If a copy cannot be written.

    Examples:
        >>> results = copy_all(jobs, recipe, 'dst/unreadable_videos.txt',
        ...                    workers=4, timeout=600)  # doctest: +SKIP
    """
    known = read_problems(problems)
    todo, results = [], {}
    for job in jobs:
        if job.done:
            results[job.name] = Outcome(
                True, known.get(printable(job.name), ''))
        else:
            todo.append(job)
    make_folders(todo)
    finished = make_copies(todo, recipe, workers, timeout)
    with contextlib.closing(finished), open(
            problems, 'a', encoding='utf-8',
            errors='surrogateescape') as file:
        for job, result in track(finished, 'copying', total=len(todo)):
            results[job.name] = result
            if result.problem:
                print(printable(job.name), printable(result.problem),
                      sep='\t', file=file)
                file.flush()
    return results


def read_problems(path: str) -> Dict[str, str]:
    """What earlier runs have written down, by video.

    Args:
        path (str): The file of the problems, if there is one.

    Raises:
        InputError: If it cannot be read.

    Examples:
        >>> read_problems('dst/unreadable_videos.txt')  # doctest: +SKIP
        {'x.avi': 'it has no video stream'}
    """
    try:
        with open(path, encoding='utf-8', errors='surrogateescape') as file:
            lines = file.read().split('\n')
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(
            f'{path} cannot be read ({error.strerror})') from error
    return dict(line.split('\t', 1) for line in lines if '\t' in line)


def finish(problems: str, results: Dict[str, Outcome]) -> None:
    """Write down all problems, and show the first few.

    What earlier runs have found is kept where this run had nothing to do with
    the video, and there is a copy, which is one of a part.

    Args:
        problems (str): The file of the problems.
        results (dict[str, Outcome]): What became of each video.

    Raises:
        InputError: If the file cannot be written.

    Examples:
        >>> finish('dst/unreadable_videos.txt',
        ...        {'x.avi': Outcome(True)})  # doctest: +SKIP
    """
    reasons = {
        printable(name): printable(result.problem)
        for name, result in sorted(results.items()) if result.problem
    }
    unreadable = sum(not result.kept for result in results.values())
    damaged = len(reasons) - unreadable
    names = {printable(name) for name in results}
    others = {
        video: why for video, why in read_problems(problems).items()
        if video not in names and osp.exists(
            osp.join(osp.dirname(problems), as_copy(video)))
    }
    report(problems, {**reasons, **others},
           f'unreadable videos: {unreadable}, damaged ones of which a part '
           f'was copied: {damaged}'
           + (f', {len(others)} in earlier runs' if others else ''))
