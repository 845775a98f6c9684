# ASCNet, the recipe of configs/ascnet/r18_ucf101_plus.py, and other methods.
# With --reuse of its own JSON file, what is in there is not trained again.
_base_ = 'ucf101_subset_learners.py'

question = 'Is ASCNet with a speed classifier ahead of other methods?'
notes = _base_.notes.split(' **CoCLR**')[0]
budgets = (2000, )
seeds = [0, 1, 2]
_learners = _base_.methods
_ascnet = _learners[0]
_names = ['ACP alone', 'InfoNCE', 'Pace', 'RSPNet']
_speeds = (1, 2, 3, 4)  # Pace's
methods = [
    _ascnet,
    # Pace's loss in addition to ASCNet's
    dict(
        _ascnet,
        name='ASCNet + speed',
        options={
            **_ascnet['options'],
            'speeds': _speeds,
            'model.type': 'ASCNetPlus',
            'model.terms': dict(
                speed=dict(
                    type='SpeedClassification',
                    in_channels=128,
                    speeds=_speeds))
        }),
    *(part for part in _learners if part['name'] in _names),
]
