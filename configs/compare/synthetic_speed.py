# DATA_ROOT is made by `tools/data/make_synthetic.py DATA_ROOT`. The methods of
# ucf101_subset_speed.py, at speeds further apart: easier to tell.
_base_ = 'ucf101_subset_speed.py'

question = ('Does SCP learn speed on rendered videos, in which nothing moves '
            'but one shape?')
notes = (
    '**How it was set.** Speeds 1 and 4 were taken after a look at Pace, '
    'which had not begun to learn 1 and 2 when it had learned these, with one '
    'seed; the momentum 0.99 is that of `ucf101_subset`, taken on its videos. '
    'A `loss_pace` of ln(number of speeds) is that of a network that has not '
    'learned the task.')
kept_out = ['test.txt']
seeds = [0, 1, 2]
epochs = 100

_names = ['ASCNet', 'ACP alone', 'SCP alone', 'SCP alone, random positive']
_apart = {'speeds': (1, 4)}
methods = [
    dict(part, options={
        **part['options'],
        **_apart
    }) for part in _base_.methods if part['name'] in _names
]
methods += [
    dict(part, options={
        **part['options'], 'paces': (1, 4)
    }) for part in _base_.methods if part['name'] == 'Pace'
]

_clips = {**_base_.evaluations[0]['options'], **_apart}
evaluations = [
    dict(name='gauges', config='configs/compare/gauges.py', options=_clips),
    dict(
        name='heads',
        config='configs/compare/heads.py',
        options=_clips,
        methods=['untrained', *_names]),
]
measures = {
    '_delete_': True,
    'gauges/speed_probe/accuracy': 'speed probe, encoder, %',
    'heads/motion_speed_probe/accuracy': 'speed probe, motion, %',
    'heads/appearance_speed_probe/accuracy': 'speed probe, appearance, %',
    'gauges/same_video/top1': 'same video, encoder, top-1 %',
    'heads/motion_same_video/top1': 'same video, motion, top-1 %',
    'heads/appearance_same_video/top1': 'same video, appearance, top-1 %',
    'gauges/encoder/effective_rank': 'effective rank',
}
