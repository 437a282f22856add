"""The far side's door: its words, and what it does with signals and streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.systems.far_side import SEAL, begin, frame, frames_of, hello, request
from vtspolicy.errors import Usage
from vtspolicy.receive import USAGE, check_staging, main, options_of, staging_of, vaults_of
from vtspolicy.systems.receiver.wire import Frame


@pytest.mark.parametrize(("words", "vaults"), [
    (["--vault", "VAULT01=/srv/V1"], {"VAULT01": "/srv/V1"}),
    (["--vault=VAULT01=/srv/V1"], {"VAULT01": "/srv/V1"}),
    (["--vault", "A=/x", "--vault=B=/y=z"], {"A": "/x", "B": "/y=z"}),
])
def test_its_words_are_its_vaults(words: list[str], vaults: dict[str, str]) -> None:
    assert vaults_of(words) == vaults


@pytest.mark.parametrize(("words", "message"), [
    ([], "no vault is declared"),
    (["--vault"], "--vault needs NAME=/path"),
    (["--vault", "A"], "--vault needs NAME=/path, not 'A'"),
    (["--vault", "A=relative"], "--vault needs NAME=/path, not 'A=relative'"),
    (["--vault", "=/x"], "--vault needs NAME=/path, not '=/x'"),
    (["--vault", "a/b=/x"], "--vault needs NAME=/path, not 'a/b=/x'"),
    (["--vault", "A=/x", "--vault", "A=/y"], "vault A is declared twice"),
    (["--root", "--vault", "A=/x"], "'--root' is not known to receive"),
    (["VAULT01=/srv"], "'VAULT01=/srv' is not known to receive"),
])
def test_other_words_are_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Usage) as caught:
        vaults_of(words)
    assert str(caught.value) == message
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"*ERROR* {message} (690001)\n{USAGE}\n"
    assert USAGE.startswith("usage: vtspolicy receive --vault NAME=/path ")


@pytest.mark.parametrize(("words", "rest", "options"), [
    (["--vault", "A=/x"], ["--vault", "A=/x"], {}),
    (["--create-pool", "yes", "--vault=A=/x"], ["--vault=A=/x"], {"--create-pool": "yes"}),
    (["--vault", "A=/x", "--state=/s", "--policies", "/p"], ["--vault", "A=/x"], {"--state": "/s", "--policies": "/p"}),
    (["--vault", "--state", "/s"], ["--vault", "--state", "/s"], {}),
])
def test_its_options_stand_between_its_vaults(words: list[str], rest: list[str], options: dict[str, str]) -> None:
    assert options_of(words) == (rest, options)


@pytest.mark.parametrize(("words", "message"), [
    (["--create-pool"], "--create-pool needs no, yes or frozen"),
    (["--create-pool", "always"], "--create-pool needs no, yes or frozen, not 'always'"),
    (["--create-pool=no", "--create-pool=yes"], "--create-pool stands twice"),
    (["--state", "s"], "--state needs a directory's absolute path, not 's'"),
])
def test_options_that_are_wrong_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(Usage) as caught:
        options_of(words)
    assert str(caught.value) == message


def test_where_parts_lie_is_said_for_each_vault() -> None:
    words = ["--vault", "A=/srv/A", "--staging", "A=/srv/work", "--staging=B=/srv/work2", "--vault=B=/srv/B"]
    rest, options = options_of(words)
    assert options == {}
    vaults, staging = staging_of(rest)
    assert vaults_of(vaults) == {"A": "/srv/A", "B": "/srv/B"}
    assert staging == {"A": "/srv/work", "B": "/srv/work2"}
    check_staging(staging, vaults_of(vaults))


@pytest.mark.parametrize(("words", "message"), [
    (["--staging"], "--staging needs NAME=/path"),
    (["--staging", "A=work"], "--staging needs NAME=/path"),
    (["--staging", "A=/w", "--staging", "A=/x"], "--staging A stands twice"),
    (["--staging", "C=/w"], "--staging C: no such vault is declared"),
    (["--staging", "A=/srv/A/work"], "--staging A must lie outside of vault A"),
    (["--staging", "A=/srv/B"], "--staging A must lie outside of vault B"),
    (["--staging", "A=/srv/x/../A/w"], "--staging A must lie outside of vault A"),
    (["--staging", "A=/srv"], "--staging A must lie outside of vault A"),
    (["--staging", "A=/w", "--staging", "B=/w/"], "--staging B is that of A"),
])
def test_a_staging_that_is_wrong_is_refused(words: list[str], message: str,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--vault", "A=/srv/A", "--vault", "B=/srv/B", *words]) == 2
    assert capsys.readouterr().err == f"*ERROR* {message} (690001)\n{USAGE}\n"


@pytest.fixture
def started(tmp_path: Path) -> Callable[[], subprocess.Popen[bytes]]:
    (tmp_path / "V" / "PAYROLL").mkdir(parents=True)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "vtspolicy", "receive", "--vault", f"VAULT01={tmp_path / 'V'}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return start


def test_it_serves_standard_input_and_output(started: Callable[[], subprocess.Popen[bytes]], tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with started() as process:
            out, err = process.communicate(hello() + request(1, "vault") + begin(2) + frame(Frame.SEAL, 2, SEAL)
                                           + frame(Frame.BYE, 0), timeout=60)
    finally:
        os.umask(old)
    assert (process.returncode, err) == (0, b"")
    assert [each.kind for each in frames_of(out)[1:]] == [Frame.ANSWER, Frame.SEALED, Frame.BYE]
    assert (tmp_path / "V" / "PAYROLL" / ".vtspolicy").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_removes_the_parts_and_ends_without_a_traceback(
        number: signal.Signals, started: Callable[[], subprocess.Popen[bytes]], tmp_path: Path) -> None:
    with started() as process:
        assert process.stdin is not None
        process.stdin.write(hello() + begin(1) + frame(Frame.DATA, 1, b"x"))
        process.stdin.flush()
        work = tmp_path / "V" / "PAYROLL" / ".vtspolicy"
        deadline = time.monotonic() + 30
        while not list(work.glob("*.part")) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert list(work.glob("*.part"))
        process.send_signal(number)
        process.wait(30)
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read(), list(work.glob("*.part"))) == (3, b"", [])
