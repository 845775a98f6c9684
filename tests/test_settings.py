"""What becomes of settings that a resumed run has otherwise."""
from uuid import uuid4

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ascnet_mm import InputError
from ascnet_mm.apis import check_resume
from ascnet_mm.settings import (
    describe_differences,
    require_same_schedule,
    settings_of,
)

from .engine.reliability.test_loops import Stop, pretraining, train
from .helpers.resuming import differences


@pytest.fixture(scope='module')
def whole(videos, tmp_path_factory):
    """A run of three epochs that has ended, with its last checkpoint."""
    folder = tmp_path_factory.mktemp('whole')
    return folder, train(unvalidated(videos, folder))


def unvalidated(videos, folder, **options):
    return pretraining(
        videos, folder, val_cfg=None, val_dataloader=None,
        val_evaluator=None, **options)


class Rates(Hook):
    """Learning rate and weight decay before each iteration."""

    def __init__(self) -> None:
        self.seen = []

    def before_train_iter(self, runner, *args, **kwargs) -> None:
        group = runner.optim_wrapper.optimizer.param_groups[0]
        self.seen.append((group['lr'], group['weight_decay']))


def resumed(cfg, path):
    cfg.resume, cfg.load_from = True, str(path)
    cfg.experiment_name = str(uuid4())
    return cfg


@pytest.mark.parametrize('epochs', [2, 4, 30])
def test_another_length_is_refused(epochs, videos, whole):
    folder, _ = whole
    path = folder / 'iter_8.pth'
    cfg = resumed(unvalidated(
        videos, folder, **{'train_cfg.max_epochs': epochs}), path)
    for begin in (check_resume, lambda cfg: Runner.from_cfg(cfg).train()):
        with pytest.raises(InputError) as error:
            begin(cfg)
        text = str(error.value)
        assert 'train_cfg.max_epochs: 3' in text and f'{epochs} here' in text
        assert 'load_from=CHECKPOINT' in text and '\n' not in text


def test_a_run_that_ended_may_be_resumed(videos, whole, tmp_path):
    folder, end = whole
    cfg = resumed(unvalidated(videos, tmp_path), folder / 'iter_12.pth')
    check_resume(cfg)
    rates = Rates()
    runner = Runner.from_cfg(cfg)
    runner.register_hook(rates)
    runner.train()
    assert rates.seen == []
    assert all(
        torch.equal(value, end['state_dict'][name])
        for name, value in runner.model.state_dict().items())


@pytest.mark.parametrize('options, expected', [
    ({'optim_wrapper.optimizer': dict(type='Adam', lr=.1)},
     'another model or optimizer'),
    ({'param_scheduler': dict(type='ConstantLR')},
     r"param_scheduler: \['CosineAnnealingLR'\] .* \['ConstantLR'\] here"),
    ({'param_scheduler': []}, r'\[\] here'),
])
def test_another_kind_of_schedule_is_refused(
        options, expected, videos, whole):
    folder, _ = whole
    cfg = resumed(unvalidated(videos, folder), folder / 'iter_8.pth')
    for key, value in options.items():
        node, _, name = key.rpartition('.')
        part = cfg[node] if node else cfg
        part[name] = value
    with pytest.raises(InputError, match=expected):
        check_resume(cfg)


def test_an_optimizer_that_could_be_loaded_is_refused_all_the_same():
    was, now = (Config(dict(optim_wrapper=dict(optimizer=dict(type=kind))))
                for kind in ('Adam', 'AdamW'))
    checkpoint = dict(meta=dict(settings=settings_of(was)), message_hub={})
    require_same_schedule(checkpoint, was)
    with pytest.raises(InputError, match="type: 'Adam' .* 'AdamW' here"):
        require_same_schedule(checkpoint, now)


