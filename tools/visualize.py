"""Draw an encoder's features: ``ascnet-mm visualize``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('visualize')
