import pytest
import torch
from mmaction.registry import MODELS

from ascnet_mm.models import Pixels


@pytest.mark.parametrize('motion', [False, True])
def test_features_are_gray_means_of_tiles_frame_by_frame(motion):
    clips = torch.rand(
        2, 3, 4, 6, 8, generator=torch.Generator().manual_seed(0))
    found = Pixels(size=(3, 2), motion=motion)(clips)
    expected = torch.empty(2, 4, 3, 2)
    for row in range(3):
        for column in range(2):
            tile = clips[..., 2 * row:2 * row + 2, 4 * column:4 * column + 4]
            expected[:, :, row, column] = tile.mean(dim=(1, 3, 4))
    if motion:
        expected -= expected.mean(dim=1, keepdim=True)
    torch.testing.assert_close(found, expected.flatten(1))


def test_it_stands_in_for_an_encoder():
    model = MODELS.build(
        dict(
            type='EncoderOnly', backbone=dict(type='Pixels'),
            data_preprocessor=dict(
                type='ActionDataPreprocessor', to_float32=False)))
    features, _ = model.extract_feat(torch.rand(2, 3, 3, 5, 24, 48))
    assert features.shape == (2, 3, 5 * 12 * 24)
