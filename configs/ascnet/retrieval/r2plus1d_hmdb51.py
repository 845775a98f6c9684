_base_ = 'r18_hmdb51.py'

work_dir = 'work_dirs/retrieval/r2plus1d_hmdb51'

model = dict(
    backbone=dict(_delete_=True, type='R2Plus1D', depth=10))  # Table 3
