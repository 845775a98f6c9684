"""Files that appear under their name when they are whole."""
import os
import os.path as osp
from contextlib import suppress
from glob import escape, glob

from .errors import InputError

PART = '.part'


def write_whole(path: str, content: bytes) -> None:
    """Write a file beside its place, flush it to the disk and move it there.

    Whoever reads ``path`` finds what was there before or all of the new
    content, whenever the writer is killed.

    Args:
        path (str): The file; its folder exists.
        content (bytes): What goes into it.

    Raises:
        InputError: If it cannot be written, as on a full disk; what was
            under the name before is still there.
    """
    part = f'{path}{PART}'
    try:
        with open(part, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            os.remove(part)
        raise InputError(
            f'{path} cannot be written ({error.strerror}); what was written '
            'before is untouched: make room and go on with --resume'
        ) from error
    # Some file systems cannot; the file itself is on the disk.
    with suppress(OSError):
        _flush_folder(osp.dirname(path) or '.')


def remove_parts(folder: str) -> None:
    """Remove what killed writers of checkpoints left in a folder."""
    for path in glob(osp.join(escape(folder), f'*.pth{PART}')):
        os.remove(path)


def _flush_folder(folder: str) -> None:
    """Make a new name survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
