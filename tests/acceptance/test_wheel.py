"""The wheel, installed in an empty environment and used from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from vtspolicy import __version__
from vtspolicy.policy.model import KINDS
from vtspolicy.policy.reader import policy_of

ROOT = Path(__file__).parents[2]


def run(words: Sequence[str | Path], folder: Path) -> str:
    """Standard output of a program that must end with 0; nothing of this checkout is in its way."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VTSPOLICY"))}
    environment |= {"HOME": str(folder), "VTSPOLICY_POLICIES": str(folder / "policies"),
                    "VTSPOLICY_STATE": str(folder / "state")}
    done = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by hatchling from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and nothing but what it asks for."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input",
           "--disable-pip-version-check", wheel]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return environment


def test_its_name_and_what_is_in_it(wheel: Path) -> None:
    assert wheel.name == f"vtspolicy-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "vtspolicy").rglob("*.py")}
    assert modules <= names
    assert "vtspolicy/py.typed" in names
    assert f"vtspolicy-{__version__}.dist-info/licenses/LICENSE" in names
    assert {name.split("/")[0] for name in names} == {
        "vtspolicy", f"vtspolicy-{__version__}.dist-info", f"vtspolicy-{__version__}.data"}


def test_manual_samples_and_units_are_in_place(installed: Path) -> None:
    for ours, theirs in (("man", "share/man"), ("policies", "share/vtspolicy/policies")):
        files = {str(path.relative_to(ROOT / ours)): path.read_bytes() for path in (ROOT / ours).rglob("*")
                 if path.is_file()}
        assert files == {name: (installed / theirs / name).read_bytes() for name in files}
    assert {path.name for path in (installed / "share/man").glob("man?/*")} == {
        "vtspolicy.1", "vtspolicy-policy.5", "vtspolicy-events.7"}
    samples = installed / "share/vtspolicy/policies"
    assert {path.name.split("-")[0].removesuffix(".yaml") for path in samples.glob("*.yaml")} == set(KINDS)
    assert {path.suffix for path in (samples / "systemd").iterdir()} == {".service", ".timer"}
    assert list((samples / "cron.d").iterdir())


def test_the_version(installed: Path, tmp_path: Path) -> None:
    assert run([installed / "bin/vtspolicy", "--version"], tmp_path) == f"vtspolicy {__version__}\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_can_be_used_as_it_is(installed: Path, tmp_path: Path, kind: str) -> None:
    text = run([installed / "bin/vtspolicy", "sample", kind], tmp_path)
    assert policy_of(text.encode(), f"{kind}.yaml").kind == kind


def test_both_programs_and_the_module(installed: Path, tmp_path: Path) -> None:
    assert "NIGHTLY" in run([installed / "bin/vtspolicy", "parse", "VTSPolicy IDR 'NIGHTLY'"], tmp_path)
    assert str(tmp_path / "policies") in run([installed / "bin/python", "-m", "vtspolicy", "env"], tmp_path)
    done = subprocess.run([installed / "bin/VTSPolicy", "Erase", "-", "T00001"], cwd=tmp_path, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 2
    assert "not built" in done.stderr


def test_the_manual_pages_are_made_from_what_is_installed(installed: Path, tmp_path: Path) -> None:
    run([installed / "bin/python", "-m", "vtspolicy.report.manual", "made"], tmp_path)
    made = {str(path.relative_to(tmp_path / "made")): path.read_bytes() for path in tmp_path.glob("made/*/*")}
    assert made == {name: (ROOT / "man" / name).read_bytes() for name in made}
    assert len(made) == 3


def test_the_demo(installed: Path, tmp_path: Path) -> None:
    told = run([installed / "bin/vtspolicy", "demo"], tmp_path)
    for word in ("vtspolicy plan scheme", "vtspolicy start scheme", "vtspolicy verify", "safe"):
        assert word in told.lower(), told
    assert list(tmp_path.iterdir()) == []
