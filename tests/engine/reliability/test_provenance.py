"""What a checkpoint says of its encoder, compared with that of a run."""
from types import SimpleNamespace

import pytest
from mmaction.registry import MODELS

from ascnet_mm.apis import read_config
from ascnet_mm.engine.reliability import ProvenanceHook
from ascnet_mm.models.checkpoints import unseen_options
from ascnet_mm.settings import settings_of

NARROW = {'model.backbone.base_channels': 4}


def run(**options):
    """A runner of a config, which keeps what it warns of."""
    cfg = read_config('ascnet_mm::ascnet/retrieval/r18_ucf101.py',
                      {**NARROW, **options})
    warned = []
    return SimpleNamespace(
        cfg=cfg, _resume=False, warned=warned,
        model=SimpleNamespace(backbone=MODELS.build(cfg.model.backbone)),
        logger=SimpleNamespace(warning=warned.append))


def checkpoint(**options):
    trained = run(**options)
    return dict(meta=dict(
        settings=settings_of(trained.cfg),
        encoder=unseen_options(trained.model.backbone)))


@pytest.mark.parametrize('name, value', [
    ('backbone.frame_strides', [1, 1, 1, 1, 1]),
    ('data_preprocessor.mean', [1., 2., 3.]),
    ('data_preprocessor.difference', dict(prob=1)),
])
def test_another_encoder_or_input_is_named(name, value):
    saved = checkpoint(**{f'model.{name}': value})
    runner = run()
    ProvenanceHook().after_load_checkpoint(runner, saved)
    [line] = runner.warned
    assert name.split('.')[1] in line and str(value[0] if isinstance(
        value, list) else value) in line


def test_the_same_or_a_foreign_one_is_not():
    runner = run()
    drawn = {'model.data_preprocessor.difference': dict(prob=0.5)}
    for saved in (checkpoint(), {}, dict(meta=None), dict(meta={}),
                  checkpoint(**drawn)):
        ProvenanceHook().after_load_checkpoint(runner, saved)
    assert not runner.warned
