"""``python -m ascnet_mm_cli`` is ``ascnet-mm``."""
from . import main

if __name__ == '__main__':
    main()
