"""MMAction2 1.2.0 cannot be imported without DRN."""
import importlib
import importlib.util
import os.path as osp
import sys
from types import ModuleType


def stand_in_for_drn() -> None:
    """Let ``import mmaction.models`` pass where DRN cannot be imported.

    ``localizers/__init__.py`` imports ``localizers.drn``, which the wheel of
    MMAction2 1.2.0 lacks (open-mmlab/mmaction2#2714), and which in a source
    checkout needs torchvision without declaring it. The stand-in's ``DRN``
    raises when it is built. Can go with the first release whose wheel holds
    that folder and whose requirements name torchvision.
    """
    package = 'mmaction.models.localizers.drn'
    mmaction = importlib.util.find_spec('mmaction')
    if package in sys.modules or mmaction is None:
        return
    folder = osp.join(osp.dirname(mmaction.origin), 'models', 'localizers')
    if not osp.isdir(osp.join(folder, 'drn')):
        reason = 'the released wheel lacks it: install MMAction2 from source'
    elif not _imports('torchvision'):
        reason = 'it needs a torchvision that fits the installed torch'
    else:
        return

    class DRN:

        def __init__(self, *args, **kwargs) -> None:
            raise ImportError(f'DRN cannot be used here, {reason}')

    outer, inner = ModuleType(package), ModuleType(f'{package}.drn')
    outer.__path__ = []
    inner.DRN, outer.drn = DRN, inner
    sys.modules[outer.__name__] = outer
    sys.modules[inner.__name__] = inner


def _imports(module: str) -> bool:
    try:
        importlib.import_module(module)
    # A torchvision built for another torch raises a RuntimeError.
    except Exception:
        return False
    return True
