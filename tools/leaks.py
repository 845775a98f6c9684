"""Find test videos with a copy in the training set: ``ascnet-mm leaks``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('leaks')
