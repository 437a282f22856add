"""Events are recorded with what they report, and found again by what they are about."""

from __future__ import annotations

import json

import pytest
from freezegun import freeze_time

from tests.unit.catalog.conftest import ORIGIN, SOURCE, TARGET
from vtspolicy.catalog.eventlog import Event, EventFilter, Origin
from vtspolicy.catalog.state import State
from vtspolicy.events import Severity
from vtspolicy.policy.places import Vault


def numbers(found: tuple[Event, ...]) -> list[int]:
    return [event.number for event in found]


@freeze_time("2026-11-22 16:25:18.042")
def test_an_event_comes_back_with_everything(state: State) -> None:
    with state.transaction(run="R1", ref="PAY0304") as transaction:
        transaction.event("624014", tape=SOURCE.tape("T00001"), target=TARGET, policy="NIGHTLY",
                          detail="3 GiB free, 5 GiB needed", attempt=2, nothing=None)
    assert state.events() == (Event(
        number=1, time="2026-11-22T16:25:18.042Z", id="624014", reason="space", system="vts2", tape="T00001",
        run="R1", policy="NIGHTLY", ref="PAY0304", address="127.0.0.1", server="tapeserver01", user="operator",
        program="vtspolicy", pid=4711,
        text="Cartridge vts1:/VAULT01/PAYROLL/T00001 not copied to vts2:/VAULT01/PAYROLL, "
             "3 GiB free, 5 GiB needed, rc=space",
        fields={"run": "R1", "ref": "PAY0304", "tape": "vts1:/VAULT01/PAYROLL/T00001",
                "target": "vts2:/VAULT01/PAYROLL", "policy": "NIGHTLY", "detail": "3 GiB free, 5 GiB needed",
                "attempt": 2}),)
    assert state.events()[0].severity is Severity.ERROR


def test_the_system_concerned_is_the_one_named_else_the_targets(state: State) -> None:
    with state.transaction() as transaction:
        transaction.event("632001", system="vts3", tape=SOURCE.tape("T1"), target=TARGET, detail="no route")
        transaction.event("224007", tape=SOURCE.tape("T1"), target=TARGET)
        transaction.event("222001", vault=Vault("vts4", "VAULT01"), identity="aa")
        transaction.event("226001", pool=SOURCE, count=3)
        transaction.event("230001", kind="SCHEME", name="NIGHTLY")
    assert [event.system for event in state.events()] == ["vts3", "vts2", "vts4", "vts1", None]


def test_a_reason_can_be_given_where_the_message_has_none(state: State) -> None:
    with state.transaction() as transaction:
        transaction.event("624003", verb="START", policy="NIGHTLY", failed=3, reason="unreachable")
        transaction.event("624013", reason="ignored", detail="")
    first, second = state.events()
    assert first.reason == "unreachable"
    assert first.text.endswith("rc=unreachable")
    assert second.reason == "diverged"


def test_an_unknown_id_records_nothing(state: State) -> None:
    with pytest.raises(KeyError), state.transaction() as transaction:
        transaction.event("230001", kind="SCHEME", name="NIGHTLY")
        transaction.event("999999")
    assert state.events() == ()


def test_hostile_fields_are_bounded_and_harmless(state: State) -> None:
    with state.transaction(ref="\udcff\n") as transaction:
        transaction.event("432004", system="vts2\x1b[2J|", detail="motd\n" * 100_000, tape="\ud800", count=10**40)
    event, = state.events()
    assert len(event.text) <= 177
    assert event.system == r"vts2\x1b[2J\x7c"
    assert event.tape == r"\xed\xa0\x80"
    assert event.ref == r"\xff\x0a"
    assert event.fields["count"] == 10**40
    assert len(event.fields["detail"]) == 2000
    assert state.events(EventFilter(ref="\udcff\n")) == (event,)


