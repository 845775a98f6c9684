"""Serve a collection: ``ascnet-mm serve``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('serve')
