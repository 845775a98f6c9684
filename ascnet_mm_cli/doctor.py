"""Check what is installed and this machine, and name what would go wrong.

Ends with 1 if something should be looked at.
"""
import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are no options."""


def run(args: argparse.Namespace) -> None:
    """Print what was found."""
    import sys

    from ascnet_mm.doctor import tell
    if not tell():
        sys.exit(1)
