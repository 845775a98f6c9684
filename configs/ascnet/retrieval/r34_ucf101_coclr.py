_base_ = 'r18_ucf101_coclr.py'

work_dir = 'work_dirs/retrieval/r34_ucf101_coclr'

model = dict(backbone=dict(depth=34))  # the poster
