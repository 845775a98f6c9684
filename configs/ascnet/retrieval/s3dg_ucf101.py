_base_ = 'r18_ucf101.py'

work_dir = 'work_dirs/retrieval/s3dg_ucf101'

scale = (342, 256)  # ours: VCOP's sizes, doubled
crop_size = 224  # RSPNet's for S3D-G
pipeline = [
    _base_.open_video, _base_.sample_clips, _base_.decode,
    dict(_base_.resize, scale=scale),
    dict(_base_.crop_middle, crop_size=crop_size), _base_.to_tensor,
    _base_.pack
]

model = dict(
    backbone=dict(_delete_=True, type='S3DG'),  # Xie et al. 2018
    acp_head=dict(in_channels=1024),  # section A
    scp_head=dict(in_channels=1024))  # section A
test_dataloader = dict(dataset=dict(pipeline=pipeline))
