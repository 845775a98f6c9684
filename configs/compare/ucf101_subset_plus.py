# ASCNet and the same with speed told, each with three seeds.
_base_ = 'ucf101_subset_curves.py'

question = 'Can ASCNet be taught speed at no loss?'
budgets = (2000, )
seeds = [0, 1, 2]
methods = _base_.methods[:2]
