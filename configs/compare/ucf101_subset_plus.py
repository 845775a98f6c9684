# ASCNet and the recipe configs/ascnet/r18_ucf101_plus.py.
_base_ = 'ucf101_subset_learners.py'

question = 'Can ASCNet be taught speed at no loss?'
notes = _base_.notes.split(' **CoCLR**')[0]
budgets = (2000, )
seeds = [0, 1, 2]
_learners = _base_.methods
_ascnet = _learners[0]
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
]
