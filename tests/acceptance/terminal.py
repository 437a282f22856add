"""The program with a person in front of it."""

from __future__ import annotations

import os
import pty
import subprocess
import time

from tests.support import processes


class Terminal:
    """The program with a terminal in front of it."""

    def __init__(self, command: list[str]) -> None:
        self._master, slave = pty.openpty()
        self._said = b""
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        os.set_blocking(self._master, False)

    def wait_for(self, text: str) -> None:
        """Reads until it says this."""
        assert processes.until(lambda: text in self._read(), 30), self._said

    def _read(self) -> str:
        try:
            self._said += os.read(self._master, 4096)
        except OSError:
            time.sleep(0.01)  # nothing yet, or its end
        return self._said.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> tuple[int, str]:
        """Its exit code, and all that it said."""
        over = processes.until(lambda: self._read() is not None and self.process.poll() is not None, 60)
        if not over:
            self.process.kill()
        assert over, self._said
        self._read()
        os.close(self._master)
        return self.process.returncode, self._said.decode("utf-8", "replace")


def on_terminal(command: list[str], question: str, answer: str) -> tuple[int, str]:
    terminal = Terminal(command)
    terminal.wait_for(question)
    terminal.type(answer)
    return terminal.end()
