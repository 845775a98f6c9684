# Candidates at the budget of ucf101_subset_plus.py, with three seeds;
# validation videos choose. With --reuse of its own JSON file, candidates can
# be added one at a time.
_base_ = 'ucf101_subset_candidates.py'

question = 'Which change of ASCNet is worth a test?'
budgets = (2000, )
seeds = [0, 1, 2]

_known = {part['name']: part for part in _base_.methods}
_ascnet = _known['ASCNet']
# Of the eight frames, four reach the last layer instead of one. SpeedNet keeps
# all (Benaim et al., CVPR 2020).
_four = {'model.backbone.frame_strides': (2, 1, 1, 1, 1)}
methods = [
    _ascnet,
    dict(_ascnet, name='four frames kept', encoder=_four),
    dict(
        _ascnet, name='four frames kept, untrained', epochs=0, encoder=_four),
    dict(
        _ascnet,
        name='one of five look-alikes',
        options={
            **_ascnet['options'], 'model.memory_bank.type': 'TopKMemoryBank'
        }),
    dict(
        _ascnet,
        name='clips at one time',
        options={
            **_ascnet['options'], 'sample_frames.max_distance': 0
        }),
    _known['AdamW'],
    _known['covariance'],
]
