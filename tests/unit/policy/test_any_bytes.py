"""Whatever the bytes of a file are: a policy or faults, never anything else; a cut file is never another policy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support import tally
from vtspolicy.policy import document
from vtspolicy.policy.model import KINDS
from vtspolicy.policy.reader import read_policy
from vtspolicy.policy.sample import sample

ROOT = Path(__file__).parent.parent.parent.parent
FILES = sorted((ROOT / "policies").glob("*.yaml")) + sorted((ROOT / "tests" / "policies" / "good").glob("*.yaml"))


def judged(data: bytes) -> bool:
    """Whether the bytes are a policy; if not, there are faults, each with a place and in visible ASCII."""
    reading = read_policy(data)
    assert (reading.policy is None) == bool(reading.faults)
    rows = data.count(b"\n") + 1
    for fault in reading.faults:
        assert 1 <= fault.line <= rows
        assert (fault.path + fault.message).isascii() and (fault.path + fault.message).isprintable()
        assert fault.path and len(fault.path) < 200 and len(fault.message) < 300
    return not reading.faults


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_cut_at_every_byte(path: Path) -> None:
    whole = path.read_bytes()
    policy = read_policy(whole).policy
    assert policy is not None
    for length in range(len(whole)):
        data = whole[:length]
        if judged(data):
            assert data.endswith(b"\n"), "a file that ends within a line must not load"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_bit_flipped(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            data = bytearray(whole)
            data[place] ^= 1 << bit
            judged(bytes(data))
    tally.tally("policy files with a flipped bit", 8 * len(whole))


def test_changed_at_random() -> None:
    chance = random.Random(tally.seed("policy mutations"))
    seeds = [path.read_bytes() for path in FILES] + [sample(kind).encode() for kind in KINDS]
    pieces = [b"\n", b"  ", b"\t", b": ", b"- ", b"? ", b"[", b"]", b"{", b"}", b"&a ", b"*a", b"!!int ", b"|\n",
              b">-\n", b"'", b'"', b"#", b"%", b"---\n", b"...\n", b"\x00", b"\xff", b"\xc2\xa0", b"\xe2\x80\xa8",
              b"\xef\xbb\xbf", b"\\ud800", b"<<: ", b"\r", b"~", b"null", b"kind: ", b"name: ", b"[" * 30, b"0" * 50,
              b"\xf0\x9f\x98\x80"]
    trials = tally.count(50_000, 5_000)
    good = 0
    for _ in range(trials):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            start = chance.randrange(len(data) + 1)
            end = start + chance.choice((0, 0, 0, 1, 1, 5, 30))
            data[start:end] = chance.choice(pieces) if chance.random() < 0.7 else data[:chance.randrange(60)]
        good += judged(bytes(data))
    assert 0 < good < trials
    tally.tally("mutated policy files", trials, at_least=tally.count(50_000, 5_000))


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    judged(data)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    judged(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.sampled_from([
    "kind: scheme\n", "name: N\n", "from: ", "/V/P", "to: ", "a", ":", " ", "\n", "- ", "[", "]", "{", "}", ",", "'",
    '"', "&a", "*a", "!", "|", ">", "#", "%", "@", "~", "?", "---", "é"]), max_size=40).map("".join))
def test_any_pieces_of_yaml(text: str) -> None:
    judged(text.encode())


def test_without_the_compiled_parser_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [read_policy(path.read_bytes()) for path in FILES]
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert [read_policy(path.read_bytes()) for path in FILES] == before
    assert not judged(b"[" * 1000 + b"\n")
    assert not judged(b"kind: scheme\nname: '\n")
    assert document.DEPTH == 20


def test_line_ends_that_only_the_parser_counts() -> None:
    assert not judged("note: \"\u2028\"\nto: \u2011\ntapes:\r  >\n".encode())
