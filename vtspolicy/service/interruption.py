"""Ctrl-C, SIGTERM and SIGHUP end the work at the next safe point, and within ten seconds whatever it waits for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from vtspolicy.errors import Failure, Stopped

GRACE = 4.0
"""Seconds in which a safe point should come by; after them the roads are cut, which ends every wait on them."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Knows whether somebody wants the work to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._cuts: list[Callable[[], None]] = []
        self._name = ""
        self._asking = False

    def check(self) -> None:
        """A safe point: raise Stopped where the work should end."""
        if self._asked.is_set():
            raise Stopped(f"stopped by {self._name}; give the sentence again, it does what is left")

    def meaning_of(self, failure: Failure) -> Failure:
        """The failure; or, where the work was to end, that: a road that broke then was cut."""
        try:
            self.check()
        except Stopped as stopped:
            return stopped
        return failure

    @property
    def asked(self) -> bool:
        """Whether the work should end."""
        return self._asked.is_set()

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the work should end: then raise Stopped."""
        self._asked.wait(seconds)
        self.check()

    @contextmanager
    def cutting(self, cut: Callable[[], None]) -> Iterator[None]:
        """While this lasts, `cut` is called where no safe point comes by in time."""
        self._cuts.append(cut)
        try:
            yield
        finally:
            self._cuts.remove(cut)

    @contextmanager
    def at_a_prompt(self) -> Iterator[None]:
        """While this lasts, a person is asked: a signal ends the question at once."""
        self._asking = True
        try:
            yield
        finally:
            self._asking = False

    def ask(self, name: str) -> None:
        """Someone wants the work to end."""
        if not self._asked.is_set():
            self._name = name
            self._asked.set()
            timer = threading.Timer(GRACE, self._cut)
            timer.daemon = True
            timer.start()

    def _cut(self) -> None:
        for cut in list(self._cuts):
            with suppress(Exception):
                cut()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this lasts, the signals ask instead of killing."""
        def handle(number: int, frame: FrameType | None) -> None:
            del frame
            self.ask(signal.Signals(number).name)
            if self._asking:
                raise KeyboardInterrupt

        before = {each: signal.signal(each, handle) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
