import logging
import os
import os.path as osp

import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed


def save_untrained(model: dict, seed: int, path: str) -> None:
    """Write the network that a run of a seed starts from, as a checkpoint.

    Args:
        model (dict): Config of the recogniser.
        seed (int): That of ``tools/train.py --seed``.
        path (str): The file; it appears when it is whole.
    """
    init_default_scope('mmaction')
    set_random_seed(seed)
    network = MODELS.build(model)
    # MMEngine's modules log each weight that they initialise.
    logging.disable(logging.INFO)
    try:
        network.init_weights()
    finally:
        logging.disable(logging.NOTSET)
    os.makedirs(osp.dirname(path) or '.', exist_ok=True)
    torch.save(dict(state_dict=network.state_dict(), meta={}), f'{path}.part')
    os.replace(f'{path}.part', path)
