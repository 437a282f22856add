"""A receiver that runs as a user of its own: it copies, it writes beneath its vaults alone, and gives nothing away."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import POOL, VAULT, World
from tests.support.needs import need, need_root
from tests.support.sshd import SshServer

USER, GROUP, SECOND = 4711, 4712, 4713
"""Numbers that nobody has: neither capabilities nor a name lend them anything."""


@pytest.fixture
def confined(tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    """The vault is the user's own, and nothing else is. It may read all there is, so that it finds the program."""
    need_root("become another user")
    world = World("receiver", tmp_path, sshd)
    world.put("T00001", b"one")
    for path in (world.far, *world.far.rglob("*")):
        os.chown(path, USER, GROUP)
    become(world, GROUP)
    yield world


def become(world: World, *groups: int) -> None:
    see = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    world.let_in(need("setpriv"), f"--reuid={USER}", f"--regid={GROUP}", f"--groups={','.join(map(str, groups))}",
                 *see, "--")


def want(world: World, *lines: str) -> None:
    path = world.policies / "vts2.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith(("owner:", "mode:", "vaults:"))]
    path.write_text("".join(f"{line}\n" for line in (*kept, f"vaults: {{{VAULT}: {world.far}}}", *lines)))


def told(world: World, step: str, code: int = 0) -> dict[str, str]:
    steps = world.run("test", "system", "vts2", "--json").settle(code).json["data"]["steps"]
    found = next(each for each in steps if each["step"] == step)
    assert isinstance(found, dict)
    return found


def owner(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def test_it_copies_beneath_its_vault_and_writes_nowhere_else(confined: World, tmp_path: Path) -> None:
    assert told(confined, "write")["result"] == "ok"
    confined.start()
    assert confined.copy("T00001") == b"one"
    assert owner(confined.copies / "T00001")[:2] == (USER, GROUP)
    other = tmp_path / "other"
    (other / POOL).mkdir(parents=True)
    (other / ".vtspolicy-vault").write_text(f"{3:032x}\n")
    confined.far = other  # as if the line named a directory that is not the user's
    become(confined, GROUP)
    want(confined)
    confined.state = tmp_path / "another state"
    step = told(confined, "write", 2)
    assert "Permission denied" in step["detail"] and "chown, or setfacl" in step["remedy"]
    done = confined.run("start", "scheme", "NIGHTLY", "--json").settle(2)
    assert done.reasons == ["target-write"]
    assert sorted(str(path.relative_to(other)) for path in other.rglob("*")) == [".vtspolicy-vault", POOL]


@pytest.mark.parametrize(("wish", "groups", "can"), [
    (f"{USER}:{GROUP}", (GROUP,), True), (f"{USER}:{SECOND}", (GROUP, SECOND), True),
    (f"{USER}:{SECOND}", (GROUP,), False), (f"{SECOND}:{GROUP}", (GROUP, SECOND), False),
])
def test_it_may_give_a_tape_to_itself_and_to_its_groups(confined: World, wish: str, groups: tuple[int, ...],
                                                        can: bool) -> None:
    become(confined, *groups)
    want(confined, f"owner: {wish}", "mode: 0660")
    step = told(confined, "owner and mode", 0 if can else 2)
    if can:
        confined.start()
        assert owner(confined.copies / "T00001") == (*map(int, wish.split(":")), 0o660)
        return
    assert "Operation not permitted" in step["detail"] and "usermod -aG" in step["remedy"]
    assert confined.run("start", "scheme", "NIGHTLY", "--json").settle(2).reasons == ["target-write"]
    assert confined.copy("T00001") is None


def test_nobody_has_these_numbers() -> None:
    assert {USER, GROUP, SECOND}.isdisjoint({each.pw_uid for each in pwd.getpwall()})
    assert {USER, GROUP, SECOND}.isdisjoint({each.gr_gid for each in grp.getgrall()})
