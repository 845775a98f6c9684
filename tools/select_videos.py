"""Choose a diverse subset of a collection: ``ascnet-mm select``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('select')
