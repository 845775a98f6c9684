import argparse
import os

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import Options, read_config, telling_new_options
from ascnet_mm_cli.arguments import KeyValueAction


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


def test_a_part_of_a_variable_acts_where_the_variable_does(tmp_path):
    (tmp_path / 'base.py').write_text(
        "clip_len = 16\nsample = dict(type='A', clip_len=clip_len, "
        "at=dict(speeds=[1, 2]))\nlater = dict(sample, test_mode=True)\n"
        "pipeline = [sample, later]\n")
    path = tmp_path / 'run.py'
    path.write_text("_base_ = ['base.py']\nval = _base_.pipeline\n")
    cfg = read_config(str(path), {
        'clip_len': 8, 'sample.loud': True, 'sample.at.speeds': [1, 4]})
    expected = dict(type='A', clip_len=8, at=dict(speeds=[1, 4]), loud=True)
    assert cfg.val == cfg.pipeline == [
        expected, dict(expected, test_mode=True)]


def test_a_step_of_the_shipped_pipelines_is_changed_by_its_name():
    cfg = read_config('ascnet_mm::ascnet/r18_folder.py',
                      {'sample_frames.at_key_frames': True})
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        [step] = [step for step in loader.dataset.pipeline
                  if step.type == 'SpeedPairedSampleFrames']
        assert step.at_key_frames is True


def test_without_variables_mmengine_reads_it(path):
    options = {'val.pipeline.1.other': 2, 'val.key': 3,
               'env_cfg.cudnn_benchmark': True}
    expected = Config.fromfile(path)
    expected.merge_from_dict(options)
    assert read_config(path, options).to_dict() == expected.to_dict()


@pytest.mark.parametrize('name, meant', [
    ('optim_wraper.optimizer.lr', 'optim_wrapper'), ('loder.root', 'loader'),
    ('train_dataloder.batch_size', 'train_dataloader'),
    ('data_rot', 'data_root')])
def test_a_misspelled_name_is_refused(path, name, meant):
    with pytest.raises(InputError, match=f'did you mean {meant}'):
        read_config(path, {name: 1})
    with pytest.raises(InputError, match='see the config'):
        read_config(path, {'qqqq.zzz': 1})


def test_an_error_of_building_names_the_options_that_are_new(path):
    options = {'loader.roott': 'x', 'val.pipeline.0.clip_len': 4,
               'load_from': None, 'resume': True, 'val.pipeline.0.cliplen': 4}
    with (pytest.raises(TypeError) as error,
          telling_new_options(path, options)):
        raise TypeError('unexpected keyword argument')
    [note] = error.value.__notes__
    assert note.startswith(
        f'loader.roott, val.pipeline.0.cliplen: {path} has nothing')
    del options['loader.roott'], options['val.pipeline.0.cliplen']
    with (pytest.raises(TypeError) as error,
          telling_new_options(path, options)):
        raise TypeError('unexpected keyword argument')
    assert not hasattr(error.value, '__notes__')


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
    with pytest.raises(InputError, match='pipeline is a variable'):
        read_config(path, {'pipeline.0.loud': False})
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
def test_options_keep_blanks_and_parse_like_mmengines(text, value):
    assert typed(f'a.b={text}') == {'a.b': value}


def typed(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='+', action=KeyValueAction)
    return Options(parser.parse_args(['--o', *words]).o)


@pytest.mark.parametrize('text', [
    '2024', '1e5', 'True', 'my,videos', '(new) videos', '[x', 'a (b, c', '007',
    'inf', "it's"])
def test_where_the_config_has_a_text_the_option_is_its_text(text, path):
    assert read_config(path, typed(f'data_root={text}')).loader.root == text
    cfg = read_config(path, typed(f'loader.root={text}',
                                  f'load_from={text}', f'val.key=x{text[1:]}'
                                  if text.isalnum() else 'val.key=1'))
    assert (cfg.loader.root, cfg.load_from) == (text, text)
    quoted = read_config(path, typed(f'data_root="{text}"'))
    assert quoted.loader.root == text


def test_where_the_config_has_no_text_options_are_read_as_before(path):
    cfg = read_config(path, typed('split=2', 'val.list=1,2', 'load_from=None',
                                  'val.pipeline.1.crop=3,4'))
    assert (cfg.loader.list, cfg.val.list) == ('train_2.txt', [1, 2])
    assert cfg.load_from is None and cfg.val.pipeline[1].crop == (3, 4)
    for words in ('split=(1,',), ('a.b=[1,((',), ('val.pipeline.1.crop=3',):
        with pytest.raises(InputError, match=words[0].split('=')[0]):
            read_config(path, typed(*words))


def test_nothing_is_added_to_a_variable_that_an_option_sets(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text('clip_len = 16\nsize = 4\nclip_len *= 2\nsize += 1\n'
                    'uses = [clip_len, size]\n')
    assert read_config(str(path), {}).uses == [32, 5]
    assert read_config(str(path), dict(clip_len=8)).uses == [8, 5]


MARK = 'executed_by_an_option'
VALUES = st.one_of(
    st.text(max_size=20), st.text('[](),\'"{}=:.$\\\n', max_size=12),
    st.sampled_from([
        f'__import__("os").mkdir("{MARK}")', f"');__import__('os').mkdir("
        f"'{MARK}');('", f'{{{{$X:"+__import__("os").mkdir("{MARK}")+"}}}}',
        f'$(mkdir {MARK})', 'inf', 'nan', '-1', '1e999', '9' * 5000, 'None',
        '[' * 300, '(1,', '{{ _base_.pipeline }}', '{{ fileDirname }}',
        '\udcff', '\0'
    ]))
KEYS = st.one_of(
    st.sampled_from([
        'clip_len', 'size', 'data_root', 'split', 'pipeline', 'loader',
        'pipeline.0', 'pipeline.9.x', 'pipeline.x', 'loader.root.x.y',
        'val.pipeline.1.crop', 'load_from', '_base_', 'val._delete_',
        'filename', '', '.', 'new.key'
    ]), st.text(max_size=8))


@given(st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=3))
@example([('clip_len', f"');__import__('os').mkdir('{MARK}');('")])
@example([('data_root', f'{{{{$X:"+__import__("os").mkdir("{MARK}")+"}}}}')])
@example([('pipeline.9.x', '1')])
@settings(max_examples=60, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])
def test_no_option_is_executed_or_ends_in_a_traceback(path, options):
    words = [f'{key}={value}' for key, value in options]
    try:
        cfg = read_config(path, typed(*words))
    except (InputError, SystemExit):
        pass
    else:
        assert isinstance(cfg, Config)
    assert not os.path.exists(MARK)


@pytest.mark.parametrize('word', ['clip_len', 'x'])
def test_what_is_no_option_is_refused_as_arguments_are(word, capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='+', action=KeyValueAction)
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(['--o', word])
    assert stop.value.code == 2 and 'KEY=VALUE' in capsys.readouterr().err


def test_a_value_that_breaks_the_config_is_refused(path):
    for options in (dict(size='x'), {'pipeline.9.x': 1},
                    dict(clip_len=float('nan')),
                    dict(data_root='{{ $HOME }}')):
        with pytest.raises(InputError):
            read_config(path, options)


def test_an_option_may_repeat_what_the_config_says_over_its_base(path):
    with open(path, 'a') as file:
        file.write("data_root = 'new'\n")
    assert read_config(path, {}).loader.root == 'old'
    assert read_config(path, dict(data_root='new')).loader.root == 'new'
