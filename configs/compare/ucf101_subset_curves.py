# What does longer training bring? 32,000 steps take 2.7 hours on two cores.
_base_ = 'ucf101_subset_plus.py'

question = 'What does longer training bring?'
notes = _base_._set
budgets = (500, 2000, 8000, 32000)
seeds = [0]
_names = ['ASCNet + speed', 'ACP alone', 'Pace']
methods = [
    _base_.methods[0],  # has all budgets
    *(dict(part, up_to=2000) for part in _base_.methods
      if part['name'] in _names)
]
evaluations = [*_base_.evaluations, _base_._shuffled]
measures = {
    'shuffled/retrieval/top1': 'retrieval, shuffled labels, top-1 %',
    'shuffled/linear/top1': 'linear, shuffled labels, top-1 %',
}
