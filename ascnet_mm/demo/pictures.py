"""A picture of the runs over time."""
from typing import Dict, List

from matplotlib.figure import Figure

from .checks import CHECKS

CURVES = {
    'losses': ('loss_acp', 'loss_scp'),
    'feature std of the projections': ('acp_spread', 'scp_spread'),
    'retrieved from the bank': ('retrieved_similarity', 'scp_target_share'),
}


def draw(logs: Dict[int, List[dict]], path: str) -> None:
    """Losses, diagnostics and metrics over the epochs, a line per seed.

    Args:
        logs (dict[int, list[dict]]): What was logged, by seed.
        path (str): Of the picture.
    """
    figure = Figure(figsize=(13, 7))
    axes = figure.subplots(2, 3, sharex=True)
    panels = list(axes.flat)
    for axis, (title, keys) in zip(panels, CURVES.items()):
        for color, key in zip(('tab:blue', 'tab:orange'), keys):
            for seed, log in logs.items():
                points = [(e['epoch'], e[key]) for e in log if key in e]
                axis.plot(
                    *zip(*points), color=color, lw=1, alpha=0.8,
                    label=key if seed == min(logs) else None)
        axis.set_title(title)
        axis.legend()
    names = [key for key in CHECKS if key != 'retrieval/top5']
    for axis, key in zip(panels[3:], names[-3:]):
        for seed, log in logs.items():
            points = [(e['step'], e[key]) for e in log if key in e]
            if points:
                axis.plot(*zip(*points), marker='.', label=f'seed {seed}')
        axis.set_title(CHECKS[key])
        axis.set_ylim(0, 102)
        axis.set_xlabel('epoch')
        if axis.lines:
            axis.legend()
        else:
            axis.set_title(f'{CHECKS[key]}\n(needs labels)')
    figure.tight_layout()
    figure.savefig(path, dpi=110)
