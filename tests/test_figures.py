"""Which command figures are said to be from."""
import sys

import pytest

from ascnet_mm.figures import typed_command


@pytest.mark.parametrize('argv, command', [
    (['tools/benchmark.py', 'step'], 'python tools/benchmark.py step'),
    (['/opt/bin/ascnet-mm', 'benchmark', 'step'],
     'ascnet-mm benchmark step'),
    (['/opt/lib/ascnet_mm_cli/__main__.py', 'demo'],
     'python -m ascnet_mm_cli demo'),
    (['/opt/bin/ascnet-mm', 'embed', 'my videos', 'o.npz'],
     "ascnet-mm embed 'my videos' o.npz"),
])  # yapf: disable
def test_a_command_is_that_which_was_typed(argv, command, monkeypatch):
    monkeypatch.setattr(sys, 'argv', argv)
    assert typed_command() == command
