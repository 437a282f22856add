"""FREEZE and THAW by the installed program, on the system that holds the pool, while another one sends to it."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import KINDS, POOL, SCHEME, VAULT, Done, World
from tests.contract.systems import receive_words
from tests.support.sshd import SFTP_SERVER, SshServer
from tests.support.tapes import random_bytes

THERE = f"vts2:/{VAULT}/{POOL}"
WHY = "site two has taken over"


class Sites(World):
    """vts1 with its policies and state, and vts2 with its own: what is given there needs no vts1."""

    far_words: tuple[str, ...] = ()

    def __init__(self, kind: str, folder: Path, server: SshServer, *far_words: str, **more: object) -> None:
        self.far_policies, self.far_state = folder / "far-policies", folder / "far-state"
        self.far_words = far_words
        super().__init__(kind, folder, server, **more)  # type: ignore[arg-type]
        self.far_policies.mkdir()
        (self.far_policies / "vts2.yaml").write_text(f"kind: system\nname: vts2\nvaults: {{{VAULT}: {self.far}}}\n")

    def let_in(self, *prefix: str) -> Path:
        assert self.server is not None
        words = SFTP_SERVER if self.kind == "sftp" else shlex.join(receive_words(
            self.far, "--state", str(self.far_state), "--policies", str(self.far_policies), *self.far_words))
        return self.server.authorize(f"{self.kind}-{self.folder.name}", command=f"{shlex.join(prefix)} {words}".strip())

    def there(self, *words: str) -> Done:
        """Give a sentence on vts2."""
        here = self.policies, self.state
        self.policies, self.state = self.far_policies, self.far_state
        try:
            return self.run(*words)
        finally:
            self.policies, self.state = here

    def told_there(self) -> list[str]:
        """The refusals in the log of vts2."""
        found = self.there("info", "event", "422003", "--json").json["data"]["events"]
        return [each["text"] for each in found]


@pytest.fixture(params=KINDS)
def sites(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Sites:
    return Sites(request.param, tmp_path, sshd)


def test_a_running_sender_is_refused_and_the_old_tape_stays(tmp_path: Path, sshd: SshServer,
                                                            request: pytest.FixtureRequest) -> None:
    for kind in KINDS:
        sites = Sites(kind, make(tmp_path / kind), sshd, scheme=["rate: 4 MiB/s"])
        sites.put("T00001", b"first")
        sites.start()
        sites.put("T00001", random_bytes(6 << 20, 1))
        sites.put("T00002", random_bytes(6 << 20, 2))
        with sites.started("--json") as running:
            running.wait_for_file(sites.copies / ".vtspolicy", "*.part")
            sites.there("freeze", "pool", f"/{VAULT}/{POOL}", "--reason", WHY).settle()
            assert running.wait() == 2, running.errors
            envelope = json.loads(running.output)
        assert envelope["status"] == "refused"
        assert {(each["reason"], each["retry"]) for each in envelope["errors"]} == {("frozen", False)}
        message = envelope["errors"][0]["message"]
        assert message.startswith(f"pool {THERE} is frozen since 20")
        assert message.endswith(f": {WHY}")
        assert (sites.copy("T00001"), sites.copy("T00002"), sites.parts()) == (b"first", None, [])
        assert len(sites.events("622002")) == 2  # each tape is told
        assert [THERE in each and "127.0.0.1" in each for each in sites.told_there()] == (
            [True] if kind == "receiver" else [])
        assert sites.states() == {f"{POOL}/T00001": "stale", f"{POOL}/T00002": "never"}
        sites.there("thaw", "pool", f"/{VAULT}/{POOL}").settle()
        sites.put("T00002", b"short, so that nobody waits for it")
        sites.start()
        assert sites.copy("T00001") == (sites.pool / "T00001").read_bytes()
        assert sites.copy("T00002") == (sites.pool / "T00002").read_bytes()


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("what", [f"pool /{VAULT}/{POOL}", f"vault /{VAULT}"], ids=["pool", "vault"])
def test_a_site_that_comes_back_overwrites_nothing(sites: Sites, what: str) -> None:
    kind, path = what.split()
    place = f"vts2:{path}"
    sites.put("T00001", b"first")
    sites.start()
    sites.there("freeze", kind, path, "--reason", WHY).settle()
    sites.put("T00001", b"of the dead site")
    for _ in range(2):
        refused = sites.start(code=2)
        assert (refused.reasons, refused.json["status"]) == (["frozen"], "refused")
    plan = sites.run("plan", "scheme", SCHEME, "--json")
    assert (plan.code, plan.reasons) == (2, ["frozen"])
    assert sites.copy("T00001") == b"first"
    assert len(sites.events("622002")) == 2
    assert len(sites.told_there()) == (2 if sites.kind == "receiver" else 0)
    # It shows on both sides, and what lies there can be verified.
    sites.run("verify", "scheme", SCHEME).settle()
    for words in (("status", "scheme", SCHEME), ("status", "pool", f"/{VAULT}/{POOL}"),
                  ("status", "tape", f"/{VAULT}/{POOL}/T00001"), ("status", "system", "vts2")):
        shown = sites.run(*words)
        assert f"{kind} {place} is frozen" in shown.output, words
        assert WHY in shown.output
        freezes = sites.run(*words, "--json").json["data"]["freezes"]
        assert [(each["place"], each["reason"]) for each in freezes] == [(place, WHY)]
        brief = sites.run(*words, "--brief").lines[-1]
        assert brief.startswith(f"FROZEN {kind} {place} since=20")
    there = sites.there("status", "system", "--json").settle().json["data"]
    assert [each["place"] for each in there["freezes"]] == [place]
    sites.there("thaw", kind, path).settle()
    sites.start()
    assert sites.copy("T00001") == b"of the dead site"
    assert sites.run("status", "scheme", SCHEME, "--json").json["data"]["freezes"] == []


def test_a_frozen_source_hinders_nobody(sites: Sites) -> None:
    sites.put("T00001", b"first")
    sites.run("freeze", "vault", f"vts1:/{VAULT}").settle()
    sites.start()
    assert sites.copy("T00001") == b"first"


def test_it_is_given_where_the_pool_lies(make_world: Callable[..., World]) -> None:
    world = make_world("receiver")
    for verb in ("freeze", "thaw"):
        refused = world.run(verb, "pool", THERE, "--json")
        assert (refused.code, refused.reasons) == (2, ["refused"])
        assert f"give {verb.upper()} POOL /{VAULT}/{POOL} there" in refused.json["errors"][0]["message"]
    assert not (world.copies / ".vtspolicy").exists()


def test_it_is_said_clearly_what_was_so_already(sites: Sites) -> None:
    pool = ("pool", f"/{VAULT}/{POOL}")
    assert sites.there("freeze", *pool, "--reason", WHY).settle().lines[0] == f"OK, pool {THERE} frozen"
    again = sites.there("freeze", *pool, "--reason", "another reason").settle()
    assert again.lines[0] == f"pool {THERE} is frozen already,"
    assert WHY in again.output
    assert sites.there("freeze", "vault", f"/{VAULT}", "--json").json["status"] == "done"
    still = sites.there("thaw", *pool).settle(1)
    assert f"vault vts2:/{VAULT} is frozen since" in still.errors
    assert sites.there("thaw", *pool).settle(1).output == f"pool {THERE} was not frozen; nothing was changed\n"
    sites.there("thaw", "vault", f"/{VAULT}").settle()
    assert sites.there("thaw", *pool, "--json").settle().json["status"] == "nothing"
    unknown = sites.there("freeze", "pool", f"/{VAULT}/PAYROL", "--json")
    assert (unknown.code, unknown.reasons) == (2, ["unknown"])
    assert "the nearest is PAYROLL" in unknown.json["errors"][0]["message"]


def test_nothing_else_needs_to_be_right(sites: Sites) -> None:
    """Other policies may be wrong and the state out of reach: it is frozen nevertheless, and that is told."""
    (sites.far_policies / "bad.yaml").write_text("kind: scheme\nname: BAD\n")
    sites.far_state.write_text("no folder")
    done = sites.there("freeze", "pool", f"/{VAULT}/{POOL}").settle()
    assert "the event log could not be told" in done.errors
    assert "the policies hold errors" in done.errors
    sites.put("T00001", b"first")
    assert sites.start(code=2).reasons == ["frozen"]


# ---- pools that are made --------------------------------------------------------------------------------------------


def allow(sites: Sites, how: str) -> None:
    text = (sites.policies / "vts2.yaml").read_text()
    (sites.policies / "vts2.yaml").write_text(f"{text}create-pool: {how}\n")


@pytest.fixture(params=KINDS)
def making(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Sites:
    """The receiver there may make pools; the target's pool is missing."""
    sites = Sites(request.param, tmp_path, sshd, "--create-pool", "yes")
    sites.put("T00001", b"first")
    shutil.rmtree(sites.copies)
    return sites


