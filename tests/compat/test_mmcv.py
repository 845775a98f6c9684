import pytest

from ascnet_mm import InputError
from ascnet_mm.compat import mmcv


def test_a_missing_mmcv_is_named(monkeypatch):
    monkeypatch.setattr(mmcv.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(InputError, match=r'ascnet_mm\[lite\]'):
        mmcv.require_mmcv()
