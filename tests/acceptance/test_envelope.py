"""What programs read: exit codes, the JSON envelope, BRIEF lines and the completion line. These are interfaces."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.world import POOL, SCHEME, VAULT, Done, World

ENVELOPE = ["vtspolicy", "command", "run", "ref", "status", "code", "data", "errors", "warnings"]
ERROR = ["reason", "id", "tape", "system", "message", "retry"]
LEG = ["source", "target", "copied", "equal", "trusted", "refused", "failed", "bytes", "seconds", "warnings",
       "states", "gone", "accepted", "reason"]
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
    f"status scheme {SCHEME}": ["tapes", "summary"],
    f"status pool vts1:/{VAULT}/{POOL}": ["tapes", "summary"],
    f"status tape {TAPE}": ["tapes", "summary"],
    "status system": ["systems"],
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
                            "durable", "reason", "failed", "run", "ref", "last known"],
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
