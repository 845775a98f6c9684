# Does it help that both clips show the same word, that the encoder sees
# differences of frames alone, or to classify the speed? On the videos of
# grid_s1_learners.py, with more seeds.
_base_ = 'grid_s1_learners.py'

question = 'What do methods learn of speech, where nothing but a mouth moves?'
notes = (
    '**At one time**: both clips of a video have the same center '
    '(`max_distance`), so that they show the same word. **Differences**: the '
    'encoder sees each frame less the one before it, in testing too. They '
    'were chosen by the validation videos of `grid_s1_candidates`, with one '
    'seed.')
seeds = [0, 1, 2]


def _changed(part, name, encoder=dict(), **options):
    return dict(
        part, name=name, options={**part['options'], **options},
        encoder=encoder)


_ascnet, _infonce, _acp, _byol, _rspnet = (
    next(part for part in _base_.methods if part['name'] == name)
    for name in ('ASCNet', 'InfoNCE', 'ACP alone', 'BYOL', 'RSPNet'))
_random = dict(
    _ascnet,
    name='random positive',
    config='configs/ascnet/baselines/r18_ucf101_random_positive.py')
_at_one_time = {'sample_frames.max_distance': 0}
# What stands still is gone: Tao et al., ACM Multimedia 2020
_differences = {'model.data_preprocessor.difference': dict(prob=1.)}
_plus = {'model.type': 'ASCNetPlus'}
_contrast = dict(type='InstanceContrast', weight=0.5)
_contrast_1 = dict(_contrast, weight=1.0)
# Of the eight frames, four reach the last layer instead of one.
_four = {'model.backbone.frame_strides': (2, 1, 1, 1, 1)}
_baselines = [
    _changed(part, f'{part["name"]}, differences, at one time', _differences,
             **_at_one_time) for part in (_acp, _random, _byol, _rspnet)
]
methods = [
    _ascnet,
    _infonce,
    _changed(_ascnet, 'ASCNet, at one time', **_at_one_time),
    _changed(_infonce, 'InfoNCE, at one time', **_at_one_time),
    dict(
        _ascnet,
        name='ASCNet + speed',
        config='configs/ascnet/r18_ucf101_plus.py',
        options={
            **_ascnet['options'], 'model.terms.speed.in_channels': 128
        }),
    dict(
        _ascnet, name='differences, untrained', epochs=0,
        encoder=_differences),
    _changed(_ascnet, 'ASCNet, differences, at one time', _differences,
             **_at_one_time),
    _changed(_ascnet, 'ASCNet + contrast, differences, at one time',
             _differences, **_at_one_time, **_plus,
             **{'model.terms': dict(contrast=_contrast)}),
    _changed(_ascnet,
             'ASCNet + contrast of weight 1, differences, at one time',
             _differences, **_at_one_time, **_plus,
             **{'model.terms': dict(contrast=_contrast_1)}),
    _changed(_infonce, 'InfoNCE, differences, at one time', _differences,
             **_at_one_time),
    dict(
        _ascnet, name='differences, four frames kept, untrained', epochs=0,
        encoder={**_differences, **_four}),
    _changed(_ascnet,
             'ASCNet + contrast, differences, at one time, four frames kept',
             {**_differences, **_four}, **_at_one_time, **_plus,
             **{'model.terms': dict(contrast=_contrast)}),
    *_baselines,
    _base_.methods[-1],
]
