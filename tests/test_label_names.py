"""Names of labels, from folders and from a file."""
import pytest

from ascnet_mm import InputError
from ascnet_mm.label_names import folder_names, read_label_names


def test_a_folder_names_a_label_that_has_it_alone():
    assert folder_names(['a/1', 'a/2', 'b/3'], [3, 3, 0]) == {3: 'a', 0: 'b'}
    # folders that are none of the labels
    assert folder_names(['a/1', 'b/2', 'a/3'], [0, 0, 1]) == {}
    assert folder_names(['1', '2'], [0, 1]) == {}
    assert folder_names(['a/1', 'b/2'], [-1, 0]) == {0: 'b'}
    # Nor is a folder with videos without a label.
    assert folder_names(['a/1', 'a/2'], [-1, 0]) == {}


def test_a_line_names_a_label(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_bytes('\ufeffrun\r\n  to sit\nlést'.encode())
    assert read_label_names(str(path)) == {0: 'run', 1: 'to sit', 2: 'lést'}
    path.write_bytes(b'a\x0cb\nc\n')
    assert len(read_label_names(str(path))) == 2
    path.write_bytes(b'')
    assert read_label_names(str(path)) == {}
    for content, why in ((b'a\n\nb\n', 'line 2 is empty'),
                         (b'a\nb\na\n', 'labels 0 and 2 one name, a'),
                         (b'\xff\xfe', 'cannot be read')):
        path.write_bytes(content)
        with pytest.raises(InputError, match=why):
            read_label_names(str(path))
    with pytest.raises(InputError, match='cannot be read'):
        read_label_names(str(tmp_path / 'missing.txt'))
