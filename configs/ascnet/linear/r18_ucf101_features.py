# The linear protocol on stored features, which are computed once
_base_ = '../retrieval/r18_ucf101.py'

work_dir = 'work_dirs/linear/r18_ucf101_features'

test_evaluator = [dict(type='LinearProbeMetric')]
