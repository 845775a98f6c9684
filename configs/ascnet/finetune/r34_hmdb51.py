# As R3D-18 is fine-tuned (ours: RSPNet has no R3D-34)
_base_ = 'r18_hmdb51.py'

work_dir = 'work_dirs/finetune/r34_hmdb51'

model = dict(backbone=dict(depth=34))  # the poster
