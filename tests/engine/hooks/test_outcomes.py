import json
from glob import glob

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import ConcatDataset, DataLoader

from ascnet_mm.evaluation import KNNMetric, VideoRetrievalMetric


class Features(BaseModel):
    """Gives the features that stand in the samples."""

    def forward(self, sample, mode):
        return [sample]


class Count(BaseMetric):
    """A metric of somebody else, without outcomes."""

    def process(self, data_batch, data_samples):
        self.results += data_samples

    def compute_metrics(self, results):
        return dict(count=float(len(results)))


class Videos(list):
    """Samples, with what a data set says of its folder."""
    metainfo = {}

    def __init__(self, samples, data_root='', **data_prefix):
        super().__init__(samples)
        self.data_root = data_root
        self.data_prefix = data_prefix


def listed(name, role, label):
    sample = ActionDataSample(
        metainfo=dict(filename=f'data/videos/{name}', role=role))
    sample.set_gt_label(label)
    sample.set_field(torch.eye(3)[[label]], 'clip_features')
    return dict(sample=sample)


SAMPLES = [
    listed('a/x.mp4', 'gallery', 0),
    listed('a/y.mp4', 'query', 0),
    listed('b/z.mp4', 'query', 2)]


def run_test(tmp_path, videos):
    """Test a model on videos.

    Returns:
        dict: What ``outcomes.json`` contains.
    """
    Runner(
        model=Features(),
        work_dir=str(tmp_path),
        test_dataloader=DataLoader(videos, batch_size=None),
        test_cfg=dict(),
        test_evaluator=[
            VideoRetrievalMetric(topk=(1, )),
            KNNMetric(k=(1, ), prefix='other'),
            Count(prefix='count')],
        custom_hooks=[dict(type='OutcomesHook')],
        default_scope='mmaction',
        experiment_name=tmp_path.name).test()
    [path] = glob(f'{tmp_path}/*/vis_data/outcomes.json')
    with open(path) as file:
        return json.load(file)


def test_a_test_leaves_the_outcomes_of_each_metric(tmp_path):
    found = run_test(tmp_path, Videos(SAMPLES, video='data/videos'))
    assert list(found) == ['retrieval', 'other']
    assert found['retrieval'] == dict(
        videos=['a/y.mp4', 'b/z.mp4'],
        labels=[0, 2],
        figures=dict(top1=[1, 0]),
        classes=dict(top1={'0': 100, '2': 0}))
    [figures] = glob(f'{tmp_path}/*/*.json')
    with open(figures) as file:
        assert json.load(file)['retrieval/top1'] == pytest.approx(50)


@pytest.mark.parametrize('videos, names', [
    # A VideoFolder has a root alone.
    (Videos(SAMPLES, 'data/videos', prefix=''), ['a/y.mp4', 'b/z.mp4']),
    (ConcatDataset([Videos(SAMPLES[:2], video='data/videos/a'),
                    Videos(SAMPLES[2:], video='data/videos/b')]),
     ['a/y.mp4', 'b/z.mp4']),
    (Videos(SAMPLES, None, video=''),
     ['data/videos/a/y.mp4', 'data/videos/b/z.mp4'])
])
def test_names_are_relative_to_the_folder_of_the_videos(
        videos, names, tmp_path):
    videos.metainfo = {}
    assert run_test(tmp_path, videos)['retrieval']['videos'] == names


def test_figures_are_logged_even_if_outcomes_cannot_be_written(tmp_path):
    videos = Videos(SAMPLES)
    del videos.data_prefix
    with pytest.raises(AttributeError):
        run_test(tmp_path, videos)
    [figures] = glob(f'{tmp_path}/*/*.json')
    with open(figures) as file:
        assert 'retrieval/top1' in json.load(file)


def test_samples_without_a_name_have_outcomes(tmp_path):
    """As of MMAction2's PackActionInputs with its own meta keys."""
    samples = [listed('x.mp4', *rest) for rest in (
        ('gallery', 0), ('query', 0))]
    for sample in samples:
        sample['sample'].pop('filename')
    found = run_test(tmp_path, Videos(samples, video='data/videos'))
    assert found['retrieval']['videos'] == ['']
