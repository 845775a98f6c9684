"""What all copies below a folder have in common."""
import contextlib
import json
import os.path as osp
from fractions import Fraction
from numbers import Integral
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

import av

from ...datasets.video import Timing
from ...datasets.video_folder import sort_out
from ...errors import InputError
from ...files import write_lines
from .frame_rate import at_constant_rate
from .jobs import Job
from .pictures import NARROWEST, pictures

# Says of the copies in its folder how they were made.
MADE = 'transcode.json'
LIMITS = dict(
    short_edge=(NARROWEST, 4096),
    key_frames=(1, 1000),
    quality=(0, 51),
    workers=(1, 1024),
    timeout=(1, 86400))


class Recipe(NamedTuple):
    """How copies are made.

    Attributes:
        short_edge (int): Pixels of the shorter edge.
        key_frames (int): Frames from one key frame to the next.
        quality (int): x264's crf, 0 (best) to 51.
        fps (str, optional): Frames per second, as a fraction. None stands
            for each video's own average.
    """
    short_edge: int
    key_frames: int
    quality: int
    fps: Optional[str]

    def pictures(
            self, frames: Iterator[av.VideoFrame], shown: Timing
    ) -> Tuple[Fraction, Iterator[av.VideoFrame]]:
        """What a copy shows of the frames of a video.

        Args:
            frames (Iterator[av.VideoFrame]): All that can be decoded.
            shown (Timing): When they are shown.

        Returns:
            tuple[Fraction, Iterator[av.VideoFrame]]: Pictures per second,
            and the pictures.
        """
        rate = Fraction(self.fps) if self.fps else shown.rate
        return rate, pictures(
            at_constant_rate(frames, shown, rate), self.short_edge)


def check_limits(**values: int) -> None:
    """Refuse numbers that make no sense.

    Args:
        **values: Options under their names in ``LIMITS``.

    Raises:
        InputError: If one is too small, too large or not whole.

    Examples:
        >>> check_limits(short_edge=128, workers=4)
    """
    for option, value in values.items():
        name, (low, high) = option.replace('_', '-'), LIMITS[option]
        if not isinstance(value, Integral):
            raise InputError(f'--{name} must be a whole number, not {value}')
        if not low <= value <= high:
            raise InputError(
                f'--{name} must lie between {low} and {high}, not {value}')


def parse_fps(rate: Union[str, float, Fraction]) -> Fraction:
    """A rate as a fraction.

    Args:
        rate (str | float | Fraction): Such as 25 or ``'30000/1001'``.

    Raises:
        InputError: If it is none.

    Examples:
        >>> parse_fps('30000/1001')
        Fraction(30000, 1001)
        >>> parse_fps(12.5)
        Fraction(25, 2)
    """
    with contextlib.suppress(ValueError, ZeroDivisionError, OverflowError):
        fps = Fraction(rate).limit_denominator(1001)
        if 1 <= fps <= 1000:
            return fps
    raise InputError(f'--fps must lie between 1 and 1000, not {rate}')


def _require_copies(target: str) -> None:
    """Refuse a folder of videos that may be originals, which are replaced.

    Raises:
        InputError: If neither the folder of such a video nor one above it,
            below DST, is one of copies.
    """
    for video in sort_out(target)[0]:
        folders = [Path(target, folder) for folder in Path(video).parents]
        if not any((folder / MADE).exists() for folder in folders):
            raise InputError(
                f'DST: {target} holds videos, such as {video}, and no {MADE}, '
                'so they may be originals: choose an empty folder')


def check_recipe(target: str, recipe: Recipe, jobs: List[Job]) -> None:
    """Remember how the copies in a folder are made.

    Args:
        target (str): The folder.
        recipe (Recipe): How they are to be made.
        jobs (list[Job]): The copies.

    Raises:
        InputError: If those that are there were made otherwise, or the folder
            holds videos that are no copies, which could be replaced.

    Examples:
        >>> recipe = Recipe(128, 16, 20, None)
        >>> check_recipe('data/ucf101_small', recipe,
        ...              jobs)  # doctest: +SKIP
    """
    wanted = recipe._asdict()
    # A folder of copies may have become part of a larger one.
    folders = {
        Path(target, folder)
        for folder in {Path(osp.relpath(job.target, target)) for job in jobs}
        for folder in folder.parents
    }
    for folder in sorted(folders):
        found = _made(folder)
        if found not in (None, wanted):
            raise InputError(
                f'DST: the videos in {folder} were made with {found}, not '
                f'{wanted}: give the same options, or choose another DST')
    path = osp.join(target, MADE)
    if not osp.exists(path):
        _require_copies(target)
        write_lines(path, [json.dumps(wanted)])


def _made(folder: Path) -> Optional[dict]:
    """How the copies in a folder were made, where that is written down."""
    path = folder / MADE
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(
            f'DST: {path}, which says how the videos beside it were made, '
            f'cannot be read ({error}): choose another DST') from error
