"""ADD, ALTER and DELETE on a real folder."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.policy.conftest import scheme
from vtspolicy.command.sentence import parse
from vtspolicy.errors import Locked, NotBuilt, PolicyInvalid, Refusal, Unknown, Usage
from vtspolicy.policy import store, writer
from vtspolicy.policy.folder import load
from vtspolicy.policy.model import Policy
from vtspolicy.policy.places import Place

Make = Callable[..., str]
NIGHTLY = "ADD SCHEME NIGHTLY, FROM /VAULT01/PAYROLL, TO vts2:/VAULT01/PAYROLL"
COMMENTED = """\
# the night's work
kind: scheme       # of Instant DR
name: NIGHTLY

# from here
from: /VAULT01/PAYROLL   # the pool
to:                      # the targets
  # first
  - vts2:/VAULT01/PAYROLL
  - vts3:/VAULT01/PAYROLL
# between
rate: 40 MiB/s           # half of the line
# the end
"""


def done(folder: str, sentence: str) -> Policy:
    command = parse(sentence)
    return {"ADD": writer.add, "ALTER": writer.alter, "DELETE": writer.delete}[command.verb](folder, command)


def kept(folder: str) -> dict[str, tuple[bytes, int]]:
    """Every file's bytes and mode, the lock left out."""
    return {path.name: (path.read_bytes(), path.stat().st_mode) for path in Path(folder).iterdir()
            if path.name != store.LOCK}


def test_the_first_policies_make_the_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "etc" / "policies")
    done(folder, "ADD SYSTEM here, VAULTS VAULT01=/srv/VAULT01")
    done(folder, "ADD SYSTEM vts2, ADDRESS vts2.example.com, USER vts, KEY '/a key, two', "
                 "VAULTS (VAULT01=/srv/VAULT01, 'VAULT02=/srv/a=b')")
    policy = done(folder, NIGHTLY + ", NOTE \"it's: # all\", TAPES (T*, NO, 012345), RATE 40 MiB/s")
    assert stat.S_IMODE(os.stat(folder).st_mode) & 0o022 == 0
    assert sorted(os.listdir(folder)) == [".lock", "scheme-NIGHTLY.yaml", "system-here.yaml", "system-vts2.yaml"]
    path = Path(folder) / "scheme-NIGHTLY.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.read_text() == (
        "kind: scheme\nname: NIGHTLY\nnote: \"it's: # all\"\nfrom: /VAULT01/PAYROLL\nto: vts2:/VAULT01/PAYROLL\n"
        "tapes: [\"T*\", \"NO\", \"012345\"]\nrate: 40 MiB/s\n")
    policies = load(folder)
    assert policies.scheme("NIGHTLY") == policy
    assert policies.system("vts2").key == "/a key, two"
    assert policies.system("vts2").vaults == {"VAULT01": "/srv/VAULT01", "VAULT02": "/srv/a=b"}


def test_the_umask_does_not_decide(tmp_path: Path) -> None:
    folder = str(tmp_path / "policies")
    before = os.umask(0)
    try:
        done(folder, "ADD SYSTEM here, VAULTS VAULT01=/srv/VAULT01")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o755
    assert stat.S_IMODE(os.stat(f"{folder}/system-here.yaml").st_mode) == 0o644
    assert load(folder).systems


def test_settings_are_added_too(folder: Make) -> None:
    path = folder()
    done(path, "ADD SETTINGS SITE, UNIQUE-NAMES no")
    assert not load(path).settings.unique_names
    with pytest.raises(PolicyInvalid, match=r"the settings are already in"):
        done(path, "ADD SETTINGS OTHER")


