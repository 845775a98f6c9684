_base_ = 'r18_ucf101.py'

work_dir = 'work_dirs/linear/r34_ucf101'

model = dict(backbone=dict(depth=34))  # the poster
