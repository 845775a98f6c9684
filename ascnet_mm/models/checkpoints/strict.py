"""Reading an encoder's weights from a checkpoint, strictly."""
import inspect
import os.path as osp
import re
from typing import Any, Dict, Optional, Tuple

from torch import Tensor, nn

from ...compat.checkpoints import SafeCheckpointLoader
from ...errors import InputError
from .foreign import (
    listed,
    recognize,
    renamed_weights,
    require_same_network,
    under,
)
from .unseen import OURS, unseen_options

OWN = 'an MMAction2 checkpoint'


def load_encoder_weights(encoder: nn.Module, filename: str) -> str:
    """Load an encoder's weights from a file, all of them or none.

    Args:
        encoder (nn.Module): Takes the weights.
        filename (str): A checkpoint that :func:`encoder_weights` understands.

    Returns:
        str: A line for the log.

    Raises:
        InputError: If the file does not exist, or does not hold exactly the
            encoder's weights.
    """
    checkpoint = read_checkpoint(filename)
    try:
        kind, weights = encoder_weights(checkpoint, encoder)
    except InputError as error:
        raise InputError(f'{filename}: {error}') from error
    encoder.load_state_dict(weights)
    return (f'{type(encoder).__name__} starts with the {len(weights)} '
            f'encoder weights of {filename} ({kind})')


def read_checkpoint(filename: str) -> dict:
    """Read a checkpoint of an encoder, to the CPU.

    Args:
        filename (str): Path or address, as for MMEngine's loader.

    Returns:
        dict: What it holds.

    Raises:
        InputError: If the file does not exist, or is no checkpoint.
    """
    try:
        return SafeCheckpointLoader.load_checkpoint(
            filename, map_location='cpu', logger='silent')
    except FileNotFoundError as error:
        found = 'is a folder' if osp.isdir(filename) else 'does not exist'
        raise InputError(
            f'the checkpoint of the encoder, {filename}, {found}: give the '
            'path of one') from error


def encoder_weights(checkpoint: dict,
                    encoder: nn.Module) -> Tuple[str, Dict[str, Tensor]]:
    """The encoder's weights in a checkpoint, under the encoder's own names.

    Args:
        checkpoint (dict): Of this package or MMAction2 (``backbone.*``;
            heads and the target network are ignored), of RSPNet
            or VCOP (pre-trained or fine-tuned), CoCLR (pre-trained), or
            torchvision's ``r3d_18``.
        encoder (nn.Module): What they are for.

    Returns:
        tuple[str, dict[str, Tensor]]: The kind of checkpoint, and exactly
        the weights and buffers of the encoder's ``state_dict``.

    Raises:
        InputError: If the checkpoint is of none of these kinds, or of
            another encoder.
    """
    state = _state(checkpoint)
    wanted = encoder.state_dict()
    given = under('backbone.', state)
    if given:
        kind = OWN
    else:
        layout, given = recognize(state)
        require_same_network(layout, encoder)
        kind = layout.name
        # Files of old releases of torch lack these counters, which only
        # BatchNorm without momentum reads.
        counters = {
            key: value
            for key, value in wanted.items()
            if key.endswith('.num_batches_tracked')
        }
        given = {**counters, **renamed_weights(given, layout)}
    faults = compare(wanted, given)
    if faults:
        raise InputError(
            f'{kind}, but of another encoder than the config '
            f'({type(encoder).__name__}): {faults}')
    # Of an encoder of another kind, these would be its least difference.
    require_same_options(checkpoint, encoder)
    return kind, given


def compare(wanted: Dict[str, Tensor],
            given: Dict[str, Tensor]) -> Optional[str]:
    """Say what keeps weights from being loaded.

    Args:
        wanted (dict[str, Tensor]): The encoder's own.
        given (dict[str, Tensor]): Those of the checkpoint.

    Returns:
        str, optional: The missing, surplus and misshapen weights; None if
        there are none.
    """
    faults = {
        'missing': [key for key in wanted if key not in given],
        'surplus': [key for key in given if key not in wanted],
        'misshapen': [
            f'{key} {tuple(given[key].shape)} instead of '
            f'{tuple(wanted[key].shape)}' for key in wanted
            if key in given and given[key].shape != wanted[key].shape
        ]
    }
    return '; '.join(f'{len(keys)} {fault} ({listed(keys, 20)})'
                     for fault, keys in faults.items() if keys) or None


def require_same_encoder(model: nn.Module, state: Dict[str, Tensor],
                         prefix: str) -> None:
    """Refuse weights of another encoder, which MMEngine would skip.

    MMEngine loads what fits and only logs the rest, so a wrong file would
    silently leave a random encoder.

    Args:
        model (nn.Module): A recognizer with a ``backbone``.
        state (dict[str, Tensor]): What is to be loaded.
        prefix (str): Of the recognizer's names in it.

    Raises:
        InputError: If the encoder's weights in it are not the recognizer's.
    """
    names = f'{prefix}backbone.'
    wanted = model.backbone.state_dict(prefix=names)
    given = {k: v for k, v in state.items() if k.startswith(names)}
    faults = compare(wanted, given)
    if faults:
        raise InputError(
            'the checkpoint is of another encoder than the config '
            f'({type(model.backbone).__name__}): {faults}')


def _state(checkpoint: Any) -> Dict[str, Tensor]:
    """All tensors of a file, which may hold anything."""
    if not isinstance(checkpoint, dict):
        return {}
    for key in ('state_dict', 'model'):
        if isinstance(checkpoint.get(key), dict):
            return _state(checkpoint[key])
    return {
        re.sub(r'^module\.', '', str(key)): value
        for key, value in checkpoint.items() if isinstance(value, Tensor)
    }


def require_same_options(checkpoint: dict, encoder: nn.Module) -> None:
    """Refuse weights of an encoder with other :func:`unseen_options`.

    An option of ours that a checkpoint does not name was added after the
    checkpoint was written: its encoder was built with the option's default.
    Options of MMAction2's encoders that it does not name are unknown.

    Raises:
        InputError: If a checkpoint names them and they differ.
    """
    given = (checkpoint.get('meta') or {}).get('encoder')
    if given is None:
        return
    wanted = unseen_options(encoder)
    parameters = inspect.signature(type(encoder)).parameters
    # What another encoder has beside them is told by its weights.
    given = {
        name: given.get(name, parameters[name].default
                        if name in OURS and name in parameters else value)
        for name, value in wanted.items()
    }
    differing = [name for name in wanted if given[name] != wanted[name]]
    if differing:
        there, here = ({name: options[name] for name in differing}
                       for options in (given, wanted))
        raise InputError(
            f'its encoder was trained with {there}, that of the config has '
            f'{here}: set model.backbone accordingly')
