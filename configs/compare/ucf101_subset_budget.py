# What limits learning here? The videos and the encoder of ucf101_subset.py,
# each method at several budgets. A budget is a run of its own, since the rate
# falls over the whole run.
_base_ = 'ucf101_subset.py'

question = ('From which budget on do the methods differ, from one another and '
            'from an untrained network?')
_set = (
    '**How it was set.** The momentum 0.99 is that of `ucf101_subset`, which '
    'was taken after a look at the test videos, with one seed and 60 epochs.')
notes = _set
# A folder that has GRID's videos as well is the same experiment.
trained_on = '^(?!grid_s1/)'
# These are judged, and do not pre-train.
test_lists = _base_.kept_out
# Resampled together: the clips of a recording, such as v_Punch_g01_c03.mp4
groups = r'v_\w+_g\d+'
epochs = None
# Steps of the first method, rounded to whole epochs; 32000 take a night.
budgets = (500, 2000, 8000)

# What the supervised network takes as well
pretraining = dict(
    _delete_=True,
    **{
        key: value
        for key, value in _base_.pretraining.items()
        if 'augmentation' not in key
    })
_colors = {
    key: value
    for key, value in _base_.pretraining.items() if 'augmentation' in key
}
_names = ['ASCNet', 'ACP alone', 'BYOL']
methods = [
    dict(part, options={
        **part['options'],
        **_colors
    }) for part in _base_.methods if part['name'] in _names
]
_momentum = 'default_hooks.momentum_update'
methods += [
    dict(
        name='InfoNCE',
        config='configs/ascnet/baselines/r18_ucf101_infonce.py',
        options={
            'model.nce_head.in_channels': 128,
            # As for the others: 0.999 hardly moves in 500 steps.
            f'{_momentum}.momentum': 0.99,
            f'{_momentum}.end_momentum': 0.99,
            **_colors
        }),
    # The upper line: the labels of the gallery
    dict(
        name='supervised',
        config='configs/ascnet/finetune/r18_ucf101_scratch.py',
        labels='lists/ucf101_subset_train.txt',
        options={
            'model.cls_head.num_classes': 3,
            'model.cls_head.in_channels': 128
        }),
]

# With permuted labels every figure should be at chance.
_shuffled = dict(
    _base_.evaluations[0],
    name='shuffled',
    options={
        **_base_.evaluations[0]['options'],
        'test_dataloader.dataset.shuffle_labels': 0
    },
    methods=['untrained', 'ASCNet'])
_motion = dict(
    name='motion',
    config='configs/compare/motion.py',
    options={
        **_base_.evaluations[1]['options'],
        # Probes judge recordings that they have not seen.
        'groups': groups
    })
evaluations = [*_base_.evaluations, _motion, _shuffled]
measures = {
    'gauges/encoder/rankme': 'RankMe',
    'vcop/whitened_retrieval/top1': 'retrieval, whitened, top-1 %',
    'motion/paired_speed_probe/accuracy': 'speed, paired, accuracy %',
    'motion/reading_direction/accuracy': 'reading direction, accuracy %',
    'shuffled/retrieval/top1': 'retrieval, shuffled labels, top-1 %',
    'shuffled/linear/top1': 'linear, shuffled labels, top-1 %',
}
