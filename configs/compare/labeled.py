# All that labeled videos say of features which are computed once. Features
# of an untrained encoder lie in a narrow cone and are small: compared as they
# are, and with the same learning rate, they are judged by that as well.
_base_ = '../ascnet/retrieval/r18_ucf101.py'

test_evaluator = _base_.test_evaluator + [
    dict(
        type='VideoRetrievalMetric', center=True, prefix='centered_retrieval'),
    dict(type='KNNMetric', center=True, prefix='centered_knn'),
    dict(
        type='VideoRetrievalMetric', whiten=True, prefix='whitened_retrieval'),
    dict(type='KNNMetric', whiten=True, prefix='whitened_knn'),
    dict(type='LinearProbeMetric'),
    dict(
        type='LinearProbeMetric',
        standardize=True,
        prefix='standardized_linear')
]
custom_hooks = [dict(type='OutcomesHook')]
