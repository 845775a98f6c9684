"""The command that searches a collection, and other encoders than ours."""
import json
import os

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

pytest.importorskip('pyarrow')

import ascnet_mm
from ascnet_mm import InputError
from ascnet_mm.collection import Collection, index
from ascnet_mm.collection.query import query_of
from ascnet_mm_cli import main

from ..test_inference import TWO_D
from .builders import noise, write_encoder, write_video, write_videos


@pytest.fixture(scope='module')
def indexed(tmp_path_factory):
    """A collection with a long video, its videos and its encoder."""
    root = tmp_path_factory.mktemp('indexed')
    write_videos(root / 'videos')
    write_video(root / 'videos/long.mkv', noise(30, 50))
    encoder = write_encoder(root / 'a.pth')
    main('index', [str(root / 'videos'), str(root / 'c'), '--encoder',
                   encoder, '--workers', '0', '--dtype', 'float32'])
    return root


def search(capsys, *arguments):
    main('search', [*map(str, arguments), '--json'])
    return json.loads(capsys.readouterr().out)


def test_a_moment_is_found_at_its_time(indexed, tmp_path, capsys):
    long = noise(30, 50)
    write_video(tmp_path / 'cut.mkv', long[170:190])
    for query in ([tmp_path / 'cut.mkv'],
                  [indexed / 'videos/long.mkv', '--start', 17, '--end', 19]):
        found = search(capsys, indexed / 'c', *query)
        assert found[0]['file'] == 'long.mkv' and found[0]['start'] == 17
        assert found[0]['end'] == 19
        assert found[0]['similarity'] == pytest.approx(1, abs=1e-5)
        files = [clip['file'] for clip in found]
        assert len(set(files)) == len(files) == 10
    found = search(
        capsys, indexed / 'c', *query, '--all-clips', '--top', 25)
    assert len(found) == 25
    assert [clip['file'] for clip in found].count('long.mkv') > 2


def test_a_row_and_a_file_are_queries(indexed, capsys):
    collection = Collection(indexed / 'c')
    rows = collection.rows(collection.find('b/03.mkv'))
    found = search(capsys, indexed / 'c', '--row', rows[1], '--top', 3)
    assert (found[0]['row'], found[0]['file']) == (rows[1], 'b/03.mkv')
    file = indexed / 'videos/b/03.mkv'
    query = query_of(collection, str(file))
    np.testing.assert_allclose(
        query, collection.features[rows[0]:rows[-1] + 1].mean(axis=0),
        rtol=1e-5)
    main('search', [str(indexed / 'c'), str(file), '--top', '2'])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and 'b/03.mkv' in lines[1]


def test_the_encoder_is_the_one_that_made_it(indexed, tmp_path, capsys):
    file = str(indexed / 'videos/b/03.mkv')
    other = write_encoder(tmp_path / 'b.pth', seed=1)
    with pytest.raises(SystemExit, match='other weights'):
        main('search', [str(indexed / 'c'), file, '--encoder', other])
    collection = Collection(indexed / 'c')
    here = collection.manifest['encoder']['checkpoint']
    os.rename(here, tmp_path / 'moved.pth')
    try:
        with pytest.raises(SystemExit, match='is not there'):
            main('search', [str(indexed / 'c'), file])
        assert search(capsys, indexed / 'c', file, '--encoder',
                      tmp_path / 'moved.pth')
    finally:
        os.rename(tmp_path / 'moved.pth', here)


def test_a_file_that_is_a_query_is_on_the_page(indexed, tmp_path):
    """It need not be of the collection."""
    query = tmp_path / 'a"<b>.mkv'
    write_video(query, noise(3, 99))
    main('search', [str(indexed / 'c'), str(query), '--start', '1', '--page',
                    str(tmp_path / 'found'), '--top', '2'])
    html = (tmp_path / 'found/index.html').read_text()
    assert 'src="../a%22%3Cb%3E.mkv#t=1"' in html
    assert 'a&#34;&lt;b&gt;.mkv' in html and '<b>' not in html
    assert 'from 0:01.0 on' in html and html.count('<video ') == 3


def test_what_cannot_be_a_query(indexed):
    collection = str(indexed / 'c')
    for arguments, why in (
            (['--row', '999'], 'no row 999'),
            ([str(indexed / 'a.pth')], 'cannot be read'),
            ([str(indexed / 'videos/long.mkv'), '--start', '40'],
             'there is nothing'),
            ([str(indexed / 'videos/long.mkv'), '--top', '0'],
             'whole number'),
            (['--row', '3', '--end', '1'], 'a row is a whole clip'),
            (['--row', '3', '--start', '1'], 'a row is a whole clip')):
        with pytest.raises(SystemExit, match=why):
            main('search', [collection, *arguments])


def test_an_untrusted_manifest_builds_registered_parts_alone(
        indexed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    collection = Collection(indexed / 'c')
    video = str(indexed / 'videos/long.mkv')
    for backbone, why in (
            (dict(type='os.system', command='touch executed'),
             'not registered'),
            (dict(type='TinyEncoder', more=1), 'cannot be built'),
            (dict(type='ResNet3d', depth=18, pretrained='http://x/y'),
             'another encoder')):
        collection.manifest['recipe']['backbone'] = backbone
        with pytest.raises(InputError, match=why):
            query_of(collection, video)
    os.mkfifo('pipe')
    for path, why in (('http://localhost/x.pth', 'is not there'),
                      ('pipe', 'is not there'), (3, 'is not there'),
                      (None, 'is not named')):
        collection.manifest['encoder']['checkpoint'] = path
        with pytest.raises(InputError, match=why):
            query_of(collection, video)
    assert os.listdir() == ['pipe']


def test_a_recognizer_of_mmaction2_is_an_encoder(
        indexed, tmp_path, capsys):
    """TSN, by config and checkpoint; the query by the manifest alone."""
    pipeline = [
        dict(type='DecordInit'), TWO_D['frames'], dict(type='DecordDecode'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='FormatShape', input_format='NCHW'),
        dict(type='PackActionInputs')]  # yapf: disable
    dataset = dict(type='VideoDataset', pipeline=pipeline)
    config = tmp_path / 'config.py'
    config.write_text(
        f'model = {TWO_D["model"]}\n'
        f'test_dataloader = dict(dataset={dataset})')
    torch.manual_seed(0)
    path = str(tmp_path / 'tsn.pth')
    torch.save(
        dict(state_dict=MODELS.build(TWO_D['model']).state_dict()), path)
    made = index(str(indexed / 'videos/b'), str(tmp_path / 'c'),
                 [str(config), path], workers=0, dtype='float32')
    file = str(indexed / 'videos/b/03.mkv')
    found = ascnet_mm.load_encoder(str(config), path).embed_clips(file)
    rows = made.rows(made.find('03.mkv'))
    assert np.array_equal(
        made.features[rows[0]:rows[-1] + 1], found.features.numpy())
    config.unlink()
    found = search(capsys, tmp_path / 'c', file, '--start', 1, '--end', 3)
    assert (found[0]['file'], found[0]['start']) == ('03.mkv', 1)
