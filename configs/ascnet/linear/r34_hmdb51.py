_base_ = 'r18_hmdb51.py'

work_dir = 'work_dirs/linear/r34_hmdb51'

model = dict(backbone=dict(depth=34))  # the poster
