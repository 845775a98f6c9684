"""Collections: the features of many videos' clips, in a folder."""
from .reading import Clips, Collection, Neighbors

__all__ = ['Clips', 'Collection', 'Neighbors']
