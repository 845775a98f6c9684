# What does longer training bring? As far as an afternoon on two cores goes.
_base_ = 'ucf101_subset_learners.py'

question = 'What does longer training bring?'
notes = _base_.notes.split(' **CoCLR**')[0]
budgets = (500, 2000, 8000)
# The largest budget of each; the first has all of them.
_up_to = {'ACP alone': 2000, 'InfoNCE': 2000, 'Pace': 2000, 'supervised': 500}
_ascnet, *_others = _base_.methods
_speeds = (1, 2, 3, 4)  # Pace's
methods = [
    _ascnet,
    # What SCP is to teach, taught by labels: Pace's loss beside ASCNet's
    dict(
        _ascnet,
        name='ASCNet, speed told',
        options={
            **_ascnet['options'],
            'speeds': _speeds,
            'model.type': 'ASCNetPlus',
            'model.terms': dict(
                speed=dict(
                    type='SpeedClassification',
                    in_channels=128,
                    speeds=_speeds))
        },
        up_to=2000),
    *(dict(part, up_to=_up_to[part['name']]) for part in _others
      if part['name'] in _up_to)
]
evaluations = [*_base_.evaluations, _base_._shuffled]
measures = {
    'shuffled/retrieval/top1': 'retrieval, shuffled labels, top-1 %',
    'shuffled/linear/top1': 'linear, shuffled labels, top-1 %',
}
