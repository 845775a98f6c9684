"""Pre-train or fine-tune a model; MMAction2's options, same meaning."""
import argparse
from typing import TYPE_CHECKING

from .arguments import CONFIG, add_run_options

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help=CONFIG)
    add_run_options(parser)
    parser.add_argument(
        '--pretrained',
        metavar='CHECKPOINT',
        help="weights of the encoder, for the configs in finetune/ and "
        'linear/: a checkpoint of tools/train.py or tools/export.py, of any '
        'recognizer of MMAction2, of torchvision, RSPNet, VCOP or CoCLR')
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
        help='train in mixed precision: float16 on a GPU, bfloat16 on a '
        'CPU that computes in it')
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


def load_config(args: argparse.Namespace) -> 'Config':
    """The config with all command line options in it.

    Raises:
        InputError: If an option does not fit the config or the machine.
    """
    from mmengine.device import get_device
    from mmengine.optim import OptimWrapper
    from mmengine.registry import OPTIM_WRAPPERS

    from ascnet_mm import InputError
    from ascnet_mm.apis import (
        Options,
        read_config,
        resolved_type,
        set_environment,
        set_pretrained,
        take_encoder,
    )
    from ascnet_mm.engine import BFloat16OptimWrapper
    options = Options(args.cfg_options)
    cfg = read_config(args.config, options)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        # MMAction2's --amp refuses the CPU.
        amp = ('BFloat16OptimWrapper'
               if get_device() == 'cpu' else 'AmpOptimWrapper')
        kind = resolved_type(cfg.optim_wrapper, OPTIM_WRAPPERS) or OptimWrapper
        if kind not in (OptimWrapper, BFloat16OptimWrapper,
                        OPTIM_WRAPPERS.get(amp)):
            raise InputError(f'--amp cannot be combined with the '
                             f'{kind.__name__} that the config asks for')
        cfg.optim_wrapper.type = amp
        if amp == 'AmpOptimWrapper':
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.auto_scale_lr:
        if not cfg.get('auto_scale_lr'):
            raise InputError(
                '--auto-scale-lr needs the batch size that the learning rate '
                'is for, and the config does not say it: set '
                "auto_scale_lr=dict(base_batch_size=...)")
        cfg.auto_scale_lr.enable = True
    if args.seed is not None and not 0 <= args.seed < 2**32:
        raise InputError(
            f'--seed must lie between 0 and {2**32 - 1}, not {args.seed}')
    # What is given explicitly takes precedence over the config.
    given = {
        name: getattr(args, name)
        for name in ('seed', 'diff_rank_seed', 'deterministic')
    }
    cfg.randomness = {
        **given,
        **(cfg.get('randomness') or {}),
        **{name: value for name, value in given.items()
           if value is not None and value is not False}
    }  # yapf: disable
    if args.pretrained is not None:
        set_pretrained(cfg, args.pretrained)
        take_encoder(cfg, args.pretrained, options)
    set_environment(cfg, args)
    return cfg


def run(args: argparse.Namespace) -> None:
    """Train."""
    from ascnet_mm.apis import (
        build_runner,
        check_pretrained,
        check_resume,
        telling_new_options,
    )
    cfg = load_config(args)
    with telling_new_options(args.config, args.cfg_options):
        check_resume(cfg)
        check_pretrained(cfg)
        build_runner(cfg, ('train', 'val')).train()
