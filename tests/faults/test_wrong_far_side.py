"""What answers over there is not what was expected: no receiver, a chatty shell, or one that speaks nonsense.

Each is its own failure with a message in one line; time and memory are bounded.
"""

from __future__ import annotations

import shlex
import sys
import tracemalloc
from pathlib import Path

import pytest

from tests.contract.systems import receive_words
from tests.faults.stage import Stage
from tests.support import tally
from tests.support.journey import Report
from tests.support.proxy import DOWN, UP, Flip, Proxy
from tests.support.sshd import SshServer, running
from tests.support.tapes import random_bytes
from vtspolicy.errors import Failure, NoReceiver, Outage, Stalled, VersionMismatch
from vtspolicy.systems.connect import connect
from vtspolicy.systems.sftp import wire as sftp_wire

FAKE = str(Path(__file__).parent / "fake_receiver.py")
STALL = 1.5


def stage_with(command: str, tmp_path: Path, sshd: SshServer, kind: str = "receiver", **more: float) -> Stage:
    """A stage on which a shell command takes the far program's place."""
    script = tmp_path / "far-program"
    script.write_text(f"#!/bin/sh\n{command}\n")
    script.chmod(0o755)
    return Stage(kind, tmp_path, sshd, command=script, stall=more.get("stall", STALL))


def checked(report: Report, limit: float) -> list[Failure]:
    """The failures of a run; each in one printable line, within the limit in seconds."""
    assert report.seconds < limit, report.seconds
    assert report.failures
    for failure in report.failures:
        assert failure.message.isprintable() and len(failure.message) < 500, failure.message
        assert failure.reason != "bug"
    return report.failures


# ---- no receiver ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "said"), [
    ("exec /bin/false", "nothing"), ("exit 127", "nothing"), ("exec no-such-program-here", "not found"),
    ("echo This account is closed.", "This account is closed."), ("echo quota exceeded >&2; exit 1", "quota exceeded"),
    ("exec cat", "VTSPOLICY"), ("printf '\\033[2Jboo\\n'; exit 3", "\\x1b[2Jboo"), ("kill -9 $$", "nothing"),
], ids=["false", "127", "missing", "closed", "stderr", "echo", "escapes", "killed"])
def test_what_is_not_the_receiver(command: str, said: str, tmp_path: Path, sshd: SshServer) -> None:
    for _ in range(tally.count(20, 3)):
        stage = stage_with(command, tmp_path, sshd)
        failure, = checked(stage.sender.run(), 1.5 * STALL + 2)
        if said == "VTSPOLICY":  # our own words come back: a HELLO, and then our requests
            assert isinstance(failure, VersionMismatch | Stalled | Outage)
            continue
        assert type(failure) is NoReceiver, failure
        assert said in failure.message
        assert "far-end: receiver" in failure.message
        assert not failure.retry


def test_a_far_side_that_says_nothing_at_all(tmp_path: Path, sshd: SshServer) -> None:
    failure, = checked(stage_with("exec sleep 30", tmp_path, sshd).sender.run(), 1.5 * STALL + 2)
    assert type(failure) is Stalled
    sshd.kill_sessions()


def test_a_receiver_is_never_silently_taken_for_sftp(tmp_path: Path, sshd: SshServer) -> None:
    """With far-end: auto, what was a receiver once must be one again; what never was may be plain SFTP."""
    key = sshd.client_key()
    stage = Stage("receiver", tmp_path, sshd)
    there = stage.described()
    auto = type(there)(**{**vars(there), "far_end": "auto", "key": str(key), "receiver": "/no/such/vtspolicy"})
    known = str(sshd.known_hosts())
    with connect(auto, known, "test", None) as system:
        assert system.promises.far_end == "sftp"
    with connect(auto, known, "test", "sftp") as system:
        assert system.promises.far_end == "sftp"
    with pytest.raises(NoReceiver, match="has answered as receiver before"):
        connect(auto, known, "test", "receiver")


def test_no_sftp_there(tmp_path: Path) -> None:
    with running(SshServer(tmp_path / "sshd", sftp=None)) as server:
        stage = Stage("sftp", tmp_path, server, stall=STALL)
        stage.key = server.client_key()
        stage.sender = stage.new_sender(stall=STALL)
        checked(stage.sender.run(), 1.5 * STALL + 2)


# ---- a chatty shell -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chatter", ["Welcome to vts2!", "stty: not a tty \\033[1m", "x" * 60_000, "\\000\\377\\200"],
                         ids=["welcome", "escapes", "much", "bytes"])
def test_a_chatty_shell_does_not_hinder(chatter: str, tmp_path: Path, sshd: SshServer) -> None:
    stage = stage_with(f"printf '{chatter}\\n'; echo and more >&2; exec "
                       + shlex.join(receive_words(tmp_path / "far")), tmp_path, sshd, stall=10)
    new = {"T00001": stage.put("T00001", random_bytes(100_000, 1))}
    report = stage.sender.run()
    assert report.done == set(new)
    assert report.chatter.isprintable()
    assert report.chatter.startswith(("Welcome", "stty: n", "xxxxxxx", "\\x00\\xef"))
    stage.check_recovery(new)


@pytest.mark.parametrize("command", [
    "exec yes", "while :; do echo y; sleep 0.05; done", "exec cat /dev/zero", "exec yes >&2",
    "while :; do head -c 100000 /dev/zero; sleep 0.01; done"], ids=["flood", "drip", "zeros", "stderr", "pieces"])
