"""Which room of the house may know which."""
import ast
import os.path as osp
import re
import sys
from configparser import ConfigParser
from glob import glob

import pytest

from .conftest import ROOT

PACKAGE = osp.join(ROOT, 'ascnet_mm')
MODULES = {
    osp.relpath(path, ROOT)[:-len('.py')].replace('/__init__', '').replace(
        '/', '.'): path
    for path in glob(osp.join(PACKAGE, '**', '*.py'), recursive=True)
}


def imported(module, path):
    """Modules of this package that a module imports, wherever it does."""
    with open(path) as file:
        tree = ast.parse(file.read())
    inside = module if path.endswith('__init__.py') else module.rpartition(
        '.')[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = inside.split('.')
            base = '.'.join(parts[:len(parts) - node.level + 1] if node.level
                            else [])
            start = '.'.join(filter(None, [base, node.module or '']))
            names = [f'{start}.{alias.name}' for alias in node.names]
        else:
            continue
        for name in names:
            while name and name not in MODULES:
                name = name.rpartition('.')[0]
            if name and name != module:
                yield name


GRAPH = {
    module: set(imported(module, path)) for module, path in MODULES.items()
}


def room(module):
    return '.'.join(module.split('.')[:2])


def test_no_imports_run_in_a_circle():
    """Of rooms: the folders and files right in the package."""
    rooms = {}
    for module, others in GRAPH.items():
        if room(module) != 'ascnet_mm':
            rooms.setdefault(room(module), set()).update(
                room(other) for other in others
                if room(other) not in ('ascnet_mm', room(module)))
    while rooms:
        done = [name for name, others in rooms.items()
                if not others & rooms.keys()]
        assert done, f'a circle among {sorted(rooms)}'
        for name in done:
            del rooms[name]


@pytest.mark.parametrize('who, never', [
    ('models', ('datasets', 'engine', 'evaluation', 'apis')),
    ('datasets', ('models', 'engine', 'evaluation', 'apis')),
    ('datasets.video', ('datasets.transforms', 'datasets.base')),
    ('evaluation', ('engine', 'apis')),
    ('engine', ('apis', 'preparation', 'experiments', 'inference')),
    ('engine.hooks', ('engine.reliability', )),
    ('compat', ('models', 'datasets', 'engine', 'evaluation', 'apis')),
    ('apis', ('experiments', 'demo', 'benchmarking', 'visualization')),
])
def test_a_room_does_not_know_those_above_it(who, never):
    for module, others in GRAPH.items():
        if f'{module}.'.startswith(f'ascnet_mm.{who}.'):
            for other in others:
                assert not f'{other}.'.startswith(
                    tuple(f'ascnet_mm.{name}.' for name in never)), module


def test_the_package_does_not_know_its_commands():
    for path in MODULES.values():
        with open(path) as file:
            assert 'import ascnet_mm_cli' not in file.read(), path


# Which requirement brings a module of another name. mmcv comes with
# the extra `lite` or was there before.
INSTALLED_BY = dict(mmaction='mmaction2', mmcv='mmcv-lite', cv2='mmcv-lite',
                    sklearn='scikit-learn', umap='umap-learn',
                    faiss='faiss-cpu')


def declared():
    """Names of the requirements in setup.cfg, those of extras included."""
    parser = ConfigParser()
    parser.read(osp.join(ROOT, 'setup.cfg'))
    lines = [parser['options']['install_requires'],
             *(parser['options.extras_require'][extra]
               for extra in ('lite', 'tools', 'collection', 'serve', 'maps',
                             'faiss'))]
    return {
        re.match(r'[\w-]+', line)[0]
        for line in '\n'.join(lines).split('\n')
        if line and not line.startswith('#')
    }


def test_what_is_imported_is_declared():
    found = set()
    for folder in ('ascnet_mm', 'ascnet_mm_cli'):
        for path in glob(osp.join(ROOT, folder, '**', '*.py'),
                         recursive=True):
            with open(path) as file:
                tree = ast.parse(file.read())
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found.add(node.module)
    top = {name.partition('.')[0] for name in found}
    others = top - sys.stdlib_module_names - {'ascnet_mm', 'ascnet_mm_cli'}
    assert {'torch', 'mmcv', 'rich'} <= others
    assert {INSTALLED_BY.get(name, name) for name in others} <= declared()
