"""Workarounds for bugs of the libraries we build on, one module each.

Each function says which thread reports the bug and from which release on it
can be removed; it changes nothing that works and may be called repeatedly.
What importing ``ascnet_mm`` needs is done by :func:`allow_import`; of MMEngine
it touches only how configs called ``ascnet_mm::...`` are found. The rest
changes what MMEngine does for all libraries in the process, so it is done by
:func:`apply` only: our commands call it, and our configs import
:mod:`ascnet_mm.compat.applied`.
"""
from .drn import stand_in_for_drn
from .mmcv import quiet_mmcv_lite, require_mmcv


def allow_import() -> None:
    """Let MMAction2's models be imported, and our configs be found."""
    require_mmcv()
    quiet_mmcv_lite()
    stand_in_for_drn()
    # Imported late: mmengine must not be needed to report a missing mmcv.
    from .package_configs import find_configs_of_this_package
    find_configs_of_this_package()


def apply() -> None:
    """Work around every known bug of the installed MMEngine."""
    # Imported late: these modules import MMEngine.
    from .activation_checkpointing import checkpoint_without_reentry
    from .checkpoints import load_checkpoints_safely
    from .compile_encoder import compile_the_encoder
    from .cpu_ranks import join_ranks_without_gpus
    from .metrics_once import write_metrics_once
    from .whole_files import write_whole_files
    load_checkpoints_safely()
    write_whole_files()
    write_metrics_once()
    join_ranks_without_gpus()
    compile_the_encoder()
    checkpoint_without_reentry()
