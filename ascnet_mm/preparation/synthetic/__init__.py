"""A small set of rendered videos in eight classes, to try the method on.

As in videos of actions, a class is a kind of thing in a kind of scene, moving
in a kind of way: a shape, its texture, a motion and a background pattern.
Everything else varies freely within it: colors, size, position, direction,
phase, pace, and the background's colors, angle and scale.
"""
from .files import make_set, write_video
from .rendering import CLASSES, render

__all__ = ['CLASSES', 'make_set', 'render', 'write_video']
