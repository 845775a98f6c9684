"""Lists that are written in another way than ``VideoList`` reads."""
import os.path as osp
import re
from typing import List, Optional, Tuple

from .video_folder import EXTENSIONS

# A video's ending where the path should end, but does not.
_END = f'(?:{"|".join(map(re.escape, EXTENSIONS))})'
# What follows it, and what to do, tried in this order.
_FORMATS = [
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), what)
    for pattern, what in (
        (rf'.*{_END}["\']?[ \t]*[,;|]',
         'a line of a table (CSV): write path, blank and label instead'),
        (rf'["\'].*{_END}',
         'quoted: leave the quotes out, paths may hold blanks as they are'),
        (rf'.*{_END}(?:[ \t]+-?[0-9]+){{2,}}$',
         'of a list with several labels (multi_class of MMAction2) or with '
         'frame numbers: leave one label, or none where none is needed'),
        (rf'.*{_END}[ \t]+(?!.*\.[a-z]\w*$)[^/]*$',
         'followed by something that is no integer: labels are numbers from '
         '0'))
]  # yapf: disable
_WINDOWS = re.compile(r'[a-z]:\\|\\\\', re.IGNORECASE)
# A comment, or the head of a table
_COMMENT = re.compile(
    r'#|(?:path|file|filename|name|video|clip)s?[ \t]+[a-z]+$',
    re.IGNORECASE)
_LABEL_FIRST = re.compile(r'-?[0-9]+[ \t]+(.*)', re.DOTALL)
_FRAMES = re.compile(r'(.*[^ \t])[ \t]+([0-9]+)[ \t]+[0-9]+', re.DOTALL)


def other_format(lines: List[str], folder: str,
                 on_disk: bool) -> Optional[str]:
    """Tell a list of another format by its lines.

    A name is judged by its ending: ``a 1 2.mp4`` is one, ``a.mp4 1 2`` is
    followed by numbers.

    Args:
        lines (list[str]): Those of the list that are not empty.
        folder (str): Where the listed paths start from.
        on_disk (bool): Whether it can be asked what is there.

    Returns:
        str: What is wrong and what to do; None if the list is as it should
        be.
    """
    for line in lines:
        if '\0' in line:
            return ('it is in UTF-16, or no text at all: it holds NUL bytes; '
                    'save it as UTF-8')
        if split_line(line)[0].lower().endswith(EXTENSIONS):
            continue
        for pattern, what in _FORMATS:
            if pattern.match(line) and not (on_disk and osp.exists(
                    osp.join(folder, split_line(line)[0]))):
                return f'{line[:200]!r} is {what}'
    return (_comment(lines, folder, on_disk)
            or _labels_first(lines, folder, on_disk)
            or _frame_folders(lines, folder, on_disk)
            or _backslashes(lines, folder, on_disk))


def split_line(line: str) -> Tuple[str, str]:
    """Path and label of a line of a list; '' where it has no label."""
    match = re.fullmatch(r'(.*[^ \t])[ \t]+(-?[0-9]+)', line, re.DOTALL)
    return match.groups() if match else (line, '')


def _comment(lines: List[str], folder: str, on_disk: bool) -> Optional[str]:
    # Names may begin so: the files decide.
    def is_there(line: str) -> bool:
        return osp.exists(osp.join(folder, split_line(line)[0]))

    if on_disk and (is_there(lines[0]) or is_there(lines[-1])):
        for line in filter(_COMMENT.match, lines):
            if not is_there(line):
                return f'{line[:200]!r} names no video: leave it out'
    return None


def _labels_first(lines: List[str], folder: str,
                  on_disk: bool) -> Optional[str]:
    first = _LABEL_FIRST.fullmatch(lines[0])
    if (not on_disk or not first or osp.exists(osp.join(folder, lines[0]))
            or not osp.exists(osp.join(folder, first[1]))
            or not all(map(_LABEL_FIRST.fullmatch, lines))):
        return None
    return f'{lines[0][:200]!r} begins with the label: write path, then label'


def _frame_folders(lines: List[str], folder: str,
                   on_disk: bool) -> Optional[str]:
    matches = []
    for line in lines:
        match = _FRAMES.fullmatch(line)
        if not match or osp.splitext(match[1])[1].lower() in EXTENSIONS:
            return None
        matches.append(match)
    # A number below ten may well belong to the name.
    if max(len(match[2]) for match in matches) < 2:
        return None
    path, _ = split_line(lines[0])
    if on_disk and osp.isfile(osp.join(folder, path)):
        return None
    return (f'{lines[0][:200]!r} is of a list of rawframes (folder of '
            'pictures, number of frames, label): list video files')


def _backslashes(lines: List[str], folder: str,
                 on_disk: bool) -> Optional[str]:
    # Elsewhere than on Windows a backslash may be part of a name.
    line = next((line for line in lines if '\\' in line), None)
    if line is None or not on_disk:
        return None
    path, _ = split_line(line)
    if (not path.lower().endswith(EXTENSIONS)
            or osp.exists(osp.join(folder, path))):
        return None
    if (_WINDOWS.match(path) or all('\\' in line for line in lines)
            or osp.exists(osp.join(folder, path.replace('\\', '/')))):
        return (f'{line[:200]!r} has the backslashes of Windows: write / '
                'instead, and paths below the folder of the videos')
    return None
