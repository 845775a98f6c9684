# The linear protocol on stored features, which are computed once
_base_ = '../retrieval/r2plus1d_hmdb51.py'

work_dir = 'work_dirs/linear/r2plus1d_hmdb51_features'

test_evaluator = [dict(type='LinearProbeMetric')]
