"""MMEngine 0.10 writes checkpoints in their place."""
import os
import os.path as osp

from mmengine.fileio import LocalBackend, register_backend

from ..files import write_whole


def write_whole_files() -> None:
    """Let a file that MMEngine writes appear when it is whole.

    MMEngine 0.10 writes checkpoints in their place, so that a killed run
    leaves half a file under the name of a good one. Its backend of local
    files is replaced. No release does otherwise yet.
    """

    class WholeFileBackend(LocalBackend):

        def put(self, obj: bytes, filepath: str) -> None:
            os.makedirs(osp.dirname(filepath) or '.', exist_ok=True)
            write_whole(str(filepath), obj, 'continue with --resume')

    register_backend('local', WholeFileBackend, force=True, prefixes='')
