# Every learner of this package with one encoder, loader, schedule and number
# of encoder passes. What a line does not set is the config's.
_base_ = 'ucf101_subset_budget.py'

question = 'What do all learners learn from equally many encoder passes?'
_momenta = (
    ' InfoNCE has it as well, because its own 0.999 hardly moves in 500 '
    'steps; RSPNet keeps its 0.999.')
notes = _base_._set + _momenta + (
    ' Nothing else was tuned. **CoCLR** starts from InfoNCE and from a '
    'network like it that was trained on optical flow, so that it had three '
    'times as many passes as the others.')
budgets = (500, )
seeds = [0]

_colors = {
    key: value
    for key, value in _base_.methods[0]['options'].items()
    if 'augmentation' in key
}


def _baseline(name, config, heads, **options):
    return dict(
        name=name,
        config=f'configs/ascnet/baselines/r18_ucf101_{config}.py',
        options={
            **{f'model.{head}.in_channels': 128
               for head in heads},
            **_colors,
            **options
        })


# An encoder without weights, the lower line of experiments that start here
_pixels = dict(
    _delete_=True,
    type='EncoderOnly',
    backbone=dict(type='Pixels'),
    data_preprocessor=dict(
        type='ClipDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375]))

*_learners, _supervised = _base_.methods
_infonce = next(part for part in _learners if part['name'] == 'InfoNCE')
_nce = {
    key: value
    for key, value in _infonce['options'].items() if 'augmentation' not in key
}
methods = [
    *_learners,
    # CoCLR's first stage; that on RGB is the row of InfoNCE.
    dict(
        name='InfoNCE, flow',
        config='configs/ascnet/baselines/r18_ucf101_infonce_flow.py',
        options=_nce,
        videos='flow',  # ascnet-mm flow DATA_ROOT/videos DATA_ROOT/flow
        judged=False),
    _baseline('Pace', 'pace', ['pace_head']),
    _baseline('RSPNet', 'rspnet', ['avid_head', 'rsp_head']),
    _baseline('VCOP', 'clip_order', ['clip_order_head']),
    _baseline('OPN', 'opn', ['clip_order_head']),
    _baseline('VCP', 'vcp', ['vcp_head']),
    # As large as SpeedNet's, in proportion to the others' clips
    _baseline('SpeedNet', 'speednet', ['speed_head'], sides=(18, 96)),
    # Eight blocks of five frames, and CBT's five clips, one right after the
    # other, as a third of the videos has some 40 frames
    _baseline('MemDPC', 'memdpc', ['memdpc_head'], clip_len=5, **{
        'sample_clips.frame_interval': 1,
        'sample_clips.interval': 0
    }),
    _baseline('Buechler et al.', 'buechler', ['space_head', 'time_head']),
    _baseline('CBT', 'cbt', ['cbt_head'], **{'sample_clips.interval': 0}),
    _baseline(
        'CoCLR', 'coclr', [], **_infonce['options'],
        data_root='{data_root}/videos',
        paired_root='{data_root}/flow',
        **{
            'model.online_from': '{InfoNCE}',
            'model.positives_from': '{InfoNCE, flow}'
        }),
    _supervised,
]

evaluations = [
    part for part in _base_.evaluations if part['name'] in ('vcop', 'motion')
]
measures = dict(
    _delete_=True,
    **{
        name: title
        for name, title in _base_.measures.items()
        if 'gauges' not in name and 'shuffled' not in name
    })
