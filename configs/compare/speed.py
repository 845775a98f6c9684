# Does SCP learn speed, under which conditions, and where is it kept? On the
# videos and with the encoder of ucf101_subset.py. Each method changes one
# thing; all are probed on the same kinds of clips.
_base_ = 'ucf101_subset.py'

epochs = 60

_heads = {
    'model.acp_head.in_channels': 128,
    'model.scp_head.in_channels': 128,
}
# As in ucf101_subset.py
_common = {**_heads, 'custom_hooks.0.momentum': 0.99}
_config = 'configs/ascnet/r18_ucf101.py'
_random = 'configs/ascnet/baselines/r18_ucf101_random_positive.py'
_pace = 'configs/ascnet/baselines/r18_ucf101_pace.py'

methods = [
    dict(name='ASCNet', config=_config, options=_common),
    dict(
        name='SCP alone', config=_config,
        options={
            **_common, 'model.gamma': 1.
        }),
    # Of its pairs of videos nothing but the speed is the same.
    dict(
        name='SCP alone, random positive',
        config=_random,
        options={
            **_common, 'model.gamma': 1.
        }),
    dict(
        name='small bank',
        config=_config,
        options={
            **_common, 'model.memory_bank.size': 480
        }),
    dict(
        name='speeds 1 and 4',
        config=_config,
        options={
            **_common, 'speeds': (1, 4)
        }),
    dict(
        name='16 frames', config=_config, options={
            **_common, 'clip_len': 16
        }),
    dict(
        name='112 x 112',
        config=_config,
        options={
            **_common, 'scale': (112, 112)
        }),
    # It is told the speeds: how far can a network of this size come here?
    dict(
        name='Pace',
        config=_pace,
        options={
            'model.pace_head.in_channels': 128,
            'paces': (1, 2)
        }),
]

_model = {'model.backbone.base_channels': 16, **_heads}
_clips = {**_model, 'clip_len': 8, 'scale': (64, 64)}
_gauges = 'configs/compare/gauges.py'
evaluations = [
    dict(name='gauges', config=_gauges, options=_clips),
    dict(
        name='apart',
        config=_gauges,
        options={
            **_clips, 'speeds': (1, 4)
        }),
    dict(name='long', config=_gauges, options={
        **_clips, 'clip_len': 16
    }),
    dict(name='large', config=_gauges, options={
        **_clips, 'scale': (112, 112)
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
    'large/speed_probe/accuracy': 'speed probe, 112 x 112, %',
    'heads/motion_same_video/top1': 'same video, motion, top-1 %',
    'heads/appearance_same_video/top1': 'same video, appearance, top-1 %',
}
