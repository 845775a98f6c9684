"""A page and pictures of the JSON files of experiments."""
import json
import os
import os.path as osp
from glob import escape, glob
from typing import Dict

from ..errors import InputError
from .page import page
from .pictures import draw
from .results import Figures, title_of


def write_report(figures: str, out: str) -> None:
    """Write ``results.md`` and a picture per experiment.

    Args:
        figures (str): Folder of the JSON files.
        out (str): Folder of the page and the pictures.

    Raises:
        InputError: See :func:`read_figures`.
    """
    experiments = read_figures(figures)
    os.makedirs(out, exist_ok=True)
    for name, found in experiments.items():
        draw(name, found, osp.join(out, f'compare_{name}.png'))
    text = page(experiments)
    with open(osp.join(out, 'results.md'), 'w') as file:
        file.write(text)
    print(f'written to {out}/results.md')


def read_figures(folder: str) -> Dict[str, Figures]:
    """Contents of a folder's ``compare_NAME.json`` by NAME.

    Args:
        folder (str): Where they are.

    Raises:
        InputError: If there is none, or if one says that it repeats another
            and does not.
    """
    experiments = {}
    for path in sorted(glob(osp.join(escape(folder), 'compare_*.json'))):
        name = osp.basename(path)[len('compare_'):-len('.json')]
        with open(path) as file:
            experiments[name] = json.load(file)
    if not experiments:
        raise InputError(f'{folder} holds no compare_*.json: make one by '
                         '`python tools/compare.py run`')
    for name, found in experiments.items():
        _check_repeated(name, found, experiments, folder)
    return experiments


def _check_repeated(name: str, found: Figures, experiments: Dict[str, Figures],
                    folder: str) -> None:
    first = found['repeats']
    if first is None:
        return
    if first not in experiments:
        raise InputError(f'compare_{name}.json repeats {first}, but there is '
                         f'no compare_{first}.json in {folder}')
    for key in ('data', 'pretraining', 'evaluations'):
        if found[key] != experiments[first][key]:
            raise InputError(f'compare_{name}.json repeats {first}, which has '
                             f'another {key}')
    named = {title_of(part): part for part in experiments[first]['methods']}
    for method in found['methods']:
        other = named.get(title_of(method))
        if other is None or _but_for_runs(method) != _but_for_runs(other):
            raise InputError(f'compare_{name}.json repeats {first}, which has '
                             f'no {title_of(method)} with the same options')
        both = ({run['seed'] for run in part['runs']}
                for part in (method, other))
        if set.intersection(*both):
            raise InputError(f'compare_{name}.json repeats seeds of {first}')


def _but_for_runs(method: Figures) -> Figures:
    return {key: value for key, value in method.items() if key != 'runs'}
