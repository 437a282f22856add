"""The sender against whatever may answer: every lie is a failure in one sentence, at a bounded price."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tally import count, seed, tally
from tests.unit.systems.far_side import FakeChannel, FakeLink
from tests.unit.systems.talking import HELLO, IDENTITY, POOL, answer, remote
from vtspolicy.errors import (
    Diverged,
    Failure,
    IdentityMismatch,
    NoReceiver,
    NotBuilt,
    Outage,
    Refusal,
    Stalled,
    VersionMismatch,
)
from vtspolicy.policy.places import Vault
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.near import Remote
from vtspolicy.systems.receiver.wire import Frame, pack, pack_json

# ---- the greeting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 5, len(wire.MAGIC) - 1, len(wire.MAGIC), len(HELLO) - 1])
def test_a_greeting_may_come_in_pieces(cut: int) -> None:
    there, _ = remote(HELLO[cut:], greeting=HELLO[:cut])
    assert there.chatter == ""


def test_what_a_login_shell_prints_before_is_kept_to_be_told() -> None:
    there, _ = remote(greeting=b"Welcome!\r\nYou have mail \x1b[1m\xff" + HELLO)
    assert there.chatter == "Welcome!\\x0d\\x0aYou have mail \\x1b[1m\\xef\\xbf\\xbd"


@pytest.mark.parametrize(("said", "errors", "shown"), [
    ((), b"", "nothing"),
    ((), b"bash: vtspolicy: command not found\n", "bash: vtspolicy: command not found"),
    ((b"This account is for SFTP only.\n",), b"", "This account is for SFTP only."),
    ((b"\x1b[2J" * 100,), b"", "\\x1b[2J" * 14 + "..2J" + "\\x1b[2J" * 13 + "\\x"),
    ((wire.MAGIC[:-1],), b"", "VTSPOLICY-WIRE"),
    (tuple(b"x" * 10_000 for _ in range(100)), b"", "x" * 160),
], ids=["silent", "no-command", "sftp-only", "escapes", "half", "endless"])
def test_who_is_no_receiver_is_shown_as_it_spoke(said: tuple[bytes, ...], errors: bytes, shown: str) -> None:
    with pytest.raises(NoReceiver) as caught:
        remote(*said, greeting=b"", errors=errors) if not said else remote(*said[1:], greeting=said[0], errors=errors)
    message = caught.value.message
    assert message.startswith("there does not answer as vtspolicy receive; it said: ")
    assert message.removeprefix("there does not answer as vtspolicy receive; it said: ")[:160] == shown[:160]
    assert caught.value.system == "there"


def test_versions_that_are_not_shared_are_told() -> None:
    greeting = wire.MAGIC + pack_json(Frame.HELLO, 0, {"protocols": [2, 3], "program": "7.0"})
    with pytest.raises(VersionMismatch) as caught:
        remote(greeting=greeting)
    assert str(caught.value) == (
        "there speaks protocol 2 to 3 (vtspolicy '7.0'), this side 1 to 1: upgrade vtspolicy here")


@pytest.mark.parametrize("value", [{}, {"protocols": 5}, {"protocols": ["1", "1"]}, {"protocols": [1e999, 1]}])
def test_a_hello_that_says_nothing_is_not_understood(value: dict[str, Any]) -> None:
    with pytest.raises(VersionMismatch, match=r"^there answers what cannot be understood$"):
        remote(greeting=wire.MAGIC + answer(value, 0, Frame.HELLO))


# ---- lies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [
    wire.HEADER.pack(wire.LARGEST_ANSWER + 1, Frame.ANSWER, 1),
    wire.HEADER.pack(2**32 - 1, Frame.ANSWER, 1),
    wire.HEADER.pack(wire.LARGEST + 1, Frame.FAILED, 1),
    wire.HEADER.pack(wire.LARGEST + 1, Frame.BUSY, 0),
    wire.HEADER.pack(0, 200, 1),
    wire.HEADER.pack(0, 0, 1),
    pack(Frame.ANSWER, 1, b"["), pack(Frame.ANSWER, 1, b"[]"), pack(Frame.ANSWER, 1, b"\xff"),
    pack(Frame.ANSWER, 1, b"[" * 100_000), pack(Frame.ANSWER, 2, b"{}"), pack(Frame.FAILED, 99, b"{}"),
    pack(Frame.FAILED, 1, b"{}"), pack(Frame.FAILED, 1, b'{"reason":"x"}'), pack(Frame.BUSY, 0, b"{}"),
    pack(Frame.BUSY, 0, b'{"done":"x"}'), pack(Frame.BUSY, 0, b'{"done":1e999}'), pack(Frame.BUSY, 0, b'{"done":null}'),
    pack(Frame.SEALED, 1, b"{}") * 2,
], ids=repr)
def test_frames_that_no_receiver_sends_are_not_understood(said: bytes) -> None:
    there, channel = remote(said, b"more" * 100)
    with pytest.raises(VersionMismatch, match=r"^there answers what cannot be understood$"):
        there.sweep(POOL, "w")
    assert channel.pieces or len(said) < 20, "nothing more is read"


def test_an_end_is_an_outage() -> None:
    there, _ = remote()
    with pytest.raises(Outage, match=r"^there: the receiver ended early$"):
        there.names()


def test_an_end_because_the_link_is_dead_says_why() -> None:
    link = FakeLink(FakeChannel(HELLO))
    link.lost = Stalled("there is silent", system="there")
    there = Remote(link, "vtspolicy receive", "test")  # type: ignore[arg-type]
    with pytest.raises(Stalled, match=r"^there is silent$"):
        there.names()


def test_working_without_getting_further_is_a_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(0, 10**9, 100))
    monkeypatch.setattr("vtspolicy.systems.receiver.conversation.time.monotonic", lambda: next(times))
    there, _ = remote(*[pack_json(Frame.BUSY, 0, {"done": 7})] * 50)
    with pytest.raises(Stalled, match=r"^there got no further for 600 s$"):
        there.names()


def test_working_and_getting_further_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(0, 10**9, 100))
    monkeypatch.setattr("vtspolicy.systems.receiver.conversation.time.monotonic", lambda: next(times))
    there, _ = remote(*[pack_json(Frame.BUSY, 0, {"done": done}) for done in range(1, 50)], answer({"count": 3}))
    assert there.sweep(POOL, "w") == 3


@pytest.mark.parametrize(("value", "kind", "message"), [
    ({"reason": "diverged", "message": "T1 changed", "tape": "T1"}, Diverged, "T1 changed"),
    ({"reason": "identity", "message": "x"}, IdentityMismatch, "x"),
    ({"reason": "not-built", "message": "x", "tape": None}, NotBuilt, "x"),
    ({"reason": "of the future", "message": "x"}, Refusal, "x"),
    ({"reason": None, "message": ["\x1b[2J"]}, Refusal, "['\\x5cx1b[2J']"),
    ({"reason": "diverged", "message": "a\nb\x1b[2J", "tape": "\x07"}, Diverged, "a\\x0ab\\x1b[2J"),
])
def test_what_failed_over_there_is_the_same_failure_here(
        value: dict[str, Any], kind: type[Failure], message: str) -> None:
    there, _ = remote(answer(value, kind=Frame.FAILED), answer({"count": 1}, 2))
    with pytest.raises(Failure) as caught:
        there.sweep(POOL, "w")
    assert (type(caught.value), str(caught.value), caught.value.system) == (kind, message, "there")
    assert str(caught.value.tape or "").isprintable()
    assert there.sweep(POOL, "w") == 1, "the conversation goes on"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.just("a" * 32),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8)
ASKED: dict[str, Callable[[Remote], object]] = {
    "vault": lambda there: there.vault(Vault("there", "VAULT01")),
    "names": lambda there: there.names(),
    "inventory": lambda there: there.inventory(POOL),
    "records": lambda there: there.records(POOL, ["T1"]),
    "digest": lambda there: there.digest(POOL.tape("T1")),
    "sweep": lambda there: there.sweep(POOL, "w"),
    "initialise": lambda there: there.initialise(Vault("there", "VAULT01"), "a" * 32),
}
GOOD: dict[str, dict[str, Any]] = {
    "vault": {"identity": "a" * 32, "pools": ["PAYROLL"], "free": 5},
    "names": {"pools": [["VAULT01", "PAYROLL", ["T1"]]], "warnings": []},
    "inventory": {"tapes": [["T1", IDENTITY, 0o640, 4096]], "skipped": [["x", "y"]], "free": 5, "stale_parts": ["z"]},
    "records": {"records": {"T1": []}},
    "digest": {"digest": "blake3:" + "1" * 64, "identity": IDENTITY, "mode": 0o640, "allocated": 0},
    "sweep": {"count": 1},
    "initialise": {},
}


@given(st.sampled_from(sorted(ASKED)), st.data())
def test_any_json_is_an_answer_or_not_understood(operation: str, data: st.DataObject) -> None:
    value: Any = dict(GOOD[operation])
    if value and data.draw(st.booleans()):
        value[data.draw(st.sampled_from(sorted(value)))] = data.draw(JSON)
    else:
        value = data.draw(JSON)
    there, _ = remote(answer(value))
    try:
        found = ASKED[operation](there)
    except VersionMismatch as failure:
        assert str(failure).isprintable()
        return
    assert _harmless(found), "what is taken from the far side can be printed"


def _harmless(value: object) -> bool:
    if isinstance(value, str):
        return value.isprintable()
    if isinstance(value, dict):
        return all(map(_harmless, value)) and all(map(_harmless, value.values()))
    if isinstance(value, list | tuple | set):
        return all(map(_harmless, value))
    return not hasattr(value, "__dict__") or all(map(_harmless, vars(value).values()))


def test_answers_that_are_right_are_taken() -> None:
    for operation, ask in ASKED.items():
        ask(remote(answer(GOOD[operation]))[0])


def test_broken_streams_never_raise_anything_else() -> None:
    trials, chance = count(full=20_000, part=2_000), random.Random(seed("broken answers"))
    answers = b"".join(answer(value, number) for number, value in enumerate(GOOD.values(), 1))
    whole = HELLO + answers + pack(Frame.BYE, 0)
    for _ in range(trials):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            where = chance.randrange(len(content))
            content[where:where + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        cut = chance.randrange(1, len(content))
        try:
            with remote(bytes(content[cut:]), greeting=bytes(content[:cut]))[0] as there:
                for operation in GOOD:
                    ASKED[operation](there)
        except Failure as failure:
            assert str(failure).isprintable()
    tally("broken answers of a far side", trials, at_least=trials)
