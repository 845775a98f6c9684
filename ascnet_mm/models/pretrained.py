"""Reading an encoder's weights from a checkpoint, strictly."""
import re
from typing import Any, Dict, NamedTuple, Optional, Tuple

from torch import Tensor, nn

from ..compat.checkpoints import SafeCheckpointLoader
from ..errors import InputError
from .backbones import R3D, S3DG, R2Plus1D

OWN = 'an MMAction2 checkpoint'

# What changes an encoder's outputs and neither names nor shapes of weights
UNSEEN = ('with_pool1', 'stem_strides')


class Layout(NamedTuple):
    """How another project stores a network that is one of our encoders.

    Attributes:
        name (str): The network.
        sign (str): A key that no other layout has.
        differs (str): What its weights do not show.
        encoder (type, optional): The encoder that can compute the same; None
            if there is none.
        options (dict): The encoder's attributes with which it does.
        rules (tuple): Patterns and replacements that turn its keys, one
            after the other, into the encoder's.
    """
    name: str
    sign: str
    differs: str
    encoder: Optional[type] = None
    options: dict = {}
    rules: Tuple[Tuple[str, str], ...] = ()


LAYOUTS = (
    Layout(
        name="torchvision's r3d_18",
        sign='layer1.0.conv1.0.weight',
        differs='a 3x7x7 stem and no max pool',
        encoder=R3D,
        options=dict(conv1_kernel=(3, 7, 7), with_pool1=False),
        rules=(
            (r'^stem\.', 'conv1.'),
            (r'\.0\.(\w+)$', r'.conv.\1'),
            (r'\.1\.(\w+)$', r'.bn.\1'),
        )),
    Layout(
        name="torchvision's r2plus1d_18",
        sign='stem.3.weight',
        differs='45 instead of 83 mid channels in its stem, one number of mid '
        'channels per block and shortcuts that are not factorised'),
    Layout(
        name="RSPNet's resnet18",
        sign='layer1.0.conv1.weight',
        differs='a 7x7x7 stem and a max pool',
        encoder=R3D,
        options=dict(conv1_kernel=(7, 7, 7), with_pool1=True),
        rules=(
            (r'conv(\d)\.weight$', r'conv\1.conv.weight'),
            (r'bn(\d)\.', r'conv\1.bn.'),
            (r'downsample\.0\.', 'downsample.conv.'),
            (r'downsample\.1\.', 'downsample.bn.'),
        )),
    Layout(
        name="RSPNet's r2plus1d-vcop",
        sign='conv1.spatial_conv.weight',
        differs='one block per stage',
        encoder=R2Plus1D,
        options=dict(depth=10),
        rules=(
            (r'\.bn\.', '.conv.bn_s.'),
            (r'\.spatial_conv\.', '.conv.conv_s.'),
            (r'\.temporal_conv\.', '.conv.conv_t.'),
            (r'bn(\d)\.', r'conv\1.bn.'),
            (r'downsampleconv\.', 'downsample.'),
            (r'downsamplebn\.', 'downsample.bn.'),
            *((rf'^conv{stage + 1}\.block1\.', f'layer{stage}.0.')
              for stage in range(1, 5)),
        )),
    Layout(
        name="RSPNet's s3dg",
        sign='feature.sepConv1.sep_conv.0.conv3d.weight',
        differs='other strides in its stem',
        encoder=S3DG,
        options=dict(stem_strides=((2, 2, 2), (1, 1, 1))),
        rules=(
            (r'^feature\.', ''),
            (r'^sepConv1\.', 'conv_1a.'),
            (r'^basicConv3d\.', 'conv_2b.'),
            (r'^sep_conv2\.', 'conv_2c.'),
            (r'^sepInc_', 'mixed_'),
            (r'sep_conv\.0\.', 'spatial.'),
            (r'sep_conv\.1\.', 'temporal.'),
            (r'excitation\.', 'gate.'),
            (r'conv3d\.', 'conv.'),
        )),
)

# RSPNet's pre-trained query encoder, with and without the wrapper of its two
# tasks, its fine-tuned encoder, and a network by itself.
PREFIXES = ('encoder_q.encoder.', 'encoder_q.', 'encoder.', '')

HEAD = re.compile(r'(fc|linear)\.')


def load_encoder(encoder: nn.Module, filename: str) -> str:
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
        raise InputError(
            f'the checkpoint of the encoder, {filename}, does not exist: give '
            'the path of one') from error


