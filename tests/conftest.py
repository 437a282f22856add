"""What all tests share: real servers and fault tools as fixtures, fixed seeds, and the counts that a session owes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support import crash, janitor, tally
from tests.support.crash import CrashPoints
from tests.support.needs import need
from tests.support.sshd import SshServer, running

for _name, _examples in (("part", 100), ("torture", 1000)):
    hypothesis.settings.register_profile(
        _name, derandomize=True, database=None, deadline=None, print_blob=True, max_examples=_examples
    )
hypothesis.settings.load_profile("torture" if tally.TORTURE else "part")


def pytest_configure() -> None:
    """Signals are as a program expects them, also where the session runs in the background: what it starts inherits
    that a signal is ignored, and the product leaves such signals ignored."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _clean_machine() -> None:
    """Mounts and namespaces of killed sessions are removed before the first test."""
    janitor.sweep()


@pytest.fixture(scope="session")
def torture() -> bool:
    """True when the full counts run."""
    return tally.TORTURE


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """One private sshd for the whole session, with plain SFTP. A test that changes keys or lines starts its own."""
    with running(SshServer(tmp_path_factory.mktemp("sshd"))) as server:
        yield server


@pytest.fixture(scope="session")
def crash_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled `crash.c`."""
    return crash.build(tmp_path_factory.mktemp("crash"))


@pytest.fixture
def crash_points(crash_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., CrashPoints]:
    """Makes the crash points of a program: `crash_points(roots, only=..., calls=...)`."""

    def make(roots: Sequence[Path], *, only: str = "", calls: Sequence[str] = ()) -> CrashPoints:
        return CrashPoints(crash_library, tmp_path_factory.mktemp("points"), roots, only=only, calls=calls)

    return make


@pytest.fixture(scope="session")
def hercules() -> str:
    """The path of `hetinit`; fails where Hercules is not installed."""
    return need("hetinit")


def pytest_report_header() -> str:
    return f"torture: {'on' if tally.TORTURE else 'off'}, seed: {tally.BASE_SEED}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = tally.lines()
    if lines:
        terminalreporter.section("counts and seeds")
        for line in lines:
            terminalreporter.line(line, red=line.endswith("TOO FEW"))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Several processes share the tests; one of them has ended."""
    if (told := getattr(node, "workeroutput", {}).get("tally")) is not None:
        tally.take(told)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["tally"] = tally.told()
        return
    if exitstatus == pytest.ExitCode.OK and tally.too_few():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
