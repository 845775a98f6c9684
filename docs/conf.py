"""Sphinx builds the site from this folder: ``sphinx-build docs OUT``."""
import os.path as osp
import sys

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
sys.path.insert(0, ROOT)

from ascnet_mm import __version__  # noqa: E402

project = 'ascnet_mm'
author = 'The ascnet_mm authors'
copyright = author
version = release = __version__

extensions = [
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'myst_parser',
]
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}
exclude_patterns = ['_build']

myst_heading_anchors = 3

autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # the docstrings say them
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = 'furo'
html_title = f'ascnet_mm {release}'


def _find(app, env, node, content):
    """Link a name without its module, wherever it is public."""
    if node.get('refdomain') != 'py':
        return None
    domain = env.get_domain('py')
    ending = '.' + node['reftarget']
    names = [name for name, entry in domain.objects.items()
             if name.endswith(ending) and not entry.aliased]
    if len(names) != 1:
        return None
    return domain.resolve_xref(env, node['refdoc'], app.builder,
                               node['reftype'], names[0], node, content)


def setup(app) -> None:
    app.connect('missing-reference', _find)
