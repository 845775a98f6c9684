_base_ = 'r18_ucf101.py'

work_dir = 'work_dirs/retrieval/c3d_ucf101'

model = dict(backbone=dict(_delete_=True, type='C3DConv'))  # VCOP's
