"""Ctrl-C, SIGTERM and SIGHUP end the work at the next safe point, and within ten seconds whatever it waits for."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from vtspolicy.errors import Failure, Stopped

GRACE = 4.0
"""Seconds in which a safe point should come by; after them the roads are cut, which ends every wait on them."""
AGAIN = 0.5
"""Seconds until those are cut that have come since."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Knows whether somebody wants the work to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._cuts: list[Callable[[], None]] = []
        self._name = ""
        self._at_once = False

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
    def at_once(self) -> Iterator[None]:
        """While this lasts, a signal raises Stopped where it strikes: at a prompt, or while a road is being made."""
        self.check()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def ask(self, name: str) -> None:
        """Someone wants the work to end."""
        if not self._asked.is_set():
            self._name = name
            self._asked.set()
            threading.Thread(target=self._cut, name="cut", daemon=True).start()

    def _cut(self) -> None:
        """Again and again: what is waited for after one road is cut may be another."""
        time.sleep(GRACE)
        while True:
            for cut in list(self._cuts):
                with suppress(Exception):
                    cut()
            time.sleep(AGAIN)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this lasts, the signals ask instead of killing. Those that were ignored from the start (nohup, a
        shell's background) stay so."""
        def handle(number: int, frame: FrameType | None) -> None:
            del frame
            self.ask(signal.Signals(number).name)
            if self._at_once:
                self.check()

        before = {each: signal.signal(each, handle) for each in SIGNALS
                  if signal.getsignal(each) is not signal.SIG_IGN}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
