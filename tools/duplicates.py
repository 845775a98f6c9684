"""Find copies among the videos of a collection: ``ascnet-mm duplicates``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('duplicates')
