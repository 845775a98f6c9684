# The fast form of the linear protocol: features computed once
_base_ = '../retrieval/c3d_ucf101.py'

work_dir = 'work_dirs/linear/c3d_ucf101_features'

test_evaluator = [dict(type='LinearProbeMetric')]
