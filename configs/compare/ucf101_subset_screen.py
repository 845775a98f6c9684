# On the videos and with the encoder of ucf101_subset.py. Each method changes
# one thing of the first.
_base_ = 'ucf101_subset.py'

question = 'What may the recipe gain? A first look, with one seed.'
seeds = [0]
epochs = 60

_config = 'configs/ascnet/r18_ucf101.py'
_symmetric = 'configs/ascnet/baselines/r18_ucf101_symmetric.py'
_equal_speeds = 'configs/ascnet/baselines/r18_ucf101_equal_speeds.py'


def _changed(name, config=_config, **options):
    options = {**_base_._ascnet, **options}
    return dict(name=name, config=config, options=options)


methods = [
    _changed('ASCNet'),
    _changed('momentum 0.996',
             **{'default_hooks.momentum_update.momentum': 0.996}),
    _changed('momentum 0.97',
             **{'default_hooks.momentum_update.momentum': 0.97}),
    _changed('rate 0.1', **{'optim_wrapper.optimizer.lr': 0.1}),
    _changed('bank of 480', **{'model.memory_bank.size': 480}),
    _changed('crops from 0.1', area_range=(0.1, 1.0)),
    # Otherwise brightness tells one video from another.
    _changed(
        'brightness and contrast 0.8', **{
            'model.data_preprocessor.augmentation.brightness': 0.8,
            'model.data_preprocessor.augmentation.contrast': 0.8
        }),
    _changed('gamma 0.2', **{'model.gamma': 0.2}),
    _changed('SCP alone', **{'model.gamma': 1.}),
    _changed('speeds 1, 2, 4', speeds=(1, 2, 4)),
    _changed('equal speeds', _equal_speeds),
    _changed('symmetric', _symmetric),
    # A predictor nearer to its optimum
    _changed(
        'predictor at rate 0.3', **{
            'optim_wrapper.paramwise_cfg.custom_keys.predictor.lr_mult': 10.
        }),
]
