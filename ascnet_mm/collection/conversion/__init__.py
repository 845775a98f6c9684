"""A collection in the formats of other tools, a file per tool."""
from .convert import FORMATS, convert

__all__ = ['FORMATS', 'convert']
