"""What goes over the wire of a tape's metadata, and what of it is believed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.systems.far_side import SEAL, Far, begin, frame
from vtspolicy.systems.metadata import (
    ACLS,
    MOST_ATTRIBUTES,
    MOST_BYTES,
    NO_EXTRAS,
    NOT_KEPT,
    TOO_MANY,
    Extras,
    Metadata,
    bounded,
    done_to_json,
    extras_from_json,
    extras_to_json,
    lost_from_json,
    metadata_from_json,
    wish_to_json,
)
from vtspolicy.systems.receiver.wire import Frame

LETTERS = (st.characters(blacklist_characters="\0", blacklist_categories=("Cs",))
           | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))
"""What a name on disk may hold, bytes that are no UTF-8 included."""
NAMES = st.text(LETTERS, max_size=20).map(lambda text: f"user.{text}")


@given(st.integers(0, 0o777), st.none() | st.just("vts:vts"),
       st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_metadata_come_back(mode: int, owner: str | None, attributes: dict[str, bytes]) -> None:
    given = Metadata(mode, 7, owner, attributes)
    said = json.loads(json.dumps({"mode": mode, "mtime_ns": 7, **wish_to_json(given)}))
    assert metadata_from_json(said) == given
    assert extras_from_json(json.loads(json.dumps(extras_to_json(Extras(attributes, (ACLS,)))))) == Extras(
        attributes, (ACLS,))


def test_who_asks_for_nothing_says_and_hears_nothing() -> None:
    """So the frames of protocol 1 are as they were."""
    assert wish_to_json(Metadata(0o640, 7)) == {}
    assert done_to_json(Metadata(0o640, 7), ()) == {}
    assert extras_to_json(NO_EXTRAS) == {}
    assert extras_from_json({}) == NO_EXTRAS


def test_the_bounds_hold() -> None:
    many = bounded((f"user.{number:03}", b"") for number in range(MOST_ATTRIBUTES + 1))
    assert (len(many.attributes), many.lost) == (MOST_ATTRIBUTES, (TOO_MANY,))
    large = bounded([("user.a", bytes(MOST_BYTES - 6)), ("user.b", b"")])
    assert (list(large.attributes), large.lost) == (["user.a"], (TOO_MANY,))
    assert bounded([("user.a", bytes(MOST_BYTES - 6))]).lost == ()


@pytest.mark.parametrize("said", [None, "ACLs", 7, {"ACLs": 1}, ["elsewhere", 7, [], None]])
def test_words_that_are_not_ours_are_passed_over(said: object) -> None:
    assert lost_from_json(said) == ()
    assert lost_from_json([*reversed(NOT_KEPT), "more"]) == NOT_KEPT


@pytest.mark.parametrize("attributes", [
    [], "x", {"security.capability": "eA=="}, {"trusted.x": "eA=="}, {"user.x": "not base64"}, {"user.x": 7},
    {"user.a\0b": "eA=="}, {"user.x": base64.b64encode(bytes(MOST_BYTES)).decode()},
    {f"user.{number}": "" for number in range(MOST_ATTRIBUTES + 1)}])
def test_a_receiver_takes_no_other_attributes(attributes: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        metadata_from_json({**SEAL, "attributes": attributes})


def test_a_seal_that_asks_for_another_attribute_publishes_nothing(tmp_path: Path) -> None:
    far = Far(tmp_path)
    told = far.ask(begin(1), frame(Frame.SEAL, 1, {**SEAL, "attributes": {"security.capability": "eA=="}}),
                   begin(2), frame(Frame.SEAL, 2, {**SEAL, "attributes": {"user.x": "eA=="}}), frame(Frame.BYE, 0))
    assert [(each.kind, each.number) for each in told] == [(Frame.FAILED, 1), (Frame.SEALED, 2), (Frame.BYE, 0)]
    assert told[0].value["reason"] == "refused"
    assert told[1].value["lost"] == []
