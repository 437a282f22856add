"""Striking a program at its n-th change to a file: killed, stopped, refused, lied to or written short.

The program runs with `tests/faults/crash.c` loaded before its libraries. A run without a strike lists its points; the
list is worth something only where strace saw the same calls in the same run (`proven`, `assert_same`).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.support import processes, strace
from tests.support.needs import need
from tests.support.strace import Point

SOURCE: Final = Path(__file__).parent.parent / "faults" / "crash.c"
Argument = str | os.PathLike[str]


def build(folder: Path) -> Path:
    """Compiles the library into `folder`; its path, for LD_PRELOAD."""
    library = folder / "crash.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra"]
    subprocess.run([need("gcc"), *flags, "-o", library, SOURCE, "-ldl"], check=True)
    return library


@dataclass(frozen=True)
class Strike:
    """What happens at point `number` (from 1): once, or `always` from there on."""

    number: int
    do: Literal["kill", "stop", "fail", "lie", "short"] = "kill"
    errno: int = 0
    """for `fail`: errno.ENOSPC and the like"""
    size: int = 0
    """for `short`: how many bytes the write takes"""
    always: bool = False

    def environment(self) -> dict[str, str]:
        return {
            "CP_N": str(self.number),
            "CP_DO": self.do,
            "CP_ERRNO": str(self.errno),
            "CP_BYTES": str(self.size),
            "CP_HOW": "always" if self.always else "once",
        }


class CrashPoints:
    """The points of one program under `roots`, counted over all its processes.

    `folder` holds the counter and the logs and must not lie under a root. `only` is a text that the command line of a
    process must hold to count; `calls` are the families that count (all, when empty).
    """

    def __init__(
        self, library: Path, folder: Path, roots: Sequence[Path], *, only: str = "", calls: Sequence[str] = ()
    ) -> None:
        self.library = library
        self.folder = folder
        both = [path for root in roots for path in (Path(os.path.abspath(root)), root.resolve())]
        self.roots = list(dict.fromkeys(both))
        self.only = only
        self.calls = tuple(calls)
        folder.mkdir(parents=True, exist_ok=True)
        if not self.roots or strace.is_under(str(folder.resolve()), map(str, self.roots)):
            raise ValueError(f"{folder} lies under a root, or there is no root: {roots}")
        self._counter = folder / "counter"
        self._log = folder / "points"
        self._env_file = folder / "far.env"

    # ---- a program that this process starts --------------------------------------------------------------------

    def environment(self, strike: Strike | None = None) -> dict[str, str]:
        """Begins a new count; what the program's environment needs to be counted (and struck)."""
        self._counter.write_bytes(bytes(8))
        self._log.write_bytes(b"")
        for trace in self._traces():
            trace.unlink()
        return {
            "LD_PRELOAD": str(self.library),
            "CP_ROOT": ":".join(map(str, self.roots)),
            "CP_COUNTER": str(self._counter),
            "CP_LOG": str(self._log),
            "CP_ONLY": self.only,
            "CP_CALLS": ",".join(self.calls),
            **(strike.environment() if strike else {}),
        }

    def run(
        self,
        command: Sequence[Argument],
        strike: Strike | None = None,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60.0,
        traced: bool = False,
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs `command` to its end, with the strike if one is given; `traced` has strace write down the same run."""
        environment = {**os.environ, **(env or {}), **self.environment(strike)}
        if traced:
            load = environment.pop("LD_PRELOAD")
            command = [*strace.command(self.folder / "trace.run"), "-E", f"LD_PRELOAD={load}", *command]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=cwd
        )
        try:
            output, errors = process.communicate(timeout=timeout)
        finally:
            if process.returncode is None:
                processes.end(process)
                process.communicate()
        return subprocess.CompletedProcess(list(command), process.returncode, output, errors)

    def run_killed(
        self,
        command: Sequence[Argument],
        number: int,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60.0,
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs `command`, killed at point `number`; AssertionError if it ended in any other way."""
        done = self.run(command, Strike(number), env=env, cwd=cwd, timeout=timeout)
        if done.returncode != -signal.SIGKILL:
            raise AssertionError(
                f"not killed at point {number} (it counted {self.count()}, ended {done.returncode}): "
                + done.stderr.decode(errors="replace")
            )
        return done

    def listed(
        self, command: Sequence[Argument], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> list[Point]:
        """Runs `command` once, unharmed; its points. AssertionError if it fails or has none."""
        return self._listed(command, env, cwd, traced=False)

    def proven(
        self, command: Sequence[Argument], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> list[Point]:
        """Like `listed`, and strace saw exactly these calls in the same run."""
        points = self._listed(command, env, cwd, traced=True)
        assert_same(points, self.traced_points(str(cwd or os.getcwd())))
        return points

    def _listed(
        self, command: Sequence[Argument], env: Mapping[str, str] | None, cwd: Path | None, *, traced: bool
    ) -> list[Point]:
        done = self.run(command, env=env, cwd=cwd, traced=traced)
        if done.returncode != 0:
            raise AssertionError(f"ended {done.returncode} without a strike: {done.stderr.decode(errors='replace')}")
        points = self.points()
        if not points:
            raise AssertionError(f"no point under {', '.join(map(str, self.roots))}")
        return points

    # ---- a program that sshd starts ----------------------------------------------------------------------------

    def wrapper(self, exec_line: str) -> Path:
        """A script for sshd (subsystem or forced command) that runs the shell line `exec_line` as last armed."""
        path = self.folder / "far"
        settings = shlex.quote(str(self._env_file))
        path.write_text(
            f"#!/bin/sh\nif [ -r {settings} ]; then . {settings}; fi\nexec ${{CP_TRACE:+$CP_TRACE.$$}} {exec_line}\n"
        )
        path.chmod(0o755)
        return path

    def arm(self, strike: Strike | None = None, *, traced: bool = False) -> None:
        """Begins a new count; each later start of the wrapper is counted, and struck or traced as told.

        Tracing `sftp-server` needs root: it forbids others to look (PR_SET_DUMPABLE).
        """
        settings = self.environment(strike)
        if traced:
            settings["CP_TRACE"] = " ".join(strace.command(self.folder / "trace"))
        text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
        self._env_file.write_text(text)
        self._env_file.chmod(0o644)

    def disarm(self) -> None:
        """Later starts of the wrapper run unharmed and uncounted."""
        with contextlib.suppress(FileNotFoundError):
            self._env_file.unlink()

    # ---- what was counted --------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many points were counted since the last begin."""
        return int.from_bytes(self._counter.read_bytes(), "little")

    def points(self) -> list[Point]:
        """The points counted since the last begin, by their number."""
        lines = [line.split("\t", 3) for line in self._log.read_text(errors="replace").splitlines()]
        return [Point(family, path) for _, _, family, path in sorted(lines, key=lambda line: int(line[0]))]

    def pids(self) -> list[int]:
        """The processes that were counted since the last begin."""
        return sorted({int(line.split("\t")[1]) for line in self._log.read_text(errors="replace").splitlines()})

    def traced_points(self, cwd: str = "/") -> list[Point]:
        """What strace saw since the last begin, in all its logs; only the families that count.

        `cwd` is where the programs started (for sshd: the home directory). Far programs must have ended before, see
        `SshServer.wait_idle`.
        """
        if self.only:
            raise ValueError("strace sees all processes: no comparison with a count of some")
        found = [point for trace in self._traces() for point in strace.points(trace, self.roots, cwd)]
        return [point for point in found if not self.calls or point.family in self.calls]

    def _traces(self) -> list[Path]:
        return sorted(self.folder.glob("trace.*"))


def assert_same(points: Sequence[Point], traced: Sequence[Point]) -> None:
    """AssertionError unless both lists hold the same points equally often, and at least one."""
    if not points and not traced:
        raise AssertionError("no point at all: nothing was tested")
    unseen, invented = Counter(traced) - Counter(points), Counter(points) - Counter(traced)
    if unseen or invented:
        told = [f"only strace saw {number} x {point}" for point, number in unseen.items()]
        told += [f"only the library saw {number} x {point}" for point, number in invented.items()]
        raise AssertionError("\n".join(told))
