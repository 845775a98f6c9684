"""Text files with a video per line."""
import os
from typing import Iterable


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Write a file that is whole whenever it is there."""
    with open(
            f'{path}.tmp', 'w', encoding='utf-8',
            errors='surrogateescape') as file:
        file.writelines(f'{line}\n' for line in lines)
    os.replace(f'{path}.tmp', path)
