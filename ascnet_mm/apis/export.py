"""The encoder of a checkpoint, written to a file of its own."""
import json
import os.path as osp
from contextlib import suppress
from glob import escape, glob
from typing import Any, Dict, Optional

from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from ..errors import InputError
from ..files import write_tensors
from ..models.checkpoints import (
    load_encoder_weights,
    read_checkpoint,
    unseen_options,
)
from ..recipe import recipe_in, recipe_of
from ..settings import settings_of
from ..versions import versions
from .config import read_config
from .from_checkpoint import take_model


def export_encoder(checkpoint: str,
                   out: str,
                   config: Optional[str] = None,
                   options: Optional[Dict[str, Any]] = None) -> dict:
    """Write the encoder of a checkpoint to a file of its own.

    The weights keep MMAction2's names (``backbone.*``), so that each of its
    recognizers loads them. ``meta.model_card`` records from what, on what data
    and with what they were trained; ``meta.recipe`` records how the encoder is
    built and how its clips are made.

    Args:
        checkpoint (str): Path of the checkpoint.
        out (str): The file to write; it appears when it is whole.
        config (str, optional): A config with other clips than those that
            the checkpoint describes; it names the encoder, too, for
            checkpoints that do not say how it is built.
        options (dict, optional): Dotted keys and values for that config.

    Returns:
        dict: The model card.

    Raises:
        InputError: If the checkpoint cannot be read, nothing says how its
            encoder is built, or the file cannot be written.

    Examples:
        >>> export_encoder('epoch_200.pth', 'encoder.pth')  # doctest: +SKIP
    """
    # The checkpoint may be an address.
    if osp.isdir(out) or (osp.exists(out) and osp.exists(checkpoint)
                          and osp.samefile(out, checkpoint)):
        raise InputError(f'{out} would be overwritten: name another file')
    content = read_checkpoint(checkpoint)
    recipe = _recipe(content, checkpoint, config, options or {})
    init_default_scope('mmaction')
    encoder = MODELS.build(recipe['backbone'])
    loaded = load_encoder_weights(encoder, checkpoint)
    card = model_card(content, checkpoint, recipe['backbone'], loaded)
    weights = {f'backbone.{k}': v for k, v in encoder.state_dict().items()}
    meta = dict(
        model_card=card, encoder=unseen_options(encoder), recipe=recipe)
    write_tensors(out, dict(state_dict=weights, meta=meta))
    return card


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
        gauges=metrics_at(osp.dirname(filename), meta.get('epoch')))


def metrics_at(work_dir: str, epoch: int) -> Dict[str, float]:
    """The validation metrics that a work folder's log has for an epoch.

    A checkpoint is saved before the validation of its epoch, so it does not
    contain them.
    """
    metrics: Dict[str, float] = {}
    for path in sorted(glob(
            osp.join(escape(work_dir), '*/vis_data/scalars.json'))):
        with open(path) as lines:
            for line in lines:
                # A run that was killed may have left half a line.
                with suppress(json.JSONDecodeError):
                    entry = json.loads(line)
                    if entry.get('step') == epoch and 'loss' not in entry:
                        metrics = {k: v for k, v in entry.items() if '/' in k}
    return metrics


def _recipe(content: dict, checkpoint: str, config: Optional[str],
            options: Dict[str, Any]) -> dict:
    """How the encoder is built and its clips are made.

    Raises:
        InputError: If neither the config nor the checkpoint says it.
    """
    if config is not None:
        cfg = read_config(config, options)
        take_model(cfg, checkpoint, options)
        return recipe_of(settings_of(cfg))
    if options:
        raise InputError('--cfg-options are for a config: give one')
    try:
        return recipe_in(content)
    except InputError as error:
        raise InputError(f'{checkpoint}: {error}') from error
