"""docs/results.md is what the JSON files give, and nothing else."""
import os.path as osp
from glob import glob
from itertools import product

import pytest

from ascnet_mm.experiments.intervals import told_apart
from ascnet_mm.experiments.outcomes import unpack
from ascnet_mm.experiments.page import page
from ascnet_mm.experiments.report import read_figures
from ascnet_mm.experiments.results import at_budget
from ascnet_mm.experiments.source import read_experiment
from ascnet_mm.experiments.tables import differences

from .conftest import ROOT
from .test_documents import fragments

BENCHMARKS = osp.join(ROOT, 'benchmarks')
DOCUMENT = osp.join(ROOT, 'docs', 'results.md')
done = pytest.mark.skipif(
    not glob(osp.join(BENCHMARKS, 'compare_*.json')),
    reason='no experiment has been done')


@done
def test_the_page_is_that_of_the_figures():
    with open(DOCUMENT) as file:
        assert file.read() == page(read_figures(BENCHMARKS))


def test_there_is_no_page_without_figures():
    assert bool(glob(osp.join(BENCHMARKS, 'compare_*.json'))) == osp.isfile(
        DOCUMENT)


@done
def test_notes_are_those_of_the_configs():
    for name, found in read_figures(BENCHMARKS).items():
        experiment = read_experiment(f'{ROOT}/configs/compare/{name}.py')
        assert found['notes'] == experiment.get('notes')


@done
def test_files_that_can_be_reused_are_whole():
    """Those that docs/comparing.md names; each run has all that is taken."""
    files = {name: found for name, found in read_figures(BENCHMARKS).items()
             if 'positions' in found}
    assert set(files) == {
        'grid_s1_candidates', 'grid_s1_methods', 'ucf101_subset_batch_width',
        'ucf101_subset_choice',
        'ucf101_subset_curves', 'ucf101_subset_more_videos',
        'ucf101_subset_plus', 'ucf101_subset_plus_seeds'}
    for found in files.values():
        assert {
            metric: len(numbers.split())
            for metric, numbers in found['positions'].items()
        } == {
            metric: len(numbers.split())
            for metric, numbers in found['groups'].items()}
        for method in found['methods']:
            for run in method['runs']:
                assert run['made'] and not run['broken']
                assert len(run['seconds']) == 1 + len(run['tests'])
                for name, text in run['outcomes'].items():
                    metric = name.rpartition('/')[0]
                    assert len(unpack(text)) == len(
                        found['positions'][metric].split())


@done
def test_the_fragments_tell_apart_what_stands_in_bold():
    """Of files that hold outcomes."""
    with_outcomes = [found for found in read_figures(BENCHMARKS).values()
                     if found.get('groups')]
    assert with_outcomes
    for whole in with_outcomes:
        for budget, number in product(whole['budgets'], (0, 1)):
            found = at_budget(whole, budget)
            reference = found['methods'][number]
            _, _, *rows = differences(found, number).splitlines()
            others = [method for method in found['methods']
                      if method is not reference]
            assert len(rows) == len(others)
            for row, method in zip(rows, others):
                assert row.startswith(f'| {method["name"]} |')
                assert [cell.startswith('**') for cell
                        in row[2:-2].split(' | ')[1:]] == [
                    fragments.told_apart(
                        found, method, reference, measure['key'])
                    for measure in found['measures']]


@done
def test_the_fragments_tell_apart_what_the_page_does():
    by_seeds = [found for found in read_figures(BENCHMARKS).values()
                if not found.get('groups')]
    assert by_seeds
    for found, number in product(by_seeds, (0, 1)):
        reference = found['methods'][number]
        for measure in found['measures']:
            apart = told_apart(found, measure['key'], number)
            assert {
                method['name'] for method in found['methods']
                if method is not reference and fragments.told_apart(
                    found, method, reference, measure['key'])
            } == {name for side in apart or () for name in side}
