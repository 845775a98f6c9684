"""A collection as a page: a map of its clips, posters, and neighbors."""
from .writing import write_page

__all__ = ['write_page']
