"""MMEngine 0.10 finds the configs of OpenMMLab's packages only."""
from mmengine.config import Config

from ..shipped import PREFIX, config_path


def find_configs_of_this_package() -> None:
    """Let ``_base_ = 'ascnet_mm::ascnet/r18_k400.py'`` work.

    MMEngine refuses packages that are not in a table of its own, and looks
    them up by ``pkg_resources``, which setuptools lacks since 82
    (open-mmlab/mmengine#1676). Other packages are looked up as before. Can
    go with a release that takes any installed package.
    """
    find = Config._get_cfg_path
    if getattr(find, 'finds_this_package', False):
        return

    def find_config(cfg_path: str, filename: str) -> tuple:
        if cfg_path.startswith(PREFIX):
            return config_path(cfg_path), None
        return find(cfg_path, filename)

    find_config.finds_this_package = True
    Config._get_cfg_path = staticmethod(find_config)
