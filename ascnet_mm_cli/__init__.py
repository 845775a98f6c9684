"""The command ``ascnet-mm``, and the scripts in ``tools/``.

A command is a module here: its docstring is what ``--help`` says,
``add_arguments`` declares its options and ``run`` does the work. What is slow
to import (torch, MMEngine, ``ascnet_mm`` itself) is imported in ``run``, so
that help and mistakes are answered at once. For that reason the commands are
a package of their own: importing a part of ``ascnet_mm`` imports all of it.
"""
import argparse
import importlib
from types import ModuleType
from typing import List, Optional

from .arguments import HelpFormatter

COMMANDS = ('train', 'test', 'demo', 'prepare', 'transcode', 'flow',
            'synthetic', 'export', 'embed', 'index', 'search', 'duplicates',
            'leaks', 'outliers', 'clusters', 'select', 'page', 'serve',
            'convert', 'visualize', 'compare', 'benchmark', 'doctor')
# A file select.py here would stand in for Python's own module where
# __main__.py is run by its path.
MODULES = dict(select='selection')


def main(command: Optional[str] = None,
         argv: Optional[List[str]] = None) -> None:
    """Run a command; a mistake or a lost run ends it with one sentence.

    Args:
        command (str, optional): Its name, for a script that is one command.
            By default the first argument is it.
        argv (list[str], optional): The arguments. Defaults to the program's.

    Examples:
        >>> main('train', ['--help'])  # doctest: +SKIP
        >>> main(argv=['train', '--help'])  # doctest: +SKIP
    """
    if command is None:
        parser = commands_parser()
    else:
        module = _module(command)
        parser = argparse.ArgumentParser(**_described(module))
        _declare(parser, module)
    args = parser.parse_args(argv)
    from ascnet_mm.apis import run_script
    run_script(lambda: args.run(args))


def commands_parser() -> argparse.ArgumentParser:
    """All commands as subcommands of one."""
    parser = argparse.ArgumentParser(
        prog='ascnet-mm',
        description='Learn video representations without labels in '
        'MMAction2, and use them.')
    commands = parser.add_subparsers(
        title='commands', metavar='COMMAND', required=True)
    for name in COMMANDS:
        module = _module(name)
        _declare(
            commands.add_parser(
                name, help=_first_line(module), **_described(module)), module)
    return parser


def _module(command: str) -> ModuleType:
    return importlib.import_module(
        f'{__name__}.{MODULES.get(command, command)}')


def _first_line(module: ModuleType) -> str:
    return module.__doc__.partition('\n')[0].rstrip('.')


def _described(module: ModuleType) -> dict:
    return dict(description=module.__doc__, formatter_class=HelpFormatter)


def _declare(parser: argparse.ArgumentParser, module: ModuleType) -> None:
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
