"""What a launcher says of this process before it has joined the others."""
import os

from mmengine.config import Config

_RANK = dict(
    pytorch='RANK', mpi='OMPI_COMM_WORLD_RANK', slurm='SLURM_PROCID')
_RANKS = dict(
    pytorch='WORLD_SIZE', mpi='OMPI_COMM_WORLD_SIZE', slurm='SLURM_NTASKS')


def is_first_rank(cfg: Config) -> bool:
    """Whether this process is the first one, or the only one.

    Args:
        cfg (Config): Its ``launcher`` is that of ``set_environment``.
    """
    return os.environ.get(_RANK.get(cfg.get('launcher'), ''), '0') == '0'


def count_of_ranks(cfg: Config) -> int:
    """How many processes there are.

    Args:
        cfg (Config): As for :func:`is_first_rank`.
    """
    return int(os.environ.get(_RANKS.get(cfg.get('launcher'), ''), 1))
