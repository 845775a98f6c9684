"""Indexing timed beside what it consists of: what is counted and written."""
import json

import numpy as np
import pytest
import torch

pytest.importorskip('pyarrow')

from ascnet_mm import InputError
from ascnet_mm.benchmarking import index
from ascnet_mm.benchmarking.index import Usage
from ascnet_mm.inference import VideoEncoder
from ascnet_mm.preparation.synthetic import write_video

from ..collection.builders import RECIPE

BACKBONE = dict(type='R3D', depth=18, base_channels=2)


def write_r3d(path):
    """Its processes know of no encoder of the tests."""
    torch.manual_seed(0)
    recipe = dict(RECIPE, backbone=BACKBONE)
    torch.save(dict(state_dict=VideoEncoder(**recipe).state_dict(),
                    meta=dict(recipe=recipe)), path)
    return str(path)


@pytest.fixture
def videos(tmp_path):
    """Ten of one to four seconds, ten frames a second, and none."""
    folder = tmp_path / 'videos'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(10):
        coarse = rng.integers(0, 256, (10 * (1 + number % 4), 4, 4, 3))
        frames = coarse.repeat(8, axis=1).repeat(8, axis=2)
        write_video(str(folder / f'{number}.mp4'), frames.astype(np.uint8),
                    fps=10)
    (folder / 'odd.mp4').write_bytes(b'no video')
    return folder


def test_all_do_the_same_videos(videos, tmp_path, monkeypatch):
    """In this process; what they take is not looked at."""
    monkeypatch.setattr(index, 'usage_of', lambda work, *arguments: Usage(
        1., 2., 3, 4, work(*arguments)))
    monkeypatch.setattr(index.collection.indexing, '_workers', lambda: 0)
    encoder = [write_r3d(tmp_path / 'a.pth')]
    index.run(str(videos), encoder, str(tmp_path / 'work'), 99, str(tmp_path))
    found = json.loads((tmp_path / 'index.json').read_text())
    assert found['settings']['videos'] == 11
    assert found['settings']['clip'] == [4, 16, 16]
    rows = {name: row['result'] for name, row in found['rows'].items()}
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
