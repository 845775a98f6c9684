"""OPN's channels; its orders are tested with VCOP's."""
import numpy as np
import torch

from .test_base import make, stacked


def test_a_frame_shows_one_of_its_channels():
    """Drawn of all for each frame, from the sample's seed alone."""
    model, _ = make('OPN')
    clips, samples = stacked('OPN')
    clips, samples = clips.repeat(20, 1, 1, 1, 1, 1), samples * 20
    samples = [sample.clone() for sample in samples]
    for number, sample in enumerate(samples):
        sample.set_metainfo(dict(sample_seed=number % 40))
    seen = []
    model.backbone.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0]))
    model.loss(clips, samples)
    shown = seen[0].unflatten(0, (4, 60)).transpose(0, 1)
    chosen = np.zeros((60, 4), int)
    for row, sample in enumerate(shown):
        for place, clip in enumerate(sample):
            equal = [channel for channel in range(3)
                     if torch.equal(clip[0], clips[row, place, channel])]
            assert len(equal) == 1
            assert torch.equal(clip, clip[:1].expand_as(clip))
            chosen[row, place] = equal[0]
    assert (chosen[:20] == chosen[40:]).all()
    assert len({tuple(row) for row in chosen[:40]}) > 20
    assert (np.bincount(chosen[:40].ravel()) > 30).all()
