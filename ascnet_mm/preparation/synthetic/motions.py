"""Ways to move.

Each takes the resting pose, the phase in cycles (an array of a number per
frame) and a direction (+1, -1).
"""
from typing import Dict, NamedTuple

import numpy as np


class Pose(NamedTuple):
    """Where the shape is in each frame; arrays of a number per frame."""
    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray
    zoom: np.ndarray
    shear: np.ndarray


def _pose(still: Dict[str, float], **moving: np.ndarray) -> Pose:
    values = dict(still, zoom=1., shear=0.)
    values.update(moving)
    return Pose(*np.broadcast_arrays(*(values[name]
                                       for name in Pose._fields)))


def _triangle_wave(phase):
    return 2 * abs(2 * (phase - np.floor(phase + 0.5))) - 1


def shift(still, phase, way):
    return _pose(still, x=way * 1.6 * (2 * (phase % 1) - 1))


def rotate(still, phase, way):
    return _pose(still, angle=still['angle'] + way * 2 * np.pi * phase)


def pulse(still, phase, way):
    return _pose(still, zoom=1 + 0.5 * np.sin(2 * np.pi * phase))


def bounce(still, phase, way):
    return _pose(still, y=0.7 - 1.4 * abs(np.sin(np.pi * phase)))


def orbit(still, phase, way):
    turn = 2 * np.pi * phase * way
    return _pose(still, x=0.6 * np.cos(turn), y=0.5 * np.sin(turn))


def skew(still, phase, way):
    return _pose(still, shear=0.9 * np.sin(2 * np.pi * phase))


def climb(still, phase, way):
    return _pose(still, y=way * 0.8 * _triangle_wave(phase))


def swing(still, phase, way):
    angle = 0.9 * np.sin(2 * np.pi * phase)
    return _pose(
        still, x=0.9 * np.sin(angle), y=0.9 * np.cos(angle) - 0.6,
        angle=-angle)  # yapf: disable
