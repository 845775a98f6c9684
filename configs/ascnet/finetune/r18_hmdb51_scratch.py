# The supervised baseline: the same training from random weights
_base_ = 'r18_hmdb51.py'

work_dir = 'work_dirs/finetune/r18_hmdb51_scratch'

default_hooks = dict(pretrained_encoder=dict(required=False))
