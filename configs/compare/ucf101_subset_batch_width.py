# A larger batch and a wider encoder. The budget and seeds are those of
# ucf101_subset_plus.py; with --reuse of the JSON file of that experiment,
# ASCNet is not trained again.
_base_ = 'ucf101_subset_plus.py'

question = 'Does ASCNet learn more with a larger batch or a wider encoder?'
notes = _base_._set
_ascnet = _base_.methods[0]
_large = {
    'batch_size': 128,
    # Four times the batch: four times the rate (Goyal et al., 2017), and four
    # times as far a step of the target network (Busbridge et al., 2023)
    'optim_wrapper.optimizer.lr': 0.12,
    'default_hooks.momentum_update.momentum': 0.99**4,
}
_wide = {
    'model.backbone.base_channels': 32,
    'model.acp_head.in_channels': 256,
    'model.scp_head.in_channels': 256,
}
methods = [
    _ascnet,
    dict(
        _ascnet, name='batch 128', options={
            **_ascnet['options'],
            **_large
        }),
    dict(_ascnet, name='width 32', encoder=_wide),
    dict(
        name='width 32, untrained',
        config=_ascnet['config'],
        epochs=0,
        encoder=_wide),
]
