# grid_s1_methods.py on validation videos, with one seed.
_base_ = 'grid_s1_methods.py'

question = 'What do validation videos say of the methods?'
chooses = True
seeds = [0]
_at_one_time = _base_.methods[2]
methods = [
    *_base_.methods,
    dict(
        _at_one_time,
        name='ASCNet, at one time, speed order',
        options={
            **_at_one_time['options'],
            'model.type': 'ASCNetPlus',
            'model.terms': dict(
                order=dict(type='SpeedOrder', in_channels=128, weight=0.5))
        }),
]
evaluations = [
    dict(part, options={
        **part['options'], 'judged': 'val'
    }) for part in _base_.evaluations
]
