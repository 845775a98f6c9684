import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.experiments.jobs import list_file

from ..conftest import ROOT
from .planning import EXPERIMENT, changed, jobs_of, planned


def test_budgets_are_equal_in_encoder_passes(plan):
    """48 videos, batches of 8: 2 epochs of 4 passes, or 1 epoch of 8."""
    untrained, reference, both, _ = plan[2]
    assert untrained.epochs == untrained.samples == 0
    assert reference.epochs == 2 and reference.samples == 96
    assert reference.passes == dict(forward=2, backward=1)
    assert both.epochs == 1 and both.samples == 48
    assert both.passes == dict(forward=4, backward=2)
    assert both.cfg.train_cfg.max_epochs == 1


def test_the_test_videos_do_not_pre_train(videos, plan, tmp_path):
    _, found, _, evaluations = plan
    for name, paths in (('train', found.pretrain), ('test', found.kept_out)):
        with open(f'{videos}/{name}.txt') as file:
            assert set(paths) == {line.split()[0] for line in file}
    assert [part.queries for part in evaluations] == [16, 16]
    # 6 of 48 gallery videos are of the query's class.
    assert evaluations[0].chance == {
        'vcop/retrieval/top1': pytest.approx(12.5)
    }
    measures = {'vcop/centred_retrieval/top1': '', 'vcop/knn/top1_k20': ''}
    path = changed(tmp_path, measures=measures)
    assert planned(videos, path)[3][0].chance == {
        'vcop/centred_retrieval/top1': pytest.approx(12.5)
    }
    training = next(
        job for job in jobs_of(plan, tmp_path) if job.kind == 'pretrain')
    dataset = training.cfg.train_dataloader.dataset
    assert dataset.ann_file == list_file(str(tmp_path), found.pretrain)


def test_exchanged_lists_are_refused(videos, tmp_path):
    """Training videos as queries: the gallery pre-trained on them."""
    parts = Config.fromfile(EXPERIMENT).evaluations
    names = 'test_dataloader.dataset.ann_file.{}'.format
    options = parts[0].options
    options[names('gallery')], options[names('query')] = (
        options[names('query')], options[names('gallery')])
    with pytest.raises(InputError, match='gallery and query are exchanged'):
        planned(videos, changed(tmp_path, evaluations=parts))


@pytest.mark.parametrize(
    'prefix', ['configs/', 'ascnet_mm::', f'{ROOT}/configs/'])
def test_configs_are_found_from_any_folder(
        videos, plan, tmp_path, monkeypatch, prefix):
    methods = Config.fromfile(EXPERIMENT).methods
    for part in methods:
        part.config = part.config.replace('configs/', prefix)
    path = changed(tmp_path, methods=methods)
    monkeypatch.chdir(tmp_path)
    for found, expected in zip(planned(videos, path)[2], plan[2]):
        assert found.cfg.to_dict() == expected.cfg.to_dict()
