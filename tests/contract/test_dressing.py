"""What a published tape has beside its bytes, for every System: owner, mode and user attributes."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.systems import KINDS, VAULT, World, world
from tests.contract.test_system import MTIME, record
from tests.support.needs import need_root
from tests.support.sshd import SshServer
from vtspolicy.errors import TargetWrite
from vtspolicy.policy.places import Tape, Vault
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import TapeFacts
from vtspolicy.systems.memory import Memory
from vtspolicy.systems.metadata import (
    ACLS,
    ATTRIBUTES,
    LINKS,
    MOST_ATTRIBUTES,
    MOST_BYTES,
    OTHER,
    TOO_MANY,
    Metadata,
)
from vtspolicy.systems.trial import DRESS

USER = {"user.volser": b"T00001", "user.empty": b"", "user.bytes": bytes(range(256))}
ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in (
    (0x01, 6, 2**32 - 1), (0x02, 6, 1234), (0x04, 4, 2**32 - 1), (0x10, 6, 2**32 - 1), (0x20, 0, 2**32 - 1)))
"""user::rw-, user:1234:rw-, group::r--, mask::rw-, other::---"""


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"dress-{request.param}", sshd, "--allow-read") as found:
        yield found


@pytest.fixture(params=KINDS[1:])
def on_disk(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"dress-{request.param}", sshd, "--allow-read") as found:
        yield found


def publish(there: World, tape: Tape, metadata: Metadata, *, read_back: bool = True,
            ) -> tuple[TapeFacts, str, tuple[str, ...]]:
    """The published tape, the digest that was read back, and what was not kept."""
    part = there.system.begin(tape, 0, "writer.run.1.part")
    try:
        part.write(b"content")
        part.seal(metadata, read_back=read_back)
        digest = part.sealed()
        part.commit(record(tape, digest_of(b"content")), None)
        return part.committed(), digest, part.lost
    finally:
        part.discard()


def path_of(there: World, tape: Tape) -> Path:
    return there.root / tape.pool / tape.name


def owner_of(there: World, tape: Tape) -> str | None:
    if isinstance(there.system, Memory):
        return there.system.file(tape).owner
    status = path_of(there, tape).stat()
    return f"{status.st_uid}:{status.st_gid}"


def test_owner_and_mode_are_set_before_it_is_published(there: World) -> None:
    need_root("give files away")
    tape = there.pool.tape("T00001")
    facts, digest, lost = publish(there, tape, Metadata(0o460, MTIME, "1234:4321"))
    assert (facts.mode, digest, lost) == (0o460, digest_of(b"content"), ())
    assert owner_of(there, tape) == "1234:4321"
    assert facts.identity.mtime_ns // 10**9 == MTIME // 10**9
    assert there.system.inventory(there.pool).tapes["T00001"] == facts


@pytest.mark.parametrize("mode", [0o104660, 0o7777])
def test_only_permission_bits_are_set(there: World, mode: int) -> None:
    facts, _, _ = publish(there, there.pool.tape("T00001"), Metadata(mode, MTIME))
    assert facts.mode == mode & 0o777
    if not isinstance(there.system, Memory):
        assert path_of(there, there.pool.tape("T00001")).stat().st_mode & 0o7777 == mode & 0o777


def test_names_are_those_of_the_machine_that_holds_the_tape(on_disk: World) -> None:
    need_root("give files away")
    import grp
    import pwd
    tape = on_disk.pool.tape("T00001")
    wanted = Metadata(0o640, MTIME, "daemon:bin")
    if on_disk.kind == "sftp":
        with pytest.raises(TargetWrite, match=r"owner daemon:bin cannot be set there: plain SFTP knows numbers alone"):
            publish(on_disk, tape, wanted)
        on_disk.system.vault(Vault(on_disk.name, VAULT))
        assert on_disk.content(tape) is None
    else:
        publish(on_disk, tape, wanted)
        assert owner_of(on_disk, tape) == f"{pwd.getpwnam('daemon').pw_uid}:{grp.getgrnam('bin').gr_gid}"
    assert on_disk.parts(on_disk.pool) == []


@pytest.mark.parametrize(("owner", "why"), [
    ("nobody-of-that-name:0", "there is no user nobody-of-that-name"), ("0:no-such-group", "there is no group no-such"),
    ("4294967295:0", "there is no user 4294967295"), ("0:99999999999", "there is no group 99999999999")])
def test_an_owner_that_cannot_be_publishes_nothing(on_disk: World, owner: str, why: str) -> None:
    tape = on_disk.pool.tape("T00001")
    with pytest.raises(TargetWrite) as caught:
        publish(on_disk, tape, Metadata(0o640, MTIME, owner))
    assert (why if on_disk.kind != "sftp" else "plain SFTP knows numbers alone") in caught.value.message
    assert "leave owner out of the policy" in caught.value.message
    on_disk.system.vault(Vault(on_disk.name, VAULT))  # a round trip: the discard is done
    assert on_disk.content(tape) is None
    assert on_disk.parts(on_disk.pool) == []
    publish(on_disk, tape, Metadata(0o640, MTIME))  # the system goes on


def test_user_attributes_are_kept_where_they_can_be(there: World) -> None:
    tape = there.pool.tape("T00001")
    facts, digest, lost = publish(there, tape, Metadata(0o440, MTIME, None, USER))
    assert (facts.mode, digest) == (0o440, digest_of(b"content"))
    if there.kind == "sftp":
        assert lost == (ATTRIBUTES,)
        assert os.listxattr(path_of(there, tape)) == []
        return
    assert lost == ()
    if isinstance(there.system, Memory):
        assert there.system.file(tape).attributes == USER
    else:
        path = path_of(there, tape)
        assert {name: os.getxattr(path, name) for name in os.listxattr(path)} == USER
    reader = there.system.read(tape)
    assert (reader.extras.attributes, reader.extras.lost) == (USER, ())
    reader.close()


def test_what_no_copy_keeps_is_named(on_disk: World) -> None:
    need_root("set attributes of the system's own")
    tape = on_disk.pool.tape("T00001")
    on_disk.put(tape, b"content")
    path = path_of(on_disk, tape)
    os.setxattr(path, "system.posix_acl_access", ACL)
    os.setxattr(path, "trusted.vtspolicy", b"x")
    os.setxattr(path, "user.volser", b"T00001")
    path.with_name("T00002").hardlink_to(path)
    reader = on_disk.system.read(tape)
    if on_disk.kind == "sftp":
        assert (dict(reader.extras.attributes), reader.extras.lost) == ({}, ())
    else:
        assert dict(reader.extras.attributes) == {"user.volser": b"T00001"}
        assert reader.extras.lost == (ACLS, OTHER, LINKS)
    reader.close()


def test_no_more_attributes_are_kept_than_the_bound_and_it_is_told(tmp_path: Path, sshd: SshServer) -> None:
    with world("receiver", tmp_path / "many", sshd, "--allow-read") as there:
        tape = there.pool.tape("T00001")
        there.put(tape, b"content")
        for number in range(MOST_ATTRIBUTES + 3):
            os.setxattr(path_of(there, tape), f"user.{number:03}", b"x")
        reader = there.system.read(tape)
        assert len(reader.extras.attributes) == MOST_ATTRIBUTES
        assert reader.extras.lost == (TOO_MANY,)
        reader.close()
        answered = publish(there, there.pool.tape("T00002"), Metadata(0o640, MTIME, None, reader.extras.attributes))
        assert answered[2] == ()


def test_a_target_without_room_for_attributes_takes_the_tape_all_the_same(on_disk: World) -> None:
    """The file system here keeps some KiB of attributes for each file."""
    tape = on_disk.pool.tape("T00001")
    large = {f"user.{number}": os.urandom(MOST_BYTES // 20) for number in range(19)}
    _, digest, lost = publish(on_disk, tape, Metadata(0o640, MTIME, None, large))
    assert digest == digest_of(b"content")
    kept = os.listxattr(path_of(on_disk, tape))
    assert lost == ((ATTRIBUTES,) if len(kept) < len(large) else ())


def test_a_trial_tries_owner_and_mode(there: World) -> None:
    need_root("give files away")
    for place in (there.pool, Vault(there.name, VAULT)):
        found = there.system.trial(place, "a" * 16, Metadata(0o640, 0, "1234:4321")).findings
        assert [(each.what, each.why_not) for each in found] == [
            (what, None) for what in ("write", DRESS, "fsync", "rename", "remove")]
        assert DRESS not in [each.what for each in there.system.trial(place, "a" * 16).findings]


def test_a_trial_names_an_owner_that_cannot_be_set_and_leaves_nothing(on_disk: World) -> None:
    first, last = on_disk.system.trial(on_disk.pool, "a" * 16, Metadata(0o640, 0, "nobody-of-that-name:0")).findings
    assert (first.what, first.why_not, last.what) == ("write", None, DRESS)
    assert str(last.why_not).startswith("owner nobody-of-that-name:0 cannot be set there: ")
    assert list((on_disk.root / "PAYROLL").iterdir()) == []


def test_only_where_it_would_go_over_the_link_nothing_is_read_back(there: World) -> None:
    tape = there.pool.tape("T00001")
    facts, digest, _ = publish(there, tape, Metadata(0o640, MTIME), read_back=False)
    assert digest == ("" if there.kind == "sftp" else digest_of(b"content"))
    assert there.content(tape) == b"content"
    assert there.system.digest(tape) == (digest_of(b"content"), facts)
