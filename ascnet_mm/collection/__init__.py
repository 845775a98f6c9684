"""Collections: the features of many videos' clips, in a folder."""
from .encoder import encoder_of
from .indexing import index
from .layout import Video
from .reading import Clips, Collection, Neighbors

__all__ = [
    'Clips', 'Collection', 'Neighbors', 'Video', 'encoder_of', 'index'
]
