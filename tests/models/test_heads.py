import pytest
import torch
from torch import nn

from ascnet_mm import InputError
from ascnet_mm.models import heads
from ascnet_mm.models.heads import ACPHead, SCPHead


def layers(mlp):
    return [(type(m).__name__, getattr(m, 'out_features', None))
            for m in mlp]


def test_mlps_are_those_of_section_a():
    head = ACPHead(in_channels=512)
    for mlp, width in ((head.projection, 512), (head.predictor, 256),
                       (head.target_projection, 512)):
        assert layers(mlp) == [('Linear', 4096), ('BatchNorm1d', None),
                               ('ReLU', None), ('Linear', 256)]
        assert mlp[0].in_features == width
        assert isinstance(mlp[1], nn.BatchNorm1d)


@pytest.mark.parametrize('kind', [ACPHead, SCPHead])
def test_no_gradient_reaches_the_target(kind):
    head = kind(4, 6, 5)
    x = torch.randn(8, 4, requires_grad=True)
    assert not head.project_target(x).requires_grad
    assert not any(p.requires_grad
                   for p in head.target_projection.parameters())


def test_acp_loss_is_two_minus_two_cosines():
    head = ACPHead(4, 6, 5)
    x, target = torch.randn(8, 4), head.project_target(torch.randn(8, 4))
    prediction = head.predictor(head.projection(x))
    cosine = torch.cosine_similarity(prediction, target)
    assert head.loss(head.predict(x), target).item() == pytest.approx(
        (2 - 2 * cosine).mean().item(), abs=1e-6)


def test_scp_loss_counts_the_found_alone():
    head = SCPHead(4, 6, 5)
    x, target = torch.randn(8, 4), head.project_target(torch.randn(8, 4))
    found = torch.tensor([1, 0, 1, 1, 0, 0, 1, 0], dtype=torch.bool)
    cosine = torch.cosine_similarity(head.predictor(head.projection(x)),
                                     target)
    predicted = head.predict(x)
    assert head.loss(predicted, target, found).item() == pytest.approx(
        (2 - 2 * cosine[found]).mean().item(), abs=1e-6)
    assert head.loss(predicted, target, torch.zeros_like(found)).item() == 0


def test_half_precision_is_compared_in_single():
    head = ACPHead(4, 6, 5).to(torch.bfloat16)
    x = torch.randn(8, 4, dtype=torch.bfloat16)
    assert head.project_target(x).dtype == torch.float32
    assert head.predict(x).dtype == torch.float32


def test_a_head_does_not_train_on_a_batch_of_one(monkeypatch):
    head = ACPHead(4, 6, 5)
    x = torch.randn(1, 4)
    for call in (head.predict, head.project_target):
        with pytest.raises(InputError, match='batch of one'):
            call(x)
    with pytest.raises(InputError, match='batch of one'):
        nn.SyncBatchNorm.convert_sync_batchnorm(head).predict(x)
    monkeypatch.setattr(heads, 'get_world_size', lambda: 2)
    with pytest.raises(ValueError, match='more than 1 value'):  # torch's
        head.predict(x)
    head.eval()
    assert head.predict(x).shape == head.project_target(x).shape == (1, 5)


def test_other_norms_train_on_a_batch_of_one():
    head = ACPHead(4, 6, 5)
    head.projection[1] = head.predictor[1] = nn.GroupNorm(2, 6)
    assert head.predict(torch.randn(1, 4)).shape == (1, 5)
