_base_ = 'r18_ucf101_coclr.py'

work_dir = 'work_dirs/retrieval/c3d_ucf101_coclr'

model = dict(backbone=dict(_delete_=True, type='C3DConv'))  # VCOP's
