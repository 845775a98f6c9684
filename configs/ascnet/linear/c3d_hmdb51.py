_base_ = 'r18_hmdb51.py'

work_dir = 'work_dirs/linear/c3d_hmdb51'

model = dict(
    backbone=dict(
        _delete_=True,
        type='C3DConv',  # VCOP's
        frozen_stages=4,  # section D
        norm_eval=True))  # section D
