"""Evaluate a checkpoint; MMAction2's options, same meaning."""
import argparse
import os
import os.path as osp
import sys

from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from ascnet_mm import InputError
from ascnet_mm.apis import OptionAction, apply_options, check_data


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument(
        '--work-dir',
        help='folder for the log and the metrics; default: the config\'s '
        'work_dir, else work_dirs/NAME_OF_THE_CONFIG')
    parser.add_argument(
        '--dump', metavar='FILE.pkl', help='write the predictions to a file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OptionAction,
        metavar='KEY=VALUE',
        help='override settings of the config; KEY may be dotted, VALUE a '
        'list or tuple in quotes; a variable of the config (data_root, '
        'num_clips, ...) is changed wherever it is used')
    parser.add_argument(
        '--show-dir', help='folder for pictures of the predictions')
    parser.add_argument(
        '--show', action='store_true', help='show them in a window')
    parser.add_argument(
        '--interval', type=int, default=1, help='draw every n-th sample')
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds that a window stays open')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def load_config(args: argparse.Namespace) -> Config:
    """The config with all command line options in it.

    Raises:
        InputError: If an option does not fit the config.
    """
    cfg = Config.fromfile(args.config)
    # First, so that they reach the evaluator before --dump adds another.
    apply_options(cfg, args.cfg_options or {})
    if args.show or args.show_dir is not None:
        if 'visualization' not in cfg.default_hooks:
            raise InputError(
                '--show and --show-dir need default_hooks.visualization='
                "dict(type='VisualizationHook') in the config")
        cfg.default_hooks.visualization.update(
            enable=True,
            show=args.show,
            wait_time=args.wait_time,
            out_dir=args.show_dir,
            interval=args.interval)
    if args.dump is not None:
        if not args.dump.endswith(('.pkl', '.pickle')):
            raise InputError(f'--dump writes a pickle: {args.dump} must end '
                             'in .pkl or .pickle')
        evaluators = cfg.test_evaluator
        if not isinstance(evaluators, (list, tuple)):
            evaluators = [evaluators]
        dump = dict(type='DumpResults', out_file_path=args.dump)
        cfg.test_evaluator = [*evaluators, dump]
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = osp.join('work_dirs', name)
    cfg.load_from = args.checkpoint
    return cfg


def main() -> None:
    cfg = load_config(parse_args())
    check_data(cfg)
    if 'runner_type' in cfg:
        runner = RUNNERS.build(cfg)
    else:
        runner = Runner.from_cfg(cfg)
    runner.test()


if __name__ == '__main__':
    try:
        main()
    except InputError as error:
        sys.exit(f'error: {error.sentence}')
    except FileNotFoundError as error:
        sys.exit(f'error: {error}')
