"""Render a set of videos to try the method on: ``ascnet-mm synthetic``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('synthetic')
