# The fast form of the linear protocol: features computed once
_base_ = '../retrieval/s3dg_hmdb51.py'

work_dir = 'work_dirs/linear/s3dg_hmdb51_features'

test_evaluator = [dict(type='LinearProbeMetric')]
