"""The sender's side of a publish and of the requests, frame by frame."""

from __future__ import annotations

import json

import pytest

from tests.unit.systems.talking import IDENTITY, POOL, RECORD, answer, remote, sent_frames
from vtspolicy.errors import (
    Failure,
)
from vtspolicy.systems.facts import Hole, Identity
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.receiver import conversation, wire
from vtspolicy.systems.receiver.near import receive_command
from vtspolicy.systems.receiver.wire import Frame, pack


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


def test_the_command_names_every_vault_and_is_safe_in_a_shell() -> None:
    assert receive_command("/opt/bin/vtspolicy --quiet", {"VAULT01": "/srv/a b", "V2": "/x;rm"}) == (
        "/opt/bin/vtspolicy --quiet receive --vault 'VAULT01=/srv/a b' --vault 'V2=/x;rm'")


def test_the_numbers_here_hold() -> None:
    assert conversation.CHATTER == 1 << 16
    assert wire.LARGEST_ANSWER == 64 << 20
