"""What VERIFY and STATUS select, and which policies cover a pool."""

from __future__ import annotations

import pytest

from tests.unit.policy.conftest import autocopy, policies, pools_of, scheme
from vtspolicy.command.sentence import parse
from vtspolicy.errors import Unknown, Usage
from vtspolicy.policy.coverage import covering, in_force
from vtspolicy.policy.places import Pool
from vtspolicy.policy.selection import select, systems_of

WORLD = policies(
    scheme("NIGHTLY", "/VAULT01/PAYROLL", "[vts2:/VAULT01/PAYROLL, vts3:/VAULT01/OLD]",
           "tapes: [A*, B1]\nrate: 1 MB/s\n"),
    scheme("ALL", "/VAULT01/*", "'vts2:/VAULT01/{pool}'", "except: SCRATCH*\n"),
    scheme("NONE", "/VAULT02/*", "'vts2:/VAULT02/{pool}'"),
    autocopy("DAY", "/VAULT01/LEDGER", "vts3:/VAULT01/LEDGER"))


def selected(sentence: str) -> set[str]:
    return {f"{leg.source} {leg.target} {' '.join(leg.tapes)}" for leg in select(parse(sentence), WORLD, pools_of)}


PAYROLL_2 = "here:/VAULT01/PAYROLL vts2:/VAULT01/PAYROLL"
PAYROLL_3 = "here:/VAULT01/PAYROLL vts3:/VAULT01/OLD"
LEDGER_2 = "here:/VAULT01/LEDGER vts2:/VAULT01/LEDGER"
LEDGER_3 = "here:/VAULT01/LEDGER vts3:/VAULT01/LEDGER"
EVERYTHING = {f"{PAYROLL_2} * A* B1", f"{PAYROLL_3} A* B1", f"{LEDGER_2} *", f"{LEDGER_3} *"}


@pytest.mark.parametrize(("sentence", "expected"), [
    ("VERIFY SCHEME NIGHTLY", {f"{PAYROLL_2} A* B1", f"{PAYROLL_3} A* B1"}),
    ("VERIFY SCHEME NIGHTLY, TO vts3", {f"{PAYROLL_3} A* B1"}),
    ("STATUS SCHEME A*", {f"{PAYROLL_2} *", f"{LEDGER_2} *"}),
    ("STATUS SCHEME NONE", set()),
    ("STATUS SCHEME", EVERYTHING - {f"{LEDGER_3} *"}),
    ("STATUS SCHEME *", EVERYTHING - {f"{LEDGER_3} *"}),
    ("STATUS POOL", EVERYTHING),
    ("STATUS TAPE *", EVERYTHING),
    ("STATUS POOL /VAULT01/*", EVERYTHING),
    ("STATUS POOL /VAULT0?", EVERYTHING),
    ("VERIFY POOL /VAULT01/PAYROLL", {f"{PAYROLL_2} * A* B1", f"{PAYROLL_3} A* B1"}),
    ("VERIFY POOL here:/VAULT01/LEDGER", {f"{LEDGER_2} *", f"{LEDGER_3} *"}),
    ("VERIFY POOL vts3:/VAULT01/OLD", {f"{PAYROLL_3} A* B1"}),
    ("VERIFY POOL vts3:/VAULT01/*, TO vts3", {f"{PAYROLL_3} A* B1", f"{LEDGER_3} *"}),
    ("VERIFY TAPE /VAULT01/PAYROLL/A1", {f"{PAYROLL_2} A1", f"{PAYROLL_3} A1"}),
    ("VERIFY TAPE /VAULT01/PAYROLL/C1", {f"{PAYROLL_2} C1"}),
    ("VERIFY TAPE /VAULT01/PAYROLL/B*", {f"{PAYROLL_2} B* B1", f"{PAYROLL_3} B1"}),
    ("STATUS TAPE /VAULT01/LEDGER/T0*", {f"{LEDGER_2} T0*", f"{LEDGER_3} T0*"}),
])
def test_what_is_selected(sentence: str, expected: set[str]) -> None:
    assert selected(sentence) == expected


@pytest.mark.parametrize(("sentence", "failure", "message"), [
    ("VERIFY SCHEME NIGHTLI", Unknown, "there is no scheme NIGHTLI; the nearest is NIGHTLY"),
    ("VERIFY SCHEME X*", Unknown, r"no SCHEME is selected by X\*"),
    ("VERIFY SCHEME NIGHTL*Z", Unknown, r"no SCHEME is selected by NIGHTL\*Z; the nearest is NIGHTLY"),
    ("VERIFY SCHEME NIGHTLY, TO vts9", Unknown, "there is no system vts9"),
    ("VERIFY POOL /VAULT01/PAYROL", Unknown, "no scheme and no AutoCopy policy copies /VAULT01/PAYROL"),
    ("VERIFY POOL vts2:/VAULT01/OLD", Unknown, "copies vts2:/VAULT01/OLD"),
    ("VERIFY POOL VAULT01", Usage, "\\^\nexpected a path such as"),
    ("VERIFY TAPE /VAULT01/PAYROLL/A1/x", Usage, "\\^\nexpected at most three parts"),
])
def test_what_selects_nothing_is_refused(sentence: str, failure: type[Exception], message: str) -> None:
    with pytest.raises(failure, match=message):
        selected(sentence)


def test_systems() -> None:
    assert [system.name for system in systems_of(WORLD, "vts*")] == ["vts2", "vts3"]
    assert len(systems_of(WORLD, "*")) == 3
    with pytest.raises(Unknown, match="there is no system v"):
        systems_of(WORLD, "v")


def test_which_policies_cover_a_pool() -> None:
    payroll, scratch = Pool("here", "VAULT01", "PAYROLL"), Pool("here", "VAULT01", "SCRATCH1")
    assert [each.policy.name for each in covering(WORLD, payroll)] == ["NIGHTLY", "ALL"]
    assert [policy.name for policy in in_force(WORLD, payroll)] == ["NIGHTLY"]
    assert in_force(WORLD, scratch) == ()
    assert in_force(WORLD, Pool("vts2", "VAULT01", "PAYROLL")) == ()
