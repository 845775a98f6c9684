_base_ = 'r18_ucf101_coclr.py'

work_dir = 'work_dirs/retrieval/s3dg_ucf101_coclr'

model = dict(
    backbone=dict(_delete_=True, type='S3DG'),  # Xie et al. 2018
    acp_head=dict(in_channels=1024),  # section A
    scp_head=dict(in_channels=1024))  # section A
