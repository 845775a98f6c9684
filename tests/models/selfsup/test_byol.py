import numpy as np
import pytest

from .test_base import make, stacked


def test_loss_is_byols_formula():
    """Equations 2 of the paper in both directions, added, in loops."""
    model, _ = make('BYOL')
    clips, samples = stacked('BYOL')
    losses = model.loss(clips, samples)
    head, total = model.byol_head, 0
    for first, second in ((0, 1), (1, 0)):
        y = model.backbone(clips[:, first]).mean(dim=(2, 3, 4))
        q = head.predictor(head.projection(y)).detach().numpy()
        y = model.target_backbone(clips[:, second]).mean(dim=(2, 3, 4))
        z = head.target_projection(y).detach().numpy()
        for a, b in zip(q, z):
            a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
            total += sum((a - b)**2) / len(q)
    assert losses['loss_byol'].item() == pytest.approx(total, abs=1e-9)


def test_it_is_acp_alone_in_both_directions():
    """The same weights give twice symmetric ASCNet's averaged loss."""
    ours, _ = make('symmetric ASCNet')
    byol, _ = make('BYOL')
    byol.backbone.load_state_dict(ours.backbone.state_dict())
    byol.byol_head.load_state_dict(ours.acp_head.state_dict())
    for model in (ours, byol):
        model.target_backbone.load_state_dict(ours.backbone.state_dict())
    acp = ours.loss(*stacked('symmetric ASCNet'))['loss_acp']
    loss = byol.loss(*stacked('symmetric ASCNet'))['loss_byol']
    assert loss.item() == pytest.approx(2 * acp.item(), abs=1e-9)
