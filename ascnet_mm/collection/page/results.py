"""The clips that a search has found, as a page."""
import os.path as osp
from typing import Mapping, NamedTuple, Optional

from ...files import write_whole
from ...label_names import folder_names
from ...text import printable
from ..query import found_clips
from ..reading import Collection, Neighbors
from .writing import (
    PAGE,
    STYLE,
    assets,
    prepare,
    remove_posters,
    render,
    url_of,
    write_posters,
)

TEMPLATE = 'results.html'
# There is no script.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; " \
    "media-src 'self'; base-uri 'none'; form-action 'none'"


class Moment(NamedTuple):
    """A part of a video file.

    Attributes:
        path (str): The file.
        start (float): When it begins, in seconds.
        end (float, optional): When it ends; None: with the video.
        name (str, optional): What the file is called on a page; by default
            its name without folders.

    Examples:
        >>> Moment('videos/a.mp4', 12, 14.5).time
        '0:12.0 to 0:14.5'
    """
    path: str
    start: float = 0.0
    end: Optional[float] = None
    name: Optional[str] = None

    @property
    def time(self) -> str:
        """str: When it is, in words."""
        if self.end is not None:
            return f'{clock(self.start)} to {clock(self.end)}'
        return f'from {clock(self.start)} on' if self.start else 'all of it'


def clock(seconds: float) -> str:
    """Minutes and seconds.

    Examples:
        >>> clock(59.96), clock(754)
        ('1:00.0', '12:34.0')
    """
    tenths = round(10 * seconds)
    return f'{tenths // 600}:{tenths % 600 / 10:04.1f}'


def moment_of(collection: Collection, row: int) -> Moment:
    """A clip of a collection as a moment of its file."""
    clips = collection.clips
    video = int(clips.video[row])
    return Moment(collection.path(video), float(clips.start[row]),
                  float(clips.end[row]), collection.videos[video].file)


def write_results(collection: Collection,
                  query: Moment,
                  found: Neighbors,
                  out: str,
                  label_names: Optional[Mapping[int, str]] = None) -> str:
    """Write a page with a query and the clips found for it.

    It opens from the disk, without a server and without a script. The videos
    stay where they are; the page leads to them by paths relative to itself.

    Args:
        collection (Collection): What was searched.
        query (Moment): What was searched for.
        found (Neighbors): Of one query.
        out (str): The folder; what is in it of a page is written anew.
        label_names (Mapping[int, str], optional): What labels are called.
            Defaults to the folders of the videos, where each label has its
            own, and to numbers.

    Returns:
        str: Path of ``index.html``.

    Raises:
        InputError: If the folder holds something else or cannot be written.

    Examples:
        >>> collection = Collection('mine')  # doctest: +SKIP
        >>> found = collection.search(collection.features[7])  # doctest: +SKIP
        >>> write_results(collection, moment_of(collection, 7), found,
        ...               'found')  # doctest: +SKIP
        'found/index.html'
    """
    prepare(out)
    if label_names is None:
        label_names = folder_names(
            [video.file for video in collection.videos],
            [video.label for video in collection.videos])
    rows = found.row[0].tolist()
    moments = [query, *(moment_of(collection, row) for row in rows)]
    posters = write_posters([moment[:3] for moment in moments], out)
    shown = [_shown(*one, out) for one in zip(moments, posters)]
    for clip, more in zip(shown[1:], found_clips(collection, found)):
        label = more['label']
        clip.update(
            similarity=more['similarity'],
            label='' if label < 0 else printable(
                label_names.get(label, f'label {label}')))
    write_whole(osp.join(out, STYLE), assets()[STYLE])
    page = osp.join(out, PAGE)
    write_whole(
        page,
        render(TEMPLATE, collection, query=shown[0], found=shown[1:],
               policy=POLICY))
    remove_posters(out, posters)
    return page


def _shown(moment: Moment, poster: str, out: str) -> dict:
    """A moment as the template takes it."""
    url = url_of(osp.relpath(osp.abspath(moment.path), osp.abspath(out)))
    end = '' if moment.end is None else f',{moment.end:g}'
    return dict(
        url=f'{url}#t={moment.start:g}{end}', poster=poster,
        name=printable(moment.name or osp.basename(moment.path)),
        time=moment.time)
