# Candidates at the budget of ucf101_subset_plus.py, with three seeds;
# validation videos choose. With --reuse of its own JSON file, candidates can
# be added one at a time.
_base_ = 'ucf101_subset_candidates.py'

question = 'Which change of ASCNet is worth a test?'
budgets = (2000, )
seeds = [0, 1, 2]

_known = {part['name']: part for part in _base_.methods}
_ascnet = _known['ASCNet']


def _changed(name, **options):
    return dict(_ascnet, name=name, options={**_ascnet['options'], **options})


# Of the eight frames, four reach the last layer instead of one. SpeedNet keeps
# all (Benaim et al., CVPR 2020).
_four = {'model.backbone.frame_strides': (2, 1, 1, 1, 1)}
methods = [
    _ascnet,
    dict(_ascnet, name='four frames kept', encoder=_four),
    dict(
        _ascnet, name='four frames kept, untrained', epochs=0, encoder=_four),
    _changed('one of five look-alikes',
             **{'model.memory_bank.type': 'TopKMemoryBank'}),
    _changed('clips at one time', **{'sample_frames.max_distance': 0}),
    _known['AdamW'],
    _known['covariance'],
    # 2,048 clips of a speed, which takes about 128 steps
    _changed('warm-up of the bank', **{'model.memory_bank.min_fill': 0.0625}),
    _changed('half the clips differences',
             **{'model.data_preprocessor.difference': dict(prob=0.5)}),
    # The shipped configs' hue in place of the chroma rotation
    _changed(
        'hue of HSV', **{
            'model.data_preprocessor.augmentation.hue': 0.4,
            'model.data_preprocessor.augmentation.chroma_rotation': 0.
        }),
    # The rate rises during the first tenth (ours), in BYOL during the first
    # hundredth (Grill et al., NeurIPS 2020, section 3.3).
    _changed(
        'warm-up of the rate',
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=200),
            dict(type='CosineAnnealingLR', eta_min_ratio=1e-3),
        ]),
    # Ten times the encoder's rate (ours)
    _changed(
        'predictor at rate 0.3', **{
            'optim_wrapper.paramwise_cfg.custom_keys.predictor.lr_mult': 10.
        }),
    # BYOL's (section 3.3)
    _changed('weight decay 1.5e-6',
             **{'optim_wrapper.optimizer.weight_decay': 1.5e-6}),
    # The weight is ours
    _changed(
        'speed ranking', **{
            'model.type': 'ASCNetPlus',
            'model.terms.ranking': dict(type='SpeedRanking', weight=0.5)
        }),
]
