"""Files of decoders' test suites, where they are at hand."""
import os
import os.path as osp

import pytest

from ascnet_mm.datasets.video import UnreadableVideo, VideoReader

from ..conftest import ROOT
from ..datasets.video.test_kinds_of_files import decoded, require_same_frames

FOLDERS = [osp.join(osp.dirname(ROOT), 'shared', 'data', name)
           for name in ('odd', 'faults')]
FILES = [osp.join(folder, name) for folder in FOLDERS
         if osp.isdir(folder) for name in sorted(os.listdir(folder))
         if not name.endswith('.csv')]


@pytest.mark.skipif(not FILES, reason='no such files here')
@pytest.mark.parametrize('path', FILES, ids=osp.basename)
def test_frames_are_those_of_a_plain_decode(path):
    try:
        VideoReader(path).close()
    except UnreadableVideo as error:
        assert 'encrypted' in str(error) or not has_frames(path)
    else:
        require_same_frames(path)


def has_frames(path):
    try:
        return bool(decoded(path))
    # What has no video stream, or is no container at all
    except Exception:
        return False
