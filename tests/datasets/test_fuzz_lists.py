"""Lists of any content are read as meant, or refused with a sentence."""
import os
import os.path as osp
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ascnet_mm import InputError
from ascnet_mm.datasets import VideoList

any_example = settings(
    max_examples=80, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture])
# Bytes that are not UTF-8, as Python holds them, and what means something
# somewhere.
ODD = os.fsdecode(b'\x80\xff') + ' %{}[]$`<>"\'\\-.\t'
parts = st.text(
    st.one_of(st.characters(exclude_characters='/\0\r\n',
                            exclude_categories=['Cs']), st.sampled_from(ODD)),
    min_size=1, max_size=12)
paths = st.lists(parts, min_size=1, max_size=3).map('/'.join)
labels = st.one_of(st.none(), st.integers(-1, 2**40))


def infos(folder, content, **options):
    with open(folder / 'list.txt', 'wb') as file:
        file.write(content)
    # Serializing collects all garbage of the process each time.
    dataset = VideoList('list.txt', [], data_root=str(folder),
                        serialize_data=False, **options)
    return [dataset.get_data_info(i) for i in range(len(dataset))]


@given(st.binary(max_size=200))
@example(b'\xef\xbb\xbfa.mp4 3')
@example(b'a.mp4 \xc2\xb2')
@example(b'a.mp4 --3\nb 1_0\n')
@example(b'a.mp4 ' + b'9' * 5000)
@example(b'/etc/x.mp4 1')
@example(b'\0')
@any_example
def test_any_bytes_are_a_list_or_refused(tmp_path, content):
    try:
        found = infos(tmp_path, content)
    except InputError as error:
        assert error.sentence.isprintable()
        return
    root = osp.normpath(str(tmp_path))
    for info in found:
        assert isinstance(info['label'], int)
        assert osp.normpath(info['filename']).startswith(root)


def listable(path):
    """A path that a line can hold, to below the folder."""
    return (path == path.strip(' \t') and path[0] != chr(0xfeff)
            and osp.normpath(path).split('/')[0] != '..'
            and '://' not in path)


@given(st.lists(st.tuples(paths.filter(listable), labels), min_size=1,
                max_size=6),
       st.sampled_from(['\n', '\r\n', '\n\n \t\n']),
       st.sampled_from([' ', '\t', '   ', ' \t ']), st.booleans())
@example([('a 3', 4), ('a', 3)], '\n', ' ', False)
@any_example
def test_what_is_listed_comes_back(tmp_path, videos, end, blank, marked):
    # A path that ends in a number needs a label.
    videos = [(path, -1 if label is None and path[-1] in '0123456789'
               else label) for path, label in videos]
    lines = [path if label is None else f'{path}{blank}{label}'
             for path, label in videos]
    text = chr(0xfeff) * marked + end.join(lines) + end
    found = infos(tmp_path, text.encode(errors='surrogateescape'))
    assert [(i['filename'], i['label']) for i in found] == [
        (osp.join(str(tmp_path), path), -1 if label is None else label)
        for path, label in videos]


OUTSIDE = ['../x.mp4', 'a/../../x.mp4', '/etc/x.mp4', '..', './/../x.mp4',
           'http://host/x.mp4', 's3://bucket/x.mp4', 'a/../..']


@pytest.mark.parametrize('path', OUTSIDE)
def test_a_path_that_leads_outside_is_refused(path, tmp_path):
    content = f'good.mp4 1\n{path} 2\n'.encode()
    with pytest.raises(InputError, match='leads out') as error:
        infos(tmp_path, content)
    assert repr(f'{path} 2') in str(error.value)
    assert 'list.txt' in str(error.value)
    found = infos(tmp_path, content, allow_outside=True)
    assert found[1]['filename'] == osp.join(str(tmp_path), path)


def test_links_lead_anywhere_and_dots_may_stay_inside(tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'root').mkdir()
    os.symlink(tmp_path / 'elsewhere', tmp_path / 'root' / 'videos')
    os.symlink('/etc/hostname', tmp_path / 'root' / 'x.mp4')
    found = infos(tmp_path / 'root',
                  b'videos/a.mp4\nx.mp4\na/../b.mp4\n..c.mp4\n')
    assert len(found) == 4
    # the folder of the videos itself is the config's
    found = infos(tmp_path / 'root', b'a.mp4\n',
                  data_prefix=dict(video='../elsewhere'))
    assert found[0]['filename'].endswith('../elsewhere/a.mp4')


