# What tells clips of the same video apart: their speed, and whether they run
# forward. Videos as for gauges.py.
_base_ = 'gauges.py'

draws = 5  # ours: of a clip per speed from each video
# Of the paths of videos that are judged by a probe trained on others, such as
# the clips of a recording; each video by default
groups = None
pipeline = [
    _base_.open_video,
    dict(_base_.sample_middle, draws=draws),
    dict(type='AppendReversed'), _base_.decode, _base_.whole_frame, _base_.pack
]

model = dict(test_cfg=dict(max_testing_views=32))  # ours
test_dataloader = dict(dataset=dict(pipeline=pipeline))
test_evaluator = [
    dict(type='PairedSpeedProbeMetric', groups=groups),
    dict(type='ReadingDirectionMetric', groups=groups),
    dict(type='SpeedProbeMetric', groups=groups),
]
