"""Write the encoder of a checkpoint to a file of its own, with a model card.

    python tools/export.py CHECKPOINT encoder.pth
    python tools/export.py CONFIG CHECKPOINT encoder.pth

A checkpoint of tools/train.py says itself how its encoder is built; others
(of torchvision, RSPNet, MMAction2) need a config that does.
The weights keep MMAction2's names (backbone.*), so that every recogniser of
it loads them, and ascnet_mm.load_encoder takes the file alone: meta.recipe
says how the encoder is built and how its clips are made. The card lies under
meta.model_card: what the encoder was trained from, on what and with what, and
the gauges of its last validation.
Checkpoints of torchvision and RSPNet are converted.
"""
import argparse
import json
import os
import os.path as osp
from glob import escape, glob
from typing import Dict

import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from ascnet_mm import InputError
from ascnet_mm.apis import OptionAction, read_config, run_script, versions
from ascnet_mm.models.pretrained import (
    load_encoder,
    read_checkpoint,
    unseen_options,
)
from ascnet_mm.recipe import recipe_in, recipe_of
from ascnet_mm.settings import settings_of


def model_card(checkpoint: dict, filename: str, encoder: dict,
               loaded: str) -> dict:
    """What is known of an encoder's weights.

    Args:
        checkpoint (dict): The checkpoint they come from.
        filename (str): Its path.
        encoder (dict): Config of the encoder.
        loaded (str): What was loaded from it.

    Returns:
        dict: None or empty where the checkpoint does not say; the card it
        has already, if it was exported before.
    """
    meta = checkpoint.get('meta') or {}
    if 'model_card' in meta:
        return meta['model_card']
    return dict(
        encoder=encoder,
        source=osp.basename(filename),
        loaded=loaded,
        config=meta.get('cfg'),
        data=meta.get('data'),
        epochs=meta.get('epoch'),
        iterations=meta.get('iter'),
        seed=meta.get('seed'),
        trained=meta.get('time'),
        trained_with=meta.get('versions'),
        exported_with=versions(),
        gauges=gauges_at(osp.dirname(filename), meta.get('epoch')))


def gauges_at(work_dir: str, epoch: int) -> Dict[str, float]:
    """What the validation after an epoch has logged in a work folder.

    A checkpoint is saved before the validation of its epoch, so it cannot
    hold them itself.
    """
    gauges: Dict[str, float] = {}
    for path in sorted(glob(
            osp.join(escape(work_dir), '*/vis_data/scalars.json'))):
        with open(path) as lines:
            for entry in map(json.loads, lines):
                if entry.get('step') == epoch and 'loss' not in entry:
                    gauges = {k: v for k, v in entry.items() if '/' in k}
    return gauges


def save(content: dict, path: str) -> None:
    """Write a file that appears under its name when it is whole."""
    os.makedirs(osp.dirname(path) or '.', exist_ok=True)
    torch.save(content, f'{path}.part')
    os.replace(f'{path}.part', path)


def _recipe(args: argparse.Namespace, checkpoint: dict) -> dict:
    """How the encoder is built and its clips are made.

    Raises:
        InputError: If neither the config nor the checkpoint says it.
    """
    if args.config is not None:
        cfg = read_config(args.config, args.cfg_options)
        return recipe_of(settings_of(cfg))
    if args.cfg_options:
        raise InputError('--cfg-options are for a config: give one')
    try:
        return recipe_in(checkpoint)
    except InputError as error:
        raise InputError(f'{args.checkpoint}: {error}') from error


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', help='path of the config; it '
                        'names the encoder')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument('out', help='file to write')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=OptionAction,
        default={},
        metavar='KEY=VALUE',
        help='override settings of the config, as for tools/train.py')
    args = parser.parse_args()

    if osp.isdir(args.out) or (osp.exists(args.out) and osp.samefile(
            args.out, args.checkpoint)):
        raise InputError(f'{args.out} would be overwritten: name another file')
    checkpoint = read_checkpoint(args.checkpoint)
    recipe = _recipe(args, checkpoint)
    init_default_scope('mmaction')
    encoder = MODELS.build(recipe['backbone'])
    loaded = load_encoder(encoder, args.checkpoint)
    card = model_card(checkpoint, args.checkpoint, recipe['backbone'], loaded)
    weights = {f'backbone.{k}': v for k, v in encoder.state_dict().items()}
    meta = dict(
        model_card=card,
        encoder=unseen_options(encoder),
        recipe=recipe)
    save(dict(state_dict=weights, meta=meta), args.out)
    shown = {k: v for k, v in card.items() if k != 'config'}
    print(json.dumps(shown, indent=1))
    print(f'{args.out}: {loaded}')


if __name__ == '__main__':
    run_script(main)
