import doctest
import importlib
import inspect
import os
import pkgutil
from unittest import mock

import pytest

import ascnet_mm
import ascnet_mm_cli

PUBLIC = ('ascnet_mm', 'ascnet_mm.models', 'ascnet_mm.datasets',
          'ascnet_mm.datasets.video', 'ascnet_mm.engine',
          'ascnet_mm.evaluation', 'ascnet_mm.preparation', 'ascnet_mm.apis',
          'ascnet_mm.collection')


def modules_of(package) -> list:
    found = [package.__name__] + [
        module.name for module in pkgutil.walk_packages(
            package.__path__, f'{package.__name__}.')
    ]
    # Importing __main__ would run the command.
    return [name for name in found if not name.endswith('.__main__')]


def public_objects() -> dict:
    """What ``__all__`` names and the package itself has written, by name."""
    found = {}
    for name in PUBLIC:
        module = importlib.import_module(name)
        for public in module.__all__:
            thing = getattr(module, public)
            if (inspect.isclass(thing) or inspect.isfunction(thing)
                    ) and thing.__module__.startswith('ascnet_mm.'):
                found[f'{name}.{public}'] = thing
    return found


OBJECTS = public_objects()


@pytest.mark.parametrize('name', modules_of(ascnet_mm))
def test_examples_give_what_they_show(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # for what an example writes
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(verbose=False)
    report = []
    with mock.patch.dict(os.environ):
        for examples in doctest.DocTestFinder().find(module):
            runner.run(examples, out=report.append)
    assert not runner.failures, ''.join(report)


@pytest.mark.parametrize('name', OBJECTS)
def test_what_is_public_shows_an_example(name):
    doc = inspect.cleandoc(OBJECTS[name].__doc__ or '')
    _, heading, examples = doc.partition('\nExamples:\n')
    assert heading and '    >>> ' in examples, f'{name} has no Examples'


@pytest.mark.parametrize(
    'name', modules_of(ascnet_mm) + modules_of(ascnet_mm_cli))
def test_every_module_says_what_it_is_for(name):
    assert importlib.import_module(name).__doc__
