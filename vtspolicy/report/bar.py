"""How the bar looks. This is the only place that knows rich; it is imported when there is something to show."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from vtspolicy.policy.units import format_size


class SpeedColumn(ProgressColumn):
    """Bytes per second, in the units of everything else that we print."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{format_size(int(speed))}/s")


def bar() -> Progress:
    """A bar on standard error that leaves nothing behind: tapes that are done, bar, bytes, speed, time left."""
    return Progress(
        TextColumn("{task.description:<8}"), BarColumn(), DownloadColumn(binary_units=True), SpeedColumn(),
        TimeRemainingColumn(), console=Console(file=sys.stderr, no_color=True, highlight=False), transient=True)
