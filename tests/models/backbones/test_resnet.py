import pytest
import torch
from mmaction.registry import MODELS

from ascnet_mm import InputError


@pytest.mark.parametrize('kind', ['R3D', 'R2Plus1D'])
def test_weights_that_a_config_names_are_loaded_whole(kind, tmp_path):
    cfg = dict(type=f'mmaction.{kind}', depth=10, base_channels=2)
    trained = MODELS.build(cfg)
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict={
        f'backbone.{key}': value + 1
        for key, value in trained.state_dict().items()}), path)
    init_cfg = dict(type='Pretrained', checkpoint=path, prefix='backbone.')
    for option in (dict(init_cfg=init_cfg), dict(pretrained=path),
                   dict(init_cfg=dict(init_cfg, prefix=None))):
        encoder = MODELS.build(dict(cfg, **option))
        encoder.init_weights()
        for key, value in encoder.state_dict().items():
            assert torch.equal(value, trained.state_dict()[key] + 1)
    for wrong in (dict(cfg, base_channels=4, pretrained=path),
                  dict(cfg, init_cfg=dict(init_cfg, checkpoint='none.pth')),
                  dict(cfg, init_cfg=dict(init_cfg, prefix='x.'))):
        with pytest.raises(InputError, match='another enc|not exist|under'):
            MODELS.build(wrong).init_weights()
