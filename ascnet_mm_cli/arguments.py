"""Options that several commands share."""
import argparse
from typing import Any, Dict, Optional


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Tells each default that there is, unless the help does so itself."""

    def _get_help_string(self, action: argparse.Action) -> Optional[str]:
        told = action.help
        if 'default' in told or action.nargs == 0 or action.default in (
                None, [], {}, argparse.SUPPRESS):
            return told
        values = action.default
        if not isinstance(values, list):
            values = [values]
        return f'{told}; default: {" ".join(map(str, values))}'


class KeyValueAction(argparse.Action):
    """Collects words ``KEY=VALUE`` as a dict of texts.

    How a value is read depends on the config
    (:func:`ascnet_mm.apis.read_config`).
    """

    def __call__(self,
                 parser: argparse.ArgumentParser,
                 namespace: argparse.Namespace,
                 values: Any,
                 option_string: Optional[str] = None) -> None:
        texts: Dict[str, str] = dict(getattr(namespace, self.dest) or {})
        for word in values:
            key, given, text = word.partition('=')
            if not given:
                raise argparse.ArgumentError(self, f'{word} is not KEY=VALUE')
            texts[key] = text
        setattr(namespace, self.dest, texts)


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument(
        '--json', action='store_true', help='print JSON, not text')


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValueAction,
        default={},
        metavar='KEY=VALUE',
        help='override settings of the config; KEY may be dotted, VALUE a '
        'list or tuple in quotes; a variable of the config (data_root, '
        'clip_len, ...) is changed wherever it is used')


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What MMAction2's ``train.py`` and ``test.py`` share."""
    parser.add_argument(
        '--work-dir',
        help="folder for logs and checkpoints; default: the config's "
        'work_dir, else work_dirs/NAME_OF_THE_CONFIG')
    add_config_options(parser)
    add_launcher(parser)


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """``--launcher`` and ``--local_rank``."""
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


CONFIG = 'path of the config, or ascnet_mm::ascnet/r18_k400.py and the like ' \
    'for one that is installed with the package'