def test_alter_leaves_every_other_line(folder: Make) -> None:
    path = folder(n=COMMENTED)
    done(path, "ALTER SCHEME NIGHTLY, RATE 2 MB/s, NOTE 'from now on', FROM /VAULT01/LEDGER")
    assert (Path(path) / "n.yaml").read_text() == (
        COMMENTED.replace("40 MiB/s", "2 MB/s").replace("/VAULT01/PAYROLL   #", "/VAULT01/LEDGER   #")
        .replace("name: NIGHTLY\n", "name: NIGHTLY\nnote: from now on\n"))
    done(path, "ALTER SCHEME NIGHTLY, RATE, NOTE, FROM /VAULT01/PAYROLL")
    assert (Path(path) / "n.yaml").read_text() == COMMENTED.replace("rate: 40 MiB/s           # half of the line\n", "")


def test_a_list_is_replaced_as_a_whole(folder: Make) -> None:
    path = folder(n=COMMENTED)
    done(path, "ALTER SCHEME NIGHTLY, TO vts3:/VAULT01/PAYROLL")
    start, end = COMMENTED.index("to:"), COMMENTED.index("# between")
    assert (Path(path) / "n.yaml").read_text() == (
        COMMENTED[:start] + "to: vts3:/VAULT01/PAYROLL\n" + COMMENTED[end:])
    done(path, "ALTER SYSTEM here, VAULTS (VAULT01=/srv/VAULT01, VAULT09=/srv/9)")
    assert load(path).system("here").vaults == {"VAULT01": "/srv/VAULT01", "VAULT09": "/srv/9"}


def test_mode_and_owner_stay(folder: Make) -> None:
    path = folder(n=COMMENTED)
    file = Path(path) / "n.yaml"
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 0, 54321)
    before = file.stat()
    done(path, "ALTER SCHEME NIGHTLY, RATE 2 MB/s")
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino


def test_what_is_as_asked_already_is_not_written(folder: Make) -> None:
    path = folder(n=COMMENTED)
    before = (Path(path) / "n.yaml").stat()
    done(path, "ALTER SCHEME NIGHTLY, RATE 40 MiB/s")
    after = (Path(path) / "n.yaml").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_delete_removes_the_file(folder: Make) -> None:
    path = folder(n=COMMENTED)
    assert done(path, "DELETE SCHEME NIGHTLY !").name == "NIGHTLY"
    assert not load(path).schemes
    assert not (Path(path) / "n.yaml").exists()


@pytest.mark.parametrize(("sentence", "failure", "message"), [
    (NIGHTLY, Refusal, "the scheme NIGHTLY exists already, in n.yaml; ALTER changes it"),
    ("ADD SCHEME TWO, FROM /VAULT02/PAYROLL, TO vts2:/VAULT01/PAYROLL", PolicyInvalid,
     "scheme-TWO.yaml:4: to: two sources for one target pool"),
    ("ADD SCHEME TWO, FROM /VAULT01/X, TO vts9:/VAULT01/X", PolicyInvalid, "there is no system vts9"),
    ("ADD SCHEME TWO, FROM /VAULT01/X", Usage, "expected a comma and TO "),
    ("ADD SCHEME TWO, FROM /VAULT01/X, TO x", Usage, "\\^\nexpected a path such as"),
    ("ADD SCHEME TWO, FROM (/VAULT01/X, /VAULT01/Y/Z), TO vts2:/VAULT01/X", Usage, "expected a pool: /vault/pool"),
    ("ADD SCHEME TWO, FORM /VAULT01/X", Usage, "expected NOTE, FROM, .*; the nearest is FROM"),
    ("ADD SCHEME TWO, SCHEDULE '1 2 3 4 5'", NotBuilt, "SCHEDULE is not built in this release"),
    ("ADD SCHEME TWO, NAME THREE", Usage, "a name cannot be changed"),
    ("ADD SCHEME TWO, NOTE (a, b)", Usage, "expected one text"),
    ("ADD SCHEME T*, FROM /VAULT01/X, TO vts2:/VAULT01/X", Usage, "expected one name"),
    ("ADD SCHEME 'T 1', FROM /VAULT01/X, TO vts2:/VAULT01/X", Usage, "expected one name"),
    ("ADD SYSTEM new, VAULTS /srv", Usage, "expected NAME=value"),
    ("ADD SYSTEM new, VAULTS (A=/srv/a, A=/srv/b)", Usage, "expected A only once"),
    ("ADD SYSTEM new, VAULTS A/B=/srv", Usage, "expected a name"),
    ("ADD SYSTEM new, VAULTS A=srv", Usage, "expected an absolute path"),
    ("ADD SYSTEM new, VAULTS A=/srv/a, USER vts", PolicyInvalid, "user: means nothing without address"),
    ("ALTER SCHEME NIGHTLY, TO", Usage, "a scheme needs TO"),
    ("ALTER SCHEME NIGHTLY, RATE 40", Usage, "\\^\\^\nexpected a rate such as"),
    ("ALTER SCHEME NIGHTLY, FROM /VAULT01/*", PolicyInvalid, "would mix pools"),
    ("ALTER SCHEME NIGHTLI, RATE 2 MB/s", Unknown, "there is no scheme NIGHTLI; the nearest is NIGHTLY"),
    ("ALTER SYSTEM vts2, ADDRESS", PolicyInvalid, "user: means nothing without address"),
    ("DELETE SCHEME nightly", Unknown, "the nearest is NIGHTLY"),
    ("DELETE SYSTEM vts2", PolicyInvalid, "n.yaml:9: to\\[1\\]: there is no system vts2"),
    ("DELETE SYSTEM here", PolicyInvalid, "no system here declares the vault VAULT01"),
    ("DELETE AUTOCOPY NIGHTLY", Unknown, "there is no AutoCopy policy NIGHTLY"),
])
def test_what_is_refused_changes_nothing(folder: Make, sentence: str, failure: type[Exception], message: str) -> None:
    path = folder(n=COMMENTED)
    before = kept(path)
    with pytest.raises(failure, match=message):
        done(path, sentence)
    assert kept(path) == before


