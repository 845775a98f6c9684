"""Draw what an encoder makes of videos: ``ascnet-mm visualize``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('visualize')
