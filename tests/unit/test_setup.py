"""What `make` does before anything runs: `.ci/machine.py` and `.ci/environment`, with a stand-in for apt-get."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.needs import PACKAGES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def machine() -> ModuleType:
    spec = importlib.util.spec_from_file_location("machine", ROOT / ".ci" / "machine.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def apt(tmp_path: Path, machine: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that notes its words and what the daemons' policy says meanwhile; it does not know `nosuch`."""
    program = tmp_path / "bin" / "apt-get"
    program.parent.mkdir()
    notes = tmp_path / "notes"
    program.write_text(f"#!/bin/sh\necho \"$@ [$({tmp_path}/policy-rc.d; echo $?)]\" >>{notes}\n"
                       "case \"$*\" in *nosuch*) echo 'E: Unable to locate package nosuch' >&2; exit 100;; esac\n")
    program.chmod(0o755)
    monkeypatch.setattr(machine, "DAEMON_POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(machine, "SEARCH", f"{program.parent}:/usr/bin:/bin")
    return notes


def test_packages_are_installed_without_starting_daemons(machine: ModuleType, apt: Path) -> None:
    assert machine.install(["hercules", "mandoc"]) == 0
    update, install = apt.read_text().splitlines()
    assert update.endswith(" update [101]")
    assert install.endswith(" install --yes --no-install-recommends hercules mandoc [101]")
    assert not (apt.parent / "policy-rc.d").exists()


def test_the_machines_own_policy_comes_back(machine: ModuleType, apt: Path) -> None:
    policy = apt.parent / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o755)
    assert machine.install(["mandoc"]) == 0
    assert apt.read_text().count("[101]") == 2
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o755
    policy.rename(policy.with_name("policy-rc.d.kept"))  # as a call leaves it that is killed
    policy.write_text("#!/bin/sh\nexit 101\n")
    with machine.daemons_kept_still(policy):
        assert "101" in policy.read_text()
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert sorted(path.name for path in apt.parent.iterdir()) == ["bin", "notes", "policy-rc.d"]


def test_what_cannot_be_installed_is_said_in_one_line(
        machine: ModuleType, apt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine.install(["nosuch"]) == 100
    assert capsys.readouterr().err == "could not install nosuch: E: Unable to locate package nosuch\n"
    assert not (apt.parent / "policy-rc.d").exists()


def test_what_is_missing_without_root_is_named_in_one_line(
        machine: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(machine, "SEARCH", "/nowhere")
    monkeypatch.setattr(machine, "HEADERS", Path("/nowhere/stdio.h"))
    monkeypatch.setattr(machine, "sudo", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert machine.for_tests() == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    for package in {package for packages in PACKAGES.values() for package in packages.split()} | {"rsync", "root"}:
        assert package in told


def test_each_package_is_named_once_and_only_if_missing(machine: ModuleType) -> None:
    assert machine.missing({"sh": "dash", "no-such-a": "one two", "no-such-b": "two"}) == ["one", "two"]


def test_sudo_that_asks_for_a_password_counts_as_none(
        machine: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.sudo() is None
    program = tmp_path / "sudo"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert machine.sudo() is None
    program.write_text("#!/bin/sh\nexit 0\n")
    assert machine.sudo() == ["sudo", "-n"]


def test_no_python_that_fits_is_said_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / ".ci"
    folder.mkdir()
    shutil.copy(ROOT / ".ci" / "environment", folder)
    few = tmp_path / "few"
    few.mkdir()
    for name in ("sh", "dirname", "grep", "cksum", "cat", "rm"):
        (few / name).symlink_to(str(shutil.which(name)))
    old = few / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run([folder / "environment"], env={"PATH": str(few)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("vtspolicy needs Python 3.11 or newer with venv "
                           "(on Debian: apt-get install python3-venv)\n")


def test_every_target_is_told_by_make() -> None:
    told = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "torture", "bench", "man", "lint", "wheel", "clean"):
        assert f"make {target} " in told
    assert max(map(len, told.splitlines())) < 80


def test_the_ci_script_is_a_program_that_bash_can_read() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_the_licence_is_apaches() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.lstrip().startswith("Apache License\n                           Version 2.0, January 2004")
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.splitlines()) == 202
