"""Compare ways of pre-training at equal cost, over several seeds.

    python tools/compare.py run configs/compare/ucf101_subset.py DATA_ROOT
    python tools/compare.py report

`run` pre-trains and evaluates what the experiment file names and writes
benchmarks/compare_NAME.json. It can be stopped and started again: what is
done is not done again, and what was stopped goes on. `report` writes
docs/results.md and its pictures from these files.
"""
import argparse
import signal
import sys

from .arguments import HelpFormatter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    commands = parser.add_subparsers(dest='command', required=True)
    command = commands.add_parser(
        'run', help=run_experiment.__doc__, formatter_class=HelpFormatter)
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
    command.add_argument(
        '--reuse',
        action='append',
        default=[],
        metavar='FILE',
        help='JSON file of an experiment; runs of the same methods, seeds, '
        'videos and evaluations are taken over from it (may be repeated)')
    command.set_defaults(call=run_experiment)
    command = commands.add_parser(
        'report', help=report.__doc__, formatter_class=HelpFormatter)
    command.add_argument(
        '--figures', default='benchmarks', help='folder of the JSON files')
    command.add_argument(
        '--out', default='docs', help='folder of the page and the pictures')
    command.set_defaults(call=report)


def run(args: argparse.Namespace) -> None:
    """Do what the subcommand says."""
    args.call(args)


def run_experiment(args: argparse.Namespace) -> None:
    """Do the experiment; end with 1 if a run of it broke."""
    from ascnet_mm.experiments.compare import compare

    # As by Ctrl-C: the processes that are running end as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    records = compare(args.experiment, args.data_root, args.work_dir,
                      args.jobs, args.workers, args.out, args.reuse)
    broken = sum(record['state'] != 'done' for record in records.values())
    if broken:
        sys.exit(f'error: {broken} of {len(records)} jobs broke, for the '
                 'reasons above; started again, the same command tries them '
                 'again')


def report(args: argparse.Namespace) -> None:
    """Write docs/results.md and a picture per experiment."""
    from ascnet_mm.experiments.report import write_report
    write_report(args.figures, args.out)
