import pytest

from ascnet_mm.compat import drn

DRN = 'mmaction.models.localizers.drn'


def test_mmaction2_imports_and_its_localizer_says_why_it_cannot():
    from mmaction.models.localizers import DRN as localizer
    if localizer.__module__.startswith('mmaction'):
        pytest.skip('this MMAction2 has DRN itself')
    with pytest.raises(ImportError, match='DRN cannot be used here'):
        localizer()


@pytest.mark.parametrize('in_source, torchvision, stands_in', [
    (False, True, True), (True, False, True), (True, True, False)])
def test_drn_is_replaced_only_where_it_cannot_be_imported(
        in_source, torchvision, stands_in, tmp_path, monkeypatch):
    if in_source:
        (tmp_path / 'models' / 'localizers' / 'drn').mkdir(parents=True)
    modules = {k: v for k, v in drn.sys.modules.items()
               if not k.startswith(DRN)}
    monkeypatch.setattr(drn.sys, 'modules', modules)
    monkeypatch.setattr(
        drn.importlib.util, 'find_spec',
        lambda name: type('Spec', (), dict(origin=tmp_path / '__init__.py')))
    monkeypatch.setattr(drn, '_imports', lambda name: torchvision)
    drn.stand_in_for_drn()
    assert (DRN in modules) == stands_in


def test_a_module_that_breaks_on_import_counts_as_missing(
        tmp_path, monkeypatch):
    (tmp_path / 'built_for_cuda.py').write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    assert not drn._imports('built_for_cuda')
    assert not drn._imports('not_there_at_all')
    assert drn._imports('json')
