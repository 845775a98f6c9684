"""Shards written, and what earlier ones hold taken over."""
import errno
import io
import logging
import os
import os.path as osp
from typing import Dict, List, Optional, Tuple, Union

import numpy as np
from mmengine.logging import print_log

from ..errors import InputError
from ..files import (
    remove_if_there,
    remove_parts,
    write_json,
    write_whole,
    written_as,
)
from .embedding import Embedded
from .layout import (
    CLIPS,
    ENDINGS,
    FEATURES,
    MANIFEST,
    NAME,
    RECORD,
    SKIPPED,
    Shard,
    Video,
    digest_of,
    file_of,
    own_files,
    read_record,
)
from .table import TIMES, from_parquet, to_parquet

# Share of a clip's largest feature that rounding may take (float16: 0.0005)
LOST = 0.01
# Why a video that was there when it was listed could not be opened: it may
# come back as it was.
AWAY = {os.strerror(errno.ENOENT), os.strerror(errno.EACCES)}
# What became of a video: its clips, or why it cannot be read
Result = Union[Embedded, str]


def write_shard(folder: str, name: str, videos: List[Video],
                results: List[Result], dtype: str) -> None:
    """Write a shard, its record last.

    Args:
        folder (str): The collection.
        name (str): Of the shard.
        videos (list[Video]): What is listed.
        results (list[Embedded | str]): What became of each.
        dtype (str): Of the features.

    Raises:
        InputError: If features are not finite in this dtype, or a file
            cannot be written.
    """
    done = []
    parts: Dict[str, list] = {key: [] for key in ('features', *TIMES)}
    for video, result in zip(videos, results):
        if isinstance(result, str):
            done.append(video._replace(unreadable=result))
            continue
        with np.errstate(over='ignore'):
            features = result.features.astype(dtype)
        if not np.isfinite(features).all():
            raise InputError(
                f'the features of {video.file} are not finite in {dtype}: '
                'take float32, or another checkpoint if this one has '
                'diverged')
        lost = np.abs(features - result.features).max(axis=1)
        if (lost > LOST * np.abs(result.features).max(axis=1)).any():
            raise InputError(
                f'the features of {video.file} are too small for {dtype}: '
                'take float32')
        done.append(video._replace(clips=len(features)))
        parts['features'].append(features)
        parts['start'].append(result.start)
        parts['end'].append(result.end)
        parts['fps'].append(np.full(len(features), result.fps))
    clips = [video.clips for video in done]
    buffer = io.BytesIO()
    np.save(buffer, np.concatenate(
        parts['features'] or [np.empty((0, 0), dtype)]))
    contents = {
        FEATURES: buffer.getvalue(),
        CLIPS: to_parquet(
            [video.file for video in done for _ in range(video.clips)],
            np.repeat(
                np.array([video.label for video in done], np.int64), clips),
            {key: np.concatenate(parts[key] or [np.empty(0)])
             for key in TIMES})
    }  # yapf: disable
    for ending, content in contents.items():
        write_whole(file_of(folder, name, ending), content)
    write_json(
        file_of(folder, name, RECORD),
        dict(
            videos=[video._asdict() for video in done],
            size={
                ending: len(content) for ending, content in contents.items()
            },
            sha256={
                ending: digest_of(file_of(folder, name, ending))
                for ending in contents
            }))


class Earlier:
    """What is in the folder of a collection already.

    Args:
        folder (str): The collection.
        prefix (str): That of the names of shards by the same encoder in the
            same way.

    Attributes:
        shards (dict[str, Shard]): Those that are whole, and in which no video
            was away, by name.
    """

    def __init__(self, folder: str, prefix: str) -> None:
        self.folder = folder
        self.shards: Dict[str, Shard] = {}
        self._whole: Dict[str, Shard] = {}
        # Shard, place in it, first row in it
        self._places: Dict[tuple, Tuple[str, int, int]] = {}
        self._opened: Optional[str] = None
        for path in own_files(folder):
            name, ending = osp.splitext(osp.basename(path))
            if (ending == RECORD and NAME.fullmatch(name)
                    and name.startswith(prefix)):
                self._take(name)

    def _take(self, name: str) -> None:
        try:
            shard = read_record(self.folder, name)
            for ending, expected in shard.sha256.items():
                path = file_of(self.folder, name, ending)
                if digest_of(path) != expected:
                    raise InputError(f'{path} is damaged')
        except InputError as error:
            print_log(f'{error}: it is rebuilt', 'current', logging.WARNING)
            return
        self._whole[name] = shard
        if not any(map(_was_away, shard.videos)):
            self.shards[name] = shard
        row = 0
        for place, video in enumerate(shard.videos):
            if not _was_away(video):
                self._places[identity(video)] = name, place, row
            row += video.clips

    def knows(self, video: Video) -> bool:
        """Whether a video has not changed since.

        Args:
            video (Video): As it is listed.
        """
        return identity(video) in self._places

    def result_of(self, video: Video) -> Result:
        """What became of a video that has not changed since."""
        name, place, row = self._places[identity(video)]
        known = self._whole[name].videos[place]
        if known.unreadable is not None:
            return known.unreadable
        rows = slice(row, row + known.clips)
        features, times = self._open(name)
        return Embedded(
            np.array(features[rows], np.float32), times['start'][rows],
            times['end'][rows], float(times['fps'][row]))

    def _open(self, name: str) -> Tuple[np.ndarray, Dict[str, np.ndarray]]:
        # Consecutive videos mostly lie in one.
        if self._opened != name:
            features = np.load(
                file_of(self.folder, name, FEATURES), mmap_mode='r',
                allow_pickle=False)
            times = from_parquet(
                file_of(self.folder, name, CLIPS), self._whole[name].clips)
            self._opened, self._content = name, (features, times)
        return self._content


def _was_away(video: Video) -> bool:
    """Whether a video was there when listed, but not when it was opened."""
    return video.size > 0 and video.unreadable in AWAY


def identity(video: Video) -> tuple:
    """What a video is known by: it changes with its file."""
    return video.file, video.size, video.mtime_ns


def remove_others(folder: str, names: List[str]) -> None:
    """Remove what is no file of these shards: of earlier or killed runs."""
    kept = {
        file_of(folder, name, ending) for name in names for ending in ENDINGS
    }
    # Records first: what they name is no shard without them.
    for path in sorted(own_files(folder),
                       key=lambda path: not path.endswith(RECORD)):
        if path not in kept and _is_ours(path):
            remove_if_there(path)
    for name in (MANIFEST, SKIPPED):
        remove_parts(folder, name)


def _is_ours(path: str) -> bool:
    name, ending = osp.splitext(written_as(osp.basename(path)))
    return bool(NAME.fullmatch(name)) and ending in ENDINGS
