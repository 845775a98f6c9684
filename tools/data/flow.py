"""Make videos of the optical flow of videos: ``ascnet-mm flow``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('flow')
