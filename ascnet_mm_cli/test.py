"""Evaluate a checkpoint; MMAction2's options, same meaning."""
import argparse
from typing import TYPE_CHECKING

from .arguments import CONFIG, add_run_options

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help=CONFIG)
    add_run_options(parser)
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


def load_config(args: argparse.Namespace) -> 'Config':
    """The config with all command line options in it.

    Raises:
        InputError: If an option does not fit the config.
    """
    from ascnet_mm import InputError
    from ascnet_mm.apis import (
        Options,
        read_config,
        set_environment,
        take_model,
    )
    # First, so that they reach the evaluator before --dump adds another.
    options = Options(args.cfg_options)
    cfg = read_config(args.config, options)
    take_model(cfg, args.checkpoint, options)
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
        # Without any, the check of the data says what is missing.
        evaluators = cfg.get('test_evaluator') or []
        if not isinstance(evaluators, (list, tuple)):
            evaluators = [evaluators]
        dump = dict(type='DumpResults', out_file_path=args.dump)
        cfg.test_evaluator = [*evaluators, dump]
    set_environment(cfg, args)
    cfg.load_from = args.checkpoint
    return cfg


def run(args: argparse.Namespace) -> None:
    """Evaluate."""
    from ascnet_mm.apis import build_runner, telling_new_options
    cfg = load_config(args)
    with telling_new_options(args.config, args.cfg_options):
        build_runner(cfg, ('test', )).test()
