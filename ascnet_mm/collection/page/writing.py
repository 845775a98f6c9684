"""The page's files."""
import hashlib
import logging
import os
import os.path as osp
import re
from typing import Any, List, Mapping, Optional, Sequence
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from mmengine.logging import print_log

from ...errors import InputError, require_whole
from ...files import make_folder, remove_if_there, write_whole, written_as
from ...maps import plane_of, require_map
from ...text import printable
from ..features import UnitRows
from ..progress import Progress
from ..reading import Collection
from .content import as_script, neighbors_of, page_content
from .posters import poster

PAGE, DATA, POSTERS = 'index.html', 'data.js', 'posters'
# Files that stand beside the page as they are
SCRIPT, STYLE = ASSETS = 'page.js', 'page.css'
# Names in the folder of posters, by their content or, early ones, in order
POSTER = re.compile(r'[0-9a-f]{32}\.jpg|[0-9]+\.jpg')
# By this a page is known again.
GENERATOR = b'<meta name="generator" content="ascnet_mm">'

# A browser loads nothing from elsewhere and runs no other script.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; " \
    "img-src 'self' data:; media-src 'self'; connect-src {connect}; " \
    "base-uri 'none'; form-action 'none'"


def write_page(collection: Collection,
               out: str,
               map: str = 'pca',
               groups: Optional[Mapping[str, Sequence]] = None,
               neighbors: int = 10) -> str:
    """Write a page of a collection that opens from the disk.

    It is a folder with ``index.html``, its script, style and data, and a
    poster of each video. The videos stay where they are; the page leads to
    them by paths relative to itself.

    Args:
        collection (Collection): What it shows.
        out (str): The folder; an earlier page in it is replaced.
        map (str): ``'pca'``, ``'tsne'`` (scikit-learn) or ``'umap'``
            (umap-learn). Defaults to ``'pca'``.
        groups (Mapping[str, Sequence], optional): What clips can be colored by
            in addition to label, folder and video, or in their place: a name,
            such as ``'cluster'``, and a text or whole number per clip.
        neighbors (int): How many neighbors are shown per clip, each of another
            video. Defaults to 10.

    Returns:
        str: Path of ``index.html``.

    Raises:
        InputError: If the folder holds something else or cannot be written,
            the map cannot be made, or a group has not a value per clip.

    Examples:
        >>> collection = Collection('mine')  # doctest: +SKIP
        >>> write_page(collection, 'mine_page')  # doctest: +SKIP
        'mine_page/index.html'
    """
    require_map(map)
    require_whole('neighbors', neighbors, 0)
    prepare(out)
    # All that may fail comes before the first file; and until the last is
    # written, the earlier page is whole.
    urls = [
        url_of(osp.relpath(osp.abspath(collection.path(number)),
                           osp.abspath(out)))
        for number in range(len(collection.videos))
    ]  # yapf: disable
    plane = plane_of(UnitRows(collection.features), map)
    content = page_content(collection, plane, urls, groups)
    videos = range(len(collection.videos))
    content['posters'] = write_posters(
        [(collection.path(video), ) for video in videos], out)
    content['neighbors'] = neighbors_of(
        collection, min(neighbors, len(videos) - 1))
    for name, data in {**assets(), DATA: as_script(content)}.items():
        write_whole(osp.join(out, name), data)
    # Last: who sees it finds all that it loads.
    page = osp.join(out, PAGE)
    write_whole(page, render_page(collection, map))
    remove_posters(out, content['posters'])
    return page


def render_page(collection: Collection, map: str,
                search: bool = False) -> bytes:
    """``index.html``.

    Args:
        collection (Collection): What it is of.
        map (str): Kind of the map.
        search (bool): Whether there is a server that is searched by an
            uploaded video. Defaults to False.
    """
    connect = "'self'" if search else "'none'"
    return render(
        PAGE, collection, clips=len(collection),
        videos=len(collection.videos), map=map.upper(), search=search,
        policy=POLICY.format(connect=connect))


