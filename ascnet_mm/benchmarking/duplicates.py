"""Copies of known videos, found by an encoder and by hashes of frames."""
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import cv2
import numpy as np

from ..collection import Collection, Match, index
from ..collection.contrast import Contrast
from ..collection.copies import THRESHOLD
from ..collection.features import UnitRows
from ..collection.matching import find_matches
from ..collection.reading import Clips
from ..datasets.video import decode_in_order, open_file, video_stream
from ..figures import write_figures
from ..inference import load_encoder
from .copies import KINDS, ORIGINAL, SHORTEST, make_set, untrained

# Similarities below are not told apart: no threshold would be as low.
FLOOR = 0.3
HASH = 8


class Pair(NamedTuple):
    """Two videos of the set that match.

    Attributes:
        kinds (tuple[str, str]): How each was made.
        numbers (tuple[int, int]): What each was made of.
        similarity (float): Of the match.
    """
    kinds: 'tuple[str, str]'
    numbers: 'tuple[int, int]'
    similarity: float

    @property
    def right(self) -> bool:
        """bool: Whether they were made of the same video."""
        return self.numbers[0] == self.numbers[1]


def run(videos: str, encoder: Sequence[str], work_dir: str, count: int,
        out: str) -> None:
    """Make copies, look for them, and write ``duplicates.json``.

    Args:
        videos (str): Folder of the videos.
        encoder (Sequence[str]): A checkpoint; or a config and a checkpoint.
        work_dir (str): Where the copies and collections are kept. What is
            there is used again.
        count (int): How many videos are copied.
        out (str): Folder of the JSON file.

    Raises:
        InputError: If there are too few videos, or one cannot be copied.
    """
    copies = osp.join(work_dir, 'videos')
    made = make_set(videos, count, copies)
    trained = load_encoder(*encoder)
    methods = {
        'trained encoder': trained,
        'untrained encoder': untrained(trained)
    }
    found = {}
    for name, network in methods.items():
        folder = osp.join(work_dir, name.replace(' ', '_'))
        collection = index(copies, folder, network)
        rows = Contrast([collection.features]).rows(collection.features)
        pairs = named(find_matches(
            (rows, rows), (collection.clips, ) * 2, FLOOR,
            within=True), collection)
        if network is trained:
            found[f'{name}, default threshold'] = dict(
                threshold=THRESHOLD, **figures(pairs, THRESHOLD, made))
        found[name] = chosen(pairs, made)
    found['average hashes'] = chosen(hash_pairs(collection), made)
    for name, row in found.items():
        print(name, row)
    write_figures(
        'duplicates', out,
        settings=dict(videos=made, kinds=list(KINDS), shortest=SHORTEST,
                      floor=FLOOR,
                      clips=len(collection), clip_len=trained.clip_len,
                      backbone=trained.recipe['backbone']),
        methods=found)


def named(matches: Sequence[Match], collection: Collection) -> List[Pair]:
    """Matches between videos of the set, by how these were made."""
    kinds, numbers = zip(*(_made(video.file) for video in collection.videos))
    return [
        Pair((kinds[match.first], kinds[match.second]),
             (numbers[match.first], numbers[match.second]), match.similarity)
        for match in matches
    ]


def _made(file: str) -> 'tuple[str, int]':
    kind, name = osp.split(file)
    return kind, int(osp.splitext(name)[0])


def chosen(pairs: List[Pair], videos: int) -> Dict[str, Any]:
    """Figures on one half of the videos, by a threshold that suits the other.

    It is the one of the highest F1 over all pairs among videos of even
    number and their copies; the figures are those of odd number.
    """
    even = [pair for pair in pairs
            if not any(number % 2 for number in pair.numbers)]
    threshold = best_threshold(even, (videos + 1) // 2)
    odd = [pair for pair in pairs if all(n % 2 for n in pair.numbers)]
    return dict(threshold=threshold, **figures(odd, threshold, videos // 2))


def best_threshold(pairs: List[Pair], videos: int) -> float:
    """The similarity from which on pairs have the highest F1."""
    each = len(KINDS) + 1
    total = videos * each * (each - 1) // 2
    best = 0., 1.
    right = 0
    ranked = sorted(pairs, key=lambda pair: -pair.similarity)
    for place, pair in enumerate(ranked, 1):
        right += pair.right
        best = max(best, (2 * right / (place + total), pair.similarity))
    return round(best[1], 3)


def figures(pairs: List[Pair], threshold: float,
            videos: int) -> Dict[str, Any]:
    """Precision and recall of pairs, in percent.

    Of a kind, those of originals and copies of this kind count: they are
    right if the copy is one of the original. Of ``all``, any two videos
    count, two originals and two copies included.
    """
    above = [pair for pair in pairs if pair.similarity >= threshold]
    each = len(KINDS) + 1
    rows = {
        kind: [pair for pair in above if set(pair.kinds) == {ORIGINAL, kind}]
        for kind in KINDS
    }
    return dict(
        kinds={kind: _rates(row, videos) for kind, row in rows.items()},
        all=_rates(above, videos * each * (each - 1) // 2),
        originals=sum(set(pair.kinds) == {ORIGINAL} for pair in above))


def _rates(pairs: List[Pair], total: int) -> Dict[str, Optional[float]]:
    right = sum(pair.right for pair in pairs)
    return dict(
        precision=round(100 * right / len(pairs), 1) if pairs else None,
        recall=round(100 * right / total, 1))


def hash_pairs(collection: Collection) -> List[Pair]:
    """Pairs by average hashes of a frame a second, compared as clips are."""
    hashes, clips = [], []
    for place in range(len(collection.videos)):
        found = average_hashes(collection.path(place))
        hashes.append(found)
        clips += [place] * len(found)
    video = np.array(clips)
    seconds = np.concatenate([np.arange(len(part)) for part in hashes]) * 1.
    table = Clips(video, seconds, seconds + 1, *[np.zeros(len(video))] * 2)
    rows = UnitRows(np.concatenate(hashes))
    return named(
        find_matches((rows, rows), (table, table), FLOOR, within=True),
        collection)


def average_hashes(path: str) -> np.ndarray:
    """Which of 8 x 8 gray pixels are brighter than their mean, per second.

    Returns:
        np.ndarray: float32 ``[seconds, 64]``, 1 and -1: of two, the cosine
        is 1 - Hamming distance / 32.
    """
    found: List[np.ndarray] = []
    with open_file(path) as container:
        stream = video_stream(container)
        rate = float(stream.average_rate or 25)
        for number, frame in enumerate(decode_in_order(container, stream,
                                                       [])):
            if number >= len(found) * rate:
                gray = cv2.resize(frame.to_ndarray(format='gray', threads=1),
                                  (HASH, HASH), interpolation=cv2.INTER_AREA)
                found.append(np.where(gray > gray.mean(), 1, -1).ravel())
    return np.array(found, np.float32)
