"""MMAction2 does not declare mmcv, and mmcv-lite warns of itself."""
import importlib.util
import warnings

from ..errors import InputError


def require_mmcv() -> None:
    """Say in one sentence that mmcv is missing.

    MMAction2 does not declare it, because two packages provide it: ``mmcv``
    (compiled operators) and ``mmcv-lite``.

    Raises:
        InputError: If neither is installed.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise InputError(
            'mmcv is not installed: run `pip install "ascnet_mm[lite]"` for '
            'mmcv-lite, which is enough for every recognizer, or install '
            'mmcv>=2.0.0rc4,<2.2.0 with its compiled operators')


def quiet_mmcv_lite() -> None:
    """Keep mmcv-lite from warning at each import that it is not mmcv."""
    warnings.filterwarnings(
        'ignore', message='Fail to import ``MultiScaleDeformableAttention``')
