"""Write the encoder of a checkpoint to a file: ``ascnet-mm export``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('export')
