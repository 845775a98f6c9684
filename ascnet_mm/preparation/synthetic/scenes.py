"""Patterns of the background.

Each gives how much of the second color a point (x, y) has, 0 to 1: ``along``
and ``across`` are turned and moved freely, ``n`` is a free frequency.
"""
import numpy as np


def slope(along, across, n):
    return np.clip(0.5 + 0.4 * along, 0, 1)


def waves(along, across, n):
    return 0.5 + 0.5 * np.sin(4 * n * along)


def spots(along, across, n):
    return (np.sin(3 * n * along) * np.sin(3 * n * across) > 0.2).astype(float)


def horizon(along, across, n):
    return 1 / (1 + np.exp(-12 * (along + 0.15 * np.sin(n * across))))


def rays(along, across, n):
    turns = np.arctan2(across, along) / (2 * np.pi)
    return (turns * np.round(4 * n) % 1 > 0.5).astype(float)


def tiles(along, across, n):
    return ((n * along % 1 < 0.25) | (n * across % 1 < 0.25)).astype(float)


def ripples(along, across, n):
    return 0.5 + 0.5 * np.cos(5 * n * np.hypot(along, across))


def blocks(along, across, n):
    cells = np.sin(12.9898 * np.floor(2 * n * along) + 78.233 * np.floor(
        2 * n * across)) * 43758.5453  # yapf: disable
    return cells - np.floor(cells)
