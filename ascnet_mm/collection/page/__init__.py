"""A collection as a page: a map of its clips, posters, and neighbors; and the
results of a search as one.
"""
from .groups import label_group, read_groups
from .results import Moment, moment_of, write_results
from .writing import write_page

__all__ = [
    'Moment', 'label_group', 'moment_of', 'read_groups', 'write_page',
    'write_results'
]
