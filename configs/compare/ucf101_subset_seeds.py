# The first method of ucf101_subset.py and its untrained network once more.
_base_ = 'ucf101_subset.py'

question = 'Do other seeds tell the same?'
repeats = 'ucf101_subset'  # whose figures the page compares with these
seeds = [3, 4, 5]
methods = [_base_.methods[0]]
