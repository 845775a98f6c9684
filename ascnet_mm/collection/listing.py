"""Which videos a collection is of, and how they are shared out to shards."""
import errno
import hashlib
import os
import os.path as osp
from typing import Dict, List, Optional, Tuple

from ..datasets import VideoFolder, VideoList
from ..datasets.machine import NO_VERDICT
from ..datasets.video_folder import EXTENSIONS
from ..datasets.video_list import leads_outside
from ..errors import InputError
from ..text import printable
from .layout import Video

# A shard has so many videos on average, or so many bytes of them if that is
# less (ours): what is lost when a run is killed is made anew.
VIDEOS = 64
BYTES = 2**28


def list_videos(videos: str,
                root: Optional[str] = None) -> Tuple[str, List[Video]]:
    """The videos of a folder or a list, as they are on the disk now.

    Args:
        videos (str): A folder, or a list file with a path and a label a line.
        root (str, optional): Folder that listed paths start from. Defaults
            to that of the list file.

    Returns:
        tuple[str, list[Video]]: The absolute path of the folder that their
        names start from; and the videos, sorted by name, each once. Those
        that are not there or whose names no table can hold are unreadable.

    Raises:
        InputError: If there are none, or a listed one does not lie below
            the folder.
    """
    videos = os.fspath(videos)
    if osp.isdir(videos):
        if root is not None:
            raise InputError(f'{videos} is a folder, where its videos are: '
                             '--root is for list files')
        root = osp.abspath(videos)
        dataset = VideoFolder(root, pipeline=[])
    else:
        if not osp.isfile(videos) or videos.endswith(EXTENSIONS):
            raise InputError(f'{videos} is neither a folder nor a list file: '
                             'put single videos into one')
        root = osp.abspath(root or osp.dirname(videos))
        dataset = VideoList(
            videos, pipeline=[], data_prefix=dict(video=root),
            allow_outside=True)
        dataset.require_files()
    labels: Dict[str, int] = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        file = osp.relpath(info['filename'], root)
        if leads_outside(file):
            raise InputError(
                f'{videos}: {printable(info["filename"])} does not lie below '
                f'{root}: name a folder that holds all videos with --root')
        if labels.setdefault(file, info['label']) != info['label']:
            raise InputError(f'{videos} gives {printable(file)} two labels, '
                             f'{labels[file]} and {info["label"]}')
    return root, [_video(root, file, labels[file]) for file in sorted(labels)]


def share_out(videos: List[Video]) -> List[List[Video]]:
    """Consecutive videos for each shard.

    Where one ends is told by the path and the size of its last video alone:
    a video more or less changes one shard, or makes two of it.
    """
    shards: List[List[Video]] = [[]]
    for video in videos:
        if shards[-1] and _ends_shard(shards[-1][-1]):
            shards.append([])
        shards[-1].append(video)
    return shards


def _ends_shard(video: Video) -> bool:
    digest = hashlib.blake2b(
        video.file.encode(errors='surrogateescape'), digest_size=8).digest()
    drawn = int.from_bytes(digest, 'big') / 2**64
    return drawn < 1 / VIDEOS + video.size / BYTES


def _video(root: str, file: str, label: int) -> Video:
    try:
        file.encode()
    except UnicodeEncodeError:
        return Video(file, 0, 0, label,
                     unreadable='its name is not UTF-8: rename it')
    path = osp.join(root, file)
    try:
        state = os.stat(path)
    except (OSError, ValueError) as error:
        if getattr(error, 'errno', None) in NO_VERDICT:
            raise InputError(
                f'{printable(file)} cannot be accessed ({error}): fix the '
                'machine, then run it again') from error
        why = getattr(error, 'strerror', None) or str(error)
        return Video(file, 0, 0, label, unreadable=why)
    if not os.access(path, os.R_OK):
        # Permissions change neither size nor time of a file.
        return Video(file, 0, 0, label, unreadable=os.strerror(errno.EACCES))
    return Video(file, state.st_size, state.st_mtime_ns, label)
