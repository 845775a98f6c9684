import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from ascnet_mm import InputError
from ascnet_mm.datasets import PackClips, SampleCrops
from ascnet_mm.yuv420 import ColorCoding, Yuv420

CODING = ColorCoding(False, False, (0., 0.5))


def planes():
    return dict(
        imgs=np.zeros((2, 3, 12, 8), np.uint8), img_shape=(8, 8),
        num_clips=2, color_coding=CODING, video_id=3, speeds=(1, 2),
        sample_seed=5, filename='a.mp4', role='query', other=1)


def test_what_is_read_later_is_packed():
    results = SampleCrops((4, 4), area_range=(0.3, 1.))(planes())
    sample = PackClips()(results)['data_samples']
    assert isinstance(sample.yuv420, Yuv420)
    assert sample.yuv420.coding == CODING
    assert len(sample.yuv420.crops) == len(sample.yuv420.flips) == 2
    assert (sample.video_id, sample.speeds, sample.sample_seed,
            sample.filename, sample.role) == (3, (1, 2), 5, 'a.mp4', 'query')
    assert 'other' not in sample
    again = PackClips(meta_keys=('other', ))(results)['data_samples']
    assert again.other == 1 and again.video_id == 3


def test_planes_without_their_crops_are_not_packed():
    with pytest.raises(InputError, match='SampleCrops'):
        PackClips()(planes())


def test_crops_without_planes_are_refused():
    results = planes()
    del results['color_coding']
    with pytest.raises(InputError, match='DecodePlanes'):
        SampleCrops((4, 4))(results)


def test_a_part_of_the_clips_keeps_its_own_crops():
    clips = Yuv420(((0, 0, 2, 2), (2, 2, 4, 4), (0, 2, 2, 4)),
                   (True, False, True), (4, 4), CODING)
    assert clips.of(slice(1, 3)) == Yuv420(
        ((2, 2, 4, 4), (0, 2, 2, 4)), (False, True), (4, 4), CODING)


def test_the_name_of_version_0_1_is_still_known():
    step = TRANSFORMS.build(dict(type='DeviceCrop', scale=(4, 4)))
    assert isinstance(step, SampleCrops)


def test_a_data_sample_takes_it_without_copying():
    """Samples copy their metainfo deeply, which would cost a hundredth."""
    results = SampleCrops((4, 4))(planes())
    sample = PackClips()(results)['data_samples']
    assert sample.yuv420 is results['yuv420']
