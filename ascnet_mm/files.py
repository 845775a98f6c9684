"""Writing files atomically: complete or not at all."""
import io
import json
import os
import os.path as osp
import re
import secrets
from contextlib import suppress
from glob import escape, glob
from typing import Any, Iterable

import torch

from .errors import InputError

# What the name of a file that is being written ends with
PART = re.compile(r'(\.[0-9a-f]{8})?\.part\Z')


def write_whole(path: str,
                content: bytes,
                advice: str = 'run it again') -> None:
    """Write a file next to its place, flush it to disk and move it there.

    Whoever reads ``path`` finds either what was there before or all of the new
    content, whenever the writer is killed, and if there are several writers
    that of one of them.

    Args:
        path (str): The file; its folder exists.
        content (bytes): What goes into it.
        advice (str): What to do, once there is room, if it cannot be
            written.

    Raises:
        InputError: If it cannot be written, as on a full disk; what was
            under the name before is still there.

    Examples:
        >>> write_whole('x.pth', content)  # doctest: +SKIP
    """
    # A name that nothing has, not even a link that someone has laid there
    part = f'{path}.{secrets.token_hex(4)}.part'
    try:
        with open(part, 'xb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            os.remove(part)
        raise InputError(
            f'{path} cannot be written ({error.strerror}); what was written '
            f'before is untouched: make room and {advice}') from error
    # Some file systems cannot; the file itself is on the disk.
    with suppress(OSError):
        flush(osp.dirname(path) or '.')


def make_folder(path: str) -> None:
    """Make a folder, and those that it lies in, unless they are there.

    Args:
        path (str): The folder.

    Raises:
        InputError: If it cannot be made.

    Examples:
        >>> make_folder('work_dirs/mine')  # doctest: +SKIP
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise InputError(f'the folder {path} cannot be made '
                         f'({error.strerror}): name another one') from error


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Write a text file, such as a list of videos, by :func:`write_whole`.

    Args:
        path (str): The file; its folder exists.
        lines (Iterable[str]): Lines without their ends. Names of files that
            are not UTF-8 are written as they are on the disk
            (``surrogateescape``).

    Raises:
        InputError: If it cannot be written.

    Examples:
        >>> write_lines('train.txt', ['a/x.mp4 0'])  # doctest: +SKIP
    """
    text = ''.join(f'{line}\n' for line in lines)
    write_whole(path, text.encode(errors='surrogateescape'))


def write_json(path: str, content: Any) -> None:
    """Write data as JSON, by :func:`write_whole`.

    Args:
        path (str): The file; its folder is made.
        content: What :mod:`json` can write.

    Raises:
        InputError: If it cannot be written.

    Examples:
        >>> write_json('results.json', dict(top1=58.9))  # doctest: +SKIP
    """
    make_folder(osp.dirname(path) or '.')
    write_whole(path, json.dumps(content, indent=1).encode())


def write_tensors(path: str, content: Any) -> None:
    """Write what :func:`torch.save` can, by :func:`write_whole`.

    Args:
        path (str): The file; its folder is made.
        content: Such as a dict of weights.

    Raises:
        InputError: If it cannot be written.

    Examples:
        >>> write_tensors(
        ...     'x.pth', dict(state_dict=model.state_dict())
        ... )  # doctest: +SKIP
    """
    make_folder(osp.dirname(path) or '.')
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(path, buffer.getbuffer())


def remove_if_there(path: str) -> None:
    """Remove a file that may be gone already.

    Args:
        path (str): The file.
    """
    with suppress(FileNotFoundError):
        os.remove(path)


def written_as(name: str) -> str:
    """What a file will be called when it has been written.

    Examples:
        >>> written_as('x.pth.5f3a90c1.part'), written_as('x.pth')
        ('x.pth', 'x.pth')
    """
    return PART.sub('', name)


def remove_parts(folder: str, ending: str) -> None:
    """Remove what killed writers left in a folder.

    Args:
        folder (str): Where nobody else is writing.
        ending (str): Of the names that the files would have had.
    """
    for path in glob(osp.join(escape(folder), '*.part')):
        if written_as(path).endswith(ending):
            remove_if_there(path)


def flush(path: str) -> None:
    """Make a file, or the names in a folder, survive a loss of power.

    Args:
        path (str): The file or folder.

    Raises:
        OSError: If it cannot, as on some file systems.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
