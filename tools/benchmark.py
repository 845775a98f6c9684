"""Measure the parts on this machine: ``ascnet-mm benchmark``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('benchmark')