def render(template: str, collection: Collection, **values: Any) -> bytes:
    """A template of this folder, filled in; all values are escaped."""
    environment = Environment(
        loader=PackageLoader(__package__, '.'), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(
        name=printable(osp.basename(osp.abspath(collection.folder))),
        **values).encode()


def assets() -> dict:
    """Contents of the script and the style, by name."""
    here = osp.dirname(osp.abspath(__file__))
    found = {}
    for name in ASSETS:
        with open(osp.join(here, name), 'rb') as file:
            found[name] = file.read()
    return found


def url_of(path: str) -> str:
    """A relative path as the reference of a link.

    Examples:
        >>> url_of('../a b/100%#1.mp4')
        '../a%20b/100%25%231.mp4'
    """
    # What stands before a colon would be a scheme.
    return quote(path.encode(errors='surrogatepass'), safe='/')


def prepare(out: str) -> None:
    """Make the folder, unless there is something else.

    Raises:
        InputError: If it is a file, or holds other files than those of a page
            and no page of ours.
    """
    if osp.exists(out) and not osp.isdir(out):
        raise InputError(f'{out} is a file: name a folder for the page')
    others = sorted(_other_files(out))
    if others:
        raise InputError(f'{out} holds other files ({printable(others[0])}): '
                         'name a new folder for the page')
    make_folder(osp.join(out, POSTERS))


def _other_files(out: str) -> List[str]:
    """What a page would stand beside, or in place of."""
    # An empty path would be no folder, and yet the one that is written to.
    out = osp.abspath(out)
    page, posters = osp.join(out, PAGE), osp.join(out, POSTERS)
    if osp.islink(posters) or osp.isfile(posters):
        return [POSTERS]
    if osp.lexists(page):
        return [] if _is_ours(page) else [PAGE]
    # Of a run that was killed before it wrote the page
    own = {PAGE, DATA, *ASSETS}
    own.add(POSTERS)
    found = set(map(written_as, _names_in(out)))
    return [*(found - own), *(f'{POSTERS}/{name}'
                              for name in _names_in(posters)
                              if not _is_poster(name))]


def _names_in(folder: str) -> List[str]:
    return os.listdir(folder) if osp.isdir(folder) else []


def _is_poster(name: str) -> bool:
    return bool(POSTER.fullmatch(written_as(name)))


def _is_ours(page: str) -> bool:
    if not osp.isfile(page):
        return False
    with open(page, 'rb') as file:
        return GENERATOR in file.read(4096)


def write_posters(parts: Sequence[tuple], out: str) -> List[str]:
    """Write posters of videos, named by their content.

    Args:
        parts (Sequence[tuple]): Of each the arguments of :func:`poster`.
        out (str): Folder of the page.

    Returns:
        list[str]: Where each is, below the folder; empty for none.
    """
    places = []
    with Progress(len(parts)) as progress:
        for part in parts:
            content = poster(*part)
            place = ''
            if content is not None:
                name = hashlib.sha256(content).hexdigest()[:32]
                place = f'{POSTERS}/{name}.jpg'
                write_whole(osp.join(out, place), content)
            places.append(place)
            progress.advance()
    videos = dict.fromkeys(path for path, *_ in parts)
    missing = dict.fromkeys(
        path for (path, *_), place in zip(parts, places) if not place)
    if missing:
        print_log(
            f'{len(missing)} of {len(videos)} videos cannot be read, so they '
            'have no poster and will not play; the first: '
            f'{printable(next(iter(missing)))}; have they been moved? then '
            'name their folder with --root', 'current', logging.WARNING)
    return places


def remove_posters(out: str, kept: Sequence[str]) -> None:
    """Remove the posters of earlier pages.

    Args:
        out (str): Folder of the page.
        kept (Sequence[str]): As :func:`write_posters` returns them.
    """
    kept = set(kept)
    for name in os.listdir(osp.join(out, POSTERS)):
        place = f'{POSTERS}/{name}'
        if _is_poster(name) and place not in kept:
            remove_if_there(osp.join(out, place))
