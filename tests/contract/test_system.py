"""One suite for every System."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.systems import KINDS, VAULT, World, world
from tests.support.sshd import SshServer
from vtspolicy.errors import Diverged, Missing, Refusal, SourceUnreadable, TargetWrite, Unknown
from vtspolicy.policy.places import Pool, Tape, Vault
from vtspolicy.systems.digest import Digester, digest_of
from vtspolicy.systems.facts import Hole, Identity, Piece, Record, TapeFacts
from vtspolicy.systems.metadata import Metadata

MTIME = 1_700_000_000_123_456_789


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    root = tmp_path / f"root-{request.param}-{tmp_path.name}"
    with world(request.param, root, sshd) as found:
        yield found


@pytest.fixture(params=KINDS[1:])
def on_disk(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    """The systems that lie on a disk, where there are links and other things that are no tapes."""
    root = tmp_path / f"root-{request.param}-{tmp_path.name}"
    with world(request.param, root, sshd) as found:
        yield found


def record(tape: Tape, digest: str, run: str = "RUN1") -> Record:
    return Record(tape.name, digest, Identity(0, 0), Tape("here", "VAULT01", "PAYROLL", tape.name), "a" * 32,
                  Identity(5, MTIME, 7, 8), "2026-11-22T01:30:00Z", run, "b" * 16, 0, True)


def publish(world: World, tape: Tape, pieces: list[Piece], expected: Identity | None = None, *,
            run: str = "RUN1", part: str = "writer.run.1.part") -> TapeFacts:
    digester = Digester()
    going = world.system.begin(tape, 0, part)
    try:
        for piece in pieces:
            going.write(piece)
            digester.update(piece)
        going.seal(Metadata(0o640, MTIME))
        assert going.sealed() == digester.digest()
        going.commit(record(tape, digester.digest(), run), expected)
        return going.committed()
    finally:
        going.discard()


def read_all(world: World, tape: Tape) -> bytes:
    reader = world.system.read(tape)
    try:
        content = b"".join(bytes(p.length) if isinstance(p, Hole) else bytes(p) for p in reader.pieces())
        reader.check_unchanged()
        return content
    finally:
        reader.close()


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(100_000), os.urandom(3_300_001)],
                         ids=["empty", "one", "small", "large"])
def test_published_tape_is_what_was_written(there: World, content: bytes) -> None:
    tape = there.pool.tape("T00001")
    facts = publish(there, tape, [content[i:i + (1 << 20)] for i in range(0, len(content), 1 << 20)])
    assert there.content(tape) == content
    assert facts.identity.size == len(content)
    assert facts.mode == 0o640
    exact = there.kind != "sftp"
    assert facts.identity.mtime_ns == (MTIME if exact else MTIME // 10**9 * 10**9)
    assert there.system.inventory(there.pool).tapes["T00001"] == facts
    assert there.system.digest(tape) == (digest_of(content), facts)
    assert there.system.digest(tape, durable=True) == (digest_of(content), facts)
    assert there.parts(there.pool) == []


def test_holes_are_read_as_zeros(there: World) -> None:
    tape = there.pool.tape("T00001")
    publish(there, tape, [b"head", Hole(300_000), b"tail", Hole(5)])
    assert there.content(tape) == b"head" + bytes(300_000) + b"tail" + bytes(5)


def test_nothing_is_seen_before_the_commit_and_nothing_after_a_discard(there: World) -> None:
    tape = there.pool.tape("T00001")
    there.put(tape, b"old")
    part = there.system.begin(tape, 3, "writer.run.1.part")
    part.write(b"new")
    part.seal(Metadata(0o600, MTIME))
    part.sealed()
    assert there.content(tape) == b"old"
    part.discard()
    part.discard()
    there.system.vault(Vault(there.name, VAULT))  # a round trip: the discard is done
    assert there.content(tape) == b"old"
    assert there.parts(there.pool) == []


def test_a_tape_is_replaced_only_as_it_was_planned_against(there: World) -> None:
    tape = there.pool.tape("T00001")
    first = publish(there, tape, [b"first"])
    second = publish(there, tape, [b"second!"], first.identity, part="w.r.2.part")
    with pytest.raises(Diverged):
        publish(there, tape, [b"third"], first.identity, part="w.r.3.part")
    with pytest.raises(Diverged):
        publish(there, tape, [b"third"], None, part="w.r.4.part")
    assert there.content(tape) == b"second!"
    assert there.system.inventory(there.pool).tapes["T00001"].identity == second.identity
    assert there.parts(there.pool) == []


def test_a_tape_that_should_be_there_and_is_not_is_diverged(there: World) -> None:
    with pytest.raises(Diverged):
        publish(there, there.pool.tape("T00001"), [b"x"], Identity(5, MTIME, 1, 1))
    assert there.content(there.pool.tape("T00001")) is None


def test_records_fit_the_tape_and_count_its_versions(there: World) -> None:
    tape = there.pool.tape("T00001")
    first = publish(there, tape, [b"first"], run="RUN1")
    second = publish(there, tape, [b"second!"], first.identity, run="RUN2", part="w.r.2.part")
    newest, before = there.system.records(there.pool, ["T00001", "T00002"])["T00001"]
    assert (newest.version, newest.run, newest.digest) == (2, "RUN2", digest_of(b"second!"))
    assert newest.identity.fits(second.identity)
    assert (before.version, before.run) == (1, "RUN1")
    assert not before.identity.fits(second.identity)
    assert newest.source == Tape("here", "VAULT01", "PAYROLL", "T00001")
    assert newest.source_identity == Identity(5, MTIME, 7, 8)
    there.put(tape, b"foreign")
    changed = there.system.inventory(there.pool).tapes["T00001"]
    assert not newest.identity.fits(changed.identity)


def test_tapes_are_read_back(there: World) -> None:
    tape = there.pool.tape("T00001")
    content = os.urandom(2_500_000)
    there.put(tape, content)
    if there.kind == "receiver":
        assert there.system.digest(tape)[0] == digest_of(content)
    else:
        assert read_all(there, tape) == content


def test_what_is_not_there_is_told(there: World) -> None:
    with pytest.raises(Unknown):
        there.system.inventory(Pool(there.name, VAULT, "NOPOOL"))
    with pytest.raises(Unknown):
        there.system.vault(Vault(there.name, "VAULT99"))
    with pytest.raises(Missing):
        there.system.digest(there.pool.tape("T00009"))
    with pytest.raises((Unknown, TargetWrite)):
        publish(there, Pool(there.name, VAULT, "NOPOOL").tape("T00001"), [b"x"])


def test_names_of_all_pools(there: World) -> None:
    there.put(there.pool.tape("T00001"), b"x")
    there.put(there.other.tape("T00002"), b"y")
    found, warnings = there.system.names()
    assert found == {there.pool: frozenset({"T00001"}), there.other: frozenset({"T00002"})}
    assert warnings == ()


def test_sweep_removes_only_our_parts(there: World) -> None:
    publish(there, there.pool.tape("T00001"), [b"x"])
    ours = there.system.begin(there.pool.tape("T00002"), 1, "ours.run.1.part")
    ours.write(b"1")
    theirs = there.system.begin(there.pool.tape("T00003"), 1, "theirs.run.1.part")
    theirs.write(b"1")
    assert there.system.sweep(there.pool, "ours") == 1
    assert there.parts(there.pool) == ["theirs.run.1.part"]
    assert there.content(there.pool.tape("T00001")) == b"x"


def test_many_parts_share_the_way(there: World) -> None:
    tapes = [there.pool.tape(f"T{index:05}") for index in range(40)]
    parts = []
    for tape in tapes:
        part = there.system.begin(tape, 6, f"w.r.{tape.name}.part")
        part.write(tape.name.encode())
        part.seal(Metadata(0o600, MTIME))
        parts.append(part)
    for tape, part in zip(tapes, parts, strict=True):
        assert part.sealed() == digest_of(tape.name.encode())
        part.commit(record(tape, digest_of(tape.name.encode())), None)
    for tape, part in zip(tapes, parts, strict=True):
        assert part.committed().identity.size == len(tape.name)
        assert there.content(tape) == tape.name.encode()


def test_what_is_no_tape_is_skipped_and_never_followed(on_disk: World) -> None:
    pool = on_disk.root / on_disk.pool.name
    (pool / "secret").write_text("outside")
    os.rename(pool / "secret", on_disk.root / "secret")
    (pool / "LINK").symlink_to(on_disk.root / "secret")
    (pool / "DANGLE").symlink_to("/nonexistent")
    (pool / "FOLDER").mkdir()
    os.mkfifo(pool / "FIFO")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(pool)
        listener.bind("SOCKET")
    (pool / "bad name").write_text("x")
    (pool / ".hidden").write_text("x")
    (pool / "T00001").write_text("x")
    inventory = on_disk.system.inventory(on_disk.pool)
    assert set(inventory.tapes) == {"T00001"}
    assert {each.name: each.why for each in inventory.skipped} == {
        "LINK": "a symbolic link", "DANGLE": "a symbolic link", "FOLDER": "a directory", "FIFO": "a FIFO",
        "SOCKET": "a socket", "bad name": "not a tape's name"}
    for name in ("LINK", "FIFO", "FOLDER"):
        with pytest.raises((SourceUnreadable, Missing)):
            on_disk.system.digest(on_disk.pool.tape(name))
        with pytest.raises(Diverged):
            publish(on_disk, on_disk.pool.tape(name), [b"x"], Identity(1, 1), part=f"w.{name}.part")
    assert (on_disk.root / "secret").read_text() == "outside"


def test_a_work_folder_that_is_a_link_is_refused(on_disk: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (on_disk.root / on_disk.pool.name / ".vtspolicy").symlink_to(outside)
    with pytest.raises(TargetWrite):
        publish(on_disk, on_disk.pool.tape("T00001"), [b"x"])
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["../T00001", "..", ".hidden", "a/b", "", "x" * 64, "T\n1"])
def test_names_that_lead_out_are_refused(on_disk: World, name: str) -> None:
    with pytest.raises((Unknown, TargetWrite, Missing, SourceUnreadable)) as caught:
        on_disk.system.digest(Pool(on_disk.name, VAULT, name).tape("T00001"))
    assert "\n" not in str(caught.value)
    with pytest.raises(TargetWrite):
        publish(on_disk, on_disk.pool.tape(name), [b"x"])
    with pytest.raises(TargetWrite):
        publish(on_disk, on_disk.pool.tape("T00001"), [b"x"], part=f"../{name}.part")


RIGHTS = ("write", "fsync", "rename", "remove")


def test_a_trial_does_what_a_publish_needs_and_leaves_nothing(there: World) -> None:
    tape = there.pool.tape("T00001")
    for place in (there.pool, there.pool.of):
        before = time.time()
        found = there.system.trial(place, "a" * 16)
        assert [(each.what, each.why_not) for each in found.findings] == [(right, None) for right in RIGHTS]
        assert found.clock is not None and before - 1 <= found.clock <= time.time() + 1
        if there.kind != "memory":
            assert sorted(path.name for path in there.root.rglob("*")) == ["OTHER", "PAYROLL"]
    publish(there, tape, [b"tape"])  # the work folder is made again
    assert [each.why_not for each in there.system.trial(there.pool, "a" * 16).findings] == [None] * 4
    assert there.parts(there.pool) == [] and there.content(tape) == b"tape"
    assert there.system.records(there.pool, ["T00001"])["T00001"]


def test_a_trial_removes_what_a_killed_one_left_and_so_does_a_sweep(on_disk: World) -> None:
    root, work = on_disk.root / "PAYROLL", on_disk.root / "PAYROLL" / ".vtspolicy"
    for again in (lambda: on_disk.system.trial(on_disk.pool, "a" * 16),
                  lambda: on_disk.system.sweep(on_disk.pool, "a" * 16)):
        work.mkdir(exist_ok=True)
        (root / f".vtspolicy-probe.{'a' * 16}").write_bytes(b"left")
        (work / f"{'a' * 16}.probe.part").write_bytes(b"left")
        (root / f".vtspolicy-probe.{'b' * 16}").write_bytes(b"another's")
        again()
        assert [path.name for path in root.iterdir() if path.name != ".vtspolicy"] == [f".vtspolicy-probe.{'b' * 16}"]
        assert on_disk.parts(on_disk.pool) == []


def test_a_trial_names_what_cannot_be_done(on_disk: World) -> None:
    work = on_disk.root / "PAYROLL" / ".vtspolicy"
    work.write_bytes(b"in the way")
    first, *more = on_disk.system.trial(on_disk.pool, "a" * 16).findings
    assert first.what == "write" and first.why_not and not more
    assert work.read_bytes() == b"in the way"
    assert sorted(path.name for path in (on_disk.root / "PAYROLL").iterdir()) == [".vtspolicy"]


def test_a_trial_where_nothing_is(there: World) -> None:
    with pytest.raises(Unknown):
        there.system.trial(Pool(there.name, VAULT, "NOWHERE"), "a" * 16)
    with pytest.raises(Unknown):
        there.system.trial(Vault(there.name, "NOWHERE"), "a" * 16)


def test_a_trial_keeps_to_its_place(on_disk: World) -> None:
    with pytest.raises(Refusal):
        on_disk.system.trial(on_disk.pool, "../../x")


def test_the_pulse_is_the_time_there(there: World) -> None:
    clock = there.system.pulse()
    assert clock is None if there.kind == "sftp" else clock is not None and abs(clock - time.time()) < 5
