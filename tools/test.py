"""Evaluate a checkpoint; MMAction2's options, same meaning."""
import argparse

from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import (
    build_runner,
    host_parser,
    read_config,
    run_script,
    set_environment,
)


def parse_args() -> argparse.Namespace:
    parser = host_parser(__doc__)
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument(
        '--dump', metavar='FILE.pkl', help='write the predictions to a file')
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
    return parser.parse_args()


def load_config(args: argparse.Namespace) -> Config:
    """The config with all command line options in it.

    Raises:
        InputError: If an option does not fit the config.
    """
    # First, so that they reach the evaluator before --dump adds another.
    cfg = read_config(args.config, args.cfg_options)
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
    set_environment(cfg, args)
    cfg.load_from = args.checkpoint
    return cfg


def main() -> None:
    build_runner(load_config(parse_args()), ('test', )).test()


if __name__ == '__main__':
    run_script(main)
