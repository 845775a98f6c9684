"""The pictures."""
import os.path as osp
from collections import Counter
from typing import List, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmaction.registry import TRANSFORMS

from ..datasets.video import UnreadableVideo
from .features import Row, Videos, same_class

# Okabe and Ito's colors, which the color-blind can tell apart
COLORS = ('#0072B2', '#E69F00', '#009E73', '#D55E00', '#56B4E9', '#CC79A7',
           '#000000', '#F0E442')
MARKERS = ('o', '^', 's')
HIT, MISS = '#009E73', '#D55E00'
FRAMES = 3  # of a video, side by side


def plain(text: str, longest: int = 24) -> str:
    """A text that is drawn as it stands, shortened in the middle."""
    text = ''.join(c if c.isprintable() else '?' for c in text)
    if len(text) > longest:
        text = f'{text[:longest // 2 - 1]}…{text[-(longest // 2):]}'
    return text.replace('$', r'\$')


def named(group: str) -> str:
    """A group in a legend, from which names with ``_`` in front are left out.
    """
    return f'\u200b{plain(group)}' if group.startswith('_') else plain(group)


def draw_map(points: np.ndarray, classes: Sequence[str],
             speeds: Sequence[int], title: str, path: str) -> None:
    """The same points twice: colored by class, and by playback speed.

    Args:
        points (np.ndarray): ``[N, 2]``.
        classes (Sequence[str]): N names.
        speeds (Sequence[int]): N speeds.
        title (str): What they are.
        path (str): The file.
    """
    figure = Figure(figsize=(13, 6.2), layout='constrained')
    axes = figure.subplots(1, 2)
    _scatter(axes[0], points, [name or 'unknown' for name in classes])
    axes[0].set_title('by class')
    _scatter(axes[1], points, [f'{speed}x' for speed in speeds])
    axes[1].set_title('by playback speed')
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    figure.suptitle(title)
    figure.savefig(path, dpi=110)


def _scatter(axis: Axes, points: np.ndarray,
             groups: Sequence[str]) -> None:
    """Points of the largest groups in styles of their own, others gray."""
    # Neighbors in the legend differ in both.
    styles = [(COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)])
              for place in range(len(COLORS) * len(MARKERS))]
    names = [name for name, _ in Counter(groups).most_common(len(styles))]
    groups = np.array(groups)
    rest = ~np.isin(groups, names)
    if rest.any():
        axis.scatter(
            *points[rest].T, s=16, color='0.8',
            label=f'{len(set(groups[rest]))} other classes')
    for name, (color, marker) in zip(sorted(names), styles):
        axis.scatter(
            *points[groups == name].T, s=30, color=color, marker=marker,
            alpha=0.8, edgecolors='0.3', linewidths=0.3,
            label=named(name))
    axis.legend(
        loc='upper center', bbox_to_anchor=(0.5, -0.01), ncols=3, fontsize=9,
        frameon=False, handletextpad=0.2)


def draw_sheet(rows: Sequence[Row], queries: Videos, gallery: Videos,
               title: str, path: str) -> None:
    """A line per query: itself, and what was found, nearest first.

    Hits have a green, solid frame and misses an orange, dashed one.
    """
    columns = 1 + max(len(row.found) for row in rows)
    figure = Figure(
        figsize=(2.9 * columns, 1.25 * len(rows) + 0.7), layout='constrained')
    axes = figure.subplots(len(rows), columns, squeeze=False)
    figure.get_layout_engine().set(w_pad=0.07)
    for line, row in zip(axes, rows):
        wanted = queries.classes[row.query]
        _draw_video(line[0], queries, row.query, 'query: ')
        for axis, place, similarity in zip(line[1:], row.found,
                                           row.similarities):
            _draw_video(axis, gallery, place, f'{similarity:.3f}  ')
            if wanted:
                hit = same_class(queries, row.query, gallery, place)
                _frame(axis, HIT if hit else MISS, '-' if hit else '--')
        for axis in line[1 + len(row.found):]:
            axis.set_visible(False)
    figure.suptitle(title)
    figure.savefig(path, dpi=100)


def _draw_video(axis: Axes, videos: Videos, place: int,
                note: str) -> None:
    name = videos.names[place]
    frames = read_frames(osp.join(videos.root, name))
    if frames:
        axis.imshow(np.concatenate(frames, axis=1))
    else:
        axis.text(0.5, 0.5, 'cannot be read', ha='center', va='center')
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title(
        note + plain(videos.classes[place]), fontsize=9, pad=4)
    axis.set_xlabel(plain(osp.basename(name), 36), fontsize=8, labelpad=3)


def _frame(axis: Axes, color: str, line: str) -> None:
    for spine in axis.spines.values():
        spine.set(color=color, linewidth=3, linestyle=line)


def read_frames(path: str) -> List[np.ndarray]:
    """A few frames at even distances, uint8 ``[H, W, 3]``; none if unread.
    """
    results = dict(filename=path, start_index=0, modality='RGB')
    try:
        for step in (dict(type='OpenVideo'),
                     dict(
                         type='SampleFrames', clip_len=1, num_clips=FRAMES,
                         test_mode=True), dict(type='DecodeFrames')):
            results = TRANSFORMS.build(step)(results)
    except UnreadableVideo:
        return []
    return results['imgs']
