import numpy as np

from ascnet_mm.datasets import PerClip


def test_clips_are_transformed_apart_and_their_frames_alike():
    base = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    np.random.seed(0)
    out = PerClip([
        dict(type='RandomResizedCrop', area_range=(0.2, 0.5)),
        dict(type='Resize', scale=(8, 8), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5)
    ]).transform(
        dict(
            imgs=[base] * 8, clip_len=4, num_clips=2, img_shape=(20, 30),
            modality='RGB'))
    assert len(out['imgs']) == 8 and out['img_shape'] == (8, 8)
    first, second = out['imgs'][:4], out['imgs'][4:]
    for clip in (first, second):
        assert all(np.array_equal(frame, clip[0]) for frame in clip)
    assert not np.array_equal(first[0], second[0])
