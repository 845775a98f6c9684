"""A collection, opened to be read."""
import os
import os.path as osp
from functools import cached_property
from typing import List, NamedTuple, Optional, Union

import numpy as np
from torch import Tensor

from ..datasets.video_list import leads_outside
from ..errors import InputError
from .features import Features, UnitRows
from .layout import (
    CLIPS,
    FEATURES,
    RECORD,
    Shard,
    Video,
    digest_of,
    file_of,
    name_of,
    read_manifest,
    read_record,
)
from .ranking import Neighbors, ranked
from .table import TIMES, from_parquet

# Bytes that a file of features takes at most beside them
HEADER = 2**16


class Clips(NamedTuple):
    """The clips of a collection, a column each.

    Attributes:
        video (np.ndarray): Which of the collection's ``videos`` each is of;
            int64 ``[N]``, ascending.
        start (np.ndarray): When it begins, in seconds; float64 ``[N]``.
        end (np.ndarray): When it ends, likewise.
        fps (np.ndarray): Frames per second of the video; float64 ``[N]``.
        label (np.ndarray): int64 ``[N]``, -1 where there is none.

    Examples:
        >>> clips = Collection('mine').clips  # doctest: +SKIP
        >>> clips.start[:3]  # doctest: +SKIP
        array([0., 1., 2.])
    """
    video: np.ndarray
    start: np.ndarray
    end: np.ndarray
    fps: np.ndarray
    label: np.ndarray


