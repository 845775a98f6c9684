"""The folder of a collection: names of its files, and what they hold.

A collection may come from anybody. Its JSON files are checked value by value,
names in it lead to nothing but its own files, and features and tables are
read by formats that hold data alone.
"""
import hashlib
import json
import os
import os.path as osp
import re
from typing import Any, Dict, List, NamedTuple, Optional

from ..datasets.video_list import leads_outside
from ..errors import InputError
from ..text import printable

FORMAT = 'ascnet_mm collection'
VERSION = 1
MANIFEST = 'collection.json'
SHARDS = 'shards'
SKIPPED = 'skipped_videos.txt'
LISTS = 'inverted_lists.npz'
DTYPES = ('float16', 'float32')
NAME = re.compile(r'[0-9a-f]{32}')
# Files of a shard; what names the others is written last.
FEATURES, CLIPS, RECORD = '.npy', '.parquet', '.json'
ENDINGS = (FEATURES, CLIPS, RECORD)
# What is read of a JSON file at most.
LARGEST = 2**28


class Video(NamedTuple):
    """A video of a collection.

    Attributes:
        file (str): Its path below the folder of the videos.
        size (int): Bytes.
        mtime_ns (int): When it was changed last.
        label (int): -1 where there is none.
        clips (int): How many clips it has.
        unreadable (str, optional): Why it could not be read.

    Examples:
        >>> Video('a.mp4', size=9000, mtime_ns=0, label=-1).clips
        0
    """
    file: str
    size: int
    mtime_ns: int
    label: int
    clips: int = 0
    unreadable: Optional[str] = None


class Shard(NamedTuple):
    """Some consecutive videos of a collection, and where their clips are.

    Attributes:
        name (str): A digest of what it was made of.
        videos (list[Video]): Those whose clips follow one another in it.
        sha256 (dict[str, str]): Of its files, by their endings.
        size (dict[str, int]): Bytes of them.
    """
    name: str
    videos: List[Video]
    sha256: Dict[str, str]
    size: Dict[str, int]

    @property
    def clips(self) -> int:
        """int: Rows."""
        return sum(video.clips for video in self.videos)


def file_of(folder: str, shard: str, ending: str) -> str:
    """Path of a file of a shard.

    Raises:
        InputError: If the name is none of a shard.
    """
    if not (isinstance(shard, str) and NAME.fullmatch(shard)):
        raise InputError(f'{folder} names the shard {shard!r}, which is no '
                         'name of a shard: it is damaged or was tampered '
                         'with')
    return osp.join(folder, SHARDS, shard + ending)


def read_manifest(folder: str) -> dict:
    """The manifest of a collection.

    Returns:
        dict: As documented in docs/collections.md.

    Raises:
        InputError: If there is no collection, or one of another version, or
            a damaged one.
    """
    path = osp.join(folder, MANIFEST)
    if not osp.isdir(folder):
        raise InputError(f'there is no collection {folder}: make it with '
                         '`ascnet-mm index`')
    if not osp.lexists(path):
        unfinished = osp.isdir(osp.join(folder, SHARDS))
        raise InputError(
            f'{folder} is a collection that is not finished: run the same '
            '`ascnet-mm index` again' if unfinished else
            f'{folder} is no collection: it holds no {MANIFEST}')
    content = read_json(path)
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise InputError(f'{path} is no manifest of a collection')
    if content.get('version') != VERSION:
        raise InputError(
            f'{path} is of version {content.get("version")!r} of the format, '
            f'this release reads version {VERSION}: use the release that '
            'made it, or index the videos anew')
    kinds = dict(
        root=str, encoder=dict, recipe=dict, window=(int, float),
        stride=(int, float), channels=int, shards=list, versions=dict)
    for key, kind in kinds.items():
        if not isinstance(content.get(key), kind):
            raise InputError(f'{path} is damaged: its {key} is '
                             f'{str(content.get(key))[:80]!r}')
    if content.get('dtype') not in DTYPES or content['channels'] < 0:
        raise InputError(f'{path} is damaged: its features are '
                         f'{str(content.get("dtype"))[:80]!r} '
                         f'x {content["channels"]}')
    return content


def read_record(folder: str, name: str) -> Shard:
    """What the record of a shard says.

    Raises:
        InputError: If it is missing or damaged, or a file of the shard is
            missing or of another size.
    """
    path = file_of(folder, name, RECORD)
    content = read_json(path)
    try:
        videos = [Video(**video) for video in content['videos']]
        shard = Shard(name, videos, *(
            {ending: content[key][ending] for ending in (FEATURES, CLIPS)}
            for key in ('sha256', 'size')))
        for video in videos:
            _check(video)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f'{path} is damaged ({error!r}): run `ascnet-mm '
                         'index` again, which rebuilds this part') from error
    for ending, size in shard.size.items():
        file = file_of(folder, name, ending)
        require_own_file(file)
        if osp.getsize(file) != size:
            raise InputError(
                f'{file} is damaged: it has {osp.getsize(file)} bytes '
                f'instead of {size}; run `ascnet-mm index` again, which '
                'rebuilds this part')
    return shard


def read_json(path: str) -> Any:
    """What a JSON file holds.

    Raises:
        InputError: If it is not there, or no JSON.
    """
    require_own_file(path)
    try:
        with open(path, 'rb') as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ValueError('it is too large')
        return json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f'{path} cannot be read: {error}') from error


def gone(path: str) -> InputError:
    """What a reader is told of a file that is not there (any more)."""
    return InputError(
        f'{path} is gone: if the collection has been updated or moved, open '
        'it again; otherwise run `ascnet-mm index` again, which rebuilds it')


def require_own_file(path: str) -> None:
    """Refuse what is no regular file right there.

    Raises:
        InputError: If it is missing, a link, a pipe or the like.
    """
    if not osp.lexists(path):
        raise gone(path)
    # The folder of a collection may be a link that its owner has made.
    folder = osp.dirname(path)
    linked = osp.islink(path) or (
        osp.basename(folder) == SHARDS and osp.islink(folder))
    if linked or not osp.isfile(path):
        raise InputError(f'{path} is a link or no regular file: a '
                         'collection keeps its files in its own folder')


def digest_of(path: str) -> str:
    """SHA-256 of a file."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def name_of(content: Any) -> str:
    """The name of what is made of plain data: a digest of these."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def own_files(folder: str) -> List[str]:
    """Paths of the files in a collection's shards, whatever they are."""
    shards = osp.join(folder, SHARDS)
    if osp.islink(shards) or not osp.isdir(shards):
        return []
    try:
        return sorted(entry.path for entry in os.scandir(shards))
    except OSError as error:
        raise InputError(f'{shards} cannot be read ({error.strerror}): see '
                         'its permissions') from error


def _check(video: Video) -> None:
    numbers = (video.size, video.mtime_ns, video.label, video.clips)
    if (not isinstance(video.file, str)
            or not all(type(number) is int for number in numbers)
            or min(video.size, video.clips) < 0
            or not isinstance(video.unreadable, (str, type(None)))):
        raise ValueError('of a video')
    if leads_outside(video.file):
        raise ValueError(f'{printable(video.file)} leads out of the folder '
                         'of the videos')
