# The linear protocol on stored features, which are computed once
_base_ = '../retrieval/s3dg_ucf101.py'

work_dir = 'work_dirs/linear/s3dg_ucf101_features'

test_evaluator = [dict(type='LinearProbeMetric')]
