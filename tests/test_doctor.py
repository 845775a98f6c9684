import resource

import pytest
import torch

from ascnet_mm import doctor


def advice(name):
    return {finding.name: finding.advice for finding in doctor.examine()}[name]


def test_what_is_well_needs_no_advice(capsys):
    assert doctor.tell() == (
        not any(finding.advice for finding in doctor.examine()))
    said = capsys.readouterr().out
    for word in ('torch', 'MMAction2', '/dev/shm', 'open files', 'decoders'):
        assert word in said


def test_a_small_dev_shm_is_advised_of(monkeypatch, capsys):
    monkeypatch.setattr(doctor, 'free_memory', lambda: 2**26)
    assert 'shm-size' in advice('/dev/shm')
    assert not doctor.tell()
    assert 'NOTE /dev/shm: 64 MiB free' in capsys.readouterr().out


@pytest.mark.parametrize('hard, well', [
    (1024, False), (2**20, True), (resource.RLIM_INFINITY, True)])
def test_few_open_files_are_advised_of(hard, well, monkeypatch):
    monkeypatch.setattr(resource, 'getrlimit', lambda kind: (1024, hard))
    assert (advice('open files') is None) == well


def test_two_mmcvs_and_a_missing_package_are_advised_of(monkeypatch):
    found = doctor.versions()
    monkeypatch.setattr(
        doctor, 'versions',
        lambda: {**found, 'mmcv': '2.1.0', 'mmcv-lite': '2.1.0', 'av': None})
    assert 'uninstall' in advice('mmcv')
    assert advice('av') == 'pip install av'


def test_a_gpu_that_torch_does_not_find_is_advised_of(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.version, 'cuda', '12.6')
    assert 'nvidia-smi' in advice('GPU')
    monkeypatch.setattr(torch.version, 'cuda', None)
    assert advice('GPU') is None


@pytest.mark.parametrize('torch_version, cudnn, said', [
    ('2.9.0+cu128', 91600, ['166643']),
    ('2.8.0', 90701, []), ('2.9.1', 90800, ['163539']),
    ('2.9.1', 91002, ['163539', '167024']), ('2.10.0', 91500, ['167024']),
    ('2.13.0', 91600, []), ('2.9.1', None, ['cuDNN'])])
def test_faulty_convolutions_are_advised_of(torch_version, cudnn, said):
    """Ranges as in the named threads of PyTorch's."""
    advice = doctor.convolution_advice(torch_version, cudnn)
    assert (advice is None) == (not said)
    assert all(word in advice for word in said)
