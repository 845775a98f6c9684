"""Compare ways of pre-training at equal cost, over several seeds.

    python tools/compare.py run configs/compare/ucf101_subset.py DATA_ROOT
    python tools/compare.py report

`run` pre-trains and evaluates what the experiment file names and writes
benchmarks/compare_NAME.json. It can be stopped and started again: what is
done is not done again, and what was stopped goes on. `report` writes
docs/results.md and its pictures from these files.
"""
import argparse
import json
import os.path as osp
import signal
import sys
from glob import escape, glob
from typing import Dict

from benchmarking.timing import write_json
from comparing.jobs import make_jobs, run_jobs
from comparing.plan import (
    find_videos,
    plan_evaluations,
    plan_methods,
    read_experiment,
)
from comparing.report import collect, draw, page, table

from ascnet_mm import InputError
from ascnet_mm.apis import run_script


def run(args: argparse.Namespace) -> None:
    """Do the experiment; end with 1 if a run of it broke."""
    if args.jobs < 1:
        raise InputError(f'--jobs {args.jobs}: at least one must run')
    experiment = read_experiment(args.experiment)
    videos = find_videos(experiment, args.data_root)
    methods = plan_methods(experiment, videos)
    evaluations = plan_evaluations(experiment, videos, args.data_root)
    name = osp.splitext(osp.basename(args.experiment))[0]
    jobs = make_jobs(methods, evaluations, experiment.seeds, videos,
                     args.work_dir, args.workers)
    # As by Ctrl-C: the scripts that are running end as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    records = run_jobs(jobs, videos, args.work_dir, args.jobs)
    found = collect(experiment, videos, methods, evaluations, jobs, records)
    write_json(f'compare_{name}', args.out, **found)
    print(table(found))
    broken = sum(record['state'] != 'done' for record in records.values())
    if broken:
        sys.exit(f'error: {broken} of {len(jobs)} jobs broke, for the reasons '
                 'above; started again, the same command tries them again')


def report(args: argparse.Namespace) -> None:
    """Write docs/results.md and a picture per experiment."""
    experiments = read_figures(args.figures)
    for name, found in experiments.items():
        draw(name, found, osp.join(args.out, f'compare_{name}.png'))
    text = page(experiments)
    with open(osp.join(args.out, 'results.md'), 'w') as file:
        file.write(text)
    print(f'written to {args.out}/results.md')


def read_figures(folder: str) -> Dict[str, dict]:
    """Contents of a folder's ``compare_NAME.json`` by NAME.

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


def _check_repeated(name: str, found: dict, experiments: Dict[str, dict],
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
    named = {part['name']: part for part in experiments[first]['methods']}
    for method in found['methods']:
        other = named.get(method['name'])
        if other is None or _but_for_runs(method) != _but_for_runs(other):
            raise InputError(f'compare_{name}.json repeats {first}, which has '
                             f'no {method["name"]} with the same options')
        both = ({run['seed'] for run in part['runs']}
                for part in (method, other))
        if set.intersection(*both):
            raise InputError(f'compare_{name}.json repeats seeds of {first}')


def _but_for_runs(method: dict) -> dict:
    return {key: value for key, value in method.items() if key != 'runs'}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    command = commands.add_parser('run', help=run.__doc__)
    command.add_argument('experiment', help='path of the experiment file')
    command.add_argument(
        'data_root', help='folder that the paths of the experiment start from')
    command.add_argument(
        '--work-dir',
        default='work_dirs/compare',
        help='folder for the runs and records of all experiments')
    command.add_argument(
        '--jobs',
        type=int,
        default=1,
        help='how many run side by side, each on its share of the cores')
    command.add_argument(
        '--workers', type=int, default=2, help='of each loader')
    command.add_argument(
        '--out', default='benchmarks', help='folder of the JSON file')
    command.set_defaults(call=run)
    command = commands.add_parser('report', help=report.__doc__)
    command.add_argument(
        '--figures', default='benchmarks', help='folder of the JSON files')
    command.add_argument(
        '--out', default='docs', help='folder of the page and the pictures')
    command.set_defaults(call=report)
    args = parser.parse_args()
    args.call(args)


if __name__ == '__main__':
    run_script(main)
