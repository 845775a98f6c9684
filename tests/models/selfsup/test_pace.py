import numpy as np
import pytest
import torch
from torch.multiprocessing import spawn

from ascnet_mm import InputError
from ascnet_mm.datasets import SpeedPairedSampleFrames
from ascnet_mm.models.selfsup.pace import PaceHead, SameContextHead

from .test_base import make, stacked


def test_loss_is_the_cross_entropy_of_the_speed():
    head = PaceHead(4, speeds=(1, 2, 3, 4)).double()
    x = torch.randn(6, 4, dtype=torch.float64)
    speeds = [3, 1, 4, 2, 2, 1]
    told = head.loss(x, speeds)
    logits = head.classifier(x).detach().numpy()
    loss = right = 0
    for row, speed in zip(logits, speeds):
        loss -= np.log(np.exp(row[speed - 1]) / np.exp(row).sum()) / 6
        right += (row.argmax() == speed - 1) / 6
    assert told['loss_pace'].item() == pytest.approx(loss, abs=1e-9)
    assert told['pace_accuracy'].item() == pytest.approx(right, abs=1e-6)


@pytest.mark.parametrize('name', ['Pace', 'Pace with contrast'])
def test_labels_are_the_speeds_that_were_drawn(name):
    """A classifier that reads the speed from the clip is never wrong."""
    model, _ = make(name)
    sampler = SpeedPairedSampleFrames(2, (1, 2), model.pattern)
    clips, samples = stacked(name)
    clips[:] = 0
    for clip, sample in zip(clips, samples):
        drawn = sampler.transform(dict(total_frames=50, start_index=0))
        sample.set_metainfo(dict(speeds=drawn['speeds']))
        steps = np.diff(drawn['frame_inds'].reshape(-1, 2))[:, 0]
        clip += torch.from_numpy(steps).view(-1, 1, 1, 1, 1)
    model.backbone = SpeedReader()
    with torch.no_grad():
        model.pace_head.classifier.weight[:] = torch.tensor([[-1], [1]])
        model.pace_head.classifier.bias[:] = torch.tensor([6, -6])
    assert model.loss(clips, samples)['pace_accuracy'] == 1


class SpeedReader(torch.nn.Module):

    def forward(self, clips):
        return clips.flatten(1)[:, :4]


def test_a_speed_that_is_no_class_is_named():
    with pytest.raises(InputError, match=r'at \[3, 8\]x.*speeds=\(1, 2\)'):
        PaceHead(4, speeds=(1, 2)).loss(torch.randn(3, 4), [8, 1, 3])


def test_a_class_that_is_there_twice_is_refused():
    with pytest.raises(InputError, match=r'speeds=\(1, 2, 2\)'):
        PaceHead(4, (1, 2, 2))


def test_contrast_sets_a_videos_clips_against_other_videos():
    """Loops over clips; video 5 stands twice in the batch."""
    torch.manual_seed(0)
    head = SameContextHead(4, 6, 5, temperature=0.1).double()
    x = torch.randn(8, 4, dtype=torch.float64)
    ids = [5, 6, 5, 7] * 2
    loss = head.loss(x, torch.tensor(ids[:4])).item()
    z = head.projection(x).detach().numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    total = 0
    for i in range(8):
        positive = np.exp(z[i] @ z[(i + 4) % 8] / 0.1)
        others = sum(
            np.exp(z[i] @ z[j] / 0.1) for j in range(8) if ids[j] != ids[i])
        total -= np.log(positive / (positive + others)) / 8
    assert loss == pytest.approx(total, abs=1e-9)


def contrast(rows):
    """Loss and gradients of some of four videos."""
    torch.manual_seed(0)
    head = SameContextHead(4, 6, 5, temperature=0.1).double().eval()
    x = torch.randn(2, 4, 4, dtype=torch.float64)
    encoder = torch.nn.Linear(4, 4).double()
    ids = torch.tensor([5, 6, 5, 7])
    loss = head.loss(encoder(x)[:, rows].flatten(0, 1), ids[rows])
    loss.backward()
    return [loss.detach(), *(
        p.grad for p in (*encoder.parameters(), *head.parameters()))]


def on_one_of_two_ranks(rank, folder):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank,
        world_size=2)
    torch.save(contrast([rank, rank + 2]), f'{folder}/{rank}.pth')
    torch.distributed.destroy_process_group()


def test_two_ranks_contrast_as_one_process(tmp_path):
    """The clips of the other rank's videos are negatives, too."""
    spawn(on_one_of_two_ranks, (str(tmp_path), ), nprocs=2)
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1)]
    for whole, one, other in zip(contrast([0, 1, 2, 3]), *ranks):
        torch.testing.assert_close((one + other) / 2, whole)


def test_the_contrast_is_weighted():
    model, _ = make('Pace with contrast')
    clips, samples = stacked('Pace with contrast')
    light = model.loss(clips, samples)['loss_contrast'].item()
    model.contrast_weight = 1
    heavy = model.loss(clips, samples)['loss_contrast'].item()
    assert light == pytest.approx(0.1 * heavy) and heavy > 0
