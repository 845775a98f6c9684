"""Show what a small pre-training has learned: ``ascnet-mm demo``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('demo')
