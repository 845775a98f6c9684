"""The configs of further encoders, as tests/configs/test_runs.py tries those
of others.
"""
import pytest

from ..configs import test_runs
from ..configs.test_runs import SLOW, data  # noqa: F401


@pytest.mark.parametrize('name', SLOW)
def test_it_trains_or_is_evaluated(name, data, tmp_path):  # noqa: F811
    if name.startswith('retrieval') or name.endswith('_features.py'):
        test_runs.test_it_is_evaluated(name, data, tmp_path)
    else:
        test_runs.test_it_trains_two_iterations(name, data, tmp_path)
