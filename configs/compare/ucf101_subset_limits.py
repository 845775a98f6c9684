# Does the number of videos limit what ASCNet learns? The budget and seeds are
# those of ucf101_subset_plus.py; with --reuse of the JSON file of that
# experiment, ASCNet is not trained again.
_base_ = 'ucf101_subset_plus.py'

question = 'Does ASCNet learn more from more videos?'
_ascnet = _base_.methods[0]
methods = [
    _ascnet,
    # With GRID's 1,000 videos of one mouth
    dict(_ascnet, name='all videos', trained_on=''),
]
