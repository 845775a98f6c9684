"""Moments of long videos, found by a clip that is cut out of them."""
import os
import os.path as osp
from typing import Any, Dict, List, Sequence

import numpy as np
from rich.progress import track

from ..collection import Collection, index
from ..figures import write_figures
from ..inference import VideoEncoder, load_encoder
from .copies import (
    choose,
    link,
    read_frames,
    require_no_more,
    untrained,
    write_frames,
)

# Seconds: of a clip, of the shortest video, and how far off it may be found
CLIP, SHORTEST, OFF = 2.0, 6.0, 0.5


def run(videos: str, encoder: Sequence[str], work_dir: str, count: int,
        out: str) -> None:
    """Cut a clip out of each video, search for it, write ``moments.json``.

    Args:
        videos (str): Folder of the videos.
        encoder (Sequence[str]): A checkpoint; or a config and a checkpoint.
        work_dir (str): Where clips and collections are kept. What is there
            is used again.
        count (int): How many videos.
        out (str): Folder of the JSON file.

    Raises:
        InputError: If none is long enough.
    """
    starts = cut_clips(videos, count, work_dir)
    trained = load_encoder(*encoder)
    found: Dict[str, Any] = {}
    for name, network in dict(trained=trained,
                              untrained=untrained(trained)).items():
        collection = index(osp.join(work_dir, 'videos'),
                           osp.join(work_dir, name), network)
        found[name] = shares(collection, network, starts, work_dir)
    chance = 100 / len(collection)
    print(f'{len(starts)} clips among {len(collection)}: {found}')
    write_figures(
        'moments', out,
        settings=dict(videos=len(starts), clips=len(collection), seconds=CLIP,
                      shortest=SHORTEST, off=OFF, chance=round(chance, 1),
                      clip_len=trained.clip_len,
                      backbone=trained.recipe['backbone']),
        encoders=found)


def cut_clips(videos: str, count: int, folder: str) -> List[float]:
    """Cut a clip out of each of some long videos, encoded anew.

    Returns:
        list[float]: When each begins in its video, in seconds.
    """
    starts = []
    rng = np.random.default_rng(0)
    for name in ('videos', 'clips'):
        os.makedirs(osp.join(folder, name), exist_ok=True)
    chosen = choose(videos, count, SHORTEST)
    require_no_more(osp.join(folder, 'videos'), len(chosen))
    for number, path in enumerate(track(chosen, 'clips')):
        video, clip = _files(folder, number)
        link(path, video)
        frames, rate = read_frames(path)
        length = round(CLIP * rate)
        first = int(rng.integers(0, len(frames) - length + 1))
        starts.append(float(first / rate))
        write_frames(clip, frames[first:first + length], rate)
    return starts


def _files(folder: str, number: int) -> List[str]:
    return [osp.join(folder, name, f'{number:04}.mkv')
            for name in ('videos', 'clips')]


def shares(collection: Collection, encoder: VideoEncoder,
           starts: Sequence[float], folder: str) -> Dict[str, float]:
    """How many clips find their video, and their place in it, at rank 1."""
    video, place = 0, 0
    for number, start in enumerate(starts):
        _, clip = _files(folder, number)
        query = encoder.embed_clips(clip).features.mean(dim=0)
        row = int(collection.search(query, top=1).row[0, 0])
        here = collection.videos[collection.clips.video[row]].file
        right = here == f'{number:04}.mkv'
        video += right
        off = abs(float(collection.clips.start[row]) - start)
        place += right and off <= OFF + 1e-6
    return dict(video=round(100 * video / len(starts), 1),
                moment=round(100 * place / len(starts), 1))
