"""A checkpoint's description of its encoder and its clips, as data.

A recipe is a dictionary of plain values: ``backbone`` and
``data_preprocessor``, configs of the model's parts, and ``pipeline``, the
transforms that make clips of a video. Since a checkpoint may come from
anybody, only registered components are built from it, and nothing is
downloaded.
"""
import sys
from importlib import import_module
from typing import Any, Iterator, List, Optional, Sequence, Set

from mmaction.registry import MODELS, TRANSFORMS
from mmengine.registry import Registry

from .errors import InputError

# Clips of a video of which an encoder that was trained without a protocol
# of evaluation takes the mean (VCOP's).
NUM_CLIPS = 10
# Every file is opened and decoded by our reader, whatever a config names.
OURS = dict(
    DecordInit='OpenVideo',
    PyAVInit='OpenVideo',
    OpenCVInit='OpenVideo',
    DecordDecode='DecodeFrames',
    PyAVDecode='DecodeFrames',
    OpenCVDecode='DecodeFrames')
PARTS = {'backbone', 'data_preprocessor', 'pipeline'}
# Where clips are described, the most specific first.
PHASES = ('test', 'val', 'train')
CROPS = ('SampleCrops', 'DeviceCrop')
# Samplers of pre-training
SAMPLERS = ('SpeedPairedSampleFrames', 'SkippingSampleFrames', 'OrderedClips',
            'ShuffledClips', 'ClozeClips')
# What a network in a recipe would load from elsewhere.
LOADED = ('init_cfg', 'pretrained', 'pretrained2d')
# Packages whose models MMAction2's recognizers take by dotted names, and what
# these would load.
PACKAGES = dict(torchvision='torchvision.models', timm='timm')
LOADED_BY_PACKAGES = ('weights', 'weights_backbone', 'checkpoint_path',
                      'pretrained_cfg', 'pretrained_cfg_overlay')


def recipe_in(checkpoint: dict) -> dict:
    """The recipe that a checkpoint holds, or its run's settings.

    Args:
        checkpoint (dict): Of ``tools/train.py`` or ``tools/export.py``.

    Returns:
        dict: As of :func:`recipe_of`.

    Raises:
        InputError: If it holds neither, or names a type that is not
            registered.
    """
    meta = _meta(checkpoint)
    recipe = meta.get('recipe')
    if isinstance(recipe, dict) and set(recipe) == PARTS:
        return require_registered(recipe)
    if isinstance(meta.get('settings'), dict):
        return recipe_of(meta['settings'])
    raise InputError('it does not say how its encoder is built: give its '
                     'config as well, before the checkpoint')


def describes_encoder(checkpoint: dict) -> bool:
    """Whether a checkpoint is meant to say how its encoder is built.

    Args:
        checkpoint (dict): Any. Those of MMAction2 do not.

    Examples:
        >>> describes_encoder(dict(meta=dict(settings=dict(model=dict()))))
        True
        >>> describes_encoder(dict(state_dict=dict()))
        False
    """
    return not {'recipe', 'settings'}.isdisjoint(_meta(checkpoint))


def _meta(checkpoint: Any) -> dict:
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    return meta if isinstance(meta, dict) else {}


def recipe_of(settings: dict) -> dict:
    """Take the recipe of an encoder from the settings of its run.

    Args:
        settings (dict): A config as plain data, as :func:`settings_of` gives
            it and checkpoints hold it under ``meta['settings']``.

    Returns:
        dict: ``backbone``, ``data_preprocessor`` and ``pipeline``, with types
        by their registered names.

    Raises:
        InputError: If the settings have no encoder or no clips of an
            evaluation, or name a type that is not registered.

    Examples:
        >>> from ascnet_mm.apis import read_config
        >>> from ascnet_mm.settings import settings_of
        >>> cfg = read_config('ascnet_mm::ascnet/r18_k400.py', {})
        >>> recipe_of(settings_of(cfg))['backbone']['type']
        'R3D'
    """
    model = settings.get('model') or {}
    if not model.get('backbone') or not model.get('data_preprocessor'):
        raise InputError('its settings have no model with a backbone and a '
                         'data_preprocessor')
    pipeline = _pipeline(settings)
    if pipeline is None:
        raise InputError('its settings have no test_dataloader and no '
                         'val_dataloader, whose pipeline makes the clips, and '
                         'it was not pre-trained with SampleCrops')
    return require_registered(
        dict(
            backbone=model['backbone'],
            data_preprocessor=model['data_preprocessor'],
            pipeline=pipeline))


def sees_differences(data_preprocessor: dict) -> bool:
    """Whether an encoder sees nothing but differences of frames.

    Where they are drawn for a part of the clips, they are an augmentation.

    Args:
        data_preprocessor (dict): The config of what makes its input.

    Examples:
        >>> sees_differences(dict(difference=dict(prob=1)))
        True
        >>> sees_differences(dict(difference=dict(prob=0.5)))
        False
    """
    return (data_preprocessor.get('difference') or {}).get('prob') == 1


