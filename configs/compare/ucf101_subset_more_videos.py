# More videos, of another kind. The budget and seeds are those of
# ucf101_subset_plus.py; with --reuse of the JSON file of that experiment,
# ASCNet is not trained again.
_base_ = 'ucf101_subset_plus.py'

question = ('Does ASCNet learn more with 1,000 videos of GRID as well, in as '
            'many encoder passes?')
notes = _base_._set
_ascnet = _base_.methods[0]
methods = [
    _ascnet,
    # All videos, those of one speaker's mouth with them
    dict(_ascnet, name='with GRID', trained_on=''),
]
