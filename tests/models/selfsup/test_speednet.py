import numpy as np
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.datasets import SkippingSampleFrames
from ascnet_mm.models.selfsup.speednet import SpeedHead

from .test_base import make, stacked


def test_loss_is_the_binary_cross_entropy_of_the_fastest_place():
    """Loops over clips, channels and frames."""
    head = SpeedHead(4).double()
    x = torch.randn(5, 4, 3, 2, 2, dtype=torch.float64)
    sped_up = [0, 1, 1, 0, 1]
    told = head.loss(x, torch.tensor(sped_up, dtype=torch.bool))
    weight = head.classifier.weight.detach().numpy()[0]
    bias = head.classifier.bias.item()
    loss = right = 0
    for clip, label in zip(x.numpy(), sped_up):
        logit = bias
        for channel in range(4):
            places = [max(clip[channel, frame].flat) for frame in range(3)]
            logit += weight[channel] * sum(places) / 3
        chance = 1 / (1 + np.exp(-logit))
        loss -= np.log(chance if label else 1 - chance) / 5
        right += ((chance > 0.5) == label) / 5
    assert told['loss_speed'].item() == pytest.approx(loss, abs=1e-9)
    assert told['speed_accuracy'].item() == pytest.approx(right, abs=1e-6)


def test_labels_are_which_clip_was_sped_up():
    """A classifier that reads the speed from the clip is never wrong."""
    model, _ = make('SpeedNet')
    sampler = SkippingSampleFrames(clip_len=200)
    clips, samples = stacked('SpeedNet')
    clips[:] = 0
    for clip in clips:
        drawn = sampler.transform(dict(total_frames=2000, start_index=0))
        steps = np.diff(drawn['frame_inds'].reshape(2, -1)).mean(axis=1)
        clip += torch.from_numpy(steps).view(-1, 1, 1, 1, 1)
    model.backbone = torch.nn.Conv3d(3, 4, 1, bias=False).double()
    with torch.no_grad():
        model.backbone.weight[:] = 1 / 3
        model.speed_head.classifier.weight[:] = 1 / 4
        model.speed_head.classifier.bias[:] = -1.45
    assert model.loss(clips, samples)['speed_accuracy'] == 1
    assert model.loss(clips.flip(1), samples)['speed_accuracy'] == 0


def test_both_clips_of_a_video_are_in_one_batch(monkeypatch):
    model, _ = make('SpeedNet')
    seen = []
    model.backbone.register_forward_hook(
        lambda _, inputs, output: seen.append(inputs[0]))
    clips, samples = stacked('SpeedNet')
    model.loss(clips, samples)
    assert len(seen) == 1
    assert torch.equal(seen[0], torch.cat([clips[:, 0], clips[:, 1]]))


@pytest.mark.parametrize('speeds', [(2, 1), (1, 1), None])
def test_a_second_clip_that_is_not_faster_is_refused(speeds):
    """Of another sampler, whose clips would be labeled at random."""
    model, _ = make('SpeedNet')
    clips, samples = stacked('SpeedNet')
    if speeds:
        samples[1].set_metainfo(dict(speeds=speeds))
    else:
        samples[1].pop('speeds')
    with pytest.raises(InputError, match='SkippingSampleFrames'):
        model.loss(clips, samples)


def test_features_without_places_are_refused():
    model, _ = make('SpeedNet')
    model.backbone = torch.nn.Flatten()
    with pytest.raises(InputError, match='SpeedNet takes .* Flatten does not'):
        model.loss(*stacked('SpeedNet'))
