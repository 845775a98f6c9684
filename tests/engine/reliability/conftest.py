import pytest

from .test_loops import pretraining, train


@pytest.fixture(scope='package')
def whole(videos, tmp_path_factory):
    """The checkpoint of a run that was not stopped."""
    return train(pretraining(videos, tmp_path_factory.mktemp('whole')))
