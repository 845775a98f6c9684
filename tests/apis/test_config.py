import argparse

import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import OptionAction, read_config


@pytest.fixture
def path(tmp_path):
    """A config over two bases, one of them in another folder."""
    (tmp_path / '_base_').mkdir()
    (tmp_path / '_base_' / 'clips.py').write_text(
        "clip_len = 16\nsize = 112\n"
        "pipeline = [dict(type='A', clip_len=clip_len), "
        "dict(type='B', crop=(size, size + 1), other=16)]\n")
    (tmp_path / 'runs').mkdir()
    (tmp_path / 'runs' / 'base.py').write_text(
        "_base_ = '../_base_/clips.py'\nload_from = None\n"
        "data_root = 'old'\nsplit = 1\n"
        "loader = dict(root=data_root, list=f'train_{split}.txt')\n")
    path = tmp_path / 'runs' / 'run.py'
    path.write_text(
        "_base_ = ['base.py']\npipeline = _base_.pipeline\n"
        "pipeline[0].loud = True\nval = dict(pipeline=pipeline)\n")
    return str(path)


def test_a_variable_acts_as_if_the_config_said_so(path):
    cfg = read_config(
        path, dict(clip_len=8, size=64, data_root='a b', split=2))
    assert cfg.val.pipeline == cfg.pipeline == [
        dict(type='A', clip_len=8, loud=True),
        dict(type='B', crop=(64, 65), other=16)
    ]
    assert cfg.loader == dict(root='a b', list='train_2.txt')
    assert (cfg.clip_len, cfg.size, cfg.split) == (8, 64, 2)
    assert cfg.filename == path  # the runner dumps it under this name


def test_without_variables_it_is_the_hosts_reading(path):
    options = {'val.pipeline.1.other': 2, 'new.key': 3}
    expected = Config.fromfile(path)
    expected.merge_from_dict(options)
    assert read_config(path, options).to_dict() == expected.to_dict()


def test_a_dotted_key_wins_over_a_variable(path):
    cfg = read_config(path, {'clip_len': 8, 'val.pipeline.0.clip_len': 5})
    assert cfg.val.pipeline[0].clip_len == 5
    assert cfg.pipeline[0].clip_len == 8


def test_what_the_runner_reads_may_be_set(path):
    assert read_config(path, dict(load_from='x.pth')).load_from == 'x.pth'


def test_a_variable_that_nothing_follows_is_refused(path, tmp_path):
    read_config(path, {}).dump(str(tmp_path / 'dumped.py'))
    (tmp_path / 'run.json').write_text('{"clip_len": 16, "x": 16}')
    for name in ('dumped.py', 'run.json'):
        with pytest.raises(InputError, match='clip_len=8 would change'):
            read_config(str(tmp_path / name), dict(clip_len=8))
        read_config(str(tmp_path / name), dict(clip_len=16))
    with pytest.raises(InputError, match='clip_lenn is neither'):
        read_config(path, dict(clip_lenn=8))


def test_other_ways_to_write_a_config_are_followed(path, tmp_path):
    """Absolute and computed bases, annotations, the file's own folder."""
    other = tmp_path / 'other.py'
    other.write_text(
        f"_base_ = [{path!r}[:-6] + 'run.py']\nn: int = 1\na = b = 2\n"
        "here = '{{ fileDirname }}'\nuses = [n, b, here]\n")
    cfg = read_config(str(other), dict(clip_len=8, n=3, b=4))
    assert cfg.val.pipeline[0].clip_len == 8
    assert cfg.uses == [3, 4, str(tmp_path)]


@pytest.mark.parametrize('text, value', [
    ('my videos/a b', 'my videos/a b'), ('3', 3), ('0.5', 0.5),
    ('True', True), ('(1, 2)', (1, 2)), ('1,2', [1, 2]), ('x', 'x')])
def test_options_keep_blanks_and_parse_like_the_hosts(text, value):
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='+', action=OptionAction)
    assert parser.parse_args(['--o', f'a.b={text}']).o == {'a.b': value}
