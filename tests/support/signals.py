"""A command that runs while the test watches it: wait for its output or a file, send a signal, see how soon it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.support import processes


class Running:
    """A started command. Its output is gathered as it comes; leaving the `with` ends it and everything below it."""

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        self._output = bytearray()
        self._errors = bytearray()
        self._changed = threading.Condition()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._output), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self._errors), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        processes.end(self.process)
        for reader in self._readers:
            reader.join(5)

    def _read(self, stream: IO[bytes], into: bytearray) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), 65536):
                with self._changed:
                    into += chunk
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        """What it wrote to standard output so far."""
        with self._changed:
            return self._output.decode(errors="replace")

    @property
    def errors(self) -> str:
        """What it wrote to standard error so far."""
        with self._changed:
            return self._errors.decode(errors="replace")

    def wait_for_output(self, pattern: str, patience: float = 10.0) -> re.Match[str]:
        """Waits until `pattern` is found in output or errors; AssertionError after `patience` seconds or at its end."""
        deadline = time.monotonic() + patience
        while True:
            over = not any(reader.is_alive() for reader in self._readers)
            with self._changed:
                for gathered in (self._output, self._errors):
                    if match := re.search(pattern, gathered.decode(errors="replace"), re.MULTILINE):
                        return match
                if over or time.monotonic() > deadline:
                    break
                self._changed.wait(0.05)
        raise AssertionError(f"{pattern!r} did not come.\noutput: {self.output}\nerrors: {self.errors}")

    def wait_for_file(self, folder: Path, pattern: str, patience: float = 10.0) -> Path:
        """Waits until a path below `folder` fits the glob `pattern` (`**/*.part`); AssertionError after `patience`."""
        found: list[Path] = []

        def there() -> bool:
            found[:] = list(folder.glob(pattern))[:1]
            return bool(found) or self.process.poll() is not None

        processes.until(there, patience)
        if not found:
            raise AssertionError(f"no {pattern} came in {folder}.\noutput: {self.output}\nerrors: {self.errors}")
        return found[0]

    def send(self, number: int) -> None:
        """Sends a signal to the command itself, not to what it started."""
        self.process.send_signal(number)

    def wait(self, patience: float = 60.0) -> int:
        """Its return code once it ended and all output was read; negative for a signal, as in `subprocess`."""
        code = self.process.wait(patience)
        for reader in self._readers:
            reader.join(5)
        return code

    def end_by(self, number: int = signal.SIGTERM, patience: float = 60.0) -> tuple[int, float]:
        """Sends a signal; the return code, and the seconds from the signal to the end."""
        started = time.monotonic()
        self.send(number)
        code = self.process.wait(patience)
        seconds = time.monotonic() - started
        self.wait(patience)
        return code, seconds
