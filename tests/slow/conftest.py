"""All tests of this folder take minutes."""
import os.path as osp

import pytest

HERE = osp.dirname(osp.abspath(__file__))


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.slow)
