import pytest
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.apis import read_config

from ..conftest import ROOT


@pytest.fixture
def derived(tmp_path):
    """A config outside the repository, on one of the package's."""
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'ascnet_mm::ascnet/r18_folder.py'\n"
                    'model = dict(backbone=dict(base_channels=8))\n')
    return str(path)


def test_a_base_of_the_package_is_that_of_the_repository(derived):
    ours = Config.fromfile(f'{ROOT}/configs/ascnet/r18_folder.py')
    ours.model.backbone.base_channels = 8
    assert Config.fromfile(derived).to_dict() == ours.to_dict()


def test_options_reach_a_base_of_the_package(derived):
    cfg = read_config(derived, dict(data_root='videos', clip_len=4))
    assert cfg.train_dataloader.dataset.data_root == 'videos'
    assert cfg.train_dataloader.dataset.pipeline[1].clip_len == 4


def test_a_config_of_the_package_is_read_by_its_name():
    cfg = read_config('ascnet_mm::ascnet/r18_k400.py', {})
    ours = Config.fromfile(f'{ROOT}/configs/ascnet/r18_k400.py')
    assert cfg.to_dict() == ours.to_dict()


def test_a_config_that_is_not_there_is_named(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'ascnet_mm::ascnet/none.py'\n")
    with pytest.raises(InputError, match='ascnet_mm::ascnet/none.py'):
        Config.fromfile(str(path))
    with pytest.raises(InputError, match='ascnet_mm::ascnet/r18.py'):
        read_config('configs/ascnet/r18.py', {})


def test_other_packages_are_mmengines_affair(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'some_package::x/y.py'\n")
    with pytest.raises(AssertionError, match='some_package'):
        Config.fromfile(str(path))
