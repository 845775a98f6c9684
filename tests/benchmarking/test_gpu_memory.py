"""What is written of the shipped configs; tests/gpu_free/ trains them."""
import json
import os.path as osp

import pytest

from ascnet_mm import InputError
from ascnet_mm.benchmarking import gpu_memory
from ascnet_mm.benchmarking.pretend_gpu.process import Unavailable

STEP = dict(launches=1400, augmentation=40, peak=2**30, waits=['a at b:1'])


@pytest.fixture
def trained(monkeypatch):
    """The configs that were trained, without a training."""
    spec = []

    def train(found):
        assert osp.isfile(osp.join(found[0]['videos'], 'train.txt'))
        spec.extend(found)
        return [STEP]

    monkeypatch.setattr(gpu_memory, 'train', train)
    return spec


def test_each_config_is_written_with_its_batch(trained, tmp_path, capsys):
    gpu_memory.run(str(tmp_path))
    with open(tmp_path / 'gpu_memory.json') as file:
        steps = json.load(file)['steps']
    assert list(steps) == list(gpu_memory.CONFIGS)
    assert [each['config'] for each in trained] == [
        f'{config}.py' for config in steps]
    assert steps['finetune/r2plus1d_ucf101'] == dict(
        STEP, batch_size=16, clip=[16, 112, 112])
    assert steps['finetune/s3dg_ucf101']['clip'] == [64, 224, 224]
    assert '1,400' in capsys.readouterr().out


def test_a_torch_without_a_pretend_gpu_is_named(monkeypatch, tmp_path):

    def train(_):
        raise Unavailable('torch keeps it elsewhere')

    monkeypatch.setattr(gpu_memory, 'train', train)
    with pytest.raises(InputError, match='torch keeps it elsewhere'):
        gpu_memory.run(str(tmp_path))
    assert not list(tmp_path.iterdir())
