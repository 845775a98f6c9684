# The linear protocol on stored features, which are computed once
_base_ = '../retrieval/c3d_hmdb51.py'

work_dir = 'work_dirs/linear/c3d_hmdb51_features'

test_evaluator = [dict(type='LinearProbeMetric')]
