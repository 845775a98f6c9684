"""``python -m ascnet_mm_cli`` is ``ascnet-mm``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main()
