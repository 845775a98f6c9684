"""Pre-train or fine-tune a model: ``ascnet-mm train``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('train')
