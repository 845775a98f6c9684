"""Time variants side by side, and tell what was found."""
import time
from statistics import median
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from rich.console import Console
from rich.table import Table

from ..figures import write_figures


class Ratio(NamedTuple):
    """A ratio and the bar that it is held against.

    Attributes:
        name (str): What is compared.
        value (float): The ratio.
        bar (str): ``'<= 1.25'``, ``'>= 1.5'``; empty where none is set.
    """
    name: str
    value: float
    bar: str = ''

    @property
    def holds(self) -> Optional[bool]:
        """bool, optional: Whether the bar is met; None without one."""
        if not self.bar:
            return None
        sign, limit = self.bar.split()
        return (self.value <= float(limit)
                if sign == '<=' else self.value >= float(limit))


def side_by_side(
        variants: Dict[str, Callable[[], Any]],
        repeats: int = 7,
        clock: Callable[[], float] = time.perf_counter
) -> Dict[str, List[float]]:
    """Run variants in turn, round after round.

    Whatever else the machine does then meets all of them alike. A round
    before the first warms up and is not counted.

    Args:
        variants (dict[str, Callable]): What to time; each waits for its
            device before it returns.
        repeats (int): Rounds that count. Defaults to 7.
        clock (Callable): Gives seconds. Defaults to those on the wall;
            ``time.process_time`` counts the processor's, of all threads.

    Returns:
        dict[str, list[float]]: Seconds of each variant, a number per round.
    """
    seconds: Dict[str, List[float]] = {name: [] for name in variants}
    for number in range(repeats + 1):
        for name, run in variants.items():
            start = clock()
            run()
            if number:
                seconds[name].append(clock() - start)
    return seconds


def ratio(name: str, seconds: Dict[str, List[float]], over: str, under: str,
          bar: str = '') -> Ratio:
    """The median over rounds of one variant's time over another's.

    Args:
        name (str): What is compared.
        seconds (dict[str, list[float]]): As :func:`side_by_side` returns.
        over (str): The one variant.
        under (str): The other.
        bar (str): As in :class:`Ratio`.
    """
    rounds = zip(seconds[over], seconds[under])
    return Ratio(name, median(a / b for a, b in rounds), bar)


def publish(name: str, settings: Dict[str, Any],
            seconds: Dict[str, List[float]], ratios: List[Ratio],
            out: str, **others: Any) -> None:
    """Print the figures and write them to ``OUT/NAME.json``.

    Args:
        name (str): What was measured.
        settings (dict): With what: sizes, batch, dtype, ...
        seconds (dict[str, list[float]]): All measurements.
        ratios (list[Ratio]): What follows.
        out (str): Folder of the file.
        **others: More for the file, which is not printed.
    """
    console = Console()
    times = Table('variant', 'median ms', 'lowest', 'highest', title=name)
    for variant, values in seconds.items():
        times.add_row(variant, *(f'{1000 * value:.2f}' for value in (
            median(values), min(values), max(values))))
    console.print(times)
    bars = Table('ratio', 'value', 'bar', 'met')
    for item in ratios:
        met = {True: 'yes', False: 'no', None: ''}[item.holds]
        bars.add_row(item.name, f'{item.value:.3f}', item.bar, met)
    console.print(bars)
    write_figures(
        name,
        out,
        settings=settings,
        seconds=seconds,
        ratios=[dict(item._asdict(), met=item.holds) for item in ratios],
        **others)
