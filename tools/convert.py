"""Convert a collection: ``ascnet-mm convert``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('convert')
