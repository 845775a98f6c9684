"""Outlines and textures of the things that move.

A shape gives the signed distance (about) of points (u, v) to its outline:
negative inside. A texture gives how much of the second color a point has, 0
to 1.
"""
import numpy as np


def disc(u, v):
    return np.hypot(u, v) - 1


def square(u, v):
    return np.maximum(abs(u), abs(v)) - 0.85


def triangle(u, v):
    return np.maximum(abs(u) * 0.87 + v * 0.5, -v) - 0.6


def ring(u, v):
    return abs(np.hypot(u, v) - 0.75) - 0.27


def star(u, v):
    return np.hypot(u, v) - 0.75 - 0.35 * np.cos(5 * np.arctan2(v, u))


def cross(u, v):
    arm = np.minimum(abs(u), abs(v)) - 0.3
    return np.maximum(arm, square(u, v) - 0.15)


def swarm(u, v):
    angles = 2 * np.pi * np.arange(3) / 3
    discs = [
        np.hypot(u - 0.75 * np.cos(a), v - 0.75 * np.sin(a)) - 0.42
        for a in angles
    ]
    return np.minimum.reduce(discs)


def crescent(u, v):
    return np.maximum(disc(u, v), 0.85 - np.hypot(u - 0.5, v))


def plain(u, v):
    return np.zeros_like(u)


def stripes(u, v):
    return (np.sin(9 * u) > 0).astype(float)


def checks(u, v):
    return ((np.sin(7 * u) > 0) ^ (np.sin(7 * v) > 0)).astype(float)


def dots(u, v):
    return (np.sin(9 * u) * np.sin(9 * v) > 0.3).astype(float)


def shaded(u, v):
    return np.clip(np.hypot(u, v), 0, 1)
