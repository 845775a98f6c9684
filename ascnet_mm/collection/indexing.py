"""Videos embedded into a collection."""
import json
import os
import os.path as osp
from collections import Counter
from contextlib import contextmanager, suppress
from typing import Dict, Iterator, List, NamedTuple, Optional

import numpy as np
from mmengine.dist import (
    barrier,
    get_dist_info,
    is_main_process,
)

from ..clip_reader import require_lengths
from ..device import cores
from ..errors import InputError, require_whole
from ..files import (
    make_folder,
    remove_if_there,
    write_json,
    write_lines,
    written_as,
)
from ..inference import VideoEncoder
from ..lock import LOCK, hold, leave, on_first_rank
from ..text import printable
from ..versions import versions
from .embedding import embed
from .encoder import Encoder, describe, open_encoder
from .layout import (
    DTYPES,
    FEATURES,
    FORMAT,
    LISTS,
    MANIFEST,
    SHARDS,
    SKIPPED,
    VERSION,
    Video,
    file_of,
    name_of,
    read_manifest,
    read_record,
)
from .listing import list_videos, share_out
from .progress import Progress
from .reading import Collection
from .shards import Earlier, Result, identity, remove_others, write_shard
from .table import require_pyarrow

# What has to be the same for features to stand in one collection
SAME = ('encoder', 'recipe', 'window', 'stride', 'dtype')


class Planned(NamedTuple):
    """A shard that is to be made.

    Attributes:
        name (str): Its name.
        videos (list[Video]): What it is of.
        results (dict[int, Result]): What became of those that were embedded,
            by their place.
    """
    name: str
    videos: List[Video]
    results: Dict[int, Result]


def index(videos: str,
          folder: str,
          encoder: Encoder,
          window: float = 2.0,
          stride: float = 1.0,
          dtype: str = 'float16',
          root: Optional[str] = None,
          workers: Optional[int] = None,
          device: Optional[str] = None) -> Collection:
    """Embed videos into a collection, or bring one up to date.

    It may be killed at any moment and continues when called again. An existing
    collection keeps its results for videos whose path, size and modification
    time are the same, gains new and changed videos and loses those that are
    gone; until this is done, it stays as it was. If ``torch.distributed`` is
    set up, the ranks share the work.

    Args:
        videos (str): A folder, or a list file with a path and a label a line.
        folder (str): The collection.
        encoder: A checkpoint that says how its encoder is built; a config
            of any recognizer of MMAction2 and a checkpoint; or a
            :class:`VideoEncoder`.
        window (float): Length of a clip in seconds. Defaults to 2.
        stride (float): Seconds from the start of one clip to that of the next.
            Defaults to 1.
        dtype (str): ``'float16'`` or ``'float32'``, of the features on the
            disk. Defaults to ``'float16'``.
        root (str, optional): Folder that listed paths start from. Defaults to
            that of the list file.
        workers (int, optional): Number of processes that decode. Defaults to
            the number of cores.
        device (str, optional): Where the encoder runs. Defaults to a GPU if
            there is one.

    Returns:
        Collection: Opened. Videos that could not be read are named in its
        ``unreadable`` and in ``skipped_videos.txt``.

    Raises:
        InputError: If there are no videos or none can be read, the encoder
            cannot be loaded, or the folder holds something else, or a
            collection of other videos, of another encoder or in another way.

    Examples:
        >>> collection = index(
        ...     'videos', 'mine', 'epoch_200.pth')  # doctest: +SKIP
        >>> len(collection.videos), len(collection)  # doctest: +SKIP
        (394, 2213)
    """
    require_pyarrow()
    require_lengths(window, stride)
    if dtype not in DTYPES:
        raise InputError(
            f'dtype is one of {", ".join(DTYPES)}, not {dtype!r}')
    if workers is not None:
        require_whole('workers', workers, 0)
    opened = open_encoder(encoder, device)
    root, listed = list_videos(videos, root)
    manifest = dict(
        format=FORMAT, version=VERSION, root=root,
        **describe(encoder, opened), window=float(window),
        stride=float(stride), dtype=dtype)  # yapf: disable
    with _held(folder):
        _require_same(folder, manifest, listed)
        workers = _workers() if workers is None else workers
        names = _make_shards(folder, manifest, listed, opened, workers)
        if is_main_process():
            _finish(folder, manifest, names)
        barrier()
    return Collection(folder)


@contextmanager
def _held(folder: str) -> Iterator[None]:
    """Keep the folder from other runs; all ranks go in and out together."""
    try:
        on_first_rank(_prepare, folder)
        yield
    finally:
        if is_main_process():
            leave(folder)


def _prepare(folder: str) -> None:
    """Make the folder, if nothing else is in it, and hold it."""
    own = {MANIFEST, SHARDS, SKIPPED, LISTS, LOCK}
    if osp.exists(folder):
        if not osp.isdir(folder):
            raise InputError(f'{folder} is a file: name a folder')
        try:
            found = set(map(written_as, os.listdir(folder)))
        except OSError as error:
            raise InputError(f'{folder} cannot be read ({error.strerror}): '
                             'name another folder') from error
        if found - own and MANIFEST not in found:
            raise InputError(
                f'{folder} holds other files ({sorted(found - own)[0]}) and '
                'no collection: name a new folder')
    hold(folder)
    if osp.islink(osp.join(folder, SHARDS)):
        raise InputError(f'{folder}/{SHARDS} is a link: a collection keeps '
                         'its files in its own folder')
    make_folder(osp.join(folder, SHARDS))


