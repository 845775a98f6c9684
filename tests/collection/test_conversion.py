"""Collections in the formats of other tools."""
import csv
import json

import numpy as np
import pytest

pytest.importorskip('pyarrow')

import pyarrow.parquet
from google.protobuf import text_format
from tensorboard.plugins.projector import ProjectorConfig

from ascnet_mm import InputError
from ascnet_mm.collection import Collection
from ascnet_mm.collection.conversion import FORMATS, convert, rows
from ascnet_mm.collection.features import UnitRows
from ascnet_mm.maps import plane_of
from ascnet_mm_cli import convert as command
from ascnet_mm_cli import main

from .builders import write_collection, write_shard

NAMES = ['a\tb\\c\nd.mp4', '\\.', 'v\u202e.mp4']


@pytest.fixture(params=['float16', 'float32'])
def collection(request, tmp_path, monkeypatch):
    """Nine clips of three videos, the last without label."""
    monkeypatch.setattr(rows, 'BLOCK', 4)
    features = np.random.default_rng(0).normal(size=(9, 5))
    folder = write_collection(
        tmp_path / 'c', np.empty((0, 5)), [], dtype=request.param,
        shards=['0' * 32], root=str(tmp_path))
    write_shard(folder, '0' * 32, features.astype(request.param), [
        dict(file=name, size=9, mtime_ns=1, label=label, clips=clips)
        for name, label, clips in zip(sorted(NAMES), (3, 0, -1), (2, 3, 4))])
    return Collection(folder)


def files_of(collection):
    return [collection.videos[video].file for video in collection.clips.video]


def test_npz(collection, tmp_path):
    main('convert', [collection.folder, str(tmp_path / 'x/a.npz'), '--to',
                     'npz'])
    with np.load(tmp_path / 'x/a.npz', allow_pickle=False) as found:
        assert found['features'].dtype == collection.features.dtype
        np.testing.assert_array_equal(found['features'],
                                      collection.features[:])
        assert found['file'].tolist() == files_of(collection)
        for name in ('start', 'end', 'fps', 'label'):
            np.testing.assert_array_equal(
                found[name], getattr(collection.clips, name))


@pytest.mark.parametrize('to', ['parquet', 'embedding-atlas'])
def test_parquet(collection, tmp_path, to):
    convert(collection, str(tmp_path / 'a.parquet'), to)
    found = pyarrow.parquet.read_table(tmp_path / 'a.parquet').to_pydict()
    assert found.pop('file') == files_of(collection)
    np.testing.assert_array_equal(
        found.pop('feature'), collection.features[:].astype(np.float32))
    if to == 'embedding-atlas':
        np.testing.assert_array_equal(
            np.transpose([found.pop('x'), found.pop('y')]),
            plane_of(UnitRows(collection.features)))
    for name, values in found.items():
        assert values == getattr(collection.clips, name).tolist()
    assert list(found) == ['start', 'end', 'fps', 'label']


def test_tensorboard_finds_a_line_per_clip(collection, tmp_path):
    out = tmp_path / 'logs'
    convert(collection, str(out), 'tensorboard')
    config = text_format.Parse(
        (out / 'projector_config.pbtxt').read_text(), ProjectorConfig())
    (embedding, ) = config.embeddings
    np.testing.assert_array_equal(
        np.loadtxt(out / embedding.tensor_path, np.float32, delimiter='\t'),
        collection.features[:].astype(np.float32))
    with open(out / embedding.metadata_path, newline='') as file:
        lines = list(csv.reader(file, delimiter='\t', quoting=csv.QUOTE_NONE))
    assert lines[0] == ['file', 'start', 'end', 'label']
    assert len(lines) == 10 and {len(line) for line in lines} == {4}
    assert [int(line[3]) for line in lines[1:]] == (
        collection.clips.label.tolist())


def test_fiftyone_has_the_frames_and_rows(collection, tmp_path):
    out = tmp_path / 'fiftyone'
    convert(collection, str(out), 'fiftyone')
    paths = json.loads((out / 'data.json').read_text())
    labels = json.loads((out / 'labels.json').read_text())['labels']
    assert list(paths.values()) == [str(tmp_path / name)
                                    for name in sorted(NAMES)]
    assert sorted(paths) == list(labels)
    clips = [clip for name in sorted(labels) for clip in labels[name]]
    assert [clip['attributes']['row'] for clip in clips] == list(range(9))
    # From 1 s to 3 s at 25 frames per second
    assert clips[1]['support'] == [26, 75]
    assert [clip['label'] for clip in clips] == list('33000') + ['none'] * 4
    np.testing.assert_array_equal(
        np.load(out / 'features.npy'), collection.features[:])


def test_a_script_for_postgresql_has_a_line_per_clip(collection, tmp_path):
    convert(collection, str(tmp_path / 'a.sql'), 'pgvector')
    text = (tmp_path / 'a.sql').read_text()
    before, copied = text.split('FROM stdin;\n')
    copied, after = copied.split('\n\\.\n')
    lines = [line.split('\t') for line in copied.split('\n')]
    assert len(lines) == 9 and {len(line) for line in lines} == {7}
    for number, line in enumerate(lines):
        assert line[0] == str(number)
        assert line[1].replace('\\t', '\t').replace('\\n', '\n').replace(
            '\\\\', '\\') == files_of(collection)[number]
        np.testing.assert_array_equal(
            np.float32(json.loads(line[6])),
            collection.features[number].astype(np.float32))
    assert lines[-1][5] == '\\N' and 'vector(5)' in before
    assert 'vector_cosine_ops' in after


def test_what_is_there_stays(collection, tmp_path, monkeypatch):
    assert tuple(FORMATS) == command.FORMATS
    for to in FORMATS:
        out = tmp_path / to
        out.write_text('mine')
        with pytest.raises(InputError, match='is there already'):
            convert(collection, str(out), to)
        assert out.read_text() == 'mine'
        out.unlink()
        # Nothing is half-written.
        with monkeypatch.context() as patch:
            patch.setattr('os.replace', broken)
            with pytest.raises(InputError, match='No space left'):
                convert(collection, str(out), to)
        assert not out.exists()
        assert not [*tmp_path.glob(f'.{to}-*')]
    with pytest.raises(InputError, match='npz, parquet'):
        convert(collection, str(tmp_path / 'a'), 'csv')


@pytest.mark.parametrize('to', ['npz', 'fiftyone', 'tensorboard'])
def test_what_lies_beside_stays(collection, tmp_path, to):
    """And a name may end as a shell completes it."""
    beside = tmp_path / 'out.part'
    beside.mkdir()
    # Of a run that was killed
    (tmp_path / '.out-convert-abc').mkdir()
    (beside / 'mine.txt').write_text('mine')
    convert(collection, f'{tmp_path}/out/', to)
    assert (tmp_path / 'out').is_file() == (to == 'npz')
    assert (beside / 'mine.txt').read_text() == 'mine'
    assert not [*tmp_path.glob('.out*')]


def broken(*_):
    raise OSError(28, 'No space left on device')
