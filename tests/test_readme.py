"""The README's figures are those of the JSON that a command made."""
import json
import os.path as osp

from .conftest import ROOT

TITLES = {
    'retrieval/top1': 'class retrieval, top-1 %',
    'retrieval/top5': 'class retrieval, top-5 %',
    'same_video/top1': 'same-video retrieval, top-1 %',
    'speed_probe/accuracy': 'speed probe, accuracy %',
}


def demo_rows():
    """Rows of the demo's table: chance, pixels, and all seeds in turn."""
    with open(osp.join(ROOT, 'benchmarks', 'demo.json')) as file:
        found = json.load(file)
    seeds = list(found['checks'].values())
    chance = dict(seeds[0]['chance'], **found['references']['chance'])
    for key, title in TITLES.items():
        raw = found['references']['raw'].get(key)
        cells = [title, f'{chance[key]:.1f}',
                 '' if raw is None else f'{raw:.1f}']
        for when in ('before', 'after'):
            cells.append(' / '.join(f'{s[when][key]:.1f}' for s in seeds))
        yield '| ' + ' | '.join(cells) + ' |'


def test_the_demos_table_is_that_of_the_json():
    with open(osp.join(ROOT, 'README.md')) as file:
        readme = file.read()
    for row in demo_rows():
        assert row in readme, row
