"""Pictures of what an encoder makes of videos."""
from .draw import draw, play, read_videos
from .features import Videos, search

__all__ = ['Videos', 'draw', 'play', 'read_videos', 'search']