@pytest.mark.parametrize('content, parts', [
    (b'a.mp4 1 2 3\n', ['several labels', "'a.mp4 1 2 3'"]),
    (b'x.mp4 0\nb c/a.AVI\t4 7', ['several labels', 'b c/a.AVI']),
    (b'a/b 120 3\nc 9 0\n', ['rawframes', "'a/b 120 3'"]),
    (b'path,label\na.mp4,3\n', ['CSV', "'a.mp4,3'"]),
    (b'a b.mp4, 3', ['CSV']), (b'"a.mp4",3', ['CSV']),
    (b'a.mkv;archery\n', ['CSV']), (b'a.mp4,/m/0k4j\n', ['CSV']),
    (b'a.mp4,0,train/x\n', ['CSV']),
    (b'"a b.mp4" 3\n', ['quot']), (b"'a.MTS'", ['quot']),
    (b'"a.mp4 3"', ['quot']),
    (b'a.mp4 archery\n', ['integer', "'a.mp4 archery'"]),
    (b'a.mp4 2.0', ['integer']), (b'a.mp4\tapply eye makeup', ['integer']),
    (b'C:\\videos\\a.mp4 3', ['backslashes']),
    (b'\\\\server\\a.mp4 3', ['backslashes']),
    (b'a\\b.mp4 3\nc\\d.mp4 1', ['backslashes', 'write /']),
    *[('a.mp4 1\nb.mp4 2\n'.encode(code), ['UTF-16', 'save it as UTF-8'])
      for code in ('utf-16', 'utf-16-le', 'utf-16-be', 'utf-32')],
])
def test_a_list_of_another_format_is_named(content, parts, tmp_path):
    with pytest.raises(InputError) as error:
        infos(tmp_path, content)
    assert 'list.txt: ' in str(error.value)
    assert all(part in str(error.value) for part in parts), error.value


@pytest.mark.parametrize('name', [
    'a 1 2.mp4', 'a.mp4 1.mp4', 'a, b; c.mp4', 'v.mp4,1/x.mp4', 'x.mp4 2/clip',
    '"Tis.mp4', "'a' 3.mp4", '12 3.avi', 'clip 12', 'clip.part 3', 'a.mp4.x',
    'path 3.mp4'])
@pytest.mark.parametrize('label', ['', ' 3'])
def test_odd_names_are_still_names(name, label, tmp_path):
    # a name that ends in a number needs a label
    label = label or ' -1' * name[-1].isdigit()
    assert [info['filename'] for info in infos(
        tmp_path, f'{name}{label}\nother{label}\n'.encode())] == [
            str(tmp_path / name), str(tmp_path / 'other')]


@pytest.mark.parametrize('line', [
    '# my list', '#train split 2024', 'path label', 'Video\tclass'])
@pytest.mark.parametrize('lines', ['{}\na.mp4 3\n', 'a.mp4 3\n{}\nb.mp4 1'])
def test_comments_and_heads_of_tables_are_told_by_the_files(
        line, lines, tmp_path):
    content = lines.format(line).encode()
    assert len(infos(tmp_path, content)) > 1  # of videos that lie elsewhere
    (tmp_path / 'a.mp4').touch()
    with pytest.raises(InputError, match=re.escape(repr(line)) + ' names no'):
        infos(tmp_path, content)


def test_a_folder_may_be_named_like_a_line_of_a_table(tmp_path):
    (tmp_path / 'sh.ts, x').mkdir()
    (tmp_path / 'sh.ts, x' / 'a').touch()
    assert len(infos(tmp_path, b'sh.ts, x/a 0\n')) == 1


def test_labels_before_the_paths_are_told_by_the_files(tmp_path):
    for name in ('a b.mp4', '7 c.mp4'):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="'0 a b.mp4' begins with the label"):
        infos(tmp_path, b'0 a b.mp4\n1 d.mp4\n')
    assert len(infos(tmp_path, b'7 c.mp4\n8 d.mp4\n')) == 2
    assert len(infos(tmp_path, b'9 no.mp4\n8 d.mp4\n')) == 2
    (tmp_path / '# 1').touch()
    assert len(infos(tmp_path, b'# 1 3\n')) == 1


def test_a_backslash_may_be_part_of_a_name(tmp_path):
    (tmp_path / 'a\\b.mp4').touch()
    assert infos(tmp_path, b'a\\b.mp4 3')[0]['filename'] == str(
        tmp_path / 'a\\b.mp4')
    (tmp_path / 'c').mkdir()
    (tmp_path / 'c' / 'd.mp4').touch()
    lines = b'x.mp4 0\nc\\d.mp4 3'
    with pytest.raises(InputError, match='backslashes'):
        infos(tmp_path, lines)
    # not asked where files lie elsewhere
    assert len(infos(tmp_path, lines, data_prefix=dict(
        video='s3://bucket'))) == 2
    (tmp_path / 'clip 12').touch()
    assert infos(tmp_path, b'clip 12 3')[0]['label'] == 3