def test_a_missing_pool_is_made_where_the_policy_says_so(making: Sites) -> None:
    assert making.start(code=2).reasons == ["unknown"]
    allow(making, "yes")
    plan = making.run("plan", "scheme", SCHEME).settle()
    assert f"the pool {THERE} is missing and would be made" in plan.output
    assert not making.copies.exists()
    making.start()
    assert making.copy("T00001") == b"first"
    assert [each["fields"]["pool"] for each in making.events("222004")] == [THERE]
    assert making.start().json["status"] == "nothing"


def test_it_may_be_born_frozen(making: Sites) -> None:
    allow(making, "frozen")
    plan = making.run("plan", "scheme", SCHEME).settle()
    assert "it would be frozen, and nothing copied" in plan.output
    assert making.start(code=2).reasons == ["frozen"]
    assert (making.copies / ".vtspolicy" / "frozen").exists()
    assert making.copy("T00001") is None
    making.there("thaw", "pool", f"/{VAULT}/{POOL}").settle()
    making.start()
    assert making.copy("T00001") == b"first"


def test_none_is_made_in_a_vault_that_has_lost_its_id(making: Sites) -> None:
    allow(making, "yes")
    (making.far / ".vtspolicy-vault").unlink()
    assert making.start(code=2).reasons == ["identity"]
    assert list(making.far.iterdir()) == []


def test_a_receiver_that_was_not_told_makes_none(tmp_path: Path, sshd: SshServer) -> None:
    sites = Sites("receiver", tmp_path, sshd)
    sites.put("T00001", b"first")
    shutil.rmtree(sites.copies)
    allow(sites, "yes")
    refused = sites.start(code=2)
    assert refused.reasons == ["refused"]
    assert "was started without --create-pool yes" in refused.json["errors"][0]["message"]
    assert not sites.copies.exists()