class Collection:
    """A folder that :func:`index` has made, opened to be read.

    Clips are sorted by the path of their video, and those of one video by
    time. Nothing in the folder is executed, and nothing outside it is read.

    Args:
        folder (str): The folder.
        root (str, optional): Folder of the videos. Defaults to that of the
            manifest, which was set by whoever made the collection: name your
            own for a collection that you do not trust.

    Attributes:
        manifest (dict): As described in docs/collections.md; plain data.
        videos (list[Video]): Those that have clips, sorted by ``file``.
        unreadable (list[Video]): Those that could not be read.

    Raises:
        InputError: If there is no collection, it is of another version of
            the format, or damaged.

    Examples:
        >>> collection = Collection('mine')  # doctest: +SKIP
        >>> len(collection), collection.features.shape  # doctest: +SKIP
        (4312, (4312, 512))
        >>> found = collection.search(
        ...     collection.features[7], top=3)  # doctest: +SKIP
        >>> for row in found.row[0]:  # doctest: +SKIP
        ...     video = collection.videos[collection.clips.video[row]]
        ...     print(video.file, collection.clips.start[row])
        a.mp4 7.0
        c.mp4 0.0
        b.mp4 3.0
    """

    def __init__(self, folder: Union[str, os.PathLike],
                 root: Optional[str] = None) -> None:
        self.folder = os.fspath(folder)
        self.manifest = read_manifest(self.folder)
        self.root: str = root or self.manifest['root']
        self._shards: List[Shard] = [
            read_record(self.folder, name)
            for name in self.manifest['shards']
        ]
        for shard in self._shards:
            self._require_rows(shard)
        listed = [video for shard in self._shards for video in shard.videos]
        self.videos: List[Video] = [v for v in listed if v.clips]
        self.unreadable: List[Video] = [v for v in listed if not v.clips]

    def _require_rows(self, shard: Shard) -> None:
        """Refuse a record with other clips than the shard has room for."""
        width = np.dtype(self.manifest['dtype']).itemsize
        bare = shard.clips * self.manifest['channels'] * width
        if not bare <= shard.size[FEATURES] <= bare + HEADER:
            raise InputError(
                f'{file_of(self.folder, shard.name, RECORD)} is damaged: '
                f'{shard.clips} clips do not take {shard.size[FEATURES]} '
                'bytes; run `ascnet-mm index` again, which rebuilds this '
                'part')

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def features(self) -> Features:
        """Features: ``[N, C]``, float16 or float32; read where asked for."""
        # Without a row there is nothing to map.
        shards = [shard for shard in self._shards if shard.clips]
        return Features(
            [file_of(self.folder, shard.name, FEATURES) for shard in shards],
            [shard.clips for shard in shards], self.manifest['channels'],
            self.manifest['dtype'])

    @cached_property
    def clips(self) -> Clips:
        """Clips: Videos, times, frame rates and labels of all clips.

        Raises:
            InputError: If a table of them is damaged.
        """
        tables = [
            from_parquet(
                file_of(self.folder, shard.name, CLIPS), shard.clips)
            for shard in self._shards
        ]
        counts = [video.clips for video in self.videos]
        labels = [video.label for video in self.videos]
        times = {
            name: np.concatenate([np.empty(0)] + [
                table[name] for table in tables])
            for name in TIMES
        }
        return Clips(
            video=np.repeat(np.arange(len(counts)), counts),
            label=np.repeat(np.array(labels, dtype=np.int64), counts),
            **times)

    def path(self, video: int) -> str:
        """Path of the file of a video.

        Args:
            video (int): Its place in :attr:`videos`.

        Raises:
            InputError: If it is not below the folder of the videos.
        """
        file = self.videos[video].file
        if leads_outside(file):
            raise InputError(f'{file!r} leads out of {self.root}')
        return osp.join(self.root, file)

    def rows(self, video: int) -> range:
        """The rows of a video's clips.

        Args:
            video (int): Its place in :attr:`videos`.

        Raises:
            IndexError: If there is no such video.
        """
        video = range(len(self.videos))[video]
        first, last = np.searchsorted(
            self.clips.video, [video, video + 1]).tolist()
        return range(first, last)

    def find(self, file: str) -> Optional[int]:
        """The place in :attr:`videos` of a path below the root, or None."""
        return self._places.get(file)

    @cached_property
    def _places(self) -> dict:
        return {video.file: place for place, video in enumerate(self.videos)}

    def search(self,
               queries: Union[np.ndarray, Tensor],
               top: int = 10,
               one_per_video: bool = True) -> Neighbors:
        """The clips that are most similar to queries, by cosine, exactly.

        Only a block of the collection is in memory at a time, of more rows
        where the most similar clips are of few videos.

        Args:
            queries (np.ndarray | Tensor): ``[Q, C]``, or ``[C]`` for one.
            top (int): How many clips per query. Defaults to 10.
            one_per_video (bool): Find only the most similar clip of each
                video. Defaults to True.

        Returns:
            Neighbors: ``[Q, found]``; fewer than ``top`` where there are no
            more. Of equally similar clips the first comes first.

        Raises:
            InputError: If the queries have another number of channels, or
                they or the features hold NaN.
        """
        return ranked(
            self.unit_queries(queries), UnitRows(self.features),
            self.clips.video, top, one_per_video)

    def unit_queries(self, queries: Union[np.ndarray, Tensor]) -> Tensor:
        """Queries as :meth:`search` compares them: float32 ``[Q, C]``, unit.

        Raises:
            InputError: If they have another number of channels.
        """
        if isinstance(queries, Tensor):
            queries = queries.detach().float().cpu()
        queries = np.atleast_2d(np.asarray(queries, dtype=np.float32))
        channels = self.features.shape[1]
        if queries.ndim != 2 or queries.shape[1] != channels:
            raise InputError(
                f'queries of {self.folder} have {channels} channels, not '
                f'{list(queries.shape)}: embed them with its encoder')
        return UnitRows(queries)[:]

    @property
    def features_digest(self) -> str:
        """str: A digest of all features, of what the records say of them."""
        return name_of([[shard.name, shard.sha256[FEATURES]]
                        for shard in self._shards])

    def verify(self) -> None:
        """Read every file of the collection and compare it with its digest.

        Raises:
            InputError: If one is damaged.
        """
        for shard in self._shards:
            for ending, expected in shard.sha256.items():
                path = file_of(self.folder, shard.name, ending)
                if digest_of(path) != expected:
                    raise InputError(
                        f'{path} is damaged: its content is not what was '
                        'written; run `ascnet-mm index` again, which rebuilds '
                        'this part')
