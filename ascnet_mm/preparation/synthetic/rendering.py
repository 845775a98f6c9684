"""The eight classes, and frames of a video of one."""
from typing import Callable, Dict, Tuple

import numpy as np

from . import motions, scenes, shapes

WIDTH, HEIGHT, FRAMES, FPS = 80, 64, 48, 24

# What a thing is (shape and texture), how it moves, and where.
CLASSES: Dict[str, Tuple[Callable, Callable, Callable, Callable]] = {
    'striped_disc_shifts':
    (shapes.disc, shapes.stripes, motions.shift, scenes.slope),
    'checked_square_rotates':
    (shapes.square, shapes.checks, motions.rotate, scenes.ripples),
    'plain_triangle_pulses':
    (shapes.triangle, shapes.plain, motions.pulse, scenes.tiles),
    'dotted_ring_bounces':
    (shapes.ring, shapes.dots, motions.bounce, scenes.horizon),
    'shaded_star_orbits':
    (shapes.star, shapes.shaded, motions.orbit, scenes.spots),
    'checked_cross_skews':
    (shapes.cross, shapes.checks, motions.skew, scenes.waves),
    'plain_swarm_climbs':
    (shapes.swarm, shapes.plain, motions.climb, scenes.blocks),
    'striped_crescent_swings':
    (shapes.crescent, shapes.stripes, motions.swing, scenes.rays),
}


def _two_colors(rng: np.random.Generator) -> np.ndarray:
    """A dark and a light color, in random order, ``[2, 3]``."""
    colors = rng.uniform(-0.25, 0.25, (2, 3)) + [[0.25], [0.75]]
    return rng.permutation(colors)


def _background(scene: Callable, rng: np.random.Generator, x,
                y) -> np.ndarray:
    """Two free colors mixed by a scene, ``[HEIGHT, WIDTH, 3]``."""
    first, second = _two_colors(rng)
    angle = rng.uniform(-0.3, 0.3)
    n = rng.uniform(1.8, 2.4)
    x, y = x - rng.uniform(-1, 1), y - rng.uniform(-1, 1)
    mix = scene(
        np.cos(angle) * x + np.sin(angle) * y,
        np.cos(angle) * y - np.sin(angle) * x, n)[..., None]
    return mix * first + (1 - mix) * second


def render(name: str, rng: np.random.Generator) -> np.ndarray:
    """Draw a video of a class.

    Args:
        name (str): Key of ``CLASSES``.
        rng (np.random.Generator): Decides all that varies within a class.

    Returns:
        np.ndarray: RGB, uint8 ``[FRAMES, HEIGHT, WIDTH, 3]``.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> render('shaded_star_orbits', rng).shape
        (48, 64, 80, 3)
    """
    shape, texture, motion, scene = CLASSES[name]
    y, x = np.mgrid[:HEIGHT, :WIDTH] / (HEIGHT / 2)
    x, y = x - WIDTH / HEIGHT, y - 1
    frames = np.broadcast_to(
        _background(scene, rng, x, y), (FRAMES, HEIGHT, WIDTH, 3)).copy()

    size = rng.uniform(0.4, 0.7)
    still = dict(
        x=rng.uniform(-0.5, 0.5), y=rng.uniform(-0.3, 0.3),
        angle=rng.uniform(0, 2 * np.pi))  # yapf: disable
    pace = rng.uniform(0.7, 1.4)  # cycles a second
    phase = rng.uniform() + pace * np.arange(FRAMES) / FPS
    pose = motion(still, phase, rng.choice([-1, 1]))

    column = (slice(None), None, None)
    u, v = x - pose.x[column], y - pose.y[column]
    cos, sin = np.cos(pose.angle)[column], np.sin(pose.angle)[column]
    u, v = cos * u + sin * v, cos * v - sin * u
    u = u - pose.shear[column] * v
    scale = size * pose.zoom[column]
    u, v = u / scale, v / scale
    # One pixel of soft edge.
    cover = np.clip(0.5 - shape(u, v) * scale * HEIGHT / 2, 0, 1)[..., None]
    first, second = _two_colors(rng)
    mix = texture(u, v)[..., None]
    frames = cover * (mix * second + (1 - mix) * first) + (1 - cover) * frames
    noise = rng.normal(0, 0.02, frames.shape)
    return (255 * np.clip(frames + noise, 0, 1)).round().astype(np.uint8)
