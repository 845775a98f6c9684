# What may be ahead on the words of grid_s1.py? Each candidate is a change of
# ASCNet or of InfoNCE; validation videos choose, with one seed.
_base_ = 'grid_s1_methods.py'

question = 'Which changes may help to learn speech?'
notes = ''
chooses = True
seeds = [0]

_ascnet, _infonce, *_, _pixels = _base_.methods
_differences, _at_one_time = _base_._differences, _base_._at_one_time
_adamw = {
    'optim_wrapper.optimizer':
    dict(type='AdamW', lr=1e-3, weight_decay=0.05, _delete_=True)
}
_covariance = {
    'model.type':
    'ASCNetPlus',
    'model.terms.covariance':
    dict(type='CovariancePenalty', channels=256, momentum=0.9)
}
_contrast = {**_base_._plus, 'model.terms': dict(contrast=_base_._contrast)}
_contrast_2 = {
    **_base_._plus, 'model.terms': dict(
        contrast=dict(_base_._contrast, weight=2.0))
}


def _changed(part, name, encoder=dict(), **options):
    return dict(
        part, name=name, options={**part['options'], **options},
        encoder=encoder)


methods = [
    _ascnet,
    _infonce,
    *(part for part in _base_.methods
      if 'differences' in part['name'] and part not in _base_._baselines),
    _changed(_ascnet, 'ASCNet, AdamW', **_adamw),
    _changed(_infonce, 'InfoNCE, AdamW', **_adamw),
    _changed(_ascnet, 'ASCNet, differences', _differences),
    _changed(_infonce, 'InfoNCE, differences', _differences),
    _changed(_ascnet, 'ASCNet, differences, covariance', _differences,
             **_covariance),
    _changed(_ascnet, 'ASCNet + covariance, differences, at one time',
             _differences, **_at_one_time, **_covariance),
    _changed(_ascnet, 'contrast for ACP, differences, at one time',
             _differences, **_at_one_time, **_contrast,
             **{'model.gamma': 1.0}),
    _changed(_infonce, 'InfoNCE, differences, at one time, AdamW',
             _differences, **_at_one_time, **_adamw),
    _changed(_infonce,
             'InfoNCE, differences, at one time, four frames kept',
             {**_differences, **_base_._four}, **_at_one_time),
    _changed(_ascnet,
             'ASCNet + contrast, differences, at one time, crops from 0.7',
             _differences, **_at_one_time, **_contrast,
             area_range=(0.7, 1.0)),
    _changed(_ascnet,
             'ASCNet + contrast of weight 2, differences, at one time',
             _differences, **_at_one_time, **_contrast_2),
    _pixels,
]
evaluations = [
    dict(part, options={
        **part['options'], 'judged': 'val'
    }) for part in _base_.evaluations
]
