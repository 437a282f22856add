"""A tape and its companions, as the machine tells of them to which they were copied: from its own records alone."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.acceptance.world import POOL, VAULT, World

PATH = f"/{VAULT}/{POOL}"


@pytest.fixture
def there(tmp_path: Path) -> World:
    """The target's own policies and state; the source copied two tapes, and is gone."""
    world = World("local", tmp_path)
    path = world.policies / "vts1.yaml"
    path.write_text(path.read_text() + 'companions: ["{tape}.meta"]\n')
    for name in ("T00001", "T00001.meta", "T00002"):
        world.put(name, name.encode())
    world.start()
    own = copy.copy(world)
    own.policies, own.state = tmp_path / "their policies", tmp_path / "their state"
    own.policies.mkdir()
    own.policy("vts2", "kind: system", "name: vts2", f"vaults: {{{VAULT}: {world.far}}}")
    return own


def seen(there: World, *words: str) -> dict[str, tuple[str, dict[str, str]]]:
    tapes = there.run("status", *words, "--json").settle().json["data"]["tapes"]
    return {each["tape"].rpartition("/")[2]: (each["state"], each["companions"]) for each in tapes}


def test_a_set_is_one_line_there_too_and_stands_as_its_worst(there: World) -> None:
    whole = {"T00001": ("unproven", {"T00001.meta": "unproven"}), "T00002": ("unproven", {})}
    assert seen(there, "pool", PATH) == whole
    assert "T00001 +1" in there.run("status", "pool", PATH).settle().output
    for name in ("T00001", "T00001.meta"):
        assert seen(there, "tape", f"{PATH}/{name}") == {"T00001": whole["T00001"]}
        read = there.run("verify", "tape", f"{PATH}/{name}", "--json").settle().json["data"]["tapes"]
        assert [each["target"].rpartition("/")[2] for each in read] == ["T00001.meta", "T00001"]
    (there.copies / "T00001.meta").unlink()
    assert seen(there, "pool", PATH)["T00001"] == ("stale", {"T00001.meta": "missing"})
    assert there.run("verify", "pool", PATH, "--json").settle(2).reasons == ["missing"]
    assert seen(there, "pool", PATH)["T00001"] == ("stale", {"T00001.meta": "missing"})


def test_records_that_are_older_than_the_word_need_the_policy(there: World) -> None:
    for path in (there.copies / ".vtspolicy").glob("*.record"):
        path.write_text(path.read_text().replace('"accompanies"', '"ignored"'))
    assert sorted(seen(there, "pool", PATH)) == ["T00001", "T00001.meta", "T00002"]
    there.policy("vts1", "kind: system", "name: vts1", "address: 127.0.0.9", "user: x",
                 f"vaults: {{{VAULT}: /srv}}", 'companions: ["{tape}.meta"]')
    assert seen(there, "pool", PATH)["T00001"] == ("unproven", {"T00001.meta": "unproven"})
