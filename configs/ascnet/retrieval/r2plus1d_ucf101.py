_base_ = 'r18_ucf101.py'

work_dir = 'work_dirs/retrieval/r2plus1d_ucf101'

model = dict(
    backbone=dict(_delete_=True, type='R2Plus1D', depth=10))  # Table 3
