"""Write a page of a collection: ``ascnet-mm page``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('page')
