# The linear protocol on stored features, which are computed once
_base_ = '../retrieval/r18_hmdb51.py'

work_dir = 'work_dirs/linear/r18_hmdb51_features'

test_evaluator = [dict(type='LinearProbeMetric')]
