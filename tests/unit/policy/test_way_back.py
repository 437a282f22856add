"""Which pool over there COPY TAPE … FROM means."""

from __future__ import annotations

import pytest

from tests.unit.policy.conftest import autocopy, policies, scheme
from vtspolicy.command.sentence import parse
from vtspolicy.command.verbs import needs_yes
from vtspolicy.errors import Failure, Refusal, Unknown, Usage
from vtspolicy.policy.places import Pool
from vtspolicy.policy.request import Leg, Request
from vtspolicy.policy.way_back import WayBack, way_back

COPY = "COPY TAPE /VAULT01/PAYROLL/T1 FROM vts2"
HERE = Pool("here", "VAULT01", "PAYROLL")
FORWARD = scheme("N", "/VAULT01/PAYROLL", "vts2:/VAULT02/PAYBACK", "rate: 1 MB/s\n")


def way(*texts: str, sentence: str = COPY) -> WayBack:
    return way_back(parse(sentence), policies(*texts))


def source(*texts: str, sentence: str = COPY) -> tuple[str, bool]:
    found = way(*texts, sentence=sentence)
    leg, = found.request.legs
    assert (leg.target, leg.tapes) == (HERE, ("T1",))
    return str(leg.source), found.forward


def test_it_is_one_leg_the_other_way_round() -> None:
    assert way(FORWARD, sentence=f"{COPY}, REPLACE, REF DR1 !") == WayBack(
        Request(None, (Leg(Pool("vts2", "VAULT02", "PAYBACK"), HERE, ("T1",), 1_000_000),), True, "DR1"), True)


@pytest.mark.parametrize(("texts", "found"), [
    ((FORWARD,), ("vts2:/VAULT02/PAYBACK", True)),
    ((FORWARD, autocopy("D", "/VAULT01/PAYROLL", "vts2:/VAULT02/PAYBACK")), ("vts2:/VAULT02/PAYBACK", True)),
    ((FORWARD, scheme("M", "/VAULT01/PAYROLL", "vts3:/VAULT01/PAYROLL")), ("vts2:/VAULT02/PAYBACK", True)),
    ((scheme("N", "/VAULT01/*", "'vts2:/VAULT02/{pool}'"),), ("vts2:/VAULT02/PAYROLL", True)),
    ((scheme("N", "/VAULT01/*", "'vts2:/VAULT02/{pool}'", "except: PAY*\n"),), ("vts2:/VAULT01/PAYROLL", True)),
    ((scheme("S", "/VAULT01/PAYROLL", "vts2:/VAULT02/X", "tapes: S*\n"), FORWARD), ("vts2:/VAULT02/PAYBACK", True)),
    ((scheme("N", "vts2:/VAULT02/SRC", "here:/VAULT01/PAYROLL"),), ("vts2:/VAULT02/SRC", False)),
    ((scheme("N", "vts2:/VAULT02/*", "'here:/VAULT01/{pool}'"),), ("vts2:/VAULT02/PAYROLL", False)),
    ((), ("vts2:/VAULT01/PAYROLL", True)),
])
def test_it_comes_from_where_the_policies_copied_it_to(texts: tuple[str, ...], found: tuple[str, bool]) -> None:
    assert source(*texts) == found


@pytest.mark.parametrize(("sentence", "failure", "message"), [
    ("COPY TAPE /VAULT01/PAYROLL FROM vts2", Usage, "a tape of this machine"),
    ("COPY TAPE /VAULT01/PAYROLL/T* FROM vts2", Usage, "tape's name"),
    ("COPY TAPE vts2:/VAULT01/PAYROLL/T1 FROM vts2", Refusal, "brings a tape to this machine, and vts2 is reached"),
    ("COPY TAPE /VAULT01/PAYROLL/T1 FROM vts9", Unknown, "there is no system vts9; the nearest is vts"),
    ("COPY TAPE /VAULT09/PAYROLL/T1 FROM vts2", Unknown, "VAULT09"),
    ("COPY TAPE /VAULT02/PAYROLL/T1 FROM vts3", Unknown, "vts3 declares no vault VAULT02"),
    ("COPY TAPE /VAULT01/PAYROLL/T1 FROM here", Refusal, "the same vault"),
])
def test_what_is_refused(sentence: str, failure: type[Failure], message: str) -> None:
    with pytest.raises(failure, match=message):
        way(sentence=sentence)


def test_two_pools_are_both_named() -> None:
    with pytest.raises(Refusal) as caught:
        way(FORWARD, scheme("M", "/VAULT01/*", "'vts2:/VAULT01/{pool}'"))
    assert "vts2:/VAULT02/PAYBACK (scheme N)" in caught.value.message
    assert "vts2:/VAULT01/PAYROLL (scheme M)" in caught.value.message


@pytest.mark.parametrize("sentence", [COPY, COPY.replace(" FROM", ", FROM"), COPY.lower().replace("vault01/payroll/t1",
                                                                                              "VAULT01/PAYROLL/T1"),
                                      "COPY TAPE /VAULT01/PAYROLL/T1, from vts2"])
def test_sentences_that_say_the_same(sentence: str) -> None:
    assert parse(sentence) == parse(COPY)


@pytest.mark.parametrize(("sentence", "expected"), [
    ("COPY TAPE /VAULT01/PAYROLL/T1", "expected FROM system"),
    ("COPY TAPE /VAULT01/PAYROLL/T1, REPLACE !", "expected FROM system"),
    ("COPY TAPE FROM vts2", "expected FROM, or a comma"),
    ("COPY TAPE /VAULT01/PAYROLL/T1 FROM", "expected a value: FROM system"),
    ("COPY TAPE /VAULT01/PAYROLL/T1 FROM vts2, FROM vts3", "FROM only once"),
    ("COPY TAPE /VAULT01/PAYROLL/T1 REPLACE, FROM vts2", "expected FROM, or a comma"),
    ("COPY POOL /VAULT01/PAYROLL FROM vts2", "expected TAPE"),
])
def test_sentences_that_say_too_little(sentence: str, expected: str) -> None:
    with pytest.raises(Usage, match=expected):
        parse(sentence)


def test_only_a_replacement_needs_a_yes() -> None:
    assert not needs_yes(parse(COPY))
    assert needs_yes(parse(f"{COPY}, REPLACE"))
    assert not needs_yes(parse(f"{COPY}, REPLACE !"))
    assert not needs_yes(parse(f"PLAN {COPY}, REPLACE"))
