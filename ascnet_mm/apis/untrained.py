"""The network that a run starts from, written to a file."""
import logging

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed

from ..files import write_tensors


def save_untrained(model: dict, seed: int, path: str) -> None:
    """Write the network that a run of a seed starts from, as a checkpoint.

    Args:
        model (dict): Config of the recognizer.
        seed (int): That of ``tools/train.py --seed``.
        path (str): The file; it appears when it is whole.

    Examples:
        >>> from ascnet_mm.apis import read_config
        >>> cfg = read_config('ascnet_mm::ascnet/r18_folder.py', {})
        >>> save_untrained(
        ...     cfg.model, seed=0, path='untrained.pth')  # doctest: +SKIP
    """
    init_default_scope('mmaction')
    set_random_seed(seed)
    network = MODELS.build(model)
    init_quietly(network)
    write_tensors(path, dict(state_dict=network.state_dict(), meta={}))


def init_quietly(network: BaseModule) -> None:
    """Draw the weights of a network that a training starts from.

    MMEngine's modules would log each weight that they initialize.

    Args:
        network (BaseModule): The network.
    """
    logging.disable(logging.INFO)
    try:
        network.init_weights()
    finally:
        logging.disable(logging.NOTSET)
