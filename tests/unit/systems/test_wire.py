"""Frames: however the stream is cut they come out whole; and the versions that both sides speak."""

from __future__ import annotations

import itertools
import json
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vtspolicy.errors import VersionMismatch
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.wire import Frame, FrameInput, agree, hello, pack, pack_json, parse_object


def reading(*pieces: bytes) -> tuple[FrameInput, threading.Thread]:
    """An input into which the pieces come, each in a write of its own, and then the end."""
    source, sink = os.pipe()

    def write() -> None:
        for piece in pieces:
            os.write(sink, piece)
        os.close(sink)

    thread = threading.Thread(target=write)
    thread.start()
    return FrameInput(source), thread


FRAMES = st.lists(st.tuples(st.sampled_from(list(Frame)), st.integers(0, 2**32 - 1), st.binary(max_size=40)),
                  max_size=5)


@settings(max_examples=60)
@given(FRAMES, st.lists(st.integers(1, 200), max_size=8))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(
        frames: list[tuple[Frame, int, bytes]], cuts: list[int]) -> None:
    stream = b"".join(pack(*each) for each in frames)
    marks = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    source, thread = reading(*(stream[a:b] for a, b in itertools.pairwise(marks)))
    for kind, number, payload in frames:
        assert source.header() == (len(payload), kind, number)
        assert source.exactly(len(payload)) == payload
    with pytest.raises(EOFError):
        source.header()
    thread.join()


def test_data_is_handed_on_as_it_arrives() -> None:
    source, thread = reading(b"abc")
    thread.join()
    assert bytes(source.take(2)) == b"ab"
    assert bytes(source.take(9)) == b"c"
    with pytest.raises(EOFError):
        source.take(1)


def test_more_than_the_buffer_holds_goes_through() -> None:
    content = os.urandom(1 << 20) * 2 + b"tail"
    source, thread = reading(*(content[at:at + 60_000] for at in range(0, len(content), 60_000)))
    assert source.exactly(len(content)) == content
    thread.join()


def test_a_frame_that_waits_is_seen_only_when_it_is_whole() -> None:
    seal, commit = pack(Frame.SEAL, 1, b"{}"), pack(Frame.COMMIT, 2, b"{...}")
    source, thread = reading(seal + commit[:-1])
    thread.join()
    assert source.waiting() is None, "nothing is read ahead"
    source.exactly(len(seal))
    assert source.waiting() is None, "its last byte is missing"
    source, thread = reading(seal + commit + commit[:5])
    thread.join()
    source.exactly(len(seal))
    assert source.waiting() == Frame.COMMIT
    source.exactly(len(commit))
    assert source.waiting() is None


def test_a_frame_is_length_kind_number_payload() -> None:
    """These bytes are the protocol."""
    assert pack(Frame.DATA, 7, b"abc") == b"\0\0\0\x03\x04\0\0\0\x07abc"
    assert pack_json(Frame.HOLE, 258, {"length": 5}) == b"\0\0\0\x0c\x05\0\0\x01\x02" + b'{"length":5}'
    assert hello("1.2", system="here") == (
        b"\r\nVTSPOLICY-WIRE\r\n\0\0\0\x38\x01\0\0\0\0" + b'{"protocols":[1,1],"program":"1.2","system":"here"}'
    ).replace(b"\x38", bytes([51]))
    assert {each.name: int(each) for each in Frame} == {
        "HELLO": 1, "REQUEST": 2, "BEGIN": 3, "DATA": 4, "HOLE": 5, "SEAL": 6, "COMMIT": 7, "DISCARD": 8, "BYE": 9,
        "MORE": 10, "CHECK": 11, "CLOSE": 12, "ANSWER": 64, "SEALED": 65, "COMMITTED": 66, "FAILED": 67, "BUSY": 68,
        "PIECE": 69, "GAP": 70, "END": 71, "UNCHANGED": 72}


@pytest.mark.parametrize(("ours", "theirs", "spoken"), [
    ((1, 1), (1, 1), 1), ((1, 1), (1, 9), 1), ((1, 2), (1, 1), 1), ((1, 2), (2, 3), 2), ((2, 3), (1, 2), 2),
    ((2, 3), (3, 999), 3), ((2, 3), (1, 3), 3),
    ((1, 1), (2, 3), "here"), ((2, 3), (1, 1), "there"), ((2, 3), (4, 4), "here")])
def test_the_highest_version_that_both_speak(
        ours: tuple[int, int], theirs: tuple[int, int], spoken: int | str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "OLDEST", ours[0])
    monkeypatch.setattr(wire, "NEWEST", ours[1])
    greeting = {"protocols": list(theirs), "program": "0.9"}
    if isinstance(spoken, int):
        assert agree(greeting, "vts2") == spoken
        return
    with pytest.raises(VersionMismatch) as caught:
        agree(greeting, "vts2")
    assert str(caught.value) == (f"vts2 speaks protocol {theirs[0]} to {theirs[1]} (vtspolicy '0.9'), this side "
                                 f"{ours[0]} to {ours[1]}: upgrade vtspolicy {spoken}")


@pytest.mark.parametrize("protocols", [
    None, 1, "11", [], [1], [1, 2, 3], ["1", "1"], [1.0, 1], [-1, 1], [2, 1], [1, 1000], [None, 1], {},
    [[], []]])
def test_what_is_no_range_of_versions_is_no_hello(protocols: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        agree({"protocols": protocols}, "vts2")
    with pytest.raises(KeyError):
        agree({}, "vts2")


def test_a_strange_program_is_shown_harmlessly(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VersionMismatch) as caught:
        agree({"protocols": [7, 7], "program": "\x1b[2J" + "x" * 1000}, "vts2")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("payload", [
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff", b"[" * 200_000, b'{"a":' * 200_000, b"9" * 5000])
def test_a_payload_that_is_no_object_is_a_plain_error(payload: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse_object(payload)


def test_an_object_is_itself() -> None:
    assert parse_object(json.dumps({"a": [1, None, "\u00e4"]}).encode()) == {"a": [1, None, "\u00e4"]}
