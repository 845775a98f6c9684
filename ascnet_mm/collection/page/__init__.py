"""A collection as a page: a map of its clips, posters, and neighbors."""
from .groups import read_groups
from .writing import write_page

__all__ = ['read_groups', 'write_page']
