"""The command ``ascnet-mm`` and the scripts that are one command of it."""
import os.path as osp
import subprocess
import sys
from glob import glob

import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm_cli import (
    COMMANDS,
    MODULES,
    commands_parser,
    main,
    train,
)

from ..conftest import ROOT
from ..helpers.processes import run_script

SCRIPTS = dict(
    extract_features='embed', make_synthetic='synthetic',
    select_videos='select', **{
        name: name
        for name in COMMANDS
        if name not in ('embed', 'synthetic', 'select', 'doctor')
    })


def test_help_imports_nothing_that_is_slow():
    done = subprocess.run(
        [sys.executable, '-c',
         'import sys; from ascnet_mm_cli import commands_parser\n'
         'commands_parser().format_help()\n'
         "print({'torch', 'numpy', 'mmengine', 'ascnet_mm'} & "
         'sys.modules.keys())'],
        capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == 'set()\n', done.stdout + done.stderr


@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_says_what_it_does(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv=[command, '--help'])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f'usage: ascnet-mm {command}')
    module = f'ascnet_mm_cli.{MODULES.get(command, command)}'
    first = sys.modules[module].__doc__.splitlines()[0]
    assert first in said
    with pytest.raises(SystemExit):
        main(argv=['--help'])
    assert command in capsys.readouterr().out


@pytest.mark.parametrize('argv, option, default', [
    (['demo'], '--out', 'demo'),
    (['demo'], '--seeds', '0'),
    (['visualize'], '--speeds', '1 2'),
    (['compare', 'run'], '--work-dir', 'work_dirs/compare'),
    (['benchmark', 'approximate'], '--sizes', '10000 100000 1000000'),
    (['synthetic'], '--train', '40'),
    (['transcode'], '--workers', 'one per core'),
])
def test_help_tells_the_defaults(argv, option, default, capsys):
    with pytest.raises(SystemExit):
        main(argv=[*argv, '--help'])
    said = ' '.join(capsys.readouterr().out.split())
    of_option = said.partition(' options: ')[2].partition(f' {option} ')[2]
    assert of_option.partition(' --')[0].endswith(f'; default: {default}')


def test_help_tells_no_default_where_there_is_none(capsys):
    with pytest.raises(SystemExit):
        main(argv=['duplicates', '--help'])
    said = capsys.readouterr().out
    assert said.count('default: ') == 1
    assert '--json                print JSON, not text\n' in said


def test_every_script_is_one_command():
    paths = glob(osp.join(ROOT, 'tools', '**', '*.py'), recursive=True)
    assert {osp.basename(path)[:-3] for path in paths} == SCRIPTS.keys()
    for path in paths:
        with open(path) as file:
            text = file.read()
        command = SCRIPTS[osp.basename(path)[:-3]]
        assert f"main('{command}')" in text and len(text.splitlines()) < 10


def test_no_file_stands_in_for_a_module_of_python():
    """Where a script is run by its path, its folder comes first."""
    used = sys.stdlib_module_names - {'test'}
    for folder in ('tools', 'ascnet_mm_cli'):
        names = {osp.basename(path)[:-3]
                 for path in glob(osp.join(ROOT, folder, '*.py'))}
        assert not names & used - {'__main__'}, folder


def test_a_wrong_argument_ends_with_2(capsys):
    for argv in (['nothing'], [], ['train'], ['test', 'x.py'],
                 ['train', 'x.py', '--cfg-options', 'x']):
        with pytest.raises(SystemExit) as stop:
            commands_parser().parse_args(argv)
        assert stop.value.code == 2
    assert 'x is not KEY=VALUE' in capsys.readouterr().err


def test_it_runs_as_a_module():
    done = run_script(
        [osp.join(ROOT, 'ascnet_mm_cli', '__main__.py'), 'doctor'])
    assert 'PyAV' in done.stdout and 'NOTE' in done.stdout or (
        done.returncode == 0), done.stderr


@pytest.mark.parametrize('arguments, options, expected', [
    ([], [], (None, False, False)),
    (['--seed', '5', '--deterministic'], ['randomness.diff_rank_seed=True'],
     (5, True, True)),
    ([], ['randomness.seed=3'], (3, False, False)),
    (['--seed', '5'], ['randomness.seed=3'], (5, False, False)),
    (['--seed', '0'], ['randomness.seed=3'], (0, False, False)),
])
def test_what_is_given_of_the_seed_adds_up(arguments, options, expected):
    config = osp.join(ROOT, 'configs', 'ascnet', 'r18_folder.py')
    args = commands_parser().parse_args([
        'train', config, *arguments, '--cfg-options', 'data_root=videos',
        *options])
    found = train.load_config(args).randomness
    assert tuple(found[key] for key in (
        'seed', 'diff_rank_seed', 'deterministic')) == expected


@pytest.mark.parametrize('seed', ['-1', '4294967296'])
def test_a_seed_that_numpy_cannot_take_is_refused(seed):
    args = commands_parser().parse_args([
        'train', osp.join(ROOT, 'configs', 'ascnet', 'r18_folder.py'),
        '--seed', seed, '--cfg-options', 'data_root=videos'])
    with pytest.raises(InputError, match=f'4294967295, not {seed}'):
        train.load_config(args)


def test_a_config_without_a_test_has_nothing_to_dump(tmp_path):
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict={}), path)
    args = commands_parser().parse_args([
        'test', osp.join(ROOT, 'configs', 'ascnet', 'r18_k400.py'), path,
        '--work-dir', str(tmp_path / 'work'),
        '--dump', str(tmp_path / 'a.pkl')])
    with pytest.raises(InputError, match='not for tools.test.py'):
        args.run(args)
