"""The encoder of a collection: what its manifest says of it, and itself."""
import inspect
import os
import os.path as osp
from typing import Any, Dict, Optional, Sequence, Union

from ..errors import InputError
from ..inference import VideoEncoder, build_encoder, load_encoder
from ..recipe import require_registered

# JSON has no tuples, which some transforms insist on.
TUPLE = 'tuple'

# A checkpoint, a config and a checkpoint, or an encoder that is loaded
Encoder = Union[str, os.PathLike, Sequence[str], VideoEncoder]


def open_encoder(encoder: Encoder,
                 device: Optional[str] = None) -> VideoEncoder:
    """Load an encoder, unless it is loaded already.

    Args:
        encoder: A checkpoint that says how its encoder is built; a config
            and a checkpoint; or a :class:`VideoEncoder`.
        device (str, optional): Where it runs.

    Raises:
        InputError: As :func:`load_encoder`.
    """
    if isinstance(encoder, VideoEncoder):
        return encoder
    if isinstance(encoder, (str, os.PathLike)):
        encoder = [os.fspath(encoder)]
    if not 1 <= len(encoder) <= 2:
        raise InputError('an encoder is a checkpoint, or a config and a '
                         f'checkpoint, not {list(encoder)}')
    return load_encoder(*encoder, device=device)


def describe(encoder: Encoder, opened: VideoEncoder) -> Dict[str, Any]:
    """What a manifest says of an encoder: ``encoder`` and ``recipe``."""
    path = encoder
    if isinstance(encoder, VideoEncoder):
        path = None
    elif not isinstance(encoder, (str, os.PathLike)):
        path = encoder[-1]
    return dict(
        encoder=dict(
            checkpoint=path and osp.abspath(path),
            sha256=opened.digest()),
        recipe=to_json(opened.recipe))


def encoder_of(manifest: dict,
               encoder: Optional[Encoder] = None,
               device: Optional[str] = None) -> VideoEncoder:
    """The encoder that made a collection.

    It is built as the manifest says, from registered components only, and
    nothing in the manifest or the checkpoint is executed.

    Args:
        manifest (dict): The manifest of the collection.
        encoder (optional): Where the encoder is now. Defaults to the
            checkpoint that the manifest names.
        device (str, optional): Where it runs.

    Returns:
        VideoEncoder: In evaluation mode.

    Raises:
        InputError: If there is no such file, or it holds another encoder.

    Examples:
        >>> collection = Collection('mine')  # doctest: +SKIP
        >>> encoder = encoder_of(collection.manifest)  # doctest: +SKIP
        >>> clips = encoder.embed_clips('a.mp4')  # doctest: +SKIP
        >>> found = collection.search(clips.features)  # doctest: +SKIP
    """
    if encoder is None or isinstance(encoder, (str, os.PathLike)):
        path = encoder or manifest['encoder'].get('checkpoint')
        # Not what MMEngine would download or a pipe.
        if not isinstance(path, (str, os.PathLike)) or not osp.isfile(path):
            fault = (
                'is not named' if path is None else f'({path}) is not there')
            raise InputError(f'the encoder of the collection {fault}: name '
                             'its checkpoint with --encoder')
        recipe = require_registered(from_json(manifest['recipe']))
        try:
            opened = build_encoder(recipe, os.fspath(path), device)
        except (TypeError, KeyError, AttributeError) as error:
            raise InputError('the manifest of the collection says of its '
                             f'encoder what cannot be built: {error}'
                             ) from error
    else:
        opened = open_encoder(encoder, device)
    if opened.digest() != manifest['encoder'].get('sha256'):
        raise InputError(
            'the encoder has other weights than the one that made the '
            'collection: name that one with --encoder, or index the videos '
            'with this one into another folder')
    return opened


def to_json(part: Any) -> Any:
    """A recipe as what JSON can hold; classes by their names."""
    if isinstance(part, dict):
        return {key: to_json(value) for key, value in part.items()}
    if isinstance(part, tuple):
        return {TUPLE: [to_json(value) for value in part]}
    if isinstance(part, list):
        return [to_json(value) for value in part]
    if inspect.isclass(part):
        return f'{part.__module__}.{part.__qualname__}'
    return part


def from_json(part: Any) -> Any:
    """The recipe that :func:`to_json` took apart."""
    if isinstance(part, list):
        return [from_json(value) for value in part]
    if isinstance(part, dict):
        if set(part) == {TUPLE}:
            return tuple(from_json(part[TUPLE]))
        return {key: from_json(value) for key, value in part.items()}
    return part
