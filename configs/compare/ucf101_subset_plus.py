# ASCNet, the recipe of configs/ascnet/r18_ucf101_plus.py, and other methods.
# With --reuse of its own JSON file, what is in there is not trained again.
_base_ = 'ucf101_subset_learners.py'

question = 'Is ASCNet with a speed classifier ahead of other methods?'
_chosen = (
    ' The covariance penalty was chosen by the validation videos of '
    '`ucf101_subset_choice`; nothing else was tuned.')
notes = _base_._set + _base_._momenta + _chosen
budgets = (2000, )
seeds = [0, 1, 2]
_learners = _base_.methods
_ascnet = _learners[0]
_names = ['ACP alone', 'BYOL', 'InfoNCE', 'Pace', 'RSPNet', 'supervised']
_speed = dict(
    name='ASCNet + speed',
    config='configs/ascnet/r18_ucf101_plus.py',
    options={
        **_ascnet['options'],
        'model.terms.speed.in_channels': 128,
        # The config's own, by which the published runs are found
        'speeds': (1, 2, 3, 4)
    })
# Chosen by the validation videos of ucf101_subset_choice.py
_penalty = dict(type='CovariancePenalty', channels=256, momentum=0.9)
methods = [
    _ascnet,
    _speed,
    dict(
        _ascnet,
        name='ASCNet + covariance',
        options={
            **_ascnet['options'],
            'model.type': 'ASCNetPlus',
            'model.gamma': 0.5,
            'model.terms': dict(covariance=_penalty)
        }),
    dict(
        _speed,
        name='ASCNet + speed + covariance',
        options={
            **_speed['options'], 'model.terms.covariance': _penalty
        }),
    dict(
        _ascnet,
        name='random positive',
        config='configs/ascnet/baselines/r18_ucf101_random_positive.py'),
    dict(
        _ascnet,
        name='equal speeds',
        config='configs/ascnet/baselines/r18_ucf101_equal_speeds.py'),
    *(part for part in _learners if part['name'] in _names),
    dict(
        name='pixels',
        config=_ascnet['config'],
        epochs=0,
        encoder={'model': _base_._pixels}),
]