def test_what_counts_is_said_and_is_so(videos, whole, tmp_path):
    folder, end = whole
    cfg = resumed(unvalidated(videos, tmp_path, **{
        'optim_wrapper.optimizer.lr': 7., 'param_scheduler.eta_min_ratio': .5,
        'optim_wrapper.optimizer.weight_decay': .3,
        'default_hooks.momentum_update.momentum': .5,
        'train_dataloader.num_workers': 1,
        'default_hooks.logger.interval': 1}), folder / 'iter_8.pth')
    cfg.log_level = 'WARNING'
    cfg.randomness = dict(seed=4)
    check_resume(cfg)
    runner = Runner.from_cfg(cfg)
    rates = Rates()
    runner.register_hook(rates)
    runner.train()
    [log] = tmp_path.glob('*/*.log')
    text = log.read_text()
    assert text.count('of the checkpoint to resume from:') == 1
    said = {line.split(':')[0].strip(): line.rsplit('; ')[-1]
            for line in text.split('\n') if line.startswith('  ')}
    there, here = "the checkpoint's counts", "the config's counts"
    assert said == {
        'optim_wrapper.optimizer.lr': there,
        'optim_wrapper.optimizer.weight_decay': there,
        'param_scheduler.0.eta_min_ratio': there,
        'randomness.seed': there,
        'default_hooks.momentum_update.momentum': here,
        'train_dataloader.num_workers': here,
        'default_hooks.logger.interval': here, 'work_dir': here,
        'log_level': here, 'experiment_name': here}
    assert 'optim_wrapper.optimizer.lr: 0.1 in the checkpoint, 7.0' in text
    # the third of three epochs of the checkpoint's schedule
    assert rates.seen == [(pytest.approx(.1 * (.001 + .999 * .25)), 1e-4)] * 4
    momentum = runner.message_hub.get_scalar('train/ema_momentum').current()
    assert momentum < .996
    assert runner.seed == 3


def test_the_same_config_has_no_differences(whole, videos, tmp_path):
    folder, end = whole
    other = unvalidated(videos, folder)
    other.experiment_name = end['meta']['settings']['experiment_name']
    assert describe_differences(end, other) == []
    stopped = unvalidated(videos, tmp_path)
    train(stopped, Stop(7))
    assert differences(train(stopped, resume=True), end) == []


def test_an_old_checkpoint_cannot_be_compared():
    [line] = describe_differences(
        dict(meta={}), Config(dict(optim_wrapper=dict())))
    assert 'no difference can be listed' in line


class Kind:
    pass


def test_settings_are_plain_data(tmp_path):
    cfg = Config(dict(
        model=dict(type=Kind, scale=(1, 2), dtype=torch.float16,
                   rate=float('nan'), of={3: None}),
        data_root='only/a/variable'))
    settings = settings_of(cfg)
    torch.save(settings, tmp_path / 'settings')
    assert repr(torch.load(
        tmp_path / 'settings', weights_only=True)) == repr(settings)
    assert settings == dict(model=dict(
        type=f'{__name__}.Kind', scale=(1, 2), dtype='torch.float16',
        rate=settings['model']['rate'], of={'3': None}))


@pytest.mark.parametrize('there, here, keys', [
    (dict(type='Kind'), dict(type=Kind), []),
    (dict(type='x.Kind'), dict(type='Other'), ['type']),
    (dict(a=1), dict(b=dict(c=2)), ['a', 'b']),
    (dict(a=[1, dict(b=2)]), dict(a=(1, dict(b=3))), ['a.1.b']),
    (dict(a=[1]), dict(a=[1, 2]), ['a']),
    (dict(a=float('nan')), dict(a=float('nan')), []),
    (dict(a=None), dict(), ['a']),
    (dict(a='\x1b[1m'), dict(), ['a']),
])
def test_each_difference_is_found(there, here, keys):
    lines = describe_differences(
        dict(meta=dict(settings=settings_of(Config(dict(model=there))))),
        Config(dict(model=here)))
    assert [line.split(':')[0] for line in lines] == [
        f'model.{key}' for key in keys]
    assert all(line.isprintable() for line in lines)


def test_weights_of_the_start_are_not_those_that_count():
    hook = dict(type='PretrainedEncoderHook')
    old = Config(dict(custom_hooks=[dict(hook, checkpoint='a.pth')],
                      default_hooks=dict(
                          pretrained_encoder=dict(hook, checkpoint='c.pth')),
                      model=dict(backbone=dict(pretrained='b.pth'),
                                 online_from='d.pth',
                                 positives_from='e.pth')))
    new = Config(dict(custom_hooks=[dict(hook, checkpoint=None)],
                      default_hooks=dict(
                          pretrained_encoder=dict(hook, checkpoint=None)),
                      model=dict(backbone=dict(pretrained=None),
                                 online_from='f.pth',
                                 positives_from=None)))
    lines = describe_differences(
        dict(meta=dict(settings=settings_of(old))), new)
    assert len(lines) == 5
    assert all(line.endswith("the checkpoint's counts") for line in lines)
