"""An encoder in a file of its own: what goes into it."""
import json

import pytest
import torch
from mmaction.registry import MODELS

from ascnet_mm import InputError
from ascnet_mm.apis import export_encoder, read_config
from ascnet_mm.apis.export import metrics_at
from ascnet_mm.settings import settings_of

RETRIEVAL = 'ascnet_mm::ascnet/retrieval/r18_ucf101.py'


@pytest.fixture
def trained(tmp_path):
    """A checkpoint of an encoder that is not the config's."""
    cfg = read_config('ascnet_mm::ascnet/r18_folder.py', {
        'model.backbone.base_channels': 4,
        'model.data_preprocessor.mean': [1., 2., 3.],
        'model.data_preprocessor.difference': dict(prob=1)})
    encoder = MODELS.build(cfg.model.backbone)
    path = str(tmp_path / 'epoch_3.pth')
    torch.save(
        dict(state_dict={
            f'backbone.{key}': value
            for key, value in encoder.state_dict().items()
        }, meta=dict(settings=settings_of(cfg))), path)
    return path


def test_a_config_replaces_the_clips_alone(trained, tmp_path):
    recipes = []
    for config in (None, RETRIEVAL):
        out = str(tmp_path / 'encoder.pth')
        export_encoder(trained, out, config)
        recipes.append(torch.load(out)['meta']['recipe'])
    alone, with_config = recipes
    assert with_config['backbone'] == alone['backbone']
    assert with_config['backbone']['base_channels'] == 4
    for key in ('type', 'mean', 'std', 'difference'):
        assert with_config['data_preprocessor'][key] == alone[
            'data_preprocessor'][key]
    assert with_config['data_preprocessor']['mean'] == [1., 2., 3.]
    assert with_config['pipeline'] == settings_of(read_config(
        RETRIEVAL, {}))['test_dataloader']['dataset']['pipeline']


def test_options_of_the_config_have_the_last_word(trained, tmp_path):
    with pytest.raises(InputError, match='another encoder'):
        export_encoder(trained, str(tmp_path / 'encoder.pth'), RETRIEVAL,
                       {'model.backbone.base_channels': 8})


def test_a_log_that_breaks_off_is_read_as_far_as_it_goes(trained, tmp_path):
    folder = tmp_path / '20260101' / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(
        json.dumps({'val/top1': 3., 'step': 3}) + '\n{"val/top1": 9., "st')
    assert metrics_at(str(tmp_path), 3) == {'val/top1': 3.}
    assert export_encoder(trained, str(tmp_path / 'encoder.pth'))