def test_a_refusal_makes_no_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "policies")
    with pytest.raises(PolicyInvalid, match=r"there is no system vts2"):
        done(folder, NIGHTLY)
    with pytest.raises(Refusal, match=r"there is no such policy folder"):
        done(folder, "ALTER SCHEME NIGHTLY, RATE 2 MB/s")
    assert not os.path.exists(folder)


def test_nothing_is_written_while_another_file_is_wrong(folder: Make) -> None:
    path = folder(x="kind: scheme\n")
    for sentence in (NIGHTLY, "ALTER SYSTEM vts2, STALL 90 s", "ALTER SCHEME GONE, RATE 2 MB/s"):
        before = kept(path)
        with pytest.raises(PolicyInvalid, match=r"x.yaml:1: name: is missing"):
            done(path, sentence)
        assert kept(path) == before


def test_a_wrong_set_can_be_put_right(folder: Make) -> None:
    path = folder(a=scheme("A", "/VAULT01/P", "vts2:/VAULT01/P"), b=scheme("B", "/VAULT02/P", "vts2:/VAULT01/P"))
    with pytest.raises(PolicyInvalid, match=r"two sources"):
        load(path)
    done(path, "ALTER SCHEME B, TO vts2:/VAULT02/P")
    assert set(load(path).schemes) == {"A", "B"}


@pytest.mark.parametrize("layout", [
    "? rate\n: 40 MiB/s\n", "'rate': >-\n  40\n  MiB/s\n# behind\n", "rate:\n\n\n  40 MiB/s\n...\n",
    "rate : '40 MiB/s' #x\n"])
def test_unusual_layouts_are_changed_too(folder: Make, layout: str) -> None:
    path = folder(n=scheme("N", "/VAULT01/P", "vts2:/VAULT01/P") + layout)
    done(path, "ALTER SCHEME N, NOTE x, TAPES T*, RATE 2 MB/s")
    found = load(path).scheme("N")
    assert (found.note, found.tapes, found.rate) == ("x", ("T*",), 2_000_000)
    done(path, "ALTER SCHEME N, RATE")
    assert load(path).scheme("N").rate is None


