"""The commands beside the functions that they call."""
import inspect
import subprocess
import sys

import pytest

from ascnet_mm.preparation import make_set, prepare, transcode
from ascnet_mm.preparation.data_sets import DATA_SETS
from ascnet_mm_cli import commands_parser
from ascnet_mm_cli import prepare as command

from ..conftest import ROOT


def test_the_command_names_all_data_sets():
    assert tuple(DATA_SETS) == command.DATA_SETS


@pytest.mark.parametrize('words, function', [
    (['prepare', 'ucf101', '--videos', 'x', '--annotations', 'y'], prepare),
    (['transcode', 'x', 'y'], transcode),
    (['synthetic', 'x'], make_set),
])
def test_defaults_are_the_same(words, function):
    options = vars(commands_parser().parse_args(words))
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    # These say how many cores there are.
    for values in (options, defaults):
        values.pop('workers', None)
    if function is prepare:
        assert options['no_check'] is (not defaults.pop('check'))
    assert defaults and defaults.items() <= options.items()


def test_what_takes_long_is_imported_late(imported):
    assert not {'ascnet_mm.preparation', 'matplotlib'} & set(
        imported['modules'])
    done = subprocess.run(
        [sys.executable, '-c',
         'from ascnet_mm_cli import commands_parser\n'
         'commands_parser().format_help()\n'
         "import sys; sys.exit({'torch', 'av', 'ascnet_mm'} & {*sys.modules} "
         'or 0)'], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
