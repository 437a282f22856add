"""The sender against whatever may answer: every lie is a failure in one sentence, at a bounded price."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tally import count, seed, tally
from tests.unit.systems.far_side import FakeChannel, FakeLink
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
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.systems.contract import Hole, Identity, Metadata, Record
from vtspolicy.systems.receiver import conversation, wire
from vtspolicy.systems.receiver.conversation import Conversation
from vtspolicy.systems.receiver.near import Remote, receive_command
from vtspolicy.systems.receiver.wire import Frame, pack, pack_json

POOL = Pool("there", "VAULT01", "PAYROLL")
HELLO = wire.hello("9.9")
IDENTITY = {"size": 5, "mtime_ns": 7, "inode": 1, "ctime_ns": 2}
RECORD = Record("T1", "blake3:" + "1" * 64, Identity(5, 7), POOL.tape("T1"), "a" * 32, Identity(5, 7),
                "2026-11-22T01:30:00Z", "RUN1", "b" * 16, 1, True)


def remote(*said: bytes, greeting: bytes = HELLO, **more: Any) -> tuple[Remote, FakeChannel]:
    channel = FakeChannel(greeting, *said, **more)
    return Remote(FakeLink(channel), "vtspolicy receive", "test"), channel  # type: ignore[arg-type]


def answer(value: object, number: int = 1, kind: Frame = Frame.ANSWER) -> bytes:
    return pack(kind, number, json.dumps(value).encode())


def sent_frames(channel: FakeChannel) -> list[tuple[Frame, int, bytes]]:
    """What was said behind the greeting."""
    content, found = bytes(channel.sent), []
    assert content.startswith(wire.MAGIC)
    at = len(wire.MAGIC)
    while at < len(content):
        length, kind, number = wire.HEADER.unpack_from(content, at)
        found.append((Frame(kind), number, content[at + wire.HEADER.size:at + wire.HEADER.size + length]))
        at += wire.HEADER.size + length
    return found[1:]


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
    ((b"\x1b[2J" * 100,), b"", ("\\x1b[2J" * 40)[:160]),
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


# ---- floods ----------------------------------------------------------------------------------------------------------


def _most_memory(act: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        with pytest.raises((VersionMismatch, NoReceiver, Refusal)):
            act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Flood(FakeChannel):
    """The same bytes again and again, as fast as anyone reads; it tells when it was read for too long."""

    def __init__(self, greeting: bytes, flood: bytes, most: int) -> None:
        super().__init__(greeting)
        self.flood = flood
        self.left = most

    def recv(self, size: int) -> bytes:
        if self.pieces:
            return super().recv(size)
        self.left -= 1
        assert self.left > 0, "it reads for ever"
        return self.flood

    def recv_ready(self) -> bool:
        return True


@pytest.mark.parametrize("flood", [
    answer({}, 1, Frame.SEALED), answer({"a": "x" * 100_000}, 0, Frame.HELLO),
    answer({"reason": "x", "message": "y" * 100_000}, 1, Frame.FAILED), b"x" * 100_000])
def test_a_flood_costs_little(flood: bytes) -> None:
    channel = Flood(HELLO, flood, most=2000)

    def act() -> None:
        there = Remote(FakeLink(channel), "x", "test")  # type: ignore[arg-type]
        part = there.begin(POOL.tape("T1"), 0, "w.part")
        for _ in range(100):
            part.write(b"x")
        part.sealed()

    assert _most_memory(act) < 20 << 20


def test_chatter_without_end_is_cut() -> None:
    channel = Flood(b"", b"x" * 10_000, most=100)
    assert _most_memory(lambda: Remote(FakeLink(channel), "x", "test")) < 4 << 20  # type: ignore[arg-type]


def test_a_write_takes_in_no_more_than_a_piece_at_a_time() -> None:
    busy = pack_json(Frame.BUSY, 0, {"done": 1})
    channel = Flood(HELLO, busy, most=1000)
    talk = Conversation(FakeLink(channel), channel, "test")  # type: ignore[arg-type]
    for _ in range(100):
        talk.poll()
    assert channel.left > 800


# ---- parts -----------------------------------------------------------------------------------------------------------


def test_a_publish_is_these_frames() -> None:
    there, channel = remote(
        answer({"digest": RECORD.digest}, 1, Frame.SEALED),
        answer({"identity": IDENTITY, "mode": 0o640, "allocated": 4096}, 1, Frame.COMMITTED))
    part = there.begin(POOL.tape("T1"), 9, "w.part")
    part.write(b"head")
    part.write(Hole(5))
    part.seal(Metadata(0o640, 7))
    assert part.sealed() == RECORD.digest
    part.commit(RECORD, None)
    assert part.committed().identity == Identity(5, 7, 1, 2)
    part.discard()
    assert [(kind.name, number, payload[:9]) for kind, number, payload in sent_frames(channel)] == [
        ("BEGIN", 1, b'{"vault":'), ("DATA", 1, b"head"), ("HOLE", 1, b'{"length"'), ("SEAL", 1, b'{"mode":4'),
        ("COMMIT", 1, b'{"record"')]


def test_a_long_piece_goes_in_frames_and_packets_that_are_taken() -> None:
    there, channel = remote(packet=2048)
    content = bytes(range(256)) * 12_000
    there.begin(POOL.tape("T1"), 0, "w.part").write(memoryview(content))
    data = [payload for kind, _, payload in sent_frames(channel) if kind is Frame.DATA]
    assert [len(each) for each in data] == [wire.LARGEST, wire.LARGEST, len(content) - 2 * wire.LARGEST]
    assert b"".join(data) == content


def test_a_failure_is_heard_at_the_next_write() -> None:
    there, channel = remote()
    part = there.begin(POOL.tape("T1"), 0, "w.part")
    part.write(b"x")
    channel.pieces, channel.ready = [answer({"reason": "space", "message": "full"}, 1, Frame.FAILED)], True
    with pytest.raises(Failure, match=r"^full$") as caught:
        part.write(b"y")
    assert caught.value.reason == "space"
    part.discard()
    part.discard()
    assert [kind.name for kind, _, _ in sent_frames(channel)] == ["BEGIN", "DATA", "DISCARD"]


def test_answers_of_several_parts_may_come_in_any_order() -> None:
    there, _ = remote(answer({"digest": "2"}, 2, Frame.SEALED), answer({"reason": "space", "message": "full"}, 1,
                                                                       Frame.FAILED))
    first, second = (there.begin(POOL.tape(name), 0, f"w.{name}.part") for name in ("T1", "T2"))
    with pytest.raises(Failure, match=r"^full$"):
        first.sealed()
    assert second.sealed() == "2"


def test_records_are_asked_for_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vtspolicy.systems.receiver.near.ASKED_AT_ONCE", 2)
    there, channel = remote(*(answer({"records": {}}, number) for number in (1, 2, 3)))
    assert there.records(POOL, [f"T{number}" for number in range(5)]) == {}
    assert [json.loads(payload)["tapes"] for _, _, payload in sent_frames(channel)] == [
        ["T0", "T1"], ["T2", "T3"], ["T4"]]


def test_a_good_end_says_bye_and_waits_for_it() -> None:
    there, channel = remote(pack(Frame.BYE, 0))
    with there:
        pass
    assert sent_frames(channel) == [(Frame.BYE, 0, b"")]
    assert there._link.closed  # type: ignore[attr-defined]
    assert not channel.pieces


def test_a_bad_end_says_nothing() -> None:
    there, channel = remote(pack(Frame.BYE, 0))
    with pytest.raises(ZeroDivisionError), there:
        raise ZeroDivisionError
    assert (sent_frames(channel), there._link.closed) == ([], True)  # type: ignore[attr-defined]


def test_a_receiver_does_not_send_tapes() -> None:
    with pytest.raises(NotBuilt):
        remote()[0].read(POOL.tape("T1"))


def test_the_command_names_every_vault_and_is_safe_in_a_shell() -> None:
    assert receive_command("/opt/bin/vtspolicy --quiet", {"VAULT01": "/srv/a b", "V2": "/x;rm"}) == (
        "/opt/bin/vtspolicy --quiet receive --vault 'VAULT01=/srv/a b' --vault 'V2=/x;rm'")


def test_the_numbers_here_hold() -> None:
    assert conversation.CHATTER == 1 << 16
    assert wire.LARGEST_ANSWER == 64 << 20
