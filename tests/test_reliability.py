"""The figures of docs/reliability.md are those of the JSON file."""
import json
import os.path as osp

from .conftest import ROOT


def test_every_outcome_stands_in_the_document():
    with open(osp.join(ROOT, 'docs', 'reliability.md')) as file:
        document = file.read()
    with open(osp.join(
            ROOT, 'benchmarks', 'reliability_collapse.json')) as file:
        outcomes = json.load(file)['outcomes']
    for name, seeds in outcomes.items():
        cells = [
            ' / '.join(str(cell) for cell in cells) for cells in zip(*(
                (f'{found["lowest_spread"]:.2f}', found['end']
                 if found['stopped'] else '-', found['checkpoint'] or '-')
                for found in seeds))
        ]
        row = f'| {name} | {" | ".join(cells)} |'
        assert row in document, row


def test_every_figure_of_files_stands_in_the_document():
    with open(osp.join(ROOT, 'docs', 'reliability.md')) as file:
        document = file.read()
    with open(osp.join(ROOT, 'benchmarks', 'reliability_files.json')) as file:
        found = json.load(file)
    files, training = found['files'], found['training']
    rows = {
        'odd files tried': files['tried'],
        'readable': files['readable'],
        'unreadable': files['skipped'],
        **files['by_reason'],
        'readable for decord 0.6.0': files['read_by_decord'],
        'for decord and not for us': files['read_by_decord_alone'],
        'videos of a training run with all of them': training['videos'],
        'its epochs': training['epochs'],
        'its exit code': training['exit_code'],
        'files it skipped': training['skipped'],
        'named twice': training['named_twice'],
    }
    for what, figure in rows.items():
        assert f'| {what} | {figure} |' in document, what
    assert files['readable'] + files['skipped'] == files['tried']


def test_the_figures_of_kills_stand_in_the_document():
    with open(osp.join(ROOT, 'docs', 'reliability.md')) as file:
        document = ' '.join(file.read().split())
    with open(osp.join(ROOT, 'benchmarks', 'reliability_kill.json')) as file:
        found = json.load(file)
    kills, runs = len(found['kills']), len(found['runs'])
    assert f'`{found["command"]}` kills' in document
    assert (f'Of {kills} kills {found["kills_while_writing"]} met a '
            f'half-written file. All {runs} runs ended') in document
    assert found['identical_runs'] == runs
    assert not any(run['parts_left'] for run in found['runs'])


def test_the_figures_of_the_soak_stand_in_the_document():
    with open(osp.join(ROOT, 'docs', 'reliability.md')) as file:
        document = ' '.join(file.read().split())
    with open(osp.join(ROOT, 'benchmarks', 'reliability_soak.json')) as file:
        found = json.load(file)
    for name, figures in found['processes'].items():
        cells = [name, *figures.values()]
        assert f'| {" | ".join(map(str, cells))} |' in document, name
    assert f'{found["settings"]["iterations"]:,} iterations' in document
