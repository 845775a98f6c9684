import argparse

import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import OptionAction, apply_options


def config():
    return Config(
        dict(
            data_root='old',
            clip_len=16,
            loader=dict(
                dataset=dict(data_root='old', pipeline=[
                    dict(type='A', clip_len=16), dict(type='B', clip_len=4)
                ])),
            other=dict(data_root='elsewhere')))  # yapf: disable


def test_a_variable_is_changed_wherever_its_value_stands():
    cfg = config()
    apply_options(cfg, dict(data_root='new', clip_len=8))
    assert cfg.data_root == cfg.loader.dataset.data_root == 'new'
    assert cfg.other.data_root == 'elsewhere'
    assert [t.clip_len for t in cfg.loader.dataset.pipeline] == [8, 4]


def test_dotted_keys_and_new_keys_are_merged_as_by_the_host():
    cfg = config()
    options = {'loader.dataset.pipeline.1.clip_len': 2, 'new.key': 3}
    apply_options(cfg, options)
    expected = config()
    expected.merge_from_dict(options)
    assert cfg.to_dict() == expected.to_dict()


def test_a_variable_that_no_key_follows_is_refused():
    cfg = config()
    cfg.split = 1  # used in an f-string, say
    with pytest.raises(InputError, match='split is a variable'):
        apply_options(cfg, dict(split=2))
    cfg.work_dir, cfg.sync_bn = 'a', 'torch'  # the runner reads them itself
    apply_options(cfg, dict(work_dir='b', sync_bn=None))
    assert cfg.work_dir == 'b' and cfg.sync_bn is None


@pytest.mark.parametrize('text, value', [
    ('my videos/a b', 'my videos/a b'), ('3', 3), ('0.5', 0.5),
    ('True', True), ('(1, 2)', (1, 2)), ('1,2', [1, 2]), ('x', 'x')])
def test_options_keep_blanks_and_parse_like_the_hosts(text, value):
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='+', action=OptionAction)
    assert parser.parse_args(['--o', f'a.b={text}']).o == {'a.b': value}


def test_a_dotted_key_wins_over_a_variable():
    cfg = config()
    apply_options(
        cfg, {'clip_len': 8, 'loader.dataset.pipeline.0.clip_len': 5})
    assert [t.clip_len for t in cfg.loader.dataset.pipeline] == [5, 4]
