"""Render a small set of videos in eight classes, to try the method on.

As in videos of actions, a class is a kind of thing in a kind of scene, moving
in a kind of way: a shape, its texture, a motion and a background pattern.
Everything else varies freely within it: colours, size, position, direction,
phase, pace, and the background's colours, angle and scale.

    python tools/data/make_synthetic.py data/synthetic

writes ``videos/CLASS/NAME.mp4`` (H.264) and the lists ``train.txt`` and
``test.txt`` of ``path label`` lines. The same seed gives the same frames.
"""
import argparse
import os
import os.path as osp
from typing import Callable, Dict, NamedTuple, Tuple

import av
import numpy as np

WIDTH, HEIGHT, FRAMES, FPS = 80, 64, 48, 24

# ---------------------------------------------------------------- shapes
# Signed distance (about) of points (u, v) to the outline: negative inside.


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


# -------------------------------------------------------------- textures
# How much of the second colour a point (u, v) of the shape has, 0 to 1.


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


# --------------------------------------------------------------- motions


class Pose(NamedTuple):
    """Where the shape is in each frame; arrays ``[FRAMES]``."""
    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray
    zoom: np.ndarray
    shear: np.ndarray


def _pose(still: Dict[str, float], **moving: np.ndarray) -> Pose:
    ones = np.ones(FRAMES)
    values = dict(still, zoom=1., shear=0.)
    values.update(moving)
    return Pose(**{name: values[name] * ones for name in Pose._fields})


def _triangle_wave(phase):
    return 2 * abs(2 * (phase - np.floor(phase + 0.5))) - 1


# Each takes the resting pose, the phase in cycles and a direction (+1, -1).


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


# ---------------------------------------------------------------- scenes
# How much of the second colour a point (x, y) of the background has, 0 to 1.
# `along` and `across` are turned and moved freely, `n` is a free frequency.


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


# What a thing is (shape and texture), how it moves, and where.
CLASSES: Dict[str, Tuple[Callable, Callable, Callable, Callable]] = {
    'striped_disc_shifts': (disc, stripes, shift, slope),
    'checked_square_rotates': (square, checks, rotate, ripples),
    'plain_triangle_pulses': (triangle, plain, pulse, tiles),
    'dotted_ring_bounces': (ring, dots, bounce, horizon),
    'shaded_star_orbits': (star, shaded, orbit, spots),
    'checked_cross_skews': (cross, checks, skew, waves),
    'plain_swarm_climbs': (swarm, plain, climb, blocks),
    'striped_crescent_swings': (crescent, stripes, swing, rays),
}

# -------------------------------------------------------------- rendering


def _two_colours(rng: np.random.Generator) -> np.ndarray:
    """A dark and a light colour, in random order, ``[2, 3]``."""
    colours = rng.uniform(-0.25, 0.25, (2, 3)) + [[0.25], [0.75]]
    return rng.permutation(colours)


def _background(scene: Callable, rng: np.random.Generator, x,
                y) -> np.ndarray:
    """Two free colours mixed by a scene, ``[HEIGHT, WIDTH, 3]``."""
    first, second = _two_colours(rng)
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
    first, second = _two_colours(rng)
    mix = texture(u, v)[..., None]
    frames = cover * (mix * second + (1 - mix) * first) + (1 - cover) * frames
    noise = rng.normal(0, 0.02, frames.shape)
    return (255 * np.clip(frames + noise, 0, 1)).round().astype(np.uint8)


def write_video(path: str, frames: np.ndarray, fps: int = FPS) -> None:
    """Encode RGB frames ``[T, H, W, 3]`` as H.264, key frame every 16.

    Without B-frames and macroblock tree x264 gives the same bytes each time;
    with them it did not, for pictures as small as these.
    """
    options = {'crf': '20', 'g': '16', 'bf': '0', 'x264-params': 'mbtree=0'}
    with av.open(path, 'w', options={'fflags': '+bitexact'}) as container:
        stream = container.add_stream('libx264', rate=fps, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = 'yuv420p'
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def make_set(root: str, train: int, test: int, seed: int) -> None:
    """Write videos and lists below ``root``.

    The lists come last, so a set that was broken off is not taken for whole.
    """
    lists = {'train': [], 'test': []}
    for label, name in enumerate(CLASSES):
        os.makedirs(osp.join(root, 'videos', name), exist_ok=True)
        for index in range(train + test):
            part = 'train' if index < train else 'test'
            path = f'{name}/{index:04d}.mp4'
            rng = np.random.default_rng((seed, label, index))
            write_video(osp.join(root, 'videos', path), render(name, rng))
            lists[part].append(f'{path} {label}\n')
    for part, lines in lists.items():
        with open(osp.join(root, f'{part}.txt'), 'w') as file:
            file.writelines(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0])
    parser.add_argument('root', help='folder to write to')
    parser.add_argument(
        '--train', type=int, default=40, help='training videos per class')
    parser.add_argument(
        '--test', type=int, default=20, help='test videos per class')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    make_set(args.root, args.train, args.test, args.seed)
    total = len(CLASSES) * (args.train + args.test)
    print(f'{total} videos in {len(CLASSES)} classes written to {args.root}')


if __name__ == '__main__':
    main()
