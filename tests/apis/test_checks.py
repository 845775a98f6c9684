import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import checks


@pytest.mark.parametrize('options, refused', [
    (dict(compile=True), True), (dict(compile=dict(mode='default')), True),
    (dict(compile=False), False), (dict(), False),
    (dict(compile=True, optim_wrapper=dict(type='OptimWrapper')), False)])
def test_bfloat16_is_not_compiled_on_a_cpu(options, refused, monkeypatch):
    monkeypatch.setattr(checks, 'get_device', lambda: 'cpu')
    monkeypatch.setattr(checks, 'computes_in_bfloat16', lambda device: True)
    cfg = Config({'optim_wrapper': dict(type='BFloat16OptimWrapper'),
                  **options})
    if refused:
        with pytest.raises(InputError, match='optim_wrapper.type=OptimWrap'):
            checks.check_compile(cfg)
    else:
        checks.check_compile(cfg)
    monkeypatch.setattr(checks, 'get_device', lambda: 'cuda')
    checks.check_compile(cfg)