def test_endless_chatter_is_bounded(command: str, tmp_path: Path, sshd: SshServer) -> None:
    stage = stage_with(command, tmp_path, sshd, stall=0.5 if "echo y" in command else 1.0)
    tracemalloc.start()
    try:
        failures = checked(stage.sender.run(), 16)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert isinstance(failures[0], NoReceiver | Outage)
    sshd.kill_sessions()


# ---- one that speaks badly ------------------------------------------------------------------------------------------

BAD_RECEIVERS = (
    "garbage-after-magic", "hello-not-json", "hello-list", "hello-empty", "hello-versions-text", "hello-huge-version",
    "hello-too-new", "hello-too-old", "huge-frame", "huge-frame-drip", "unknown-kind", "unknown-number",
    "answer-deep", "answer-infinity", "answer-flood", "busy-nonsense", "failed-flood", "failed-nasty", "vault-names",
    "vault-identity", "vault-types", "inventory-names", "inventory-types", "inventory-infinity", "names-nasty",
    "records-nasty", "records-types", "sealed-nasty", "sealed-wrong", "committed-types", "committed-early", "bug",
)
ANSWERED = {"inventory-names", "vault-names", "names-nasty", "records-nasty"}
"""Nonsense that is dropped, so that the copy goes on and succeeds: names that lead out of a pool, and the like."""


@pytest.mark.parametrize("how", BAD_RECEIVERS)
def test_a_receiver_that_speaks_badly(how: str, tmp_path: Path, sshd: SshServer) -> None:
    stage = stage_with(shlex.join([sys.executable, FAKE, how]), tmp_path, sshd,
                       stall=0.6 if how == "huge-frame-drip" else 1.0)
    stage.put("T00001", random_bytes(100_000, 1))
    stage.put("T00002", b"")
    tracemalloc.start()
    try:
        report = stage.sender.run()
        assert tracemalloc.get_traced_memory()[1] < 400 << 20
    finally:
        tracemalloc.stop()
    sshd.kill_sessions()
    if how in ANSWERED and not report.failures:
        return
    failures = checked(report, 14)
    assert report.done == set() or how in ANSWERED
    allowed = (VersionMismatch, Outage) if how.startswith(("hello", "garbage", "huge", "unknown")) else (Failure,)
    assert all(isinstance(failure, allowed) for failure in failures), failures
    assert not list(tmp_path.rglob("outside*"))


@pytest.mark.parametrize(("how", "side"), [("hello-too-new", "here"), ("hello-too-old", "there")])
def test_no_protocol_in_common_names_the_side_to_upgrade(how: str, side: str, tmp_path: Path, sshd: SshServer) -> None:
    stage = stage_with(shlex.join([sys.executable, FAKE, how]), tmp_path, sshd)
    failure, = checked(stage.sender.run(), 5)
    assert type(failure) is VersionMismatch
    assert f"upgrade vtspolicy {side}" in failure.message
    assert "speaks protocol" in failure.message


BAD_SFTP = (
    "sftp-garbage", "sftp-huge-packet", "sftp-version-cut", "sftp-unknown-number", "sftp-flood", "sftp-status-cut",
    "sftp-wrong-kind", "sftp-ok-for-everything", "sftp-endless-list", "sftp-slow-list", "sftp-empty-list",
    "sftp-nasty-names", "sftp-nasty-status", "sftp-eof-for-everything", "sftp-no-attributes", "sftp-attributes-cut",
)


@pytest.mark.parametrize("how", BAD_SFTP)
def test_an_sftp_server_that_speaks_badly(how: str, tmp_path: Path, sshd: SshServer,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp_wire, "MOST_ENTRIES", 20_000)  # the limits that stand would take a minute to reach
    monkeypatch.setattr(sftp_wire, "MOST_ANSWERS", 500)
    stage = stage_with(shlex.join([sys.executable, FAKE, how]), tmp_path, sshd, kind="sftp", stall=1.0)
    stage.put("T00001", random_bytes(100_000, 1))
    tracemalloc.start()
    try:
        report = stage.sender.run()
        assert tracemalloc.get_traced_memory()[1] < 400 << 20
    finally:
        tracemalloc.stop()
    sshd.kill_sessions()
    checked(report, 14)
    assert report.done == set()


# ---- noise on the line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["receiver", "sftp"])
def test_a_flipped_byte_ends_the_connection_and_nothing_else(kind: str, tmp_path: Path, sshd: SshServer) -> None:
    stage = Stage(kind, tmp_path, sshd, stall=3)
    new = {"T00001": stage.put("T00001", random_bytes(400_000, 1))}
    with Proxy(sshd.port, record=True) as proxy:
        assert stage.through(proxy.port).done == set(new)
        passed = {way: proxy.passed(way) for way in (UP, DOWN)}
    trials = tally.count(60, 6)
    for index in range(trials):
        way = (UP, DOWN)[index % 2]
        at = passed[way] * (index + 1) // (trials + 1)
        new = {"T00001": stage.put("T00001", random_bytes(400_000, 10 + index))}
        old = {"T00001": stage.there("T00001")}
        with Proxy(sshd.port, [Flip(way, at, 1 << index % 8)]) as proxy:
            report = stage.through(proxy.port)
        stage.check(report, old, new)
        stage.check_recovery(new)
    tally.tally(f"flipped bytes ({kind})", trials, at_least=trials)
