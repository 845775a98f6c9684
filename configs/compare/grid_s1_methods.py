# Does it help that both clips show the same word, or to classify the speed?
# On the videos of grid_s1_learners.py, with more seeds.
_base_ = 'grid_s1_learners.py'

question = 'What do methods learn of speech, where nothing but a mouth moves?'
notes = (
    '**At one time**: both clips of a video have the same center '
    '(`max_distance`), so that they show the same word.')
seeds = [0, 1, 2]


def _named(name):
    return next(part for part in _base_.methods if part['name'] == name)


def _at_one_time(part):
    return dict(
        part,
        name=f'{part["name"]}, at one time',
        options={
            **part['options'], 'sample_frames.max_distance': 0
        })


_pairs = [_named('ASCNet'), _named('InfoNCE')]
methods = [
    *_pairs,
    *map(_at_one_time, _pairs),
    dict(
        _pairs[0],
        name='ASCNet + speed',
        config='configs/ascnet/r18_ucf101_plus.py',
        options={
            **_pairs[0]['options'], 'model.terms.speed.in_channels': 128
        }),
    _named('pixels, motion'),
]
