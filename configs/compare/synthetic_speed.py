# DATA_ROOT is made by `tools/data/make_synthetic.py DATA_ROOT`.
_base_ = 'ucf101_subset_speed.py'

question = ('Does SCP learn speed on rendered videos, in which nothing moves '
            'but one shape?')
kept_out = ['test.txt']
seeds = [0, 1, 2]
epochs = 120

_names = [
    'ASCNet', 'ACP alone', 'SCP alone', 'SCP alone, random positive', 'Pace'
]
methods = [part for part in _base_.methods if part['name'] in _names]
evaluations = [
    dict(_base_.evaluations[0]),
    dict(_base_.evaluations[-1], methods=['untrained', *_names[:-1]]),
]
measures = {
    '_delete_': True,
    'gauges/speed_probe/accuracy': 'speed probe, encoder, %',
    'heads/motion_speed_probe/accuracy': 'speed probe, motion, %',
    'heads/appearance_speed_probe/accuracy': 'speed probe, appearance, %',
    'gauges/same_video/top1': 'same video, encoder, top-1 %',
    'heads/motion_same_video/top1': 'same video, motion, top-1 %',
    'heads/appearance_same_video/top1': 'same video, appearance, top-1 %',
}
