"""Find the videos that are like no others: ``ascnet-mm outliers``."""
from ascnet_mm_cli import main

if __name__ == '__main__':
    main('outliers')
