"""Importing this module patches MMEngine (:func:`ascnet_mm.compat.apply`).

For ``custom_imports`` of configs that run under MMAction2's own scripts.
"""
from . import apply

apply()
