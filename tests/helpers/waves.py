"""Videos that are told apart by color, direction and wavelength."""
import numpy as np


def waves(video, frames):
    """A wave that moves as far in each frame, ``[3, T, 24, 24]``."""
    rng = np.random.default_rng(video)
    frequency, angle = rng.uniform(0.25, 0.45), rng.uniform(0, 2 * np.pi)
    color = rng.uniform(0.3, 1, 3)[:, None, None, None]
    y, x = np.mgrid[:24, :24]
    place = frequency * (np.cos(angle) * x + np.sin(angle) * y)
    return color * np.sin(place - 0.35 * frames[:, None, None])
