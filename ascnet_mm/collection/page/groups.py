"""What clips are colored by, from a file."""
import json
from typing import Dict, List, Mapping

from ...errors import InputError
from ..reading import Collection


def read_groups(path: str, collection: Collection) -> Dict[str, List]:
    """Groups for :func:`write_page` from what is known of videos.

    Args:
        path (str): A JSON file with an object per video: its ``file``, and
            texts or whole numbers under names of their own, as of
            ``ascnet-mm clusters --json``.
        collection (Collection): N clips.

    Returns:
        dict[str, list]: By these names, N values each; ``'none'`` for what
        the file does not have.

    Raises:
        InputError: If the file is another one, or names no video of the
            collection.
    """
    try:
        with open(path, 'rb') as file:
            listed = json.load(file)
        of_file = {one.pop('file'): one for one in listed}
    except (OSError, ValueError, TypeError, KeyError, AttributeError
            ) as error:
        raise InputError(f'{path} is no JSON list of {{"file": ..., "cluster"'
                         f': ...}} ({error!r})') from error
    if of_file.keys().isdisjoint(video.file for video in collection.videos):
        raise InputError(f'{path} names no video of {collection.folder}')
    names = dict.fromkeys(name for one in of_file.values() for name in one)
    return {
        name: [
            of_file.get(collection.videos[video].file, {}).get(name, 'none')
            for video in collection.clips.video
        ] for name in names
    }


def label_group(collection: Collection, names: Mapping[int, str]) -> List[str]:
    """Labels by their names, else by their numbers.

    Args:
        collection (Collection): N clips.
        names (Mapping[int, str]): What labels are called.

    Returns:
        list[str]: N of them; ``'none'`` for clips without a label.
    """
    return ['none' if label < 0 else names.get(label, str(label))
            for label in collection.clips.label.tolist()]
