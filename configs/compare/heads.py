# The same metrics on the outputs of the two projections.
_base_ = 'gauges.py'

test_evaluator = [
    dict(
        type='SameVideoRetrievalMetric',
        feature='acp_head_projection',
        prefix='appearance_same_video'),
    dict(
        type='SameVideoRetrievalMetric',
        feature='scp_head_projection',
        prefix='motion_same_video'),
    dict(
        type='SpeedProbeMetric',
        feature='acp_head_projection',
        prefix='appearance_speed_probe'),
    dict(
        type='SpeedProbeMetric',
        feature='scp_head_projection',
        prefix='motion_speed_probe')
]
