_base_ = 'r18_hmdb51_coclr.py'

work_dir = 'work_dirs/retrieval/c3d_hmdb51_coclr'

model = dict(backbone=dict(_delete_=True, type='C3DConv'))  # VCOP's
