"""A page of the videos that the demo did not train on."""
import os.path as osp
import shutil
from typing import Optional

from mmengine.config import Config
from mmengine.runner import Runner, find_latest_checkpoint

from ..collection import index
from ..collection.layout import MANIFEST
from ..collection.page import write_page
from ..errors import InputError
from ..files import write_lines


def show_collection(cfg: Config, work_dir: str, out: str) -> Optional[str]:
    """Index the test videos and write a page of them.

    Args:
        cfg (Config): Of the run.
        work_dir (str): Where its checkpoints are.
        out (str): Folder for the list of the videos, ``test_videos.txt``,
            for ``collection`` and ``page``, which are made anew.

    Returns:
        str, optional: Path of the page; None if there is none, because a
        package is not installed, there is no checkpoint or no video can be
        read. It is said why.
    """
    dataset = Runner.build_dataloader(cfg.val_dataloader).dataset
    videos = [dataset.get_data_info(number) for number in range(len(dataset))]
    tested = [video for video in videos if video.get('role') != 'gallery']
    root = osp.abspath(osp.commonpath(
        [osp.dirname(video['filename']) for video in tested]))
    listed = osp.join(out, 'test_videos.txt')
    write_lines(listed, [
        f'{osp.relpath(video["filename"], root)} {video["label"]}'
        for video in tested])
    folder = osp.join(out, 'collection')
    checkpoint = find_latest_checkpoint(work_dir)
    if checkpoint is None:
        print(f'no page of the test videos: {work_dir} has no checkpoint')
        return None
    # That of an earlier run, by another encoder, and nothing else
    if osp.exists(osp.join(folder, MANIFEST)):
        shutil.rmtree(folder)
    try:
        collection = index(listed, folder, checkpoint, root=root)
        return write_page(collection, osp.join(out, 'page'))
    except InputError as error:
        print(f'no page of the test videos: {error}')
        return None
