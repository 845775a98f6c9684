# All that labelled videos say of features which are computed once.
_base_ = '../ascnet/retrieval/r18_ucf101.py'

test_evaluator = _base_.test_evaluator + [dict(type='LinearProbeMetric')]
