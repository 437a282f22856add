"""Protocol 1, held against a recorded conversation: what a sender and a receiver of that version once said.

`wire_v1/sender.bin` and `receiver.bin` are those bytes, and are never changed. Each release must, as a receiver,
understand that sender, and, as a sender, that receiver. `python -m tests.unit.systems.test_wire_v1 FOLDER` records a
conversation anew: for the version that comes next, in a folder of its own.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.unit.systems.far_side import FakeChannel, FakeLink, Told, frames_of, serve
from vtspolicy.errors import Diverged, IdentityMismatch, Missing, NoSpace, Unknown
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Hole, Identity, Record
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.far import Receiver
from vtspolicy.systems.receiver.near import Remote
from vtspolicy.systems.receiver.wire import Frame

RECORDED = Path(__file__).parent / "wire_v1"
SYSTEM, VAULT = "vts2", Vault("vts2", "VAULT01")
POOL = Pool("vts2", "VAULT01", "PAYROLL")
VAULT_ID, WRITER = "0123456789abcdef" * 2, "fedcba9876543210"
MTIME = 1_700_000_000_123_456_789
HEAD, TAIL = b"head of the tape", b"tail"
CONTENT = HEAD + bytes(70_000) + TAIL


def record(tape: str, content: bytes) -> Record:
    return Record(tape, digest_of(content), Identity(0, 0), Pool("vts1", "VAULT01", "PAYROLL").tape(tape), "a" * 32,
                  Identity(len(content), MTIME, 11, 12), "2026-11-22T01:30:00.000Z", "0123456789AB", WRITER, 0, True)


def converse(there: Remote) -> dict[str, Any]:
    """Everything that a sender of protocol 1 does; what it is told."""
    heard: dict[str, Any] = {}
    there.initialise(VAULT, VAULT_ID)
    with pytest.raises(IdentityMismatch):
        there.initialise(VAULT, "f" * 32)
    heard["vault"] = there.vault(VAULT)
    with pytest.raises(Unknown):
        there.inventory(Pool(SYSTEM, "VAULT01", "NOPOOL"))
    heard["sweep"] = there.sweep(POOL, WRITER)
    parts = [there.begin(POOL.tape(name), size, f"{WRITER}.RUN.{name}.part")
             for name, size in (("T00001", len(CONTENT)), ("T00002", 0), ("T00003", 5), ("T00004", 1))]
    parts[0].write(HEAD)
    parts[0].write(Hole(70_000))
    parts[0].write(TAIL)
    parts[3].write(b"x")
    for part in parts[:2]:
        part.seal(Metadata(0o640, MTIME))
    heard["digests"] = [part.sealed() for part in parts[:2]]
    parts[2].write(b"12345")
    parts[2].seal(Metadata(0o600, MTIME))
    heard["digests"].append(parts[2].sealed())
    parts[0].commit(record("T00001", CONTENT), None)
    parts[1].commit(record("T00002", b""), None)
    parts[2].commit(record("T00003", b"12345"), Identity(5, MTIME, 1, 2))  # it is not there
    heard["published"] = [part.committed() for part in parts[:2]]
    with pytest.raises(Diverged):
        parts[2].committed()
    for part in parts:
        part.discard()
    heard["names"] = there.names()
    heard["inventory"] = there.inventory(POOL)
    heard["records"] = there.records(POOL, ["T00001", "T00002", "T00009"])
    heard["digest"] = there.digest(POOL.tape("T00001"))
    with pytest.raises(Missing):
        there.digest(POOL.tape("T00009"))
    return heard


def far_vault(root: Path) -> dict[str, str]:
    (root / "PAYROLL").mkdir(parents=True)
    (root / "PAYROLL" / "LINK").symlink_to("/nonexistent")
    return {"VAULT01": str(root)}


def frames_to(content: bytes) -> list[tuple[int, int, bytes]]:
    """The frames behind a magic."""
    assert content.startswith(wire.MAGIC)
    at, found = len(wire.MAGIC), []
    while at < len(content):
        length, kind, number = wire.HEADER.unpack_from(content, at)
        at += wire.HEADER.size + length
        found.append((kind, number, content[at - length:at]))
    return found


def shape(told: Told) -> tuple[str, int, object]:
    """An answer without what differs from disk to disk."""
    value = dict(told.value)
    for key in {"allocated", "free", "message", "program"} & set(value):
        value[key] = ...
    if isinstance(value.get("identity"), dict):
        value["identity"] = ...
    if "tapes" in value:
        value["tapes"] = [[name, identity["size"], identity["mtime_ns"], mode]
                          for name, identity, mode, _ in value["tapes"]]
    if "records" in value:
        value["records"] = json.loads(json.dumps(value["records"]), object_hook=lambda each: {
            key: ... if key == "inode" else kept for key, kept in each.items() if key != "proof"})  # it passes it over
    return told.kind.name, told.number, value


def test_this_release_speaks_protocol_1() -> None:
    """When it no longer does, these recordings have done their work."""
    assert wire.OLDEST <= 1 <= wire.NEWEST


def test_a_sender_of_protocol_1_is_understood(tmp_path: Path) -> None:
    root = tmp_path / "VAULT01"
    code, said = serve(far_vault(root), (RECORDED / "sender.bin").read_bytes())
    assert code == 0
    ours = [each for each in frames_of(said) if each.kind is not Frame.BUSY]
    theirs = frames_of((RECORDED / "receiver.bin").read_bytes())
    assert [shape(each) for each in ours[1:]] == [shape(each) for each in theirs[1:]]
    assert (root / "PAYROLL" / "T00001").read_bytes() == CONTENT
    status = (root / "PAYROLL" / "T00001").stat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, MTIME)
    assert (root / "PAYROLL" / "T00002").read_bytes() == b""
    assert not (root / "PAYROLL" / "T00003").exists()
    assert list((root / "PAYROLL").glob(".vtspolicy/*.part")) == []


def test_a_receiver_of_protocol_1_is_understood() -> None:
    content = (RECORDED / "receiver.bin").read_bytes()
    pieces = [wire.pack(Frame(kind), number, payload) for kind, number, payload in frames_to(content)]
    channel = FakeChannel(wire.MAGIC, *pieces)
    there = Remote(FakeLink(channel, SYSTEM, 60.0), "vtspolicy receive", "test")  # type: ignore[arg-type]
    with there:
        heard = converse(there)
    assert channel.pieces == [], "everything was listened to"
    assert heard["vault"].identity == VAULT_ID
    assert heard["vault"].pools == ("PAYROLL",)
    assert heard["sweep"] == 0
    assert heard["digests"] == [digest_of(CONTENT), digest_of(b""), digest_of(b"12345")]
    assert [(each.name, each.identity.size, each.identity.mtime_ns, each.mode) for each in heard["published"]] == [
        ("T00001", len(CONTENT), MTIME, 0o640), ("T00002", 0, MTIME, 0o640)]
    assert heard["names"] == ({POOL: frozenset({"T00001", "T00002", "LINK"})}, ())
    assert sorted(heard["inventory"].tapes) == ["T00001", "T00002"]
    assert [(each.name, each.why) for each in heard["inventory"].skipped] == [("LINK", "a symbolic link")]
    kept, = heard["records"]["T00001"]
    assert (kept.version, kept.digest, kept.run, kept.writer, kept.source, kept.durable) == (
        1, digest_of(CONTENT), "0123456789AB", WRITER, Pool("vts1", "VAULT01", "PAYROLL").tape("T00001"), True)
    assert kept.identity.fits(heard["published"][0].identity)
    assert sorted(heard["records"]) == ["T00001", "T00002"]
    assert heard["digest"] == (digest_of(CONTENT), heard["published"][0])
    ours, theirs = frames_to(bytes(channel.sent)), frames_to((RECORDED / "sender.bin").read_bytes())
    assert ours[1:] == theirs[1:], "to a receiver of protocol 1 the same is said as ever"
    assert set(json.loads(theirs[0][2])) <= set(json.loads(ours[0][2]))


def test_an_answer_that_is_a_failure_keeps_its_word() -> None:
    """Reason words are part of the protocol."""
    said = wire.pack(Frame.FAILED, 1, b'{"reason":"space","message":"full","tape":"T1"}')
    there = Remote(FakeLink(FakeChannel(wire.hello("x"), said)), "x", "test")  # type: ignore[arg-type]
    with pytest.raises(NoSpace):
        there.names()


# ---- recording -------------------------------------------------------------------------------------------------------


class _Recorder:
    """A channel over a socket that keeps what goes each way."""

    out_max_packet_size = 32768

    def __init__(self, plain: socket.socket) -> None:
        self.plain = plain
        self.sent = bytearray()
        self.received = bytearray()

    def send(self, content: bytes) -> int:
        count = self.plain.send(content)
        self.sent += content[:count]
        return count

    def recv(self, size: int) -> bytes:
        content = self.plain.recv(size)
        self.received += content
        return content

    def recv_ready(self) -> bool:
        return False

    def recv_stderr_ready(self) -> bool:
        return False


def _record(folder: Path, root: Path) -> None:
    near, far = socket.socketpair()
    receiver = Receiver(far_vault(root), far.fileno(), os.dup(far.fileno()), "0.1.0")
    thread = threading.Thread(target=receiver.serve)
    thread.start()
    channel = _Recorder(near)
    link = FakeLink(channel, SYSTEM, 60.0)  # type: ignore[arg-type]
    with Remote(link, "vtspolicy receive", "0.1.0") as there:  # type: ignore[arg-type]
        converse(there)
    thread.join()
    folder.mkdir(exist_ok=True)
    (folder / "sender.bin").write_bytes(channel.sent)
    (folder / "receiver.bin").write_bytes(channel.received)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        _record(Path(sys.argv[1]), Path(scratch) / "VAULT01")
