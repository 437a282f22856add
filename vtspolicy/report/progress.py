"""A bar on a terminal while tapes are copied; nothing at all where nobody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Quiet:
    """For cron, pipes and programs."""

    def expect(self, count: int) -> None: ...

    def moved(self, count: int) -> None: ...

    def settled(self, tape: str, result: str) -> None: ...

    def end(self) -> None: ...


class Bar:
    """A bar on standard error, made when the first bytes are expected."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._expected = 0
        self._settled = 0

    def expect(self, count: int) -> None:
        if count == 0:
            return
        self._expected += count
        if self._bar is None:
            from vtspolicy.report.bar import bar

            self._bar = bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=self._expected)
        assert self._task is not None
        self._bar.update(self._task, total=self._expected)

    def moved(self, count: int) -> None:
        if self._bar is not None and self._task is not None and count:
            self._bar.advance(self._task, count)

    def settled(self, tape: str, result: str) -> None:
        self._settled += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=f"{self._settled} done")

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
