"""Bring a data set into MMAction2's layout: ``ascnet-mm prepare``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('prepare')
