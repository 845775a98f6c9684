"""Compare ways of pre-training: ``ascnet-mm compare``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('compare')
