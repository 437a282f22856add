"""The line of ADD KEY works as it is pasted, whatever the policies call for; one that does not fit them is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_second_site import PATH, Site
from tests.acceptance.world import POOL, SCHEME, VAULT
from tests.support.sshd import SshServer, running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running(SshServer(tmp_path / "own-sshd", environment={"PATH": PATH})) as own:
        yield Site("receiver", tmp_path / "world", own)


def want(site: Site, *lines: str) -> None:
    with (site.policies / "vts2.yaml").open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def copies_from_there(site: Site) -> None:
    """A second scheme, the other way round."""
    for root in (site.near, site.far):
        (root / "THEIRS").mkdir()
    (site.far / "THEIRS" / "X00001").write_bytes(b"theirs")
    site.policy("BACK", "kind: scheme", "name: BACK", f"from: vts2:/{VAULT}/THEIRS", f"to: vts1:/{VAULT}/THEIRS")


@pytest.mark.parametrize("make", ["yes", "frozen"])
def test_all_that_a_policy_can_call_for(site: Site, tmp_path: Path, make: str) -> None:
    work = tmp_path / "work of vts2"
    work.mkdir()
    want(site, f"create-pool: {make}", f"staging: {{{VAULT}: {work}}}")
    copies_from_there(site)
    (site.far / POOL).rmdir()
    site.let_in_as_told()
    assert {each["result"] for each in site.steps().values()} == {"ok"}
    made = site.start(code=0 if make == "yes" else 2)
    assert (site.far / POOL).is_dir()
    if make == "frozen":
        assert made.reasons == ["frozen"]
    else:
        assert (site.copy("T00001"), [path.name for path in work.iterdir()]) == (b"first", [POOL])
    site.run("start", "scheme", "BACK").settle()
    assert (site.near / "THEIRS" / "X00001").read_bytes() == b"theirs"


def test_a_line_that_was_pasted_before_the_policies_changed(site: Site, tmp_path: Path) -> None:
    site.let_in_as_told()
    assert {each["result"] for each in site.steps().values()} == {"ok"}
    work = tmp_path / "work"
    work.mkdir()
    want(site, "create-pool: yes", f"staging: {{{VAULT}: {work}}}")
    copies_from_there(site)
    steps = site.steps(2)
    for step, result, cause in (("staging", "warning", "told of no staging"), ("read", "failed", "--allow-read"),
                                ("pools", "warning", "--create-pool yes")):
        assert steps[step]["result"] == result and cause in steps[step]["detail"], steps[step]
        assert "ADD KEY vts2" in steps[step]["remedy"]
    planned = site.run("plan", "scheme", SCHEME, "--json").settle()
    assert [f"not in {work}. ADD KEY" in each for each in planned.json["warnings"]] == [True]
    assert site.start(code=1).leg()["copied"] == 1  # a part file in the pool is no reason to be without a copy
    assert ["told of no staging" in each["text"] for each in site.events("422012")] == [True]
    (site.far / POOL).rename(site.far / "AWAY")
    for words in (("plan", "scheme", SCHEME), ("start", "scheme", SCHEME)):
        done = site.run(*words, "--json").settle(2)
        assert done.reasons == ["refused"] and "--create-pool yes" in done.json["errors"][0]["message"]
    assert not (site.far / POOL).exists()


def test_another_staging_over_there_than_the_policy_says(site: Site, tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    want(site, f"staging: {{{VAULT}: {tmp_path}/one}}")
    site.let_in_as_told()
    site.steps()
    path = site.own.folder / "authorized_keys"
    path.write_text(path.read_text().replace(f"{VAULT}={tmp_path}/one", f"{VAULT}={tmp_path}/other/"))
    step = site.steps(1)["staging"]
    assert f"lie in {tmp_path}/other/" in step["detail"] and f"not in {tmp_path}/one" in step["detail"]
    path.write_text(path.read_text().replace(f"{tmp_path}/other/", f"{tmp_path}/one/"))
    site.steps()
