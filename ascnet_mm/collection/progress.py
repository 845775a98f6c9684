"""How far an indexing is."""
from mmengine.dist import is_main_process
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text


class Progress:
    """A bar with videos per second and the time to go, of the first rank.

    Where the output is no terminal, there is a line at the end.

    Args:
        total (int): Videos to come.
    """

    def __init__(self, total: int) -> None:
        self._bar = Bar(
            TextColumn('videos'),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TextColumn('to go'),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            # The first ones are there after the workers have started.
            speed_estimate_period=60,
            disable=not is_main_process())
        self._task = self._bar.add_task('', total=total)

    def __enter__(self) -> 'Progress':
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.stop()

    def advance(self) -> None:
        """One more video is done."""
        self._bar.advance(self._task)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(Text(line), soft_wrap=True)


class _Speed(TextColumn):
    """Videos per second; over the whole run once it has ended."""

    def __init__(self) -> None:
        super().__init__('')

    def render(self, task) -> Text:
        speed = task.finished_speed or task.speed
        return Text('' if speed is None else f'{speed:.1f} videos/s')
