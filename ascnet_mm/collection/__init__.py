"""Collections: the features of many videos' clips, in a folder."""
from .clustering import clusters
from .copies import Group, duplicates, leaks
from .encoder import encoder_of
from .indexing import index
from .inverted_lists import InvertedLists
from .layout import Video
from .matching import Match
from .outlying import Outlier, outliers
from .reading import Clips, Collection, Neighbors
from .selection import select

__all__ = [
    'Clips', 'Collection', 'Group', 'InvertedLists', 'Match', 'Neighbors',
    'Outlier', 'Video', 'clusters', 'duplicates', 'encoder_of', 'index',
    'leaks', 'outliers', 'select'
]
