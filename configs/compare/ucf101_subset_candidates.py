# What may be ahead of ASCNet? Each candidate is a change of ASCNet or of
# InfoNCE; validation videos choose, with one seed.
_base_ = 'ucf101_subset_budget_choice.py'

question = 'Which changes are worth trying with more seeds?'
budgets = (500, )
seeds = [0]

_ascnet, _infonce = (
    next(part for part in _base_.methods if part['name'] == name)
    for name in ('ASCNet', 'InfoNCE'))


def _changed(name, of=_ascnet, **options):
    return dict(of, name=name, options={**of['options'], **options})


def _with(name, gamma=0.5, **terms):
    """ASCNet with further terms."""
    return _changed(name, **{
        'model.type': 'ASCNetPlus',
        'model.gamma': gamma,
        'model.terms': terms
    })


_optimizer = 'optim_wrapper.optimizer'
_adamw = {
    _optimizer: dict(type='AdamW', lr=1e-3, weight_decay=0.05, _delete_=True)
}
_contrast = dict(type='InstanceContrast', weight=0.5)
_order = dict(type='SpeedOrder', in_channels=128, weight=0.5)
methods = [
    _ascnet,
    _infonce,
    _changed('InfoNCE, temperature 0.2', _infonce,
             **{'model.nce_head.temperature': 0.2}),
    _changed('AdamW', **_adamw),
    _changed('InfoNCE, AdamW', _infonce, **_adamw),
    _with('contrast for ACP', gamma=1.0, contrast=_contrast),
    _with('covariance', covariance=dict(
        type='CovariancePenalty', channels=256, momentum=0.9)),
    _with('speed order', order=_order),
    _changed('InfoNCE, crops from 0.1', _infonce, area_range=(0.1, 1.0)),
    _with('contrast for ACP, speed order', gamma=1.0, contrast=_contrast,
          order=_order),
    _changed('InfoNCE, half the clips differences', _infonce,
             **{'model.data_preprocessor.difference': dict(prob=0.5)}),
]
evaluations = [
    part for part in _base_.evaluations if part['name'] in ('vcop', 'motion')
]
measures = dict(
    _delete_=True,
    **{
        name: title
        for name, title in _base_.measures.items()
        if 'gauges' not in name and 'shuffled' not in name
    })