def evaluation_pipeline(pipeline: Sequence[dict]) -> List[dict]:
    """The transforms of a recipe as they make clips for an evaluation.

    Args:
        pipeline (list[dict]): Of a recipe.

    Returns:
        list[dict]: The same, with our file reader and packing. The clips of
        pre-training become ten evenly spaced clips, at 1x or with its
        ``frame_interval``, and its random crops become the whole frame.

    Examples:
        >>> evaluation_pipeline([dict(type='DecordInit', num_threads=2)])
        [{'type': 'OpenVideo'}]
    """
    steps = []
    for step in pipeline:
        kind = getattr(step['type'], '__name__', step['type'])
        if kind in SAMPLERS:
            interval = step.get('frame_interval')
            step = dict(
                type='SampleFrames',
                clip_len=step['clip_len'],
                num_clips=NUM_CLIPS,
                test_mode=True)
            if interval:  # not of still clips
                step['frame_interval'] = interval
        elif kind in ('AppendPairedClip', 'AppendReversed'):
            continue
        elif kind in CROPS:
            step = dict(type=kind, scale=step['scale'])
        elif kind == 'PackActionInputs':
            # It keeps no name of a file, nor (version 0.1) crops of planes.
            step = dict(type='PackClips')
        elif kind.endswith('SampleFrames') and not step.get('test_mode'):
            # MMAction2's, of a training; 2-D encoders have their segments.
            clips = {} if step['clip_len'] == 1 else dict(num_clips=NUM_CLIPS)
            step = dict(step, test_mode=True, **clips)
        elif kind in OURS:
            ours = OURS[kind]
            # An opening transform's options are those of its own reader.
            step = dict(type=ours) if ours == 'OpenVideo' else dict(
                step, type=ours)
        steps.append(step)
    return steps


def require_registered(part: Any) -> Any:
    """Refuse what would run other code than registered components.

    Args:
        part (Any): A recipe, or a part of one.

    Returns:
        Any: A copy that builds the same components; without what they would
        load from elsewhere.

    Raises:
        InputError: If a ``type`` in it is not registered. MMEngine would
            import any function of that name and call it.
    """
    if isinstance(part, (list, tuple)):
        return type(part)(require_registered(item) for item in part)
    if not isinstance(part, dict):
        return part
    copy = {
        key: require_registered(value)
        for key, value in part.items() if key not in LOADED
    }
    if 'type' in part:
        copy['type'] = _registered(part['type'])
        if is_of_a_package(copy['type']):
            for key in LOADED_BY_PACKAGES:
                copy.pop(key, None)
    return copy


def is_of_a_package(kind: Any) -> bool:
    """Whether a type is a model of torchvision or timm by dotted name."""
    return isinstance(kind, str) and kind.partition('.')[0] in PACKAGES


def _registered(kind: Any) -> str:
    if is_of_a_package(kind):
        package, _, name = kind.partition('.')
        try:
            models = import_module(PACKAGES[package])
        except ImportError as error:
            raise InputError(f'its backbone {kind} needs {package}, which is '
                             'not installed') from error
        if name in models.list_models():
            return kind
    names = [
        name for registry in (TRANSFORMS, MODELS)
        for scope, name, known in _components(registry)
        if kind in (name, f'{scope}.{name}') or _is_at(kind, known)
    ]
    if not names:
        raise InputError(
            f'its recipe has the type {kind!r}, which is not registered: '
            'import the module that defines it before, if you trust it')
    return names[0]


def _is_at(place: Any, known: Any) -> bool:
    """Whether a component has this dotted name, in any imported module.

    Pure Python configs name a class as they import it.
    """
    module, _, name = str(place).rpartition('.')
    return place == f'{known.__module__}.{known.__qualname__}' or (
        module in sys.modules
        and vars(sys.modules[module]).get(name) is known)


def _components(registry: Optional[Registry]) -> Iterator[tuple]:
    found: Set[str] = set()
    while registry is not None:
        registry.import_from_location()
        for name, known in registry.module_dict.items():
            # MMEngine builds the first of a name.
            if name not in found:
                yield registry.scope, name, known
        found.update(registry.module_dict)
        registry = registry.parent


def _pipeline(settings: dict) -> Optional[list]:
    """The pipeline of an evaluation, however deep it lies.

    A pre-training that was not validated has its training's alone, of which
    :func:`evaluation_pipeline` makes one.
    """
    for phase in PHASES:
        dataset = (settings.get(f'{phase}_dataloader') or {}).get('dataset')
        while isinstance(dataset, dict):
            pipeline = dataset.get('pipeline')
            if pipeline and (phase != 'train' or _has_crops(pipeline)):
                return pipeline
            dataset = dataset.get('dataset') or (
                dataset.get('datasets') or [None])[0]
    return None


def _has_crops(pipeline: Sequence[dict]) -> bool:
    # In settings a class is named with its module.
    return any(
        str(step['type']).rpartition('.')[2] in CROPS for step in pipeline)
