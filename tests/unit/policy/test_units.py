"""Amounts as policies hold them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.policy.strategies import SIZES
from vtspolicy.policy.units import parse_duration, parse_rate, parse_size, parse_whole, spell_duration, spell_rate


@given(st.integers(1, 10**15 - 1), st.sampled_from(SIZES))
def test_a_rate_is_spelled_so_that_it_reads_the_same(number: int, unit: str) -> None:
    rate = parse_rate(f"{number} {unit}/s")
    assert parse_rate(spell_rate(rate)) == rate


@given(st.integers(0, 10**6), st.sampled_from(["s", "min", "h", "d", "day", "days"]))
def test_a_time_is_spelled_so_that_it_reads_the_same(number: int, unit: str) -> None:
    seconds = parse_duration(f"{number} {unit}")
    assert parse_duration(spell_duration(seconds)) == seconds


@pytest.mark.parametrize(("text", "count"), [
    ("1 B", 1), ("40MiB", 40 << 20), ("500 GB", 500 * 10**9), ("2 TiB", 2 << 40)])
def test_sizes(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", [
    "", "40", "MiB", "40  MiB", " 40 MiB", "40 MiB ", "40 mib", "4.5 GiB", "-1 B", "+1 B", "\u0664 B", "1_000 B",
    "9" * 16 + " B", "40 MiB\n", "0x10 B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a size"):
        parse_size(text)
    with pytest.raises(ValueError, match=r"^expected a rate"):
        parse_rate(text + "/s")


@pytest.mark.parametrize("text", ["", "0 MiB/s", "40 MiB", "40/s", "/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a rate"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["", "60", "60 S", "1:30", "1 week", "60 s\n", "1e3 s"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a time"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "0", "65536", "022", "+22", "2_2", " 22", "22\n", "\u0662\u0662", "9" * 5000])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a whole number from 1 to 65535"):
        parse_whole(text, 1, 65535)
