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
    for name, found in outcomes.items():
        fatal = [text for text in found['warnings'] if 'be stopped' in text]
        warned = fatal[0].split(':')[0].split()[1] if fatal else ''
        end = found['end'] if found['stopped'] else 'not stopped'
        row = f'| {name} | {warned} | {end} | {found["checkpoint"] or ""} |'
        assert row in document, row
