import pytest
import torch
from mmaction.registry import MODELS

from ascnet_mm import InputError


@pytest.mark.parametrize('kind, options', [
    ('R3D', dict(depth=10)), ('R2Plus1D', dict(depth=10)), ('C3DConv', {}),
    ('S3DG', {})])
def test_weights_that_a_config_names_are_loaded_whole(
        kind, options, tmp_path):
    width = 16 if kind == 'S3DG' else 2
    cfg = dict(type=f'mmaction.{kind}', base_channels=width, **options)
    trained = MODELS.build(cfg)
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict={
        f'backbone.{key}': value + 1
        for key, value in trained.state_dict().items()}), path)
    init_cfg = dict(type='Pretrained', checkpoint=path, prefix='backbone.')
    resnet = kind in ('R3D', 'R2Plus1D')
    for option in (dict(init_cfg=init_cfg),
                   dict(init_cfg=dict(init_cfg, prefix=None)),
                   *([dict(pretrained=path)] if resnet else [])):
        encoder = MODELS.build(dict(cfg, **option))
        encoder.init_weights()
        for key, value in encoder.state_dict().items():
            assert torch.equal(value, trained.state_dict()[key] + 1)
    for wrong in (dict(cfg, base_channels=2 * width, init_cfg=init_cfg),
                  dict(cfg, init_cfg=dict(init_cfg, checkpoint='none.pth')),
                  dict(cfg, init_cfg=dict(init_cfg, prefix='x.'))):
        with pytest.raises(InputError, match='another enc|not exist|under'):
            MODELS.build(wrong).init_weights()
