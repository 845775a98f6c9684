"""Search a collection: ``ascnet-mm search``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('search')
