"""Which folder, which files, and who may have written them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.policy.conftest import scheme
from vtspolicy.errors import PolicyInvalid, Unknown
from vtspolicy.policy.folder import SYSTEM_FOLDER, check, find_folder, load
from vtspolicy.policy.model import Settings
from vtspolicy.policy.places import Place, Vault

Make = Callable[..., str]
NIGHTLY = scheme("NIGHTLY", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL")


def test_where_the_folder_is(tmp_path: Path) -> None:
    environ = {"VTSPOLICY_POLICIES": "/from/environment", "HOME": "/home/me"}
    assert find_folder("given", environ, str(tmp_path)) == "given"
    assert find_folder(None, environ, str(tmp_path)) == "/from/environment"
    assert find_folder(None, {"HOME": "/home/me"}, str(tmp_path)) == str(tmp_path)
    missing = str(tmp_path / "missing")
    assert find_folder(None, {"HOME": "/home/me"}, missing) == "/home/me/.config/vtspolicy/policies"
    assert find_folder("", {"VTSPOLICY_POLICIES": "", "HOME": "/home/me"}, missing).startswith("/home/me/")
    assert os.path.isabs(find_folder(None, {}, missing))
    assert SYSTEM_FOLDER == "/etc/vtspolicy/policies"


def test_a_set_is_loaded(folder: Make) -> None:
    policies = load(folder(n=NIGHTLY))
    assert list(policies.systems) == ["here", "vts2", "vts3"]
    assert policies.find("scheme", "NIGHTLY") is policies.scheme("NIGHTLY")
    assert policies.settings == Settings(name="SETTINGS")
    assert policies.of_kind("settings") == {}
    assert policies.at_home(Place(None, "VAULT02", "P")) == Place("here", "VAULT02", "P")
    assert policies.directory(Vault("vts2", "VAULT01")) == "/srv/VAULT01"
    with pytest.raises(Unknown, match=r"there is no system vts4; the nearest is vts"):
        policies.system("vts4")
    with pytest.raises(Unknown, match=r"there is no scheme nightly; the nearest is NIGHTLY"):
        policies.scheme("nightly")
    with pytest.raises(Unknown, match=r"there is no AutoCopy policy X$"):
        policies.find("autocopy", "X")


def test_other_files_are_no_policies(folder: Make) -> None:
    path = Path(folder())
    (path / "README").write_text("not a policy")
    (path / ".hidden.yaml").write_text("not a policy")
    (path / "x.yaml~").write_text("not a policy")
    (path / "systemd").mkdir()
    (path / "systemd" / "x.yaml").write_text("not a policy")
    assert check(str(path)) == ()


def test_a_name_that_is_nearly_right_is_pointed_out(folder: Make) -> None:
    path = Path(folder())
    (path / "a.yml").write_text(NIGHTLY)
    (path / "b.YAML").write_text(NIGHTLY)
    assert check(str(path)) == (
        f"{path}/a.yml:1: file: is not read under this name; rename it to end in .yaml",
        f"{path}/b.YAML:1: file: is not read under this name; rename it to end in .yaml")


def test_only_regular_files_are_read_and_nothing_hangs(folder: Make) -> None:
    path = Path(folder())
    os.mkfifo(path / "a.yaml")
    (path / "b.yaml").mkdir()
    (path / "c.yaml").symlink_to("/dev/zero")
    (path / "d.yaml").symlink_to("missing")
    assert [line.removeprefix(f"{path}/") for line in check(str(path))] == [
        "a.yaml:1: file: is not a regular file",
        "b.yaml:1: file: is not a regular file",
        "c.yaml:1: file: is not a regular file",
        "d.yaml:1: file: cannot be read: No such file or directory"]


def test_a_link_to_a_policy_is_read(folder: Make, tmp_path: Path) -> None:
    path = Path(folder())
    (tmp_path / "managed").write_text(NIGHTLY)
    (tmp_path / "managed").chmod(0o644)
    (path / "n.yaml").symlink_to(tmp_path / "managed")
    assert set(load(str(path)).schemes) == {"NIGHTLY"}


def test_what_everyone_may_write_is_refused(folder: Make) -> None:
    path = Path(folder(n=NIGHTLY))
    (path / "n.yaml").chmod(0o646)
    assert check(str(path)) == (f"{path}/n.yaml:1: file: everyone may write it (mode 0646); chmod o-w it",)
    (path / "n.yaml").chmod(0o664)
    assert check(str(path)) == ()
    path.chmod(0o1777)
    assert check(str(path)) == (f"{path}:1: file: everyone may write it (mode 1777); chmod o-w it",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_a_stranger_owns_is_refused(folder: Make) -> None:
    path = Path(folder(n=NIGHTLY))
    os.chown(path / "n.yaml", 54321, -1)
    assert check(str(path)) == (
        f"{path}/n.yaml:1: file: belongs to user 54321, neither to you nor to root",)
    os.chown(path / "n.yaml", 0, -1)
    os.chown(path, 54321, -1)
    assert check(str(path)) == (f"{path}:1: file: belongs to user 54321, neither to you nor to root",)


@pytest.mark.skipif(os.geteuid() != 0, reason="root reads everything; another user is needed")
def test_what_cannot_be_read_names_its_owner(folder: Make, tmp_path: Path) -> None:
    path = Path(folder(n=NIGHTLY))
    for each in (tmp_path, *tmp_path.parents):
        if str(each).startswith(str(Path("/tmp") / "pytest-")):
            each.chmod(0o755)
    (path / "n.yaml").chmod(0o600)
    program = (f"import os, sys; sys.path[:0] = {sys.path!r}; from vtspolicy.policy.folder import check\n"
               f"os.setuid(65534); print(*check({str(path)!r}), sep='\\n')")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}/n.yaml:1: file: cannot be read: Permission denied; it belongs to root\n"
    path.chmod(0o700)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}:1: file: cannot be read: Permission denied; it belongs to root\n"


def test_a_missing_or_empty_folder_is_an_empty_set_only_where_that_is_allowed(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o755)
    for folder in (missing, str(empty)):
        assert load(folder, may_be_missing=True).systems == {}
    assert check(missing) == (f"{missing}: there is no such policy folder; ADD SYSTEM makes it, and --policies names "
                              "another",)
    assert check(str(empty)) == (f"{empty}: holds no policy; ADD SYSTEM makes the first",)
    with pytest.raises(PolicyInvalid, match=r"missing: there is no such policy folder; ADD SYSTEM makes it"):
        load(missing)
    with pytest.raises(PolicyInvalid, match=r"empty: holds no policy"):
        load(str(empty))
    (tmp_path / "file").write_text("x")
    assert check(str(tmp_path / "file")) == (f"{tmp_path}/file:1: file: cannot be read: Not a directory; it belongs to "
                                             f"{(tmp_path / 'file').owner()}",)


def test_an_empty_folder_that_is_not_safe_is_told_as_that(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert check(str(tmp_path)) == (f"{tmp_path}:1: file: everyone may write it (mode 0777); chmod o-w it",)


@pytest.mark.parametrize("broken", [
    "kind: [", "kind: system\n", "kind: systm\nname: vts2\n", "kind: system\nname: vts2\nvaults: {}\n",
    "kind: system\nname: 'v t s'\nvaults: {VAULT01: /a}\n"])
def test_a_broken_system_is_told_once(broken: str, folder: Make) -> None:
    path = folder(n=NIGHTLY, vts2=broken)
    errors = check(path)
    assert errors and all(each.startswith(f"{path}/vts2.yaml:") for each in errors)


def test_a_system_that_cannot_be_read_is_told_once(folder: Make) -> None:
    path = folder(n=NIGHTLY)
    Path(path, "vts2.yaml").rename(Path(path, "vts2.yml"))
    assert check(path) == (f"{path}/vts2.yml:1: file: is not read under this name; rename it to end in .yaml",)
    Path(path, "here.yaml").rename(Path(path, "here.yml"))
    assert len(check(path)) == 2


def test_what_is_wrong_beside_a_broken_file_is_told_too(folder: Make) -> None:
    path = folder(n=NIGHTLY.replace("vts2:/VAULT01", "vts3:/VAULT09"), vts2="kind: [", s="kind: scheme\n")
    assert any("the system vts3 declares no vault VAULT09" in each for each in check(path))
    Path(path, "vts2.yaml").unlink()
    Path(path, "n.yaml").write_text(NIGHTLY)
    assert any("there is no system vts2" in each for each in check(path))  # a broken scheme hides no system


def test_every_error_of_every_file_is_told(folder: Make) -> None:
    path = folder(a=NIGHTLY + "banana: x\n", b=NIGHTLY.replace("NIGHTLY", "B") + "rate: 40\n",
                  c=scheme("C", "/VAULT01/X", "vts9:/VAULT01/X"))
    with pytest.raises(PolicyInvalid) as refused:
        load(path)
    assert [line.removeprefix(path + "/") for line in str(refused.value).splitlines()] == [
        "a.yaml:5: banana: unknown key of a scheme",
        "b.yaml:5: rate: expected a rate such as 40 MiB/s, found '40'",
        "c.yaml:4: to: there is no system vts9; the nearest is vts3"]


@pytest.mark.parametrize("second", [
    scheme("B", "/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL"),                 # the same source and target
    "kind: autocopy\nname: B\npool: here:/VAULT01/PAYROLL\nto: vts2:/VAULT01/PAYROLL\n",
    "kind: autocopy\nname: B\npool: /VAULT01/P*\nto: 'vts2:/VAULT01/{pool}'\n",  # selects the same source
    scheme("B", "/VAULT01/PAYROLL", "vts3:/VAULT01/PAYROLL"),
    scheme("B", "/VAULT02/PAYROLL", "vts2:/VAULT02/PAYROLL"),
    scheme("B", "/VAULT02/*", "'vts2:/VAULT01/{pool}'", "except: P*\n"),
    scheme("B", "/VAULT02/*", "'vts2:/VAULT01/{pool}'", "except: [PAYROLL]\n"),
    scheme("B", "/VAULT02/A*", "'vts2:/VAULT01/{pool}'"),
    scheme("B", "/VAULT02/PAYROLL", "vts2:/VAULT01/PAYROLL2"),
    scheme("B", "/VAULT01/PAYROLL", "here:/VAULT02/PAYROLL"),
])
def test_policies_that_may_stand_together(folder: Make, second: str) -> None:
    assert check(folder(a=NIGHTLY.replace("name: NIGHTLY", "name: A"), b=second)) == ()


def test_ten_files_are_loaded_without_anything_heavy(folder: Make) -> None:
    path = folder(**{f"s{number}": scheme(f"S{number}", f"/VAULT01/P{number}", f"vts2:/VAULT01/P{number}")
                     for number in range(7)})
    program = ("import sys; from vtspolicy.policy.folder import load; load(sys.argv[1])\n"
               "import vtspolicy.policy.resolver; print(*sys.modules)")
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "yaml" in loaded
    assert not loaded & {"paramiko", "cryptography", "pydantic", "rich", "typer", "sqlite3", "blake3", "tabulate",
                         "zoneinfo", "asyncio", "subprocess", "difflib", "tempfile", "socket", "ssl", "logging", "json"}
