import collections
import functools
import http.server
import os
import pickle
import threading
import zipfile
from logging import getLogger
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dist import utils as dist_utils
from mmengine.hooks import LoggerHook
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from ascnet_mm import InputError, host


def save(path, **content) -> str:
    torch.save(dict(state_dict={'w': torch.ones(2)}, **content), path)
    return str(path)


def load(path) -> dict:
    return CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')


DRN = 'mmaction.models.localizers.drn'


def test_the_host_imports_and_its_localizer_says_why_it_cannot():
    from mmaction.models.localizers import DRN as localizer
    if localizer.__module__.startswith('mmaction'):
        pytest.skip('this host has DRN itself')
    with pytest.raises(ImportError, match='DRN cannot be used here'):
        localizer()


@pytest.mark.parametrize('in_source, torchvision, stands_in', [
    (False, True, True), (True, False, True), (True, True, False)])
def test_drn_is_replaced_only_where_it_cannot_be_imported(
        in_source, torchvision, stands_in, tmp_path, monkeypatch):
    if in_source:
        (tmp_path / 'models' / 'localizers' / 'drn').mkdir(parents=True)
    modules = {k: v for k, v in host.sys.modules.items()
               if not k.startswith(DRN)}
    monkeypatch.setattr(host.sys, 'modules', modules)
    monkeypatch.setattr(
        host.importlib.util, 'find_spec',
        lambda name: type('Spec', (), dict(origin=tmp_path / '__init__.py')))
    monkeypatch.setattr(host, '_imports', lambda name: torchvision)
    host.stand_in_for_drn()
    assert (DRN in modules) == stands_in


def test_a_module_that_breaks_on_import_counts_as_missing(
        tmp_path, monkeypatch):
    (tmp_path / 'built_for_cuda.py').write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    assert not host._imports('built_for_cuda')
    assert not host._imports('not_there_at_all')
    assert host._imports('json')


def test_a_missing_mmcv_is_named(monkeypatch):
    monkeypatch.setattr(host.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(InputError, match=r'ascnet_mm\[lite\]'):
        host.require_mmcv()


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
])
def test_getattr_names_log_buffer_methods_alone(attack, tmp_path):
    with pytest.raises(InputError, match='not loaded'):
        load(save(tmp_path / 'a.pth', x=attack))


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
        server.shutdown()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        load(str(tmp_path / 'nowhere.pth'))


@pytest.mark.parametrize('device, layer, said', [
    ('cpu', torch.nn.BatchNorm3d, 'each rank by itself'),
    ('cuda', torch.nn.SyncBatchNorm, 'over all ranks'),
])
def test_batchnorm_spans_the_ranks_on_gpus_alone(device, layer, said,
                                                 monkeypatch):
    lines = []
    monkeypatch.setattr('mmengine.device.get_device', lambda: device)
    monkeypatch.setattr('mmengine.logging.print_log',
                        lambda line, *args: lines.append(line))
    model = host.convert_sync_batchnorm(
        torch.nn.Sequential(torch.nn.BatchNorm3d(2)))
    assert type(model[0]) is layer
    assert len(lines) == 1 and said in lines[0]


@pytest.mark.parametrize('asked, taken', [
    ('nccl', 'gloo'), ('cpu:gloo,cuda:nccl', 'gloo'), ('mpi', 'mpi')])
def test_gloo_takes_the_place_of_nccl_without_gpus(asked, taken, monkeypatch):
    seen = []

    def start(backend, **kwargs):
        torch.cuda.set_device(0)  # as MMEngine does
        seen.append((backend, kwargs['timeout'].total_seconds()))

    set_device = torch.cuda.set_device
    monkeypatch.setattr(dist_utils, '_init_dist_pytorch',
                        lambda backend, init_backend, **kwargs: start(
                            backend, **kwargs))
    host.init_dist_without_gpus('pytorch', asked, timeout=7)
    assert seen == [(taken, 7)]
    assert torch.cuda.set_device is set_device


def test_float32_is_torchs_own_on_gpus():
    """TF32 for convolutions, not for the matrix products of the searches."""
    assert torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize('rank, files', [(0, ['metrics.json']), (1, [])])
def test_the_first_rank_alone_writes_the_metrics(rank, files, tmp_path,
                                                 monkeypatch):
    monkeypatch.setattr(dist_utils, 'get_rank', lambda group=None: rank)
    runner = SimpleNamespace(
        log_dir=str(tmp_path), test_dataloader=[], logger=getLogger(),
        log_processor=SimpleNamespace(
            get_log_after_epoch=lambda *args, **kwargs:
            ({'retrieval/top1': 50.}, '')))  # yapf: disable
    hook = LoggerHook()
    hook.json_log_path = 'metrics.json'
    hook.after_test_epoch(runner, {})
    assert os.listdir(tmp_path) == files
