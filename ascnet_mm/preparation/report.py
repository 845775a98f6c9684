"""Videos with problems, in a file and on the screen."""
from typing import Dict

from ..files import remove_if_there, write_lines

# Problems that are shown on the screen as well
SHOWN = 3


def report(path: str, reasons: Dict[str, str], what: str) -> None:
    """Name videos in a file, the first few on the screen as well.

    Args:
        path (str): The file, a line ``VIDEO<tab>WHY`` for each. Without any
            it is removed.
        reasons (dict[str, str]): What is wrong with which video; both
            printable.
        what (str): What the screen calls them, and how many they are.

    Raises:
        InputError: If the file cannot be written.

    Examples:
        >>> report('missing_videos.txt', {'videos/a/x': 'not found'},
        ...        'missing videos: 1')  # doctest: +SKIP
        missing videos: 1, all named in missing_videos.txt
            videos/a/x (not found)
    """
    if not reasons:
        remove_if_there(path)
        return
    write_lines(path, [f'{video}\t{why}' for video, why in reasons.items()])
    print(f'{what}, all named in {path}')
    for video, why in list(reasons.items())[:SHOWN]:
        print(f'    {video} ({why})')
