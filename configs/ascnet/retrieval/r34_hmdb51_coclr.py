_base_ = 'r18_hmdb51_coclr.py'

work_dir = 'work_dirs/retrieval/r34_hmdb51_coclr'

model = dict(backbone=dict(depth=34))  # the poster
