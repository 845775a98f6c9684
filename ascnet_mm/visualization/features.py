"""What the pictures show: features, and nearest videos."""
import os.path as osp
from collections import defaultdict
from typing import Dict, List, NamedTuple, Sequence

import numpy as np
import torch

from ..evaluation.search import ComparableRows, nearest
from ..label_names import folder_names


class Videos(NamedTuple):
    """Features of videos as ``FeatureFile`` writes them.

    Attributes:
        root (str): Folder that the names start from.
        names (list[str]): V paths below it.
        classes (list[str]): The class of each, empty where none is known.
        features (np.ndarray): float32 ``[V, C]``.
        labels (list[int]): V labels, -1 where there is none; or nothing.
    """
    root: str
    names: List[str]
    classes: List[str]
    features: np.ndarray
    labels: Sequence[int] = ()

    @classmethod
    def read(cls, path: str, root: str) -> 'Videos':
        """Read a file that ``FeatureFile`` has written."""
        with np.load(path) as file:
            names, labels = file['names'].tolist(), file['labels'].tolist()
            return cls(root, names, class_names(names, labels),
                       file['features'], labels)


def class_names(names: Sequence[str], labels: Sequence[int]) -> List[str]:
    """Classes for people: by label if there is one, else by folder.

    A label is called by its number where its videos have no folder of their
    own.

    Args:
        names (Sequence[str]): Paths of the videos.
        labels (Sequence[int]): -1 where there is none.
    """
    if max(labels) < 0:
        return [osp.basename(osp.dirname(name)) for name in names]
    called = folder_names(names, labels)
    return ['' if label < 0 else called.get(label, f'class {label}')
            for label in labels]


def same_class(queries: Videos, query: int, gallery: Videos,
               place: int) -> bool:
    """Whether a query and a video of the gallery are of one class.

    By their labels, where both have one: queries and gallery may call the same
    label differently, as their folders do.

    Args:
        queries (Videos): The queries.
        query (int): Place of one.
        gallery (Videos): The gallery.
        place (int): Place of a video in it.
    """
    labels = [videos.labels[row] if videos.labels else -1
              for videos, row in ((queries, query), (gallery, place))]
    if min(labels) >= 0:
        return labels[0] == labels[1]
    return queries.classes[query] == gallery.classes[place]


class Row(NamedTuple):
    """A query and what is nearest to it.

    Attributes:
        query (int): Its place among the queries.
        found (list[int]): Places in the gallery, nearest first.
        similarities (list[float]): Their cosines.
    """
    query: int
    found: List[int]
    similarities: List[float]


def search(queries: Videos, gallery: Videos, rows: Sequence[int],
           depth: int) -> List[Row]:
    """The videos of the gallery nearest to queries, but for themselves.

    Args:
        queries (Videos): Whose videos may be in the gallery as well.
        gallery (Videos): Where they search.
        rows (Sequence[int]): Places of the queries.
        depth (int): How many are sought.
    """
    similarities, order = nearest(
        ComparableRows(torch.from_numpy(queries.features[list(rows)])),
        ComparableRows(torch.from_numpy(gallery.features)), depth + 1)
    found = []
    for row, values, places in zip(rows, similarities.tolist(),
                                   order.tolist()):
        itself = osp.abspath(osp.join(queries.root, queries.names[row]))
        others = [(place, value) for place, value in zip(places, values)
                  if osp.abspath(
                      osp.join(gallery.root, gallery.names[place])) != itself]
        found.append(
            Row(row, [place for place, _ in others[:depth]],
                [value for _, value in others[:depth]]))
    return found


def choose(classes: Sequence[str], count: int) -> List[int]:
    """Places of videos that share the classes out among them.

    Args:
        classes (Sequence[str]): Class of each video.
        count (int): How many; more than there are videos means all.
    """
    places: Dict[str, List[int]] = defaultdict(list)
    for place, name in enumerate(classes):
        places[name].append(place)
    turns = sorted((turn, name, place) for name, of_class in places.items()
                   for turn, place in enumerate(of_class))
    return [place for _, _, place in turns[:count]]
