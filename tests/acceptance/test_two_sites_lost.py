"""One of two sites is lost, or comes back when nobody wants it any more. Each machine is asked only what it knows."""

from __future__ import annotations

import shutil

from tests.acceptance.two_machines import PATH, Pair
from tests.acceptance.two_machines import pair as pair
from tests.acceptance.world import POOL, VAULT

WHY = "site two has taken over"


def test_the_source_is_lost_and_the_target_is_asked(pair: Pair) -> None:
    """The target says what it has, proves it, and gives it back to the machine that is built in the other's place."""
    here, there = pair
    before = here.tapes()
    here.burns()

    # Nobody but the target is asked, and it never sent a byte: it speaks from its own records.
    assert sorted(there.status()) == sorted(before)
    assert there.verify() == {"verified": 4}
    pool = there.run("info", "pool", PATH)
    assert PATH in pool.output
    tape = there.run("info", "tape", f"{PATH}/T00001").output
    assert f"vts1:{PATH}/T00001" in tape and "Verified" in tape
    there.run("status", "system", "vts2")
    assert there.words() == {"unproven"}, "what the source was at last, nobody there can know"
    assert there.tapes() == before

    here.is_rebuilt()
    assert here.refused().reasons == ["identity"], "an empty disk does not become the source by itself"
    here.run("init", "vault", f"/{VAULT}")
    assert here.start(code=2).reasons == ["empty"]
    assert there.tapes() == before
    here.run("copy", "tape", f"{PATH}/T00001", "--from", "vts2")
    assert here.tapes() == {"T00001": before["T00001"]}
    for name in sorted(before)[1:]:
        here.run("copy", "tape", f"{PATH}/{name}", "--from", "vts2")
    assert here.tapes() == there.tapes() == before
    assert here.start().leg()["bytes"] == 0
    assert here.words() == {"safe"}


def test_the_old_source_comes_back_while_the_target_works_on(pair: Pair) -> None:
    """It was only switched off. The other site took over; the first thing that the old one does is run its schemes."""
    here, there = pair
    here.dies()
    there.freeze(WHY)
    there.host_writes("T00001", seed=9)  # the other site's host works on its tapes now
    before = there.everything()

    here.comes_back()
    here.host_writes("T00001", "T00002", seed=1)
    for _ in range(2):  # tonight, and tomorrow night
        refused = here.refused()
        assert refused.reasons == ["frozen"]
        assert WHY in refused.json["errors"][0]["message"]
    assert here.start("NIGHTLY", "--replace", "--yes", code=2).reasons == ["frozen"]
    assert there.everything() == before, "nothing is overwritten"

    told_here, told_there = here.events("622002"), there.events("422003")
    assert len(told_here) == len(told_there) == 3, "each refusal is logged on both sides"
    assert all(f"vts2:{PATH}" in each["text"] for each in told_here)
    assert all(here.address in each["text"] for each in told_there)
    assert "is frozen" in there.run("status", "pool", PATH).output

    there.thaw()
    assert here.start(code=2).reasons == ["diverged"], "thawed, the other site's tape is still its own"
    assert there.tapes() == {**before_tapes(before), "T00002": here.tapes()["T00002"]}


def before_tapes(everything: dict[str, bytes]) -> dict[str, bytes]:
    """The tapes among all files of a vault."""
    return {path.removeprefix(f"{POOL}/"): content for path, content in everything.items()
            if path.startswith(f"{POOL}/T")}


def test_the_target_is_replaced_by_an_empty_machine_under_its_address(pair: Pair) -> None:
    """Nothing is sent to it until somebody says that it is the target."""
    here, there = pair
    there.burns()
    there.is_rebuilt()
    assert here.refused().reasons == ["identity"]
    assert there.everything() == {}
    assert here.words() == {"unproven"}
    there.run("init", "vault", f"/{VAULT}")
    assert here.refused().reasons == ["identity"], "it has an id, and not the one that is known"
    assert there.tapes() == {}
    here.run("trust", "vault", f"vts2:/{VAULT}", "--yes")
    assert here.words() == {"unproven"}
    assert here.start().leg()["copied"] == 4
    assert here.words() == {"safe"}
    assert there.tapes() == here.tapes()


def test_the_catalog_is_lost_and_rebuilt(pair: Pair) -> None:
    """The answers are those of before, whatever the tapes went through."""
    here, there = pair
    pool = there.vault / POOL
    here.host_writes("T00002", seed=1)
    (pool / "T00003").write_bytes(b"somebody else was here")
    (pool / "T00004").unlink()
    here.run("verify", "pool", PATH, code=2)
    before = here.status()
    assert before == {"T00001": "safe", "T00002": "stale", "T00003": "diverged", "T00004": "missing"}

    shutil.rmtree(here.state)
    here.run("rebuild", "catalog", "--yes")
    assert here.status() == before
    # It does what it would have done.
    leg = here.start(code=2).leg()
    assert (leg["trusted"], leg["copied"], leg["refused"]) == (1, 2, 1)
    assert (pool / "T00003").read_bytes() == b"somebody else was here"
    assert here.status() == {"T00001": "safe", "T00002": "safe", "T00003": "diverged", "T00004": "safe"}
