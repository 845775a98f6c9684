"""Pre-train or fine-tune a model; MMAction2's options, same meaning."""
import argparse
import os
import os.path as osp
import sys

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from ascnet_mm import InputError
from ascnet_mm.apis import OptionAction, apply_options, check_data


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--work-dir',
        help='folder for logs and checkpoints; default: the config\'s '
        'work_dir, else work_dirs/NAME_OF_THE_CONFIG')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without one, from the latest in the '
        'work folder')
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train in mixed precision (needs a GPU)')
    parser.add_argument(
        '--no-validate', action='store_true', help='never validate')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the global batch')
    parser.add_argument('--seed', type=int, help='random seed')
    parser.add_argument(
        '--diff-rank-seed',
        action='store_true',
        help='give each rank a seed of its own')
    parser.add_argument(
        '--deterministic',
        action='store_true',
        help='use deterministic algorithms of CUDNN')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OptionAction,
        metavar='KEY=VALUE',
        help='override settings of the config; KEY may be dotted, VALUE a '
        'list or tuple in quotes; a variable of the config (data_root, '
        'clip_len, ...) is changed wherever it is used')
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
    """The config with all command line options in it."""
    cfg = Config.fromfile(args.config)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = osp.join('work_dirs', name)
    if args.amp:
        if get_device() == 'cpu':
            raise InputError('--amp needs a GPU, and there is none')
        wrapper = cfg.optim_wrapper.get('type', 'OptimWrapper')
        if wrapper not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise InputError(f'--amp cannot be combined with the {wrapper} '
                             'that the config asks for')
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.auto_scale_lr:
        cfg.auto_scale_lr.enable = True
    if cfg.get('randomness') is None:
        cfg.randomness = dict(
            seed=args.seed,
            diff_rank_seed=args.diff_rank_seed,
            deterministic=args.deterministic)
    apply_options(cfg, args.cfg_options or {})
    return cfg


def main() -> None:
    cfg = load_config(parse_args())
    check_data(cfg)
    if 'runner_type' in cfg:
        runner = RUNNERS.build(cfg)
    else:
        runner = Runner.from_cfg(cfg)
    runner.train()


if __name__ == '__main__':
    try:
        main()
    except InputError as error:
        sys.exit(f'error: {error.sentence}')
    except FileNotFoundError as error:
        sys.exit(f'error: {error}')
