"""What is installed by the wheel."""
import os
import os.path as osp
import subprocess
import sys
import zipfile
from glob import glob

from ..conftest import ROOT


def test_the_wheel_holds_package_configs_and_tools(tmp_path):
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps',
         '--wheel-dir', str(tmp_path), ROOT], check=True)
    wheel, = os.listdir(tmp_path)
    with zipfile.ZipFile(tmp_path / wheel) as file:
        names = set(file.namelist())
        entry, = (name for name in names if name.endswith('entry_points.txt'))
        assert b'ascnet-mm = ascnet_mm_cli:main' in file.read(entry)
    for folder in ('configs', 'tools'):
        for path in glob(osp.join(ROOT, folder, '**', '*.*'), recursive=True):
            if osp.isfile(path) and '__pycache__' not in path:
                assert f'ascnet_mm/.mim/{osp.relpath(path, ROOT)}' in names
    for package in ('ascnet_mm', 'ascnet_mm_cli'):
        for path in glob(osp.join(ROOT, package, '**', '*.py'),
                         recursive=True):
            assert osp.relpath(path, ROOT) in names
    assert {'ascnet_mm/py.typed', 'ascnet_mm/.mim/model-index.yml'} <= names
    for name in ('index.html', 'results.html', 'page.css', 'page.js'):
        assert f'ascnet_mm/collection/page/{name}' in names
