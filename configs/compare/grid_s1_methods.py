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


_ascnet, _infonce = (
    next(part for part in _base_.methods if part['name'] == name)
    for name in ('ASCNet', 'InfoNCE'))
_at_one_time = {'sample_frames.max_distance': 0}
# What stands still is gone: Tao et al., ACM Multimedia 2020
_differences = {'model.data_preprocessor.difference': dict(prob=1.)}
_plus = {'model.type': 'ASCNetPlus'}
_contrast = dict(type='InstanceContrast', weight=0.5)
_contrast_1 = dict(_contrast, weight=1.0)
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
    _base_.methods[-1],
]
