# ASCNet and the recipe of configs/ascnet/r18_ucf101_plus.py with other seeds
_base_ = 'ucf101_subset_plus.py'

question = 'Is the recipe ahead of ASCNet with other seeds as well?'
repeats = 'ucf101_subset_plus'
seeds = [3, 4, 5]
_names = ['ASCNet', 'ASCNet + speed + covariance']
methods = [part for part in _base_.methods if part['name'] in _names]