def _require_same(folder: str, manifest: dict, listed: List[Video]) -> None:
    """Refuse what cannot go on with the collection that is there.

    Raises:
        InputError: If it is of another folder, of which no video is unchanged
            here, or was made in another way.
    """
    if not osp.lexists(osp.join(folder, MANIFEST)):
        return
    there = read_manifest(folder)
    for key in SAME:
        one, other = there[key], manifest[key]
        if key == 'encoder':
            one, other = one.get('sha256'), other['sha256']
        if one != json.loads(json.dumps(other)):
            shown = (f'{there[key]}, not {other}'
                     if key in ('window', 'stride', 'dtype') else
                     'weights' if key == 'encoder' else 'pipeline or network')
            raise InputError(
                f'{folder} was made with another {key} ({shown}): name '
                'another folder, or remove this one')
    old = _videos_of(folder, there)
    # What is not there is the same in all folders.
    same = {identity(video) for video in old if not video.unreadable} & {
        identity(video) for video in listed if not video.unreadable}
    if there['root'] != manifest['root'] and not same:
        raise InputError(
            f'{folder} is a collection of videos of {there["root"]}, and none '
            f'of them is unchanged in {manifest["root"]}: name another folder')
    dropped = {video.file for video in old}.difference(
        video.file for video in listed)
    if dropped and is_main_process():
        print(f'{folder}: {len(dropped)} of {len(old)} videos are no longer '
              f'listed and are dropped, {printable(min(dropped))} among them')


def _videos_of(folder: str, manifest: dict) -> List[Video]:
    """What a collection is of, but for damaged parts."""
    videos: List[Video] = []
    for name in manifest['shards']:
        with suppress(InputError):
            videos += read_record(folder, name).videos
    return videos


def _make_shards(folder: str, manifest: dict, listed: List[Video],
                 encoder: VideoEncoder, workers: int) -> List[str]:
    """Make the shards that are missing; the names of all, in their order."""
    way = {key: manifest[key] for key in SAME}
    way['encoder'] = manifest['encoder']['sha256']
    # The first half of a name tells the way, the second the videos.
    prefix = name_of([VERSION, way])[:16]
    earlier = Earlier(folder, prefix)
    # Before any rank has written: all see the same.
    barrier()
    shards = {
        prefix + name_of([video[:4] for video in part])[:16]: part
        for part in share_out(listed)
    }
    rank, ranks = get_dist_info()
    missing = [name for name in shards if name not in earlier.shards]
    todo = [Planned(name, shards[name], {}) for name in missing[rank::ranks]]
    _embed(folder, manifest, earlier, todo, encoder, workers)
    barrier()
    return list(shards)


def _embed(folder: str, manifest: dict, earlier: Earlier,
           todo: List[Planned], encoder: VideoEncoder, workers: int) -> None:
    """Embed the videos of which nothing is known, and write their shards."""
    places = [(shard, place) for shard in todo
              for place, video in enumerate(shard.videos)
              if not (video.unreadable or earlier.knows(video))]
    paths = [osp.join(manifest['root'], shard.videos[place].file)
             for shard, place in places]
    left = Counter(shard.name for shard, _ in places)

    def write(shard: Planned) -> None:
        results = [
            shard.results.pop(place, None) or video.unreadable
            or earlier.result_of(video)
            for place, video in enumerate(shard.videos)
        ]
        write_shard(folder, shard.name, shard.videos, results,
                    manifest['dtype'])

    for shard in todo:
        if not left[shard.name]:
            write(shard)
    results = embed(encoder, paths, manifest['window'], manifest['stride'],
                    workers)
    if not paths:
        return
    with Progress(len(paths)) as progress:
        for number, result in results:
            shard, place = places[number]
            shard.results[place] = result
            left[shard.name] -= 1
            if isinstance(result, str):
                progress.say('skipped, cannot be read: '
                             f'{printable(paths[number])} '
                             f'({printable(result)})')
            if not left[shard.name]:
                write(shard)
            progress.advance()


def _finish(folder: str, manifest: dict, names: List[str]) -> None:
    """Write the manifest of a collection that is whole, and tidy up.

    Raises:
        InputError: If none of the videos can be read.
    """
    shards = [read_record(folder, name) for name in names]
    unreadable = [video for shard in shards for video in shard.videos
                  if video.unreadable is not None]
    of_clips = [shard.name for shard in shards if shard.clips]
    if not of_clips:
        raise InputError(
            f'none of the {len(unreadable)} videos can be read; the first, '
            f'{printable(unreadable[0].file)}: {unreadable[0].unreadable}')
    features = np.load(
        file_of(folder, of_clips[0], FEATURES), mmap_mode='r',
        allow_pickle=False)
    write_json(
        osp.join(folder, MANIFEST),
        dict(manifest, channels=features.shape[1], shards=names,
             versions=versions()))
    skipped = osp.join(folder, SKIPPED)
    if unreadable:
        write_lines(skipped, [
            f'{printable(video.file)}\t{printable(video.unreadable)}'
            for video in unreadable
        ])
    else:
        remove_if_there(skipped)
    remove_others(folder, names)


def _workers() -> int:
    """Workers of this rank: the cores of the machine, shared out."""
    ranks = int(os.getenv('LOCAL_WORLD_SIZE', '1'))
    return max(1, cores() // ranks)
