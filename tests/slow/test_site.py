"""The documents build as a site, without a warning."""
import os.path as osp
import subprocess
import sys

import pytest

from ..conftest import ROOT

pytest.importorskip('sphinx')
pytest.importorskip('myst_parser')
pytest.importorskip('furo')


def test_the_site_builds_without_a_warning(tmp_path):
    done = subprocess.run(
        [sys.executable, '-m', 'sphinx', '-q', '-W', '--keep-going',
         osp.join(ROOT, 'docs'), str(tmp_path)],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # A docstring is read through the public path of its object.
    page = (tmp_path / 'api' / 'models.html').read_text()
    assert 'id="ascnet_mm.models.ASCNet"' in page
    assert 'href="engine.html#ascnet_mm.engine.MemoryBankHook"' in page
