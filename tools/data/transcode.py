"""Make small copies of videos that decode faster: ``ascnet-mm transcode``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('transcode')
