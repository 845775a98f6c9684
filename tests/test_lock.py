import gc
import os
import resource
import time

import pytest

from ascnet_mm import InputError
from ascnet_mm.lock import hold, leave

from .helpers.processes import run_script, start_script


def test_a_run_that_failed_leaves_the_next_ones_lock_alone(owner, tmp_path):
    folder = str(tmp_path / 'work')
    # Of a run that was ended by an error, and of the next in this process.
    for _ in range(2):
        hold(folder)
    gc.collect()
    other = run_script([owner, folder, 0])
    assert f'another process ({os.getpid()} on ' in other.stderr
    leave(folder)
    leave(folder)
    assert run_script([owner, folder, 0]).returncode == 0


def test_a_lock_that_cannot_be_opened_is_not_passed_over(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(tmp_path, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        with pytest.raises(InputError, match='Too many open files'):
            hold(str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_lock_of_another_user_counts(owner, tmp_path, monkeypatch):
    """It may be read, not written."""

    def read_only(path, mode='r', **options):
        if mode != 'r':
            raise PermissionError(13, 'Permission denied', path)
        return open(path, mode, **options)

    printed = owner.parent / 'printed'
    process = start_script([owner, tmp_path, 600], out=printed)
    while not printed.exists() or printed.read_text() != 'taken\n':
        assert process.is_alive()
        time.sleep(.01)
    monkeypatch.setattr('ascnet_mm.lock.open', read_only, raising=False)
    with pytest.raises(InputError, match=f'another process .{process.pid} on'):
        hold(str(tmp_path))
    process.kill()
    process.join()
    hold(str(tmp_path))
