"""Figures of experiments whose outcomes are known."""
import numpy as np

from ascnet_mm.experiments.outcomes import pack

KEY = 'a/retrieval/top1'


def method(name, outcomes, budget=None, key=KEY):
    """A method by its outcomes ``[seeds, videos]``."""
    return dict(
        name=name,
        budget=budget,
        runs=[
            dict(
                broken={},
                figures={key: 100 * float(np.mean(run))},
                outcomes={key: pack(run)}) for run in outcomes
        ])


def experiment(groups, *methods, key=KEY):
    """An experiment of one measure, with the group of each video."""
    return dict(
        groups={key.rpartition('/')[0]: ' '.join(map(str, groups))},
        budgets=[],
        measures=[dict(key=key, title='top-1 %', chance=None)],
        methods=list(methods))
