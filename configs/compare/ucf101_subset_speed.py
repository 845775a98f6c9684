# On the videos and with the encoder of ucf101_subset.py. Each method changes
# one thing; all are probed on the same kinds of clips.
_base_ = 'ucf101_subset.py'

question = ('Does SCP learn speed, under which conditions, and where is it '
            'kept?')
seeds = [0, 1]
epochs = 60

_config = 'configs/ascnet/r18_ucf101.py'
_random = 'configs/ascnet/baselines/r18_ucf101_random_positive.py'
_pace = 'configs/ascnet/baselines/r18_ucf101_pace.py'


def _changed(name, config=_config, **options):
    options = {**_base_._ascnet, **options}
    return dict(name=name, config=config, options=options)


methods = [
    _changed('ASCNet'),
    _changed('ACP alone', **{'model.gamma': 0.}),
    _changed('SCP alone', **{'model.gamma': 1.}),
    # Of its pairs of videos nothing but the speed is the same.
    _changed('SCP alone, random positive', _random, **{'model.gamma': 1.}),
    _changed('bank of 480', **{'model.memory_bank.size': 480}),
    _changed('speeds 1 and 4', speeds=(1, 4)),
    _changed('16 frames', clip_len=16),
    _changed('96 x 96', scale=(96, 96)),
    # It is told the speeds: how far can a network of this size come here?
    dict(
        name='Pace',
        config=_pace,
        options={
            'model.pace_head.in_channels': 128,
            'paces': (1, 2)
        }),
]

_clips = {**_base_._encoder, **_base_._heads, 'scale': (64, 64)}
_without_labels = 'configs/compare/gauges.py'
evaluations = [
    dict(name='gauges', config=_without_labels, options=_clips),
    dict(
        name='apart',
        config=_without_labels,
        options={
            **_clips, 'speeds': (1, 4)
        }),
    dict(name='long', config=_without_labels, options={
        **_clips, 'clip_len': 16
    }),
    dict(name='large', config=_without_labels, options={
        **_clips, 'scale': (96, 96)
    }),
    dict(
        name='heads',
        config='configs/compare/heads.py',
        options=_clips,
        # Pace has none of these heads.
        methods=['untrained'] +
        [part['name'] for part in methods if part['config'] != _pace]),
]
measures = {
    '_delete_': True,
    'gauges/speed_probe/accuracy': 'speed probe, encoder, %',
    'heads/motion_speed_probe/accuracy': 'speed probe, motion, %',
    'heads/appearance_speed_probe/accuracy': 'speed probe, appearance, %',
    'apart/speed_probe/accuracy': 'speed probe, 1x and 4x, %',
    'long/speed_probe/accuracy': 'speed probe, 16 frames, %',
    'large/speed_probe/accuracy': 'speed probe, 96 x 96, %',
    'heads/motion_same_video/top1': 'same video, motion, top-1 %',
    'heads/appearance_same_video/top1': 'same video, appearance, top-1 %',
}
