import collections
import functools
import http.server
import os
import pickle
import threading
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleLR
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from mmengine.runner.checkpoint import CheckpointLoader
from torch.optim import SGD

from ascnet_mm import InputError


def save(path, **content) -> str:
    torch.save(dict(state_dict={'w': torch.ones(2)}, **content), path)
    return str(path)


def load(path) -> dict:
    return CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')


def test_mmengines_log_buffers_load(tmp_path):
    buffer = HistoryBuffer([1., 2., 6.], [1, 1, 2])
    loaded = load(
        save(
            tmp_path / 'a.pth',
            message_hub=dict(log_scalars={'train/loss': buffer}),
            meta=collections.OrderedDict(
                seed=np.int64(3), lr=np.float32(0.5), ids=np.arange(4))))
    again = loaded['message_hub']['log_scalars']['train/loss']
    assert isinstance(again, HistoryBuffer)
    assert again.mean() == buffer.mean() == 2.25
    assert again.statistics('max') == 6
    assert loaded['meta']['seed'] == 3
    assert loaded['meta']['ids'].tolist() == [0, 1, 2, 3]


class Attack:

    def __init__(self, call, *args) -> None:
        self.reduced = call, args

    def __reduce__(self):
        return self.reduced


def test_a_pickle_with_code_is_refused_before_it_runs(tmp_path):
    target = tmp_path / 'written'
    path = save(tmp_path / 'a.pth', x=Attack(os.system, f'touch {target}'))
    with pytest.raises(InputError, match='weights alone'):
        load(path)
    assert not target.exists()
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path)  # and torch's own protection is still on


@pytest.mark.parametrize('attack', [
    Attack(getattr, HistoryBuffer, '__init__'),
    Attack(getattr, HistoryBuffer, '_statistics_methods'),
    Attack(getattr, collections.OrderedDict, 'update'),
    Attack(getattr, np.ndarray, 'tofile'),
    Attack(getattr, OneCycleParamScheduler, 'step'),
    Attack(getattr, OneCycleParamScheduler, '__init__'),
])
def test_getattr_names_log_buffer_methods_alone(attack, tmp_path):
    with pytest.raises(InputError, match='not loaded'):
        load(save(tmp_path / 'a.pth', x=attack))


@pytest.mark.parametrize('strategy', ['cos', 'linear'])
def test_onecyclelr_loads_and_goes_on(strategy, tmp_path):
    """Its state names a function of its class."""

    def schedule():
        optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        return optimizer, OneCycleLR(
            optimizer, eta_max=0.5, total_steps=9, anneal_strategy=strategy)

    def rates(optimizer, scheduler, steps):
        found = []
        for _ in range(steps):
            optimizer.step()
            scheduler.step()
            found.append(optimizer.param_groups[0]['lr'])
        return found

    expected = rates(*schedule(), 7)
    optimizer, scheduler = schedule()
    rates(optimizer, scheduler, 3)
    path = save(tmp_path / 'a.pth', optimizer=optimizer.state_dict(),
                param_schedulers=[scheduler.state_dict()])
    optimizer, scheduler = schedule()
    loaded = load(path)
    optimizer.load_state_dict(loaded['optimizer'])
    scheduler.load_state_dict(loaded['param_schedulers'][0])
    assert rates(optimizer, scheduler, 4) == expected[3:]


@pytest.mark.parametrize('keep', [0, 10, 0.5, 0.99])
def test_a_torn_file_is_refused_in_one_sentence(keep, tmp_path):
    path = tmp_path / 'a.pth'
    save(path)
    data = path.read_bytes()
    path.write_bytes(data[:keep if keep >= 1 else int(len(data) * keep)])
    with pytest.raises(InputError, match='a.pth is not a whole checkpoint'):
        load(str(path))


def test_flipped_bits_never_end_in_another_error(tmp_path):
    path = tmp_path / 'a.pth'
    save(path, message_hub=dict(x=HistoryBuffer([1.], [1])))
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        torn = bytearray(data)
        torn[rng.integers(len(torn))] ^= 1 << rng.integers(8)
        path.write_bytes(torn)
        try:
            load(str(path))
        except InputError as error:
            assert str(path) in str(error)


def test_names_of_numpy_1_load(tmp_path):
    path, old = tmp_path / 'new.pth', tmp_path / 'old.pth'
    save(path, message_hub=dict(x=HistoryBuffer([1., 3.], [1, 1])),
         lr=np.float64(0.5))
    with zipfile.ZipFile(path) as new, zipfile.ZipFile(old, 'w') as out:
        for name in new.namelist():
            out.writestr(
                name,
                new.read(name).replace(b'numpy._core.', b'numpy.core.'))
    loaded = load(str(old))
    assert loaded['message_hub']['x'].mean() == 2 and loaded['lr'] == 0.5


def test_text_that_mmengine_would_run_is_dropped(tmp_path):
    """MMEngine executes meta['config'] when it resumes."""
    loaded = load(save(
        tmp_path / 'a.pth', meta=dict(config='import os', epoch=3)))
    assert loaded['meta'] == dict(epoch=3)


def test_a_download_is_protected_alike(tmp_path, monkeypatch):
    save(tmp_path / 'good.pth')
    save(tmp_path / 'bad.pth', x=Attack(os.system, 'true'))
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.HTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f'http://127.0.0.1:{server.server_port}'
        assert load(f'{address}/good.pth')['state_dict']['w'].sum() == 2
        with pytest.raises(InputError, match='weights alone'):
            load(f'{address}/bad.pth')
        # Of a rank on another machine, the first one's files are not there.
        monkeypatch.setattr(
            'ascnet_mm.compat.checkpoints.is_main_process', lambda: False)
        monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'other'))
        assert load(f'{address}/good.pth')['state_dict']['w'].sum() == 2
        server.shutdown()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        load(str(tmp_path / 'nowhere.pth'))
