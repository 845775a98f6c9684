# What do all learners learn where nothing but a mouth moves? GRID's training
# videos pre-train, without their words; grid_s1.py judges the test videos.
# Encoder and optimization are those of ucf101_subset_learners.py. All values
# are ours.
_base_ = 'ucf101_subset_learners.py'

question = 'What do all learners learn of speech?'
notes = '**CoCLR**' + _base_.notes.partition('**CoCLR**')[2]
trained_on = '^grid_s1/'
test_lists = ['lists/grid_s1_digit_test.txt']
kept_out = ['lists/grid_s1_digit_val.txt', *test_lists]
# Resampled together: sentences with the same first four words
groups = r'grid_s1/\w{4}'

*_learners, _ = _base_.methods
methods = [
    *_learners,
    # The lower line, which grid_s1_pixels.py explains
    dict(
        name='pixels, motion',
        config='configs/compare/grid_s1_pixels.py',
        epochs=0,
        encoder={
            'clip_len': 75,
            'num_clips': 1,
            'model':
            dict(_base_._pixels, backbone=dict(type='Pixels', motion=True)),
        }),
]

_, _motion = _base_.evaluations
_encoder = {
    key: value for key, value in _motion['options'].items() if key != 'groups'
}


def _judged(word, judged):
    options = {**_encoder, 'word': word, 'judged': judged}
    return dict(name=word, config='configs/compare/grid_s1.py',
                options=options)


evaluations = [_judged(word, 'test') for word in ('digit', 'adverb')]
measures = dict(
    _delete_=True,
    **{
        f'{word}/ridge/top1': f'{word}, top-1 %'
        for word in ('digit', 'adverb')
    })
