import errno
import json
import os
import stat

import pytest
import torch

from ascnet_mm import InputError, files
from ascnet_mm.files import (
    remove_if_there,
    remove_parts,
    write_lines,
    write_whole,
)


def test_a_file_has_its_old_content_until_the_new_is_whole(
        tmp_path, monkeypatch):
    path = tmp_path / 'a.pth'
    seen, fsync = [], os.fsync

    def flush(descriptor):
        seen.append(path.read_bytes() if path.exists() else None)
        fsync(descriptor)

    monkeypatch.setattr(os, 'fsync', flush)
    write_whole(str(path), b'one')
    write_whole(str(path), b'two')
    # Before the move, and when the folder is flushed behind it
    assert seen == [None, b'one', b'one', b'two']
    assert os.listdir(tmp_path) == ['a.pth']


def full(_):
    raise OSError(errno.ENOSPC, 'No space left on device')


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / 'a.pth'
    write_whole(str(path), b'one')
    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(InputError, match='a.pth cannot be written .No space '
                       'left on device.; .* make room'):
        write_whole(str(path), b'two')
    assert path.read_bytes() == b'one'
    assert os.listdir(tmp_path) == ['a.pth']


def test_only_what_killed_writers_left_is_removed(tmp_path):
    for name in ('a.pth.part', 'a.pth.0123abcd.part', 'a.pth', 'other.part',
                 'b.pth.other.part'):
        (tmp_path / name).touch()
    remove_parts(str(tmp_path), '.pth')
    assert sorted(os.listdir(tmp_path)) == [
        'a.pth', 'b.pth.other.part', 'other.part']
    # Also in a folder of such a name
    (tmp_path / 'run.part').mkdir()
    (tmp_path / 'run.part' / 'a.pth.0123abcd.part').touch()
    remove_parts(str(tmp_path / 'run.part'), '.pth')
    assert os.listdir(tmp_path / 'run.part') == []


def test_nothing_is_written_through_a_link(tmp_path, monkeypatch):
    """Nor where the name of the part can be guessed."""
    (tmp_path / 'victim').write_bytes(b'mine')
    for name in ('a.pth.part', 'a.pth.00000000.part'):
        (tmp_path / name).symlink_to(tmp_path / 'victim')
    write_whole(str(tmp_path / 'a.pth'), b'one')
    monkeypatch.setattr('secrets.token_hex', lambda size: '0' * 2 * size)
    with pytest.raises(InputError, match='File exists'):
        write_whole(str(tmp_path / 'a.pth'), b'two')
    assert (tmp_path / 'a.pth').read_bytes() == b'one'
    assert (tmp_path / 'victim').read_bytes() == b'mine'


def test_of_two_writers_one_wins(tmp_path, monkeypatch):
    """The second writes while the first flushes, and is killed."""
    path, fsync, inside = str(tmp_path / 'a.pth'), os.fsync, []

    def flush(descriptor):
        if not inside:
            inside.append(descriptor)
            with pytest.raises(KeyboardInterrupt):
                write_whole(path, b'second')
        elif len(inside) == 1:
            inside.append(descriptor)
            raise KeyboardInterrupt
        fsync(descriptor)

    monkeypatch.setattr(os, 'fsync', flush)
    write_whole(path, b'first')
    assert len(inside) == 2
    assert (tmp_path / 'a.pth').read_bytes() == b'first'


def test_a_folder_that_cannot_be_flushed_costs_nothing(tmp_path, monkeypatch):
    """As on some network file systems."""
    fsync = os.fsync

    def flush(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, 'Invalid argument')
        fsync(descriptor)

    monkeypatch.setattr(os, 'fsync', flush)
    write_whole(str(tmp_path / 'a.pth'), b'one')
    assert (tmp_path / 'a.pth').read_bytes() == b'one'


def test_lines_are_written_as_names_are_on_the_disk(tmp_path):
    path = tmp_path / 'list.txt'
    write_lines(str(path), ['ä/x y.mp4 0', 'b\udcff.mp4 1'])
    assert path.read_bytes() == b'\xc3\xa4/x y.mp4 0\nb\xff.mp4 1\n'
    write_lines(str(path), iter(()))
    assert path.read_bytes() == b''


def test_a_list_that_is_not_whole_replaces_none(tmp_path, monkeypatch):

    def broken_off():
        yield 'new'
        raise KeyboardInterrupt

    path = tmp_path / 'list.txt'
    write_lines(str(path), ['old'])
    with pytest.raises(KeyboardInterrupt):
        write_lines(str(path), broken_off())
    assert path.read_text() == 'old\n'
    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(InputError, match='list.txt cannot be written .No '
                       'space.*make room and run it again'):
        write_lines(str(path), ['new'])
    assert path.read_text() == 'old\n'
    assert os.listdir(tmp_path) == ['list.txt']


def test_a_file_may_be_gone_already(tmp_path):
    path = tmp_path / 'x'
    path.touch()
    remove_if_there(str(path))
    remove_if_there(str(path))
    assert not path.exists()
    with pytest.raises(OSError):
        remove_if_there(str(tmp_path))


def test_json_and_tensors_are_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / 'new' / 'x.json'
    files.write_json(str(path), dict(a=[1, 2.5]))
    assert json.loads(path.read_text()) == dict(a=[1, 2.5])
    weights = tmp_path / 'other' / 'x.pth'
    files.write_tensors(str(weights), dict(w=torch.ones(2)))
    assert torch.load(weights)['w'].tolist() == [1, 1]

    def full(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(files.os, 'fsync', full)
    for write, place in ((files.write_json, path),
                         (files.write_tensors, weights)):
        before = place.read_bytes()
        with pytest.raises(InputError, match='No space .* run it again'):
            write(str(place), dict(a=3))
        assert place.read_bytes() == before
        assert os.listdir(place.parent) == [place.name]