@pytest.fixture
def recorded(state: State) -> State:
    """Six events, an hour apart."""
    with freeze_time("2026-11-22 10:00:00") as clock:
        for id, run, ref, tape in (
                ("224004", "R1", "PAY1", SOURCE.tape("T00001")), ("424020", "R1", "PAY1", SOURCE.tape("T00002")),
                ("624013", "R2", None, SOURCE.tape("T00001")), ("824007", "R2", None, SOURCE.tape("T00002")),
                ("224004", "R3", "PAY3", TARGET.tape("T00001")), ("230001", None, None, None)):
            with state.transaction(run=run, ref=ref) as transaction:
                transaction.event(id, tape=tape, target=TARGET, detail="d")
            clock.tick(3600)
    return state


@pytest.mark.parametrize(("wanted", "found"), [
    (EventFilter(), [1, 2, 3, 4, 5, 6]),
    (EventFilter(at_least=Severity.INFO), [1, 2, 3, 4, 5, 6]),
    (EventFilter(at_least=Severity.WARNING), [2, 3, 4]),
    (EventFilter(at_least=Severity.ERROR), [3, 4]),
    (EventFilter(at_least=Severity.CRITICAL), [4]),
    (EventFilter(id="224004"), [1, 5]),
    (EventFilter(run="R2"), [3, 4]),
    (EventFilter(ref="PAY1"), [1, 2]),
    (EventFilter(ref="' OR 1=1 --"), []),
    (EventFilter(tape="T00001"), [1, 3, 5]),
    (EventFilter(tape="/VAULT01/PAYROLL/T00001"), [1, 3, 5]),
    (EventFilter(tape="vts1:/VAULT01/PAYROLL/T00001"), [1, 3]),
    (EventFilter(tape="vts1:/VAULT01/PAYROLL/T00001", limit=1), [3]),
    (EventFilter(tape="vts2:/VAULT01/PAYROLL/T00002"), [2, 4]),
    (EventFilter(tape="/VAULT01/OTHER/T00001"), []),
    (EventFilter(since="2026-11-22T12:00:00Z"), [3, 4, 5, 6]),
    (EventFilter(since="2026-11-22T13:00:00.001+01:00"), [4, 5, 6]),
    (EventFilter(limit=2), [5, 6]),
    (EventFilter(limit=0), []),
    (EventFilter(limit=-5), []),
    (EventFilter(limit=10**30), [1, 2, 3, 4, 5, 6]),
    (EventFilter(at_least=Severity.WARNING, run="R1", tape="T00002", id="424020", limit=9), [2]),
])
def test_filters(recorded: State, wanted: EventFilter, found: list[int]) -> None:
    assert numbers(recorded.events(wanted)) == found


def test_a_since_that_is_no_time_is_refused(state: State) -> None:
    with pytest.raises(ValueError):
        state.events(EventFilter(since="yesterday"))


def test_what_json_shows_is_ascii_and_whole(recorded: State) -> None:
    shown = recorded.events()[2].as_json()
    assert json.loads(json.dumps(shown)) == shown
    assert list(shown)[:4] == ["number", "time", "severity", "id"]
    assert shown["severity"] == "ERROR"
    assert shown["fields"]["tape"] == "vts1:/VAULT01/PAYROLL/T00001"


@pytest.mark.parametrize(("environ", "address"), [
    ({}, "127.0.0.1"), ({"SSH_CONNECTION": "198.51.100.7 50000 198.51.100.1 22"}, "198.51.100.7"),
    ({"SSH_CONNECTION": "fe80::1%eth0|x 1 2 3"}, r"fe80::1%eth0\x7cx")])
def test_the_origin_is_this_process_and_its_caller(environ: dict[str, str], address: str) -> None:
    origin = Origin.here(environ)
    assert origin.address == address
    assert origin.program == "vtspolicy"
    assert origin.pid > 0
    assert origin.user
    assert "." not in origin.server
    assert ORIGIN.address == "127.0.0.1"
