"""Indexing timed beside what it consists of: what is counted and written."""
import json

import pytest
import torch

pytest.importorskip('pyarrow')

from ascnet_mm import InputError
from ascnet_mm.benchmarking import index
from ascnet_mm.benchmarking.index import Usage
from ascnet_mm.inference import VideoEncoder

from ..collection.builders import RECIPE, write_videos

BACKBONE = dict(type='R3D', depth=18, base_channels=2)


def write_r3d(path):
    """Its processes know of no encoder of the tests."""
    torch.manual_seed(0)
    recipe = dict(RECIPE, backbone=BACKBONE)
    torch.save(dict(state_dict=VideoEncoder(**recipe).state_dict(),
                    meta=dict(recipe=recipe)), path)
    return str(path)


def test_all_do_the_same_videos(tmp_path, monkeypatch):
    """In this process; what they take is not looked at."""
    videos = write_videos(tmp_path / 'videos')
    (videos / 'a/odd.mkv').write_bytes(b'no video')
    monkeypatch.setattr(index, 'usage_of', lambda work, *arguments: Usage(
        1., 2., 3, 4, work(*arguments)))
    monkeypatch.setattr(index.collection.indexing, '_workers', lambda: 0)
    encoder = [write_r3d(tmp_path / 'a.pth')]
    index.run(str(videos), encoder, str(tmp_path / 'work'), 99, str(tmp_path))
    found = json.loads((tmp_path / 'index.json').read_text())
    assert found['settings']['videos'] == 11
    assert found['settings']['clip'] == [4, 16, 16]
    rows = {name: row['result'] for name, row in found['rows'].items()}
    # Ten videos of one to four seconds, ten frames a second, clips of four
    seconds = [1 + number % 4 for number in range(10)]
    assert rows['decoding'] == dict(frames=10 * sum(seconds))
    assert rows['ours']['videos'] == 10 and rows['ours']['unreadable'] == 1
    assert rows['ours']['clips'] == rows['passes']['clips']
    assert 2 * sum(seconds) <= rows['ours']['clips'] <= 5 * sum(seconds)
    assert rows['inferencer'] == dict(clips=10, unreadable=1)
    ratios = {item['name'].split(',')[0]: item for item in found['ratios']}
    assert ratios['processor seconds']['value'] == 0.5
    assert ratios['processor seconds']['met']
    assert ratios['clips per processor second']['value'] == (
        rows['ours']['clips'] / 10)
    index.run(str(videos), encoder, str(tmp_path / 'work'), 3, str(tmp_path))
    found = json.loads((tmp_path / 'index.json').read_text())
    assert found['settings']['videos'] == 3
    with pytest.raises(InputError, match='no videos'):
        (tmp_path / 'none').mkdir()
        index.run(str(tmp_path / 'none'), encoder, str(tmp_path / 'work'), 3,
                  str(tmp_path))
