# Rows of ucf101_subset_plus.py with three other seeds
_base_ = 'ucf101_subset_plus.py'

question = 'Is what three seeds show found again with three others?'
notes = _base_._set + _base_._chosen
repeats = 'ucf101_subset_plus'
seeds = [3, 4, 5]
_names = [
    'ASCNet', 'ASCNet + speed', 'ASCNet + speed + covariance', 'ACP alone',
    'BYOL', 'random positive'
]
methods = [part for part in _base_.methods if part['name'] in _names]
