"""Data sets made ready for training: from Python, or by commands.

:func:`prepare` (``ascnet-mm prepare``) brings a published data set into
MMAction2's layout, :func:`transcode` makes copies that decode faster,
:func:`optical_flow` (``ascnet-mm flow``) makes videos of their flow, and
:func:`make_set` (``ascnet-mm synthetic``) renders a small set to try the
method on. Importing ``ascnet_mm`` does not import this package.
"""
from .flow import optical_flow
from .published import prepare
from .synthetic import make_set
from .transcoding import Outcome, transcode

__all__ = ['Outcome', 'make_set', 'optical_flow', 'prepare', 'transcode']
