"""Embed videos into a collection: ``ascnet-mm index``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('index')
