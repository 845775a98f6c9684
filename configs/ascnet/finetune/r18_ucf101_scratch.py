# The supervised baseline: the same training from random weights
_base_ = 'r18_ucf101.py'

work_dir = 'work_dirs/finetune/r18_ucf101_scratch'

default_hooks = dict(pretrained_encoder=dict(required=False))
