"""A clip and what another file shows of it."""
import os

import numpy as np
import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.datasets import (
    AppendPairedClip,
    DecodePlanes,
    OpenVideo,
    PackClips,
    SampleCrops,
    SpeedPairedSampleFrames,
    VideoFolder,
)
from ascnet_mm.datasets.video import UnreadableVideo

from ..preparation.test_transcode import gray, save

FRAMES = np.array([[3, 4, 5], [8, 6, 7]])


@pytest.fixture
def folders(tmp_path):
    """A video that gets brighter, and one that gets darker beside it."""
    save(str(tmp_path / 'videos/a/x.avi'), gray(12), 'mpeg4')
    save(str(tmp_path / 'flow/a/x.mp4'), gray(12)[::-1])
    return tmp_path


def opened(folders):
    results = OpenVideo()(dict(filename=str(folders / 'videos/a/x.avi')))
    results.update(frame_inds=FRAMES.ravel(), clip_len=3, num_clips=2,
                   speeds=(1, 2))
    return DecodePlanes()(results)


def append(folders, results):
    return AppendPairedClip(
        str(folders / 'videos'), str(folders / 'flow'))(results)


def test_it_shows_the_frames_of_the_last_clip(folders):
    before = opened(folders)
    results = append(folders, dict(before))
    assert results['num_clips'] == 3 and results['speeds'] == (1, 2, 2)
    assert np.array_equal(results['imgs'][:2], before['imgs'])
    luma = results['imgs'][2][:, :64].mean(axis=(1, 2))
    level = (luma - 16) * 255 / 219
    assert np.round((level - 20) / 5).tolist() == [11 - 8, 11 - 6, 11 - 7]


def test_it_is_cropped_and_packed_like_any_clip(folders):
    results = append(folders, opened(folders))
    results['video_id'] = 7
    packed = PackClips()(SampleCrops(scale=(16, 16), area_range=(0.4, 1))(
        results))
    assert packed['inputs'].shape == (3, 3, 96, 96)
    assert len(packed['data_samples'].yuv420.crops) == 3


def test_its_video_counts_as_unreadable_where_it_is_missing(folders):
    """And where it is none, or is cut off."""
    results = opened(folders)
    save(str(folders / 'flow/a/x.mp4'), gray(11))
    with pytest.raises(UnreadableVideo, match='has 11 frames, not 12'):
        append(folders, dict(results))
    (folders / 'flow/a/x.mp4').write_bytes(b'no video')
    dataset = VideoFolder(str(folders / 'videos'), pipeline=[
        dict(type='OpenVideo'),
        dict(type='SpeedPairedSampleFrames', clip_len=3),
        dict(type='DecodePlanes'),
        dict(type='AppendPairedClip', root=str(folders / 'videos'),
             paired_root=str(folders / 'flow'))], test_mode=True)
    assert dataset[0]['inputs'] is None
    os.remove(folders / 'flow/a/x.mp4')
    with pytest.raises(UnreadableVideo, match=r'no .*flow/a/x\.mp4'):
        append(folders, results)


def test_pictures_that_do_not_go_together_are_named(folders):
    save(str(folders / 'flow/a/x.mp4'), gray(12, 32, 48))
    with pytest.raises(InputError, match=r'img_shape is \(32, 48\) and'):
        append(folders, opened(folders))
    save(str(folders / 'flow/a/x.mp4'), gray(12), matrix=1)
    with pytest.raises(InputError, match='color_coding is .*bt709=True'):
        append(folders, opened(folders))


def test_a_video_outside_of_the_root_is_named(folders):
    with pytest.raises(InputError, match='does not lie below root='):
        AppendPairedClip(str(folders / 'flow'), str(folders / 'videos'))(
            opened(folders))


def test_plain_clips_keep_their_colors():
    from mmaction.registry import MODELS
    from mmaction.structures import ActionDataSample
    common = dict(type='ClipDataPreprocessor', mean=[0.] * 3, std=[1.] * 3)
    changing = dict(
        augmentation=dict(brightness=0.4, saturation=0.4, hue=0.4,
                          gray_prob=0.2), blur=dict(prob=1.))
    clips = torch.randint(256, (2, 3, 3, 2, 8, 8), dtype=torch.uint8)
    samples = [ActionDataSample(metainfo=dict(sample_seed=seed))
               for seed in (5, 6)]

    def made(training=True, **options):
        model = MODELS.build(dict(common, **options))
        return model(dict(inputs=list(clips), data_samples=samples),
                     training)['inputs']

    all_changed = made(**changing)
    found = made(**changing, plain_clips=(2, ))
    torch.testing.assert_close(found[:, :2], all_changed[:, :2])
    torch.testing.assert_close(
        found[:, 2], clips[:, 2].float(), rtol=0, atol=1e-2)
    assert (all_changed[:, 2] - clips[:, 2]).abs().max() > 10
    assert torch.equal(made(False, **changing, plain_clips=(2, )),
                       made(False, **changing))


@pytest.mark.parametrize('stays', [False, True])
def test_a_folder_that_went_away_is_the_machines_fault(stays, folders):
    """Not the videos': none of them counts as unreadable."""
    dataset = VideoFolder(str(folders / 'videos'), [
        OpenVideo(), SpeedPairedSampleFrames(2), DecodePlanes(),
        AppendPairedClip(str(folders / 'videos'), str(folders / 'flow')),
        SampleCrops(scale=(16, 16)), PackClips()], patience=0.3)
    dataset[0]
    os.rename(folders / 'flow', folders / 'away')
    if stays:
        os.mkdir(folders / 'flow')
    with pytest.raises(InputError, match='folder .*/flow is gone or empty'):
        dataset[0]
    assert not dataset.skipped.any()
    if stays:
        os.rmdir(folders / 'flow')
    os.rename(folders / 'away', folders / 'flow')
    dataset[0]


def test_a_missing_file_beside_others_is_its_own_fault(folders):
    save(str(folders / 'videos/a/y.avi'), gray(12), 'mpeg4')
    append_flow = AppendPairedClip(
        str(folders / 'videos'), str(folders / 'flow'))
    with pytest.raises(UnreadableVideo, match='there is no .*y.mp4'):
        append_flow(dict(opened(folders),
                         filename=str(folders / 'videos/a/y.avi')))
