# ucf101_subset_budget.py on validation videos: the base of whatever chooses
# between candidates. The groups 8 to 12 of the training list are held out of
# pre-training and gallery.
_base_ = 'ucf101_subset_budget.py'

question = 'What do validation videos say of the methods?'
chooses = True
_held_out, _others = '_g(08|09|10|11|12)_', '_g(1[3-9]|2[0-5])_'
_train = 'lists/ucf101_subset_train.txt'
kept_out = [dict(ann_file=_train, matching=_held_out)]

_dataset = 'test_dataloader.dataset'
_lists = {
    f'{_dataset}.ann_file.gallery': _train,
    f'{_dataset}.ann_file.query': _train,
    f'{_dataset}.matching': dict(gallery=_others, query=_held_out),
}
evaluations = [
    dict(part, options={
        **part['options'],
        **_lists
    }) if part['name'] in ('vcop', 'shuffled') else part
    for part in _base_.evaluations
]
