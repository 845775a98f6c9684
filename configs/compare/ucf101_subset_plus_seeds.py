# ASCNet, and ASCNet with both further terms, with other seeds
_base_ = 'ucf101_subset_plus.py'

question = 'Are both terms together ahead with other seeds as well?'
repeats = 'ucf101_subset_plus'
seeds = [3, 4, 5]
_names = ['ASCNet', 'ASCNet + speed + covariance']
methods = [part for part in _base_.methods if part['name'] in _names]
