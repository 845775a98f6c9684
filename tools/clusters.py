"""Group the videos of a collection: ``ascnet-mm clusters``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('clusters')
