"""Write the features of videos to an .npz file: ``ascnet-mm embed``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('embed')