def test_a_link_is_not_replaced(folder: Make, tmp_path: Path) -> None:
    path = folder()
    (tmp_path / "managed").write_text(COMMENTED)
    (tmp_path / "managed").chmod(0o644)
    (Path(path) / "n.yaml").symlink_to(tmp_path / "managed")
    for sentence in ("ALTER SCHEME NIGHTLY, RATE 2 MB/s", "DELETE SCHEME NIGHTLY"):
        with pytest.raises(Refusal, match=r"n.yaml is a link to .*managed; change it there"):
            done(path, sentence)
    assert (Path(path) / "n.yaml").is_symlink() and (tmp_path / "managed").read_text() == COMMENTED


def test_a_file_that_is_there_is_not_overwritten(folder: Make) -> None:
    path = folder(**{"scheme-NIGHTLY": scheme("OTHER", "/VAULT01/P", "vts2:/VAULT01/P")})
    with pytest.raises(Refusal, match=r"scheme-NIGHTLY.yaml exists already and does not hold the scheme NIGHTLY"):
        done(path, NIGHTLY)


def test_one_at_a_time(folder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder(n=COMMENTED)
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    lock = os.open(f"{path}/.lock", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(lock, b"4711\n")
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with pytest.raises(Locked, match=r"is being changed by process 4711"):
            done(path, "ALTER SCHEME NIGHTLY, RATE 2 MB/s")
    finally:
        os.close(lock)
    done(path, "ALTER SCHEME NIGHTLY, RATE 2 MB/s")


def test_many_at_once_lose_nothing(folder: Make) -> None:
    path = folder()
    failures: list[BaseException] = []

    def one(number: int) -> None:
        try:
            done(path, f"ADD SCHEME S{number}, FROM /VAULT01/P{number}, TO vts2:/VAULT01/P{number}")
            done(path, f"ALTER SCHEME S{number}, NOTE 'note {number}'")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {name: each.note for name, each in load(path).schemes.items()} == {
        f"S{number}": f"note {number}" for number in range(8)}


def test_a_change_past_the_lock_is_noticed(folder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder(n=COMMENTED)
    fsync = os.fsync

    def edited_meanwhile(descriptor: int) -> None:
        (Path(path) / "n.yaml").write_text(COMMENTED + "# by an editor\n")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", edited_meanwhile)
    with pytest.raises(Refusal, match=r"was changed by someone else at this moment"):
        done(path, "ALTER SCHEME NIGHTLY, RATE 2 MB/s")
    assert (Path(path) / "n.yaml").read_text() == COMMENTED + "# by an editor\n"
    assert not [name for name in os.listdir(path) if name.startswith(store.NEW)]


def test_what_a_killed_process_left_goes_with_the_next_change(folder: Make) -> None:
    path = folder(n=COMMENTED)
    (Path(path) / f"{store.NEW}123-abc").write_text("half")
    done(path, "ALTER SCHEME NIGHTLY, RATE 2 MB/s")
    assert not [name for name in os.listdir(path) if name.startswith(store.NEW)]


def test_a_folder_that_cannot_be_written_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refusal, match=r"cannot be written: (Not a directory|File exists)"):
        done(str(tmp_path / "file"), "ADD SYSTEM here, VAULTS VAULT01=/srv/VAULT01")
    with pytest.raises(Refusal, match=r"cannot be written: Not a directory"):
        done(str(tmp_path / "file" / "policies"), "ADD SYSTEM here, VAULTS VAULT01=/srv/VAULT01")


def test_the_policy_is_what_the_sentence_says(folder: Make) -> None:
    path = folder(n=COMMENTED)
    policy = done(path, "ALTER SCHEME NIGHTLY, FROM (/VAULT01/*, /VAULT01/A), EXCEPT SCRATCH*, "
                        "TO (vts2:/VAULT01/{pool}, vts3:/VAULT01/{pool})")
    found = load(path).scheme("NIGHTLY")
    assert found == policy
    assert found.source == (Place(None, "VAULT01", "*"), Place(None, "VAULT01", "A"))
    assert found.exclude == ("SCRATCH*",)
    assert [str(place) for place in found.to] == ["vts2:/VAULT01/{pool}", "vts3:/VAULT01/{pool}"]
