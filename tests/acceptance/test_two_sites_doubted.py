"""It cannot be known whether the other machine is still the one that it was; or it is, and its program is another."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.acceptance.two_machines import PATH, Pair, two_machines
from tests.acceptance.two_machines import pair as pair
from tests.acceptance.world import POOL, SCHEME, VAULT
from tests.support import tally
from tests.support.needs import need
from tests.support.sshd import SshServer


def test_the_target_s_vault_is_unmounted(pair: Pair) -> None:
    """The mount point is an empty directory, with a pool of that name even. It is not taken for the vault."""
    here, there = pair
    with there.on_a_disk() as disk:
        assert here.start(code=0).leg()["copied"] == 0  # the disk is a copy of what was there: read, and not sent
        before = there.everything()
        there.sshd.wait_idle()
        disk.unmount()
        here.host_writes("T00001", seed=1)
        for _ in range(2):
            assert here.refused().reasons == ["identity"]
        assert there.everything() == {}, "nothing fills the disk beneath the mount point"
        assert here.words() <= {"unproven", "stale"}
        disk.mount()
        assert there.everything() == before
        leg = here.start().leg()
        assert (leg["copied"], leg["equal"]) == (1, 3)
        assert here.words() == {"safe"}
        assert there.tapes() == here.tapes()
        there.sshd.wait_idle()


def test_the_source_s_vault_is_unmounted(pair: Pair) -> None:
    """No tape is taken for gone, and the target hears nothing of it."""
    here, there = pair
    with here.on_a_disk() as disk:
        here.start()  # the disk is a copy: its tapes are looked at once
        before = there.everything()
        disk.unmount()
        refused = here.refused()
        assert refused.reasons == ["identity"]
        assert "is its disk mounted?" in refused.json["errors"][0]["message"]
        assert set(here.status(code=2).values()) == {"unproven"}
        assert there.everything() == before
        disk.mount()
        assert here.words() == {"safe"}
        assert here.start().leg()["trusted"] == 4


def test_a_vault_is_cloned(pair: Pair) -> None:
    """The source's disk, with its id, was restored on the target: two vaults claim one identity."""
    here, there = pair
    shutil.rmtree(there.vault)
    shutil.copytree(here.vault, there.vault)
    before = there.everything()
    refused = here.refused()
    assert refused.reasons == ["identity"]
    assert f"vts1:/{VAULT}" in refused.json["errors"][0]["message"]
    assert there.everything() == before
    assert here.words() == {"unproven"}
    here.run("trust", "vault", f"vts2:/{VAULT}", "--yes", code=2)
    there.run("init", "vault", f"/{VAULT}", "--replace", "--yes")
    assert here.refused().reasons == ["identity"], "its new id is not known here yet"
    here.run("trust", "vault", f"vts2:/{VAULT}", "--yes")
    here.start()
    assert here.words() == {"safe"}
    assert there.tapes() == here.tapes()


def fingerprint(sshd: SshServer) -> str:
    """As the administrator over there reads it out."""
    shown = subprocess.run([need("ssh-keygen"), "-l", "-f", f"{sshd.host_key()}.pub"], capture_output=True, text=True,
                           check=True)
    return shown.stdout.split()[1]


def test_the_host_key_is_changed(pair: Pair) -> None:
    """It may be another machine: it is not talked with. Trusted again, its copies are unproven until they are read."""
    here, there = pair
    old = fingerprint(there.sshd)
    there.sshd.change_host_key()
    new = fingerprint(there.sshd)
    before = there.everything()
    assert here.refused().reasons == ["hostkey"]
    assert here.words() == {"unproven"}
    for words in (("--yes",), ("--fingerprint", new)):
        shown = here.run("trust", "system", "vts2", *words, code=2).errors
        assert old in shown and new in shown
    here.run("trust", "system", "vts2", "--replace", "--fingerprint", old, code=2)
    here.run("trust", "system", "vts2", "--replace", "--fingerprint", new)
    assert here.words() == {"unproven"}, "nobody has read them yet"
    assert there.everything() == before
    leg = here.start().leg()
    assert (leg["copied"], leg["equal"], leg["trusted"]) == (0, 4, 0)
    assert here.words() == {"safe"}


def test_only_one_side_is_upgraded(pair: Pair) -> None:
    """For a while the other one has the first release. The story is the same; then it is upgraded, and nothing is."""
    here, there = pair
    there.receive(here, older=True)
    assert here.start().leg()["trusted"] == 4
    here.host_writes("T00001", "T00005", seed=1)
    assert here.start().leg()["copied"] == 2
    assert there.tapes() == here.tapes()
    before = here.status()
    assert set(before.values()) == {"safe"}
    shutil.rmtree(here.state)
    here.run("rebuild", "catalog", "--yes")
    assert here.status() == before

    there.freeze("site two has taken over")
    here.host_writes("T00002", seed=2)
    held = there.everything()
    assert here.start(code=2).reasons == ["frozen"]
    assert there.everything() == held
    there.thaw()

    here.start()
    there.receive(here)
    assert here.start().leg()["trusted"] == 5
    assert here.words() == {"safe"}
    assert there.tapes() == here.tapes()


def test_a_shipped_disk_is_adopted(tmp_path: Path) -> None:
    """A thousand tapes, of which ten differ: those are named and left alone, and no byte of the others is sent."""
    number = tally.count(1000, 100)
    differing = number // 100
    names = [f"T{index:05d}" for index in range(number)]
    with two_machines(tmp_path, names) as (here, there):
        shutil.copytree(here.vault / POOL, there.vault / POOL, dirs_exist_ok=True)
        others = names[7::number // differing][:differing]
        for name in others:
            path = there.vault / POOL / name
            lain = path.stat()
            path.write_bytes(path.read_bytes()[:-1] + b"?")
            os.utime(path, ns=(lain.st_atime_ns, lain.st_mtime_ns))
        before = there.tapes()
        leg = here.run("adopt", "pool", PATH, "--json", code=1).leg()
        assert (leg["equal"], leg["differing"], leg["bytes"]) == (number - differing, others, 0)
        assert there.tapes() == before
        states = here.status()
        assert {name for name in names if states[name] == "diverged"} == set(others)
        assert {name for name in names if states[name] == "safe"} == set(names) - set(others)
        here.dies()
        assert there.verify(code=1) == {"verified": number - differing}, "it knows them without the source"
        here.comes_back()
        leg = here.start(SCHEME, "--replace", "--yes").leg()
        assert (leg["trusted"], leg["copied"]) == (number - differing, differing)
        assert there.tapes() == here.tapes()
    tally.tally("tapes adopted between two machines", number, at_least=number)
