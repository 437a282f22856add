"""What programs read: exit codes, the JSON envelope, BRIEF lines and the completion line. These are interfaces."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.world import FAR_ID, POOL, SCHEME, VAULT, Done, World

ENVELOPE = ["vtspolicy", "command", "run", "ref", "status", "code", "data", "errors", "warnings"]
ERROR = ["reason", "id", "tape", "system", "message", "retry"]
LEG = ["source", "target", "copied", "equal", "trusted", "differs", "refused", "failed", "bytes", "seconds",
       "warnings", "states", "gone", "accepted", "status", "reason"]
TAPE = f"vts1:/{VAULT}/{POOL}/T00001"
COPY = f"vts2:/{VAULT}/{POOL}/T00001"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
RUN = "[0-9A-Z]{12}"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world in which one tape was copied; nobody changes it."""
    world = World("local", tmp_path_factory.mktemp("copied"))
    world.put("T00001", b"first")
    world.start("--ref", "PAY0304")
    return world


def envelope_of(done: Done, code: int = 0) -> dict[str, Any]:
    """The envelope, whose keys are as they are documented, in their order."""
    envelope = done.settle(code).json
    assert list(envelope) == ENVELOPE
    assert all(list(each) == ERROR for each in envelope["errors"])
    assert done.errors == ""
    return envelope


# ---- JSON -----------------------------------------------------------------------------------------------------------

DATA = {
    f"start scheme {SCHEME}": ["policy", "legs"],
    f"run scheme {SCHEME}": ["policy", "legs"],
    f"idr {SCHEME}": ["policy", "legs"],
    f"plan scheme {SCHEME}": ["policy", "legs"],
    f"verify scheme {SCHEME}": ["tapes", "counts", "spared", "left"],
    f"status scheme {SCHEME}": ["tapes", "summary", "freezes", "leftovers"],
    f"status pool vts1:/{VAULT}/{POOL}": ["tapes", "summary", "freezes", "leftovers"],
    f"status tape {TAPE}": ["tapes", "summary", "freezes", "leftovers"],
    "status system": ["systems", "freezes", "leftovers"],
    "info scheme": ["policies"],
    "info system vts2": ["policies"],
    "info event": ["events"],
    "check policy": ["folder", "errors"],
    "env": ["policies", "state", "version", "user", "service"],
    "sample scheme": ["text"],
    "help start": ["text"],
    "parse env": ["parsed"],
}
PARTS = {
    f"start scheme {SCHEME}": LEG,
    f"plan scheme {SCHEME}": ["source", "target", "bytes", "counts", "steps", "new_pool", "states", "known",
                              "too_many_gone", "accepted", "read_back", "gone", "skipped"],
    f"verify scheme {SCHEME}": ["tape", "target", "size", "digest", "result"],
    f"status tape {TAPE}": ["tape", "target", "state", "size", "changed", "copied", "verified", "trusted", "digest",
                            "durable", "doubted", "reason", "failed", "run", "ref", "basis", "accepted",
                            "hasty", "companions"],
    "info scheme": ["kind", "name", "file", "fields", "obeyform"],
}


@pytest.mark.parametrize("words", DATA)
def test_the_envelope_of_each_verb(words: str, copied: World) -> None:
    envelope = envelope_of(copied.run(*words.split(), "--json"))
    assert list(envelope["data"]) == DATA[words]
    assert envelope["errors"] == [] and envelope["warnings"] == []
    assert envelope["status"] in ("done", "nothing")
    command = envelope["command"]
    assert list(command) == ["verb", "object", "operands", "attributes"]
    assert command["verb"] == words.split()[0].upper()
    if words in PARTS:
        rows = envelope["data"].get("legs", next(iter(envelope["data"].values())))
        assert list(rows[0]) == PARTS[words]


@pytest.mark.parametrize("words", [["--nonsense"], ["start", "scheme", SCHEME, "--nonsense"], ["nonsense"], ["start"],
                                   ["start", "scheme"], ["start", "nothing", "X"], ["start", "scheme", "A", "B"],
                                   ["start scheme"], ["VTSPolicy IDR 'NIGHTLY"], ["info scheme \x07"], ["a\udcffb c"],
                                   ["start", "scheme", SCHEME, "--ref", "x" * 17], ["--allow", "x", "env"],
                                   ["status", "scheme", "--ref"], [""], ["x" * 70000 + " y"], ["parse", "ADD"]])
def test_what_cannot_be_understood_speaks_json_too(words: list[str], copied: World) -> None:
    for line in (["--json", *words], [*words, "--json"]):
        envelope = envelope_of(copied.run(*line), 2)
        assert [each["reason"] for each in envelope["errors"]] == ["usage"]
        assert envelope["status"] == "refused"
        assert envelope["errors"][0]["id"] == "690001"


def test_an_unknown_scheme_and_a_verb_to_come(copied: World) -> None:
    assert envelope_of(copied.run("start", "scheme", "NIGHTLI", "--json"), 2)["errors"][0]["reason"] == "unknown"
    assert envelope_of(copied.run("VTSPolicy Erase - T1", "--json"), 2)["errors"][0]["reason"] == "not-built"


