"""Evaluate a checkpoint: ``ascnet-mm test``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('test')
