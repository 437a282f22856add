"""The receiver, frame by frame: what it answers, and what it does not let a caller do."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.systems.far_side import (
    MTIME,
    SEAL,
    VAULT,
    Far,
    begin,
    commit,
    frame,
    frames_of,
    hello,
    new_threads,
    publishing,
    request,
    serve,
)
from vtspolicy.errors import Failure
from vtspolicy.systems.digest import EMPTY, digest_of
from vtspolicy.systems.disk import publish
from vtspolicy.systems.disk.beneath import PoolFolder
from vtspolicy.systems.facts import Identity, TapeFacts
from vtspolicy.systems.files import write_failure
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.far import Receiver
from vtspolicy.systems.receiver.wire import Frame

BYE = frame(Frame.BYE, 0)


@pytest.fixture
def far(tmp_path: Path) -> Far:
    return Far(tmp_path)


def kinds(told: list[Any]) -> list[tuple[str, int]]:
    return [(each.kind.name, each.number) for each in told]


def failure(told: list[Any], number: int) -> tuple[str, str]:
    found, = (each.value for each in told if each.kind is Frame.FAILED and each.number == number)
    return found["reason"], found["message"]


def test_a_tape_is_published(far: Far) -> None:
    told = far.ask(publishing(1, b"content"), BYE)
    assert kinds(told) == [("SEALED", 1), ("COMMITTED", 1), ("BYE", 0)]
    assert told[0].value == {"digest": digest_of(b"content")}
    status = (far.pool / "T1").stat()
    assert told[1].value == {
        "identity": {"size": 7, "mtime_ns": MTIME, "inode": status.st_ino, "ctime_ns": status.st_ctime_ns},
        "mode": 0o640, "allocated": status.st_blocks * 512}
    assert ((far.pool / "T1").read_bytes(), status.st_mtime_ns, far.parts(), far.code) == (b"content", MTIME, [], 0)


def test_an_end_without_bye_removes_what_was_not_published(far: Far) -> None:
    told = far.ask(begin(1), frame(Frame.DATA, 1, b"x"), publishing(2, b"y", "T2"), frame(Frame.SEAL, 1, SEAL))
    assert (far.code, far.parts()) == (3, [])
    assert ((far.pool / "T1").exists(), (far.pool / "T2").read_bytes()) == (False, b"y")
    assert kinds(told) == [("SEALED", 2), ("COMMITTED", 2), ("SEALED", 1)]


def test_commits_that_arrived_together_share_their_fsyncs(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    whole = publish.publish

    def noted(pool: PoolFolder, batch: list[publish.Publishing]) -> list[TapeFacts | Failure]:
        batches.append(len(batch))
        return whole(pool, batch)

    monkeypatch.setattr("vtspolicy.systems.receiver.far.publish", noted)
    names = [f"T{number}" for number in range(1, 101)]
    sent = [begin(number, name) + frame(Frame.SEAL, number, SEAL) for number, name in enumerate(names, 1)]
    sent += [commit(number, b"", name) for number, name in enumerate(names, 1)]
    told = far.ask(*sent, BYE)
    assert batches == [64, 36]
    assert [each.number for each in told if each.kind is Frame.COMMITTED] == list(range(1, 101))
    assert sorted(path.name for path in far.pool.glob("T*")) == sorted(names)


@pytest.mark.parametrize(("greeting", "code"), [
    (b"GET / HTTP/1.1\r\n\r\n" + b"x" * 50, 2),
    (b"", 3),
    (wire.MAGIC, 3),
    (wire.MAGIC[:-1], 3),
    (wire.MAGIC + frame(Frame.HELLO, 0, b"\xff"), 2),
    (wire.MAGIC + frame(Frame.HELLO, 0, b"[]"), 2),
    (wire.MAGIC + frame(Frame.HELLO, 0, {}), 2),
    (wire.MAGIC + frame(Frame.HELLO, 0, {"protocols": "x"}), 2),
    (wire.MAGIC + frame(Frame.REQUEST, 1, {"protocols": [1, 1]}), 2),
    (wire.MAGIC + frame(Frame.HELLO, 0, {"protocols": [2, 9], "program": "9"}), 2),
    (wire.MAGIC + wire.HEADER.pack(wire.LARGEST + 1, Frame.HELLO, 0), 3),
])
def test_who_does_not_greet_gets_nothing(far: Far, greeting: bytes, code: int) -> None:
    told = far.ask(greet=greeting)
    assert (far.code, [each for each in told if each.kind is not Frame.FAILED]) == (code, [])


def test_a_version_that_is_not_shared_is_told(far: Far) -> None:
    told = far.ask(greet=hello(protocols=[2, 9], program="9.9"))
    assert failure(told, 0) == (
        "version", "the sender speaks protocol 2 to 9 (vtspolicy '9.9'), this side 1 to 1: upgrade vtspolicy here")


@pytest.mark.parametrize("changes", [
    {"stall": "x"}, {"stall": -1}, {"stall": None}, {"stall": 1e-300}, {"stall": True}, {"system": 5},
    {"system": "../x"}, {"system": None}, {"more": [1]}])
def test_strange_words_in_a_greeting_do_no_harm(far: Far, changes: dict[str, Any]) -> None:
    assert kinds(far.ask(request(1, "vault"), BYE, greet=hello(**changes))) == [("ANSWER", 1), ("BYE", 0)]


@pytest.mark.parametrize("sent", [
    frame(Frame.REQUEST, 5, b""), frame(Frame.REQUEST, 5, b"[1]"), frame(Frame.REQUEST, 5, {}),
    request(5, "format"), request(5, "inventory", pool="../PAYROLL"), request(5, "inventory", vault="VAULT09"),
    request(5, "inventory", vault="/etc"), request(5, "vault", vault=None), request(5, "vault", vault=["VAULT01"]),
    request(5, "digest"), request(5, "digest", tape="../../x"), request(5, "digest", tape=None),
    request(5, "digest", tape="T9"), request(5, "records"), request(5, "records", tapes=5),
    request(5, "sweep"), request(5, "initialise"), request(5, "initialise", identity="none of ours"),
    request(5, "initialise", identity="a" * 32 + "\n"), request(5, "initialise", identity=["a" * 32]),
    frame(Frame.BEGIN, 5, {}), begin(5, "../T1"), begin(5, ".T1"), begin(5, part="x"), begin(5, part="../x.part"),
    begin(5, part="lock"), begin(5, "T1", "T1.record"), frame(Frame.HOLE, 5, {"length": 1}),
    frame(Frame.SEAL, 5, SEAL), frame(Frame.COMMIT, 5, {}), frame(Frame.COMMIT, 5, b"\xff"),
    frame(13, 5), frame(Frame.CHECK, 5), request(5, "read"), request(5, "read", tape="../x"),
    request(5, "read", tape="T1", ahead=1),
    frame(63, 5, {}), frame(255, 5, {}), frame(Frame.ANSWER, 5, {}), frame(Frame.HELLO, 5, {}),
    request(5, "\ud800"), request(5, "vault", vault="\ud800"), begin(5, "\ud800"),
], ids=repr)
def test_a_frame_that_is_wrong_fails_alone(far: Far, sent: bytes) -> None:
    told = far.ask(request(1, "vault"), sent, publishing(6, b"content", "T6"), BYE)
    assert kinds(told) == [("ANSWER", 1), ("FAILED", 5), ("SEALED", 6), ("COMMITTED", 6), ("BYE", 0)]
    reason, message = failure(told, 5)
    assert reason not in ("bug", "state")
    assert "Traceback" not in message
    assert sorted(path.name for path in far.root.iterdir()) == ["PAYROLL"]
    assert sorted(path.name for path in far.pool.iterdir()) == [".vtspolicy", "T6"]


def test_a_payload_that_no_sender_writes_ends_the_conversation(far: Far) -> None:
    far.ask(begin(1), wire.HEADER.pack(wire.LARGEST + 1, Frame.SEAL, 1), b"{}" * 10, publishing(2, b"x", "T2"))
    assert (far.code, far.parts(), list(far.pool.glob("T*"))) == (3, [], [])


def test_data_may_be_long_and_cut_anywhere(far: Far) -> None:
    content = os.urandom(300_001)
    told = far.ask(begin(1), *(frame(Frame.DATA, 1, content[at:at + 7777]) for at in range(0, 300_001, 7777)),
                   frame(Frame.SEAL, 1, SEAL), commit(1, content))
    assert kinds(told) == [("SEALED", 1), ("COMMITTED", 1)]
    assert (far.pool / "T1").read_bytes() == content


def test_holes_are_zeros(far: Far) -> None:
    told = far.ask(begin(1), frame(Frame.DATA, 1, b"a"), frame(Frame.HOLE, 1, {"length": 3}),
                   frame(Frame.SEAL, 1, SEAL))
    assert told[0].value["digest"] == digest_of(b"a\0\0\0")


@pytest.mark.parametrize("length", [0, -1, 1 << 62, "x", None, [], {}])
def test_a_hole_has_a_length(far: Far, length: object) -> None:
    told = far.ask(begin(1), frame(Frame.HOLE, 1, {"length": length}), frame(Frame.SEAL, 1, SEAL), commit(1, b""))
    assert {each.kind for each in told} == {Frame.FAILED}
    assert not (far.pool / "T1").exists()


def test_what_comes_for_a_part_that_failed_is_read_and_dropped(far: Far) -> None:
    told = far.ask(begin(1), begin(1), frame(Frame.DATA, 1, b"x" * 1000), frame(Frame.HOLE, 1, {"length": 9}),
                   frame(Frame.SEAL, 1, SEAL), publishing(2, b"y", "T2"), frame(Frame.DISCARD, 1, {}), BYE)
    assert kinds(told) == [("FAILED", 1), ("SEALED", 2), ("COMMITTED", 2), ("BYE", 0)]
    assert failure(told, 1) == ("refused", "part 1 is open already")


def test_data_for_a_part_that_nobody_began_is_dropped(far: Far) -> None:
    told = far.ask(frame(Frame.DATA, 9, b"x" * 1000), publishing(2, b"y", "T2"), BYE)
    assert kinds(told) == [("SEALED", 2), ("COMMITTED", 2), ("BYE", 0)]


def test_a_discarded_number_may_be_used_again(far: Far) -> None:
    told = far.ask(begin(1), begin(1), frame(Frame.DISCARD, 1, {}), publishing(1, b"x"), BYE)
    assert kinds(told) == [("FAILED", 1), ("SEALED", 1), ("COMMITTED", 1), ("BYE", 0)]


@pytest.mark.parametrize(("between", "message"), [
    (b"", "part 1 is not sealed"),
    (frame(Frame.SEAL, 1, SEAL) + frame(Frame.DATA, 1, b"more"), "part 1 is not sealed"),
    (frame(Frame.SEAL, 1, SEAL) + frame(Frame.HOLE, 1, {"length": 4}), "part 1 is not sealed"),
])
def test_only_what_was_read_back_is_published(far: Far, between: bytes, message: str) -> None:
    told = far.ask(begin(1), frame(Frame.DATA, 1, b"x"), between, commit(1, b"x"), BYE)
    assert failure(told, 1) == ("refused", message)
    assert (list(far.pool.glob("T*")), far.parts()) == ([], [])


@pytest.mark.parametrize("changes", [{"digest": EMPTY}, {"tape": "T2"}])
def test_a_record_tells_of_its_own_part(far: Far, changes: dict[str, Any]) -> None:
    told = far.ask(begin(1), frame(Frame.DATA, 1, b"x"), frame(Frame.SEAL, 1, SEAL), commit(1, b"x", **changes), BYE)
    assert failure(told, 1) == ("refused", "the record is not that of part 1")
    assert list(far.pool.glob("T*")) == []


def test_the_live_name_must_be_as_expected(far: Far) -> None:
    (far.pool / "T1").write_bytes(b"theirs")
    told = far.ask(publishing(1, b"x"), publishing(2, b"y", expected=Identity(6, 1, 1, 1)), BYE)
    assert [failure(told, number)[0] for number in (1, 2)] == ["diverged", "diverged"]
    assert ((far.pool / "T1").read_bytes(), far.parts()) == (b"theirs", [])


def test_one_part_is_published_once(far: Far) -> None:
    told = far.ask(begin(1), frame(Frame.SEAL, 1, SEAL), commit(1, b""), commit(1, b""), commit(1, b""), BYE)
    assert [each.kind for each in told].count(Frame.COMMITTED) == 1
    assert (far.pool / "T1").read_bytes() == b""


def test_parts_of_two_pools_may_go_together(far: Far) -> None:
    (far.root / "OTHER").mkdir()
    other = frame(Frame.BEGIN, 2, {"vault": VAULT, "pool": "OTHER", "tape": "T2", "size": 0, "part": "w.r.part"})
    told = far.ask(begin(1), other, frame(Frame.SEAL, 1, SEAL), frame(Frame.SEAL, 2, SEAL), commit(1, b""),
                   commit(2, b"", "T2"), BYE)
    assert kinds(told)[2:] == [("COMMITTED", 1), ("COMMITTED", 2), ("BYE", 0)]
    assert (far.root / "OTHER" / "T2").exists()


def test_a_full_disk_fails_its_tape_alone(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(self: object, piece: object) -> None:
        raise write_failure(OSError(errno.ENOSPC, "No space left on device"), "T1")

    monkeypatch.setattr("vtspolicy.systems.disk.publish.PartFile.write", write)
    told = far.ask(begin(1), frame(Frame.DATA, 1, b"x"), frame(Frame.SEAL, 1, SEAL), begin(2, "T2"),
                   frame(Frame.SEAL, 2, SEAL), commit(2, b"", "T2"))
    assert failure(told, 1) == ("space", "T1: the target is full (No space left on device)")
    assert kinds(told)[1:] == [("SEALED", 2), ("COMMITTED", 2)]


def test_an_error_of_ours_is_told_as_one(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vtspolicy.systems.disk.local.Local.names", lambda self: 1 / 0)
    told = far.ask(request(1, "names"), publishing(2, b"x"), BYE)
    assert failure(told, 1) == ("bug", "the receiver failed: ZeroDivisionError('division by zero')")
    assert kinds(told)[1:] == [("SEALED", 2), ("COMMITTED", 2), ("BYE", 0)]


def test_requests_are_answered(far: Far) -> None:
    (far.pool / "T1").write_bytes(b"abc")
    (far.pool / "LINK").symlink_to("/etc")
    told = far.ask(
        request(1, "initialise", identity="a" * 32), request(2, "vault"), request(3, "names"), request(4, "inventory"),
        request(5, "digest", tape="T1"), request(6, "records", tapes=["T1", "../x", 5]),
        request(7, "sweep", writer="w"), BYE)
    status = (far.pool / "T1").stat()
    identity = {"size": 3, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino, "ctime_ns": status.st_ctime_ns}
    answers = [each.value for each in told[:-1]]
    free = answers[1].pop("free")
    assert answers[3].pop("free") > 0 < free
    assert answers == [
        {}, {"identity": "a" * 32, "pools": ["PAYROLL"]},
        {"pools": [[VAULT, "PAYROLL", ["LINK", "T1"]]], "warnings": []},
        {"tapes": [["T1", identity, status.st_mode & 0o777, status.st_blocks * 512]],
         "skipped": [["LINK", "a symbolic link"]], "stale_parts": []},
        {"digest": digest_of(b"abc"), "identity": identity, "mode": status.st_mode & 0o777,
         "allocated": status.st_blocks * 512},
        {"records": {}}, {"count": 0}]


def test_a_caller_that_no_longer_listens_ends_it(far: Far) -> None:
    source, sink = os.pipe(), os.pipe()
    os.close(sink[0])
    os.write(source[1], hello() + publishing(1, b"x"))
    os.close(source[1])
    assert Receiver({VAULT: str(far.root)}, source[0], sink[1], "test").serve() == 3
    assert (far.parts(), list(far.pool.glob("T*"))) == ([], [])


def test_while_it_works_long_it_says_so_and_then_stops(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())

    def slow(self: object, pool: object, writer: str) -> int:
        time.sleep(0.5)
        return 3

    monkeypatch.setattr("vtspolicy.systems.disk.local.Local.sweep", slow)
    told = far.ask(request(1, "sweep", writer="w"), BYE, greet=hello(stall=0.4))
    assert kinds(told)[0] == ("BUSY", 0)
    assert kinds(told)[-2:] == [("ANSWER", 1), ("BYE", 0)]
    assert new_threads(before) == set()


def test_its_vaults_are_those_of_its_own_command_line(tmp_path: Path) -> None:
    (tmp_path / "mine" / "P").mkdir(parents=True)
    (tmp_path / "other" / "P").mkdir(parents=True)
    (tmp_path / "mine" / "P2").symlink_to(tmp_path / "other" / "P")
    _, said = serve({"MINE": str(tmp_path / "mine")}, hello() + b"".join(
        request(number, "inventory", vault=vault, pool=pool) for number, (vault, pool) in enumerate([
            ("MINE", "P"), ("MINE", "P2"), ("other", "P"), ("MINE", ".."), ("MINE", "../other/P"), ("MINE", "")], 1)))
    assert kinds(frames_of(said)[1:]) == [("ANSWER", 1), *(("FAILED", number) for number in range(2, 7))]
