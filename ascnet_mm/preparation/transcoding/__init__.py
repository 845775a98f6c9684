"""Small copies of videos, and lists that name them."""
from .jobs import Outcome
from .run import transcode

__all__ = ['Outcome', 'transcode']
