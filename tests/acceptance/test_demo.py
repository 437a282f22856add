"""`vtspolicy demo`: the whole story with a private sshd and without one, and nothing left behind."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.acceptance.world import PROGRAM
from tests.support import processes, tapes
from tests.support.needs import need
from tests.support.signals import Running
from vtspolicy.demo.screen import Screen
from vtspolicy.errors import Refusal

WITH_SSHD = """
    a private sshd on 127.0.0.1
    $ vtspolicy add system vts2 --address 127.0.0.1
    $ vtspolicy trust system vts2 --fingerprint SHA256:
    OK, host key of vts2 pinned: SHA256:
"""
STORY = """
    $ vtspolicy init vault vts1:/VAULT01
    $ vtspolicy init vault vts2:/VAULT01
    $ vtspolicy add scheme NIGHTLY
    OK, SCHEME NIGHTLY added
    $ vtspolicy plan scheme NIGHTLY
    5 to copy (27.0 MiB)
    $ vtspolicy start scheme NIGHTLY
    5 copied, 27.0 MiB sent
    COMPLETION CODE 0: done done=5 failed=0
    $ vtspolicy start scheme NIGHTLY
    nothing to do: 5 tapes, all safe
    $ vtspolicy plan scheme NIGHTLY
    2 to copy (10.0 MiB), 0 to compare, 4 unchanged
    $ vtspolicy "VTSPolicy IDR 'NIGHTLY'"
    2 copied, 4 unchanged
    $ vtspolicy verify scheme NIGHTLY
    5 verified, 1 damaged
    COMPLETION CODE 2: partial reason=damaged done=5 failed=1
    $ echo $? 2
    $ vtspolicy start scheme NIGHTLY
    1 copied, 5 unchanged
    $ vtspolicy verify tape vts2:/VAULT01/PAYROLL/PAY003
    1 verified
    COMPLETION CODE 0: done done=1 failed=0
    vts2$ vtspolicy add system vts2
    vts2$ vtspolicy status pool /VAULT01/PAYROLL
    6 tapes: 6 unproven; from the records here
    vts2$ vtspolicy freeze pool /VAULT01/PAYROLL
    OK, pool vts2:/VAULT01/PAYROLL frozen
    $ vtspolicy start scheme NIGHTLY
    not done: frozen
    COMPLETION CODE 2: refused reason=frozen done=0 failed=1
    vts2$ vtspolicy thaw pool /VAULT01/PAYROLL
    $ vtspolicy start scheme NIGHTLY
    1 copied, 5 unchanged
    $ vtspolicy status scheme NIGHTLY
    6 tapes: 6 safe; targets as last known
    $ vtspolicy info event
    CRITICAL 824007 Cartridge vts1:/VAULT01/PAYROLL/PAY003 damaged on vts2:/VAULT01/PAYROLL, blake3:
    INFO 224006 Cartridge vts1:/VAULT01/PAYROLL/PAY003 repaired
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home and a folder for temporary files of this test alone, and settings that must not be heeded."""
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    own = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary"),
           "VTSPOLICY_POLICIES": str(tmp_path / "mine" / "policies"),
           "VTSPOLICY_STATE": str(tmp_path / "mine" / "state")}
    return {**os.environ, **own}


class Watched:
    """All processes that a command ever started, as far as a look now and then finds them."""

    def __init__(self, command: Running) -> None:
        self.command = command
        self.seen: dict[int, str] = {}

    def look(self) -> None:
        for pid in processes.descendants(self.command.pid):
            self.seen[pid] = processes.command_line(pid) or self.seen.get(pid, "")

    def until(self, true: Callable[[], bool], patience: float = 120) -> None:
        """Look until it is true."""
        def looked() -> bool:
            self.look()
            return true()

        assert processes.until(looked, patience, pause=0.02), self.command.output

    def assert_gone(self, *words: str) -> None:
        """Processes with these words in their command lines ran, and none of any kind runs now."""
        for each in words:
            assert any(each in line for line in self.seen.values()), f"{each} never ran: {self.seen}"
        left = {pid: line for pid, line in self.seen.items() if processes.alive(pid)}
        assert not left


def assert_told(output: str, *stories: str) -> None:
    """Each line of the stories stands in the output, in this order, however the output is broken into lines."""
    flowing, position = " ".join(output.replace("\\\n", "").split()), 0
    for line in filter(None, (" ".join(line.split()) for line in "\n".join(stories).splitlines())):
        found = flowing.find(line, position)
        assert found >= 0, f"{line!r} is missing behind {flowing[:position][-60:]!r} in\n{output}"
        position = found + len(line)


def assert_nothing_of_the_user_touched(environment: Mapping[str, str]) -> None:
    assert os.listdir(environment["HOME"]) == []
    assert not os.path.lexists(os.path.dirname(environment["VTSPOLICY_STATE"]))


def on_a_terminal(command: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command on a terminal of its own; its exit code, and what it showed."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env={**environment, "TERM": "xterm"})
    os.close(its)
    shown = bytearray()
    try:
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the last who held the terminal is gone
                break
    finally:
        os.close(ours)
        processes.end(process)
    return process.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")


def test_the_story_with_an_sshd(environment: dict[str, str], tmp_path: Path) -> None:
    need("sshd")
    began = time.monotonic()
    with Running([PROGRAM, "demo"], env=environment, cwd=tmp_path) as command:
        watched = Watched(command)
        watched.until(lambda: command.process.poll() is not None)
        code = command.wait()
    assert code == 0, command.output + command.errors
    assert_told(command.output, WITH_SSHD, STORY, "is removed")
    assert command.output.isascii()
    assert "\n\n\n" not in command.output
    assert "lies there" in command.errors, "what VERIFY found"
    assert "site two has taken over" in command.errors, "what START met"
    assert len(command.errors.splitlines()) == 2, command.errors
    watched.assert_gone("sshd", "vtspolicy receive --vault")
    assert os.listdir(environment["TMPDIR"]) == []
    assert_nothing_of_the_user_touched(environment)
    assert time.monotonic() - began < 60


def test_the_story_without_an_sshd_on_a_terminal_and_how_to_go_on(environment: dict[str, str]) -> None:
    words = [sys.executable, "-c", "import sys; from vtspolicy.demo.story import tell; sys.exit(tell(True, path=''))"]
    code, shown = on_a_terminal(words, environment)
    assert code == 0, shown
    assert_told(shown, "No sshd is installed here", "so vts2 is a second folder", STORY, "Everything is kept in")
    assert re.search(r"[0-9.]+/27\.0 MiB +[0-9.]+ MiB/s", shown), "no progress was shown"
    assert re.search(r"5 done .*27\.0/27\.0 MiB", shown), "the end of the progress was not shown"
    assert "--address" not in shown

    (folder,) = Path(environment["TMPDIR"]).iterdir()
    settings = dict(each.split("=", 1) for each in re.findall(r"^  export (.*)$", shown, re.MULTILINE))
    assert set(settings) == {"VTSPOLICY_POLICIES", "VTSPOLICY_STATE"}
    line = next(line for line in shown.splitlines() if line.startswith("  vtspolicy "))
    status = subprocess.run(
        [PROGRAM, *shlex.split(line)[1:], "--json"], env={**environment, **settings}, capture_output=True, check=True)
    found = json.loads(status.stdout)["data"]["tapes"]
    assert {each["tape"].rpartition("/")[2]: each["state"] for each in found} == {
        f"PAY00{number}": "safe" for number in range(1, 7)}
    tapes.assert_equal(tapes.digests(folder / "vts1"), tapes.digests(folder / "vts2"))
    assert_nothing_of_the_user_touched(environment)


@pytest.mark.parametrize(("number", "keep"), [(signal.SIGINT, []), (signal.SIGTERM, ["--keep"])])
def test_a_signal_ends_it_and_clears_up(number: int, keep: list[str], environment: dict[str, str],
                                        tmp_path: Path) -> None:
    need("sshd")
    with Running([PROGRAM, "demo", *keep], env=environment, cwd=tmp_path) as command:
        watched = Watched(command)
        watched.until(lambda: "$ vtspolicy start scheme" in command.output)
        watched.until(lambda: any("vtspolicy receive --vault" in line for line in watched.seen.values()))
        code, seconds = command.end_by(number)
    assert code == 3, command.output + command.errors
    assert seconds < 10
    assert_told(command.output, "$ vtspolicy start scheme", "Stopped.", "kept in" if keep else "is removed")
    watched.assert_gone("sshd", "vtspolicy start scheme")
    assert len(os.listdir(environment["TMPDIR"])) == len(keep)
    assert_nothing_of_the_user_touched(environment)


def test_an_account_that_sshd_refuses_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    sshd = tmp_path / "bin" / "sshd"
    sshd.parent.mkdir()
    sshd.write_text(f'#!/bin/sh\nexec {need("sshd")} -o "DenyUsers *" "$@"\n')
    sshd.chmod(0o755)
    words = [sys.executable, "-c", "import sys; from vtspolicy.demo.story import tell; "
             "sys.exit(tell(False, path=sys.argv[1]))", str(sshd.parent)]
    with Running(words, env=environment) as command:
        watched = Watched(command)
        watched.until(lambda: "$ vtspolicy init vault" in command.output)
        assert command.end_by(signal.SIGTERM)[0] == 3
    assert_told(command.output, "No private sshd can be used here (User",
                "not allowed because listed in DenyUsers", "so vts2 is a second folder of this machine")
    watched.assert_gone("sshd")
    assert os.listdir(environment["TMPDIR"]) == []


def test_an_unexpected_code_names_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    screen = Screen(str(tmp_path), os.environ)
    screen.run("help", "no such topic", code=2)
    with pytest.raises(Refusal, match="vtspolicy help ENV ended with code 0, not 2"):
        screen.run("help", "ENV", code=2)
    assert_told(capfd.readouterr().out, "$ vtspolicy help 'no such topic'", "$ echo $? 2", "$ vtspolicy help ENV")


def test_nobody_reads(environment: dict[str, str]) -> None:
    done = subprocess.run(f"{shlex.quote(PROGRAM)} demo | head -1", shell=True, env=environment, capture_output=True,
                          text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert "standard output is closed" in done.stderr
    assert os.listdir(environment["TMPDIR"]) == []
