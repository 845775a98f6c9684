# The fast form of the linear protocol: features computed once
_base_ = '../retrieval/r34_hmdb51.py'

work_dir = 'work_dirs/linear/r34_hmdb51_features'

test_evaluator = [dict(type='LinearProbeMetric')]
