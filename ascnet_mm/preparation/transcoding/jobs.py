"""Which videos are copied, and where to."""
import os
import os.path as osp
import re
from typing import Dict, List, NamedTuple

from ...datasets.video_folder import sort_out
from ...errors import InputError
from ...files import remove_if_there

# Bytes of a file's name, on Linux
LONGEST = 255
# Units in nanoseconds that file systems keep dates in
UNITS = (1, 100, 1000, 10**6, 10**9)


class Job(NamedTuple):
    """A video, by its path below SRC, and the files to read and write.

    Attributes:
        name (str): The video's path below SRC.
        source (str): The file to read.
        target (str): The file to write.
    """
    name: str
    source: str
    target: str

    def temporary(self, process: int) -> str:
        """Where a process writes the copy, until it is whole.

        Args:
            process (int): Its id. A process that has outlived its run must
                not write into the file of another.

        Examples:
            >>> Job('a/x.avi', 'src/a/x.avi', 'dst/a/x.mp4').temporary(7)
            'dst/a/.7.mp4.tmp'
        """
        return osp.join(osp.dirname(self.target), f'.{process}.mp4.tmp')

    @property
    def done(self) -> bool:
        """bool: Whether there is a copy, which has the date of the video.

        Not any later one: a video that an archive or a mirror has put in the
        place of another keeps the date it had there.
        """
        try:
            date, found = (os.stat(path).st_mtime_ns
                           for path in (self.source, self.target))
        except OSError:
            return False
        return any(found == date - date % unit for unit in UNITS)


class Outcome(NamedTuple):
    """What became of a video.

    Attributes:
        kept (bool): Whether there is a copy.
        problem (str): Why there is none, or not of the whole video.

    Examples:
        >>> outcomes = {'x.avi': Outcome(True),
        ...             'y.avi': Outcome(False, 'it has no video stream')}
        >>> [name for name, outcome in outcomes.items() if not outcome.kept]
        ['y.avi']
    """
    kept: bool
    problem: str = ''


def as_copy(path: str) -> str:
    """The name of a video's copy.

    Args:
        path (str): The video's name.

    Examples:
        >>> as_copy('a b/x.avi')
        'a b/x.mp4'
    """
    return f'{osp.splitext(path)[0]}.mp4'


def find_jobs(source: str, target: str) -> List[Job]:
    """All videos below a folder, or the one that is given.

    Args:
        source (str): The folder or video.
        target (str): Folder of the copies.

    Raises:
        InputError: If there is none, two would get the same name, or one
            would get a longer name than a file can have.

    Examples:
        >>> find_jobs('data/ucf101',
        ...           'data/ucf101_small')[0].target  # doctest: +SKIP
        'data/ucf101_small/videos/Archery/v_Archery_g01_c01.mp4'
    """
    if osp.isfile(source):
        source, name = osp.split(source)
        names = [name]
    elif osp.isdir(source):
        names, others = sort_out(source)
        if not names:
            raise InputError(
                f'SRC: the folder {source} holds no video, only {others}')
        if others:
            print(f'skipped: {others}')
    else:
        raise InputError(f'SRC: there is no folder or file {source}')
    copies: Dict[str, str] = {}
    for name in names:
        other = copies.setdefault(as_copy(name), name)
        if other != name:
            raise InputError(
                f'SRC: {other} and {name} in {source} would both become '
                f'{as_copy(name)}: rename or remove one')
        if len(os.fsencode(osp.basename(as_copy(name)))) > LONGEST:
            raise InputError(
                f'SRC: the copy of {name} in {source} would have a name of '
                f'more than {LONGEST} bytes: rename the video')
    return [
        Job(name, osp.join(source, name), osp.join(target, copy))
        for copy, name in copies.items()
    ]


def make_folders(jobs: List[Job]) -> None:
    """Make the folders of copies, without what a killed run left there.

    A process of it may not have noticed yet: its file has no name any more.

    Args:
        jobs (list[Job]): The copies that are to be made.

    Examples:
        >>> make_folders(find_jobs('src', 'dst'))  # doctest: +SKIP
    """
    for folder in {osp.dirname(job.target) for job in jobs}:
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            if re.fullmatch(r'\.\d+\.mp4\.tmp', name):
                remove_if_there(osp.join(folder, name))
