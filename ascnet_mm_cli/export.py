"""Write the encoder of a checkpoint to a file of its own, with a model card.

    ascnet-mm export CHECKPOINT encoder.pth
    ascnet-mm export CONFIG CHECKPOINT encoder.pth

A checkpoint of `ascnet-mm train` says itself how its encoder is built; others
(of torchvision, RSPNet, VCOP, CoCLR, MMAction2) need a config that does.
The weights keep MMAction2's names (backbone.*), so that every recognizer of
it loads them, and ascnet_mm.load_encoder takes the file alone: meta.recipe
says how the encoder is built and how its clips are made. The card lies under
meta.model_card: what the encoder was trained from, on what and with what, and
what its last validation measured.
Checkpoints of torchvision, RSPNet, VCOP and CoCLR are converted.
"""
import argparse
import json

from .arguments import add_config_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', nargs='?', help='path of the config; it '
                        'names the encoder')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument('out', help='file to write')
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Write the file and print the card."""
    from ascnet_mm.apis import Options, export_encoder
    card = export_encoder(args.checkpoint, args.out, args.config,
                          Options(args.cfg_options))
    shown = {key: value for key, value in card.items() if key != 'config'}
    print(json.dumps(shown, indent=1))
    print(f'{args.out}: {card["loaded"]}')
