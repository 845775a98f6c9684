"""Samples of several sizes, put together and sent as one tensor."""
import io
from multiprocessing.reduction import ForkingPickler

import pytest
import torch
import torch.multiprocessing
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from ascnet_mm import InputError
from ascnet_mm.datasets import padded_collate
from ascnet_mm.datasets.transport import _tensors
from ascnet_mm.models import ClipDataPreprocessor
from ascnet_mm.yuv420 import ColorCoding, Yuv420

CODING = ColorCoding(False, False, (0., 0.5))
CROPS = [((0, 0, 12, 8), (2, 4, 4, 2)), ((4, 0, 2, 16), (0, 0, 8, 6)),
         ((0, 0, 6, 6), (2, 2, 4, 4))]  # yapf: disable


def packed(planes=True):
    """Samples as a pipeline ends with them."""
    generator = torch.Generator().manual_seed(0)
    samples = []
    for index, (crops, (height, width)) in enumerate(
            zip(CROPS, [(8, 12), (16, 8), (6, 6)])):
        shape = (2, 3, height * 3 // 2, width) if planes else (2, 3, 3, 6, 8)
        clips = torch.randint(256, shape, generator=generator).byte()
        cut = Yuv420(crops, (index == 1, index == 2), (8, 6), CODING)
        sample = ActionDataSample(metainfo=dict(
            dict(yuv420=cut) if planes else {}, sample_seed=index))
        samples.append(
            dict(inputs=clips, data_samples=sample.set_gt_label(index)))
    return samples


@pytest.mark.parametrize('planes', [True, False])
@pytest.mark.parametrize('workers', [0, 1])
def test_a_batch_is_that_of_its_samples(planes, workers):
    """Whoever puts it together."""
    [batch] = DataLoader(
        packed(planes), batch_size=3, num_workers=workers,
        collate_fn=padded_collate)
    shape = (3, 2, 3, 24, 12) if planes else (3, 2, 3, 3, 6, 8)
    assert batch['inputs'].shape == shape
    preprocessor = ClipDataPreprocessor(
        [100] * 3, [50] * 3, augmentation=dict(hue=0.4, contrast=0.3))
    expected = pseudo_collate(packed(planes))
    for ours, theirs in zip(batch['data_samples'], expected['data_samples']):
        assert ours.metainfo == theirs.metainfo
        assert torch.equal(ours.gt_label, theirs.gt_label)
        ours.gt_label += 1  # is its own, and no view of what was sent
    assert torch.equal(
        preprocessor(batch, training=True)['inputs'],
        preprocessor(expected, training=True)['inputs'])


def test_crops_lie_in_the_corner_beside_zeros():
    batch = padded_collate(packed())['inputs']
    for clips, sample, crops in zip(batch, packed(), CROPS):
        height = sample['inputs'].shape[2] * 2 // 3
        for out, clip, (left, top, w, h) in zip(
                clips, sample['inputs'], crops):
            luma = out[:, :16].clone()
            assert torch.equal(luma[:, :h, :w],
                               clip[:, top:top + h, left:left + w])
            luma[:, :h, :w] = 0
            assert not luma.any()
            chroma = out[:, 16:].reshape(3, 2, 8, 6).clone()
            there = clip[:, height:].reshape(3, 2, height // 2, -1)
            part = chroma[..., :h // 2, :w // 2]
            assert torch.equal(
                part, there[..., top // 2:(top + h) // 2,
                            left // 2:(left + w) // 2])
            part.zero_()
            assert not chroma.any()


@pytest.mark.parametrize('planes', [True, False])
def test_a_batch_takes_one_file(planes, monkeypatch):
    files = []
    monkeypatch.setattr(
        'multiprocessing.reduction.DupFd', lambda fd: files.append(fd))
    for collate, count in ((padded_collate, 1), (pseudo_collate, 6)):
        files.clear()
        batch = collate(packed(planes))
        ForkingPickler(io.BytesIO()).dump(batch)
        assert len(files) == count
        assert len(list(_tensors(batch))) == count  # as it is weighed


def is_shared(samples):
    return padded_collate(samples)['inputs'].is_shared()


@pytest.mark.parametrize('planes', [True, False])
def test_a_worker_puts_it_where_it_is_sent_from(planes):
    assert not is_shared(packed(planes))
    assert list(DataLoader(packed(planes), batch_size=3, num_workers=1,
                           collate_fn=is_shared)) == [True]


def test_what_cannot_be_put_together_is_refused():
    samples = packed()
    del samples[1]['data_samples'].yuv420
    with pytest.raises(InputError, match='SampleCrops'):
        padded_collate(samples)
    samples[1]['inputs'] = None
    with pytest.raises(InputError, match='for training'):
        padded_collate(samples)


def test_data_samples_stay_on_the_cpu():
    batch = padded_collate(packed())
    cast = ClipDataPreprocessor([0] * 3, [1] * 3).to('meta').cast_data(batch)
    assert cast['inputs'].device.type == 'meta'
    for sample, before in zip(cast['data_samples'], batch['data_samples']):
        assert sample is before