def test_wrong_policies_speak_json(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    world.policy("scheme-bad", "kind: scheme", "name: BAD", "form: /VAULT01/A", "to: [vts2:/VAULT01/A]")
    envelope = envelope_of(world.run("start", "scheme", SCHEME, "--json"), 2)
    assert {each["reason"] for each in envelope["errors"]} == {"policy"}
    checked = envelope_of(world.run("check", "policy", "--json"), 2)
    assert any("scheme-bad.yaml:3" in line for line in checked["data"]["errors"])
    text = world.run("check", "policy").settle(2)
    assert any("scheme-bad.yaml:3: form: " in line for line in text.lines), text.output


def test_policies_that_are_not_there_are_not_right(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    for path in world.policies.glob("*.yaml"):
        path.unlink()
    assert world.run("check", "policy").settle(2).output == (
        f"{world.policies}: holds no policy; ADD SYSTEM makes the first\n")
    envelope = envelope_of(world.run("check", "policy", "--json"), 2)
    assert [each["reason"] for each in envelope["errors"]] == ["policy"]
    world.policies.rmdir()
    done = world.run("check", "policy").settle(2)
    assert done.output == (f"{world.policies}: there is no such policy folder; ADD SYSTEM makes it, and --policies "
                           "names another\n")
    for option in ("--policies", "--state"):
        for words in ([option, "", "env"], [f"{option}=", "env"]):
            assert envelope_of(world.run(*words, "--json"), 2)["errors"][0]["reason"] == "usage"


def test_an_event_names_a_tape_only_where_there_is_one(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    world.run("start", "scheme", "NOSUCH").settle(2)
    world.run("verify", "pool", f"/{VAULT}/NOSUCH").settle(2)
    world.run("idr", f"vts1:/{VAULT}/{POOL}/T00001", "d=vts9").settle(2)
    events = envelope_of(world.run("info", "event", "--json"))["data"]["events"]
    assert [(each["reason"], each["tape"]) for each in events] == [("unknown", None)] * 3


def test_the_id_of_events_is_judged(copied: World) -> None:
    everything = envelope_of(copied.run("info", "event", "--json"))["data"]["events"]
    assert len(everything) > 1
    assert envelope_of(copied.run("info", "event", "*", "--json"))["data"]["events"] == everything
    one = envelope_of(copied.run("info", "event", "224004", "--json"))["data"]["events"]
    assert [each["id"] for each in one] == ["224004"]
    assert envelope_of(copied.run("info event *, id 224004", "--json"))["data"]["events"] == one
    for words, mark in (("info event 22400", "^^^^^"), ("info event 2240*", "^^^^^"), ("info event T00001", "^^^^^^"),
                        ("info event 224004, id 224005", "^^"), ("info event 224004, id 224004", "^^")):
        error, = envelope_of(copied.run(words, "--json"), 2)["errors"]
        assert error["reason"] == "usage"
        assert error["message"].splitlines()[1].strip() == mark, error["message"]


def test_what_a_change_leaves_to_be_done_is_named(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    vault2 = world.folder / "second"
    (vault2 / "deep").mkdir(parents=True)
    key = world.folder / "key"
    key.touch()
    for words, steps in (
            (f"VAULTS ({VAULT}={world.far}, VAULT02={vault2})", ["INIT VAULT vts2:/VAULT02"]),
            (f"VAULTS ({VAULT}={world.far}, VAULT02={vault2}), NOTE x", []),
            ("ADDRESS vts2.example.com, USER vts, KEY /k",
             ["ADD KEY vts2", "TRUST SYSTEM vts2", f"INIT VAULT vts2:/{VAULT}", "INIT VAULT vts2:/VAULT02",
              "TEST SYSTEM vts2"]),
            (f"PORT 2222, KEY {key}", ["TRUST SYSTEM vts2", "TEST SYSTEM vts2"]), ("STALL 90 s", []),
            (f"VAULTS {VAULT}={vault2}", [f"INIT VAULT vts2:/{VAULT}", "TEST SYSTEM vts2"])):
        envelope = envelope_of(world.run(f"ALTER SYSTEM vts2, {words}", "--json"))
        assert envelope["data"]["next"] == steps, words
    said = world.run(f"ALTER SYSTEM vts1, VAULTS ({VAULT}={world.near}, VAULT02={vault2}/deep)").settle()
    assert said.lines == ["OK, SYSTEM vts1 altered in vts1.yaml", "still to be done: INIT VAULT vts1:/VAULT02"]


def test_a_plan_that_is_checked_tells_refusals(make_world: Callable[..., World]) -> None:
    world = make_world("local")
    world.put("T00001", b"first")
    world.put("T00002", b"second")
    plan = ["plan", "scheme", SCHEME, "--json"]
    assert envelope_of(world.run(*plan, "--check"), 1)["data"]["legs"][0]["counts"]["copy"] == 2
    (world.copies / "T00002").write_bytes(b"someone else's")
    assert envelope_of(world.run(*plan))["data"]["legs"][0]["counts"]["refuse"] == 1
    envelope_of(world.run(*plan, "--check"), 2)
    world.start(code=2)
    envelope_of(world.run(*plan, "--check"), 2)
    world.start("--replace")
    envelope_of(world.run(*plan, "--check"))


def test_the_detail_of_a_system_is_all_that_is_known(make_world: Callable[..., World]) -> None:
    world = make_world("receiver")
    assert world.server is not None
    lines = world.run("status", "system", "--detail").settle().lines
    near, far = lines[:lines.index("")], lines[lines.index("") + 1:]
    shown = [dict(re.split(r" \.+ ", line.strip(), maxsplit=1) for line in each if line) for each in (near, far)]
    assert (shown[0]["Address"], shown[0]["Port"], shown[0]["Path"]) == ("this machine", "-", str(world.near))
    known = {"System": "vts2", "Address": world.server.address, "Port": str(world.server.port), "Path": str(world.far),
             "User": world.server.user, "Far end": "receiver", "Durable": "yes", "Atomic": "yes", "Vault": VAULT,
             "Id": FAR_ID, "Pools": "1", "State": "ok"}
    assert {key: shown[1][key] for key in known} == known
    assert shown[1]["Pinned key"].startswith("SHA256:") and "receiver" in shown[1]["Answers as"]
    assert re.fullmatch(r"\d+ bytes, [0-9.]+ .iB", shown[1]["Free"])
    world.known_hosts.unlink()
    lines = world.run("status", "system", "vts2", "--detail").settle(2).lines
    assert any(re.fullmatch(r" *Pinned key \.+ -", line) for line in lines)
    assert any(re.fullmatch(r" *State \.+ hostkey", line) for line in lines)


# ---- BRIEF ----------------------------------------------------------------------------------------------------------

LINES = {
    f"start scheme {SCHEME} --brief":
        rf"LEG vts1:/{VAULT}/{POOL} vts2:/{VAULT}/{POOL} nothing copied=0 equal=0 unchanged=1 refused=0 failed=0 "
        rf"bytes=0 run={RUN}",
    f"plan scheme {SCHEME} --brief": rf"STEP {TAPE} vts2:/{VAULT}/{POOL} action=nothing bytes=0 reason=-",
    f"verify scheme {SCHEME} --brief": rf"VERIFY {TAPE} {COPY} result=verified size=5 digest=blake3:[0-9a-f]{{64}}",
    f"status tape {TAPE} --brief":
        rf"TAPE {TAPE} {COPY} state=safe size=5 verified={TIME} copied={TIME} reason=- ref=PAY0304",
    "status system vts2 --brief": r"SYSTEM vts2 state=ok answers=local address=-",
    "info scheme --brief": rf"SCHEME {SCHEME} file={SCHEME}\.yaml",
    "info event 224004 --brief":
        rf"EVENT {TIME} INFO 224004 system=vts2 tape=T00001 run={RUN} ref=PAY0304 reason=-",
}


@pytest.mark.parametrize("words", LINES)
def test_brief_lines(words: str, copied: World) -> None:
    done = copied.run(*words.split()).settle()
    assert len(done.lines) == 1
    # New keys may come at the end, and nothing else may change.
    assert re.match(LINES[words] + "( [a-z_]+=|$)", done.lines[0]), done.lines[0]


# ---- completion -----------------------------------------------------------------------------------------------------


def test_the_completion_line_is_the_last(world: World) -> None:
    for number in range(3):
        world.put(f"T0000{number}", b"tape %d" % number)
    (world.copies / "T00001").write_bytes(b"someone else's tape")
    done = world.run("start", "scheme", SCHEME, "--ref", "PAY0304", "--completion").settle(2)
    assert done.lines[-1] == "COMPLETION CODE 2: partial reason=diverged done=2 failed=1 ref=PAY0304"
    (world.copies / "T00001").unlink()
    done = world.run("start", "scheme", SCHEME, "--completion").settle(0)
    assert done.lines[-1] == "COMPLETION CODE 0: done done=3 failed=0"
    assert world.run("env", "--completion").lines[-1] == "COMPLETION CODE 0: done done=1 failed=0"
    done = world.run("nonsense", "--completion").settle(2)
    assert done.lines == ["COMPLETION CODE 2: refused reason=usage done=0 failed=1"]
    both = world.run("start", "scheme", SCHEME, "--completion", "--json").settle(0)
    assert both.lines[-1] == "COMPLETION CODE 0: nothing done=3 failed=0"


def test_the_reference_is_repeated_everywhere(copied: World) -> None:
    for words in (["start", "scheme", SCHEME, "--ref", "A.b-c_9"], [f"START SCHEME {SCHEME}, REF A.b-c_9"],
                  [f"VTSPolicy IDR '{SCHEME} ref=A.b-c_9'"], ["idr", SCHEME, "ref=A.b-c_9"],
                  ["verify", "scheme", SCHEME, "--ref", "A.b-c_9"]):
        envelope = envelope_of(copied.run(*words, "--json"))
        assert envelope["ref"] == "A.b-c_9"
        events = envelope_of(copied.run("info", "event", "--run", envelope["run"], "--json"))["data"]["events"]
        assert events and {each["ref"] for each in events} == {"A.b-c_9"}