def encoder_weights(checkpoint: dict,
                    encoder: nn.Module) -> Tuple[str, Dict[str, Tensor]]:
    """The encoder's weights in a checkpoint, under the encoder's own names.

    Args:
        checkpoint (dict): Of this package or MMAction2 (``backbone.*``;
            heads and the target network are passed over), of RSPNet
            (pre-trained or fine-tuned), or torchvision's ``r3d_18``.
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
    given = _under('backbone.', state)
    if given:
        kind = OWN
        require_same_options(checkpoint, encoder)
    else:
        layout, given = _recognise(state)
        _require_same(layout, encoder)
        kind = layout.name
        # Files of old releases of torch lack these counters, which only
        # BatchNorm without momentum reads.
        counters = {
            key: value
            for key, value in wanted.items()
            if key.endswith('.num_batches_tracked')
        }
        given = {**counters, **_rename(given, layout)}
    faults = compare(wanted, given)
    if faults:
        raise InputError(
            f'{kind}, but of another encoder than the config '
            f'({type(encoder).__name__}): {faults}')
    return kind, given


def unseen_options(encoder: nn.Module) -> dict:
    """Options of an encoder that its weights do not show.

    Checkpoints carry them under ``meta['encoder']`` (:class:`ProvenanceHook`,
    ``tools/export.py``).

    Args:
        encoder (nn.Module): Any encoder.

    Returns:
        dict: Names and values, of plain types.
    """
    return {
        name: getattr(encoder, name)
        for name in UNSEEN if hasattr(encoder, name)
    }


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
    return '; '.join(f'{len(keys)} {fault} ({_listed(keys, 20)})'
                     for fault, keys in faults.items() if keys) or None


def require_same_encoder(model: nn.Module, state: Dict[str, Tensor],
                         prefix: str) -> None:
    """Refuse weights of another encoder, which MMEngine would skip.

    MMEngine loads what fits and only logs the rest, so a wrong file would
    silently leave a random encoder.

    Args:
        model (nn.Module): A recogniser with a ``backbone``.
        state (dict[str, Tensor]): What is to be loaded.
        prefix (str): Of the recogniser's names in it.

    Raises:
        InputError: If the encoder's weights in it are not the recogniser's.
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


def _under(prefix: str, state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    return {
        key[len(prefix):]: value
        for key, value in state.items() if key.startswith(prefix)
    }


def _recognise(
        state: Dict[str, Tensor]) -> Tuple[Layout, Dict[str, Tensor]]:
    for prefix in PREFIXES:
        for layout in LAYOUTS:
            if prefix + layout.sign in state:
                return layout, _under(prefix, state)
    understood = ', '.join(
        layout.name for layout in LAYOUTS if layout.encoder is not None)
    raise InputError(
        f'no encoder was recognised among its weights '
        f'({_listed(list(state), 5)}): use a checkpoint of ascnet_mm or '
        f'MMAction2 (with backbone.*), or {understood}')


def _require_same(layout: Layout, encoder: nn.Module) -> None:
    """Refuse what the weights' names and shapes might not reveal."""
    if layout.encoder is None:
        raise InputError(
            f'it holds {layout.name}, which no encoder of ascnet_mm can be: '
            f'it has {layout.differs}; use another checkpoint')
    if not isinstance(encoder, layout.encoder):
        options = ''.join(
            f', {key}={value}' for key, value in layout.options.items())
        raise InputError(
            f'it holds {layout.name}, the encoder of the config is '
            f'{type(encoder).__name__}: use model.backbone=dict('
            f"type='{layout.encoder.__name__}'{options})")
    if any(
            getattr(encoder, key) != value
            for key, value in layout.options.items()):
        options = ' and '.join(f'model.backbone.{key}={value}'
                               for key, value in layout.options.items())
        raise InputError(
            f'it holds {layout.name}, which has {layout.differs}, unlike the '
            f'{type(encoder).__name__} of the config: set {options}')


def require_same_options(checkpoint: dict, encoder: nn.Module) -> None:
    """Refuse weights of an encoder with other :func:`unseen_options`.

    Raises:
        InputError: If a checkpoint names them and they differ.
    """
    given = (checkpoint.get('meta') or {}).get('encoder')
    wanted = unseen_options(encoder)
    if given is not None and given != wanted:
        raise InputError(
            f'its encoder was trained with {given}, that of the config has '
            f'{wanted}: set model.backbone accordingly')


def _rename(given: Dict[str, Tensor], layout: Layout) -> Dict[str, Tensor]:
    renamed = {}
    for key, value in given.items():
        if HEAD.match(key):
            continue
        for pattern, replacement in layout.rules:
            key = re.sub(pattern, replacement, key)
        renamed[key] = value
    return renamed


def _listed(names: list, at_most: int) -> str:
    more = ['...'] if len(names) > at_most else []
    return ', '.join(names[:at_most] + more) or 'none'
