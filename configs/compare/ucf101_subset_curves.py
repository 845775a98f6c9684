# What does longer training bring? As far as an afternoon on two cores goes.
_base_ = 'ucf101_subset_learners.py'

question = 'What does longer training bring?'
notes = _base_.notes.split(' **CoCLR**')[0]
budgets = (500, 2000, 8000)
_up_to = {'ACP alone': 2000, 'InfoNCE': 2000, 'Pace': 2000, 'supervised': 500}
_first, *_others = _base_.methods
methods = [
    _first, *(dict(part, up_to=_up_to[part['name']]) for part in _others
              if part['name'] in _up_to)
]
evaluations = [*_base_.evaluations, _base_._shuffled]
measures = {
    'shuffled/retrieval/top1': 'retrieval, shuffled labels, top-1 %',
    'shuffled/linear/top1': 'linear, shuffled labels, top-1 %',
}
