# What limits learning here: the number of videos, or the encoder's width? The
# budget and seeds are those of ucf101_subset_plus.py, with the JSON file of
# which --reuse need not train ASCNet again.
_base_ = 'ucf101_subset_plus.py'

question = 'Do more videos or another width change what ASCNet learns?'
_ascnet = _base_.methods[0]
_narrow = {
    'model.backbone.base_channels': 8,
    'model.acp_head.in_channels': 64,
    'model.scp_head.in_channels': 64
}
methods = [
    _ascnet,
    # GRID's as well
    dict(_ascnet, name='all videos', trained_on=''),
    dict(_ascnet, name='width 8', encoder=_narrow),
    dict(
        name='width 8, untrained',
        config=_ascnet['config'],
        epochs=0,
        encoder=_narrow),
]
