from types import SimpleNamespace
from unittest.mock import MagicMock
from uuid import uuid4

import pytest
import torch
from mmengine.runner import Runner
from torch import nn

from ascnet_mm import InputError
from ascnet_mm.engine import PretrainedEncoderHook

from ...conftest import tiny_batch, tiny_model


def save(model, path):
    torch.save(dict(state_dict=model.state_dict(), meta=dict()), path)
    return str(path)


@pytest.fixture
def pretrained(tmp_path):
    """An encoder, and the checkpoint it is in."""
    model = tiny_model().double()
    return model.backbone, save(model, tmp_path / 'pretrained.pth')


def train(work_dir, checkpoint, **options):
    """The encoder after one step with a learning rate of 0."""
    return trained_model(work_dir, checkpoint, **options).backbone


def trained_model(work_dir, checkpoint, hooks=(), **options):
    batch = tiny_batch([0, 1], [(1, 2), (2, 1)], torch.Generator())
    model = tiny_model().double()
    Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=torch.utils.data.DataLoader([batch], batch_size=None),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.)),
        custom_hooks=[
            *hooks,
            dict(type='PretrainedEncoderHook', checkpoint=checkpoint)
        ],
        default_scope='mmaction',
        default_hooks=dict(logger=None, sampler_seed=None),
        experiment_name=str(uuid4()),
        **options).train()
    return model


def test_training_starts_with_the_pretrained_encoder(tmp_path, pretrained):
    encoder, path = pretrained
    trained = train(tmp_path / 'run', path)
    assert torch.equal(trained.conv.weight, encoder.conv.weight)
    logs = list((tmp_path / 'run').rglob('*.log'))
    assert any(f'TinyEncoder starts with the 7 encoder weights of {path}' in
               log.read_text() for log in logs)


def test_the_target_network_starts_from_it_as_well(tmp_path, pretrained):
    """Wherever the config names the hook."""
    encoder, path = pretrained
    still = dict(type='MomentumUpdateHook', momentum=1.)
    model = trained_model(tmp_path / 'run', path, hooks=[still])
    assert torch.equal(model.target_backbone.conv.weight, encoder.conv.weight)


def test_a_whole_checkpoint_keeps_its_encoder(tmp_path, pretrained):
    encoder, path = pretrained
    whole = tiny_model().double()
    trained = train(
        tmp_path / 'load', path,
        load_from=save(whole, tmp_path / 'whole.pth'))
    assert torch.equal(trained.conv.weight, whole.backbone.conv.weight)
    # A run that is resumed, even where the checkpoint is not given again.
    first = train(tmp_path / 'run', path)
    again = train(tmp_path / 'run', None, resume=True)
    assert torch.equal(again.conv.weight, first.conv.weight)


def test_nothing_to_resume_from_is_a_start(tmp_path, pretrained):
    encoder, path = pretrained
    trained = train(tmp_path / 'run', path, resume=True)
    assert torch.equal(trained.conv.weight, encoder.conv.weight)


def test_without_a_checkpoint_training_is_refused(tmp_path):
    with pytest.raises(InputError) as error:
        train(tmp_path / 'run', None)
    for part in ('--pretrained CHECKPOINT',
                 'default_hooks.pretrained_encoder.checkpoint=CHECKPOINT',
                 '_scratch'):
        assert part in str(error.value)


class Wrapper(nn.parallel.DistributedDataParallel):
    """Without the processes that the real one joins."""

    def __init__(self, module):
        nn.Module.__init__(self)
        self.module = module


def test_the_wrapper_of_distributed_training_is_taken_off(pretrained):
    encoder, path = pretrained
    recognizer = nn.Module()
    recognizer.backbone = tiny_model().double().backbone
    PretrainedEncoderHook(path).before_train(
        SimpleNamespace(
            model=Wrapper(recognizer),
            logger=MagicMock(),
            _has_loaded=False))
    assert torch.equal(recognizer.backbone.conv.weight, encoder.conv.weight)
