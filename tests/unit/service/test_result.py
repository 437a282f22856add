"""What a command came to: status, completion code and envelope."""

from __future__ import annotations

import json

import pytest

from vtspolicy.command.command import Command
from vtspolicy.errors import Bug, Failure, Partial, StateUnusable, Stopped, Unequal, leaves
from vtspolicy.service.result import Result, Status, Trouble, failed

CODES = {"done": 0, "nothing": 0, "planned": 0, "warnings": 1, "partial": 2, "failed": 2, "refused": 2, "stopped": 3,
         "bug": 5}


def test_every_status_has_its_completion_code() -> None:
    assert {str(status): Result(None, status).code for status in Status} == CODES


@pytest.mark.parametrize("status", Status)
def test_the_envelope_has_one_shape(status: Status) -> None:
    command = Command("START", "SCHEME", ("NIGHTLY",), {"REF": "PAY0304", "LIST": ("a", "b")})
    result = Result(command, status, {"legs": []}, (Trouble("space", "full", "T1", "vts2", True),), ("warn",), "RUN1",
                    "PAY0304")
    assert json.loads(json.dumps(result.as_json())) == {
        "vtspolicy": 1,
        "command": {"verb": "START", "object": "SCHEME", "operands": ["NIGHTLY"],
                    "attributes": {"REF": "PAY0304", "LIST": ["a", "b"]}},
        "run": "RUN1", "ref": "PAY0304", "status": str(status), "code": CODES[str(status)], "data": {"legs": []},
        "errors": [{"reason": "space", "id": "624014", "tape": "T1", "system": "vts2", "message": "full",
                    "retry": True}],
        "warnings": ["warn"]}


def test_an_empty_envelope_has_all_its_keys() -> None:
    assert Result(None, Status.DONE).as_json() == {
        "vtspolicy": 1, "command": None, "run": None, "ref": None, "status": "done", "code": 0, "data": {},
        "errors": [], "warnings": []}


def test_a_code_of_its_own_counts() -> None:
    assert Result(None, Status.PLANNED, exit_code=1).code == 1


REFUSED = {"refused", "usage", "not-built", "unknown", "policy", "locked", "identity", "empty", "name-clash",
           "diverged", "held", "frozen"}


@pytest.mark.parametrize("kind", [leaf for leaf in leaves() if leaf is not Failure], ids=lambda kind: kind.__name__)
def test_a_command_that_came_to_nothing_says_so(kind: type[Failure]) -> None:
    result = failed(Command("START", attributes={"REF": "R1"}), [kind("a sentence", tape="T1", system="vts2")])
    status = ("bug" if kind is Bug else "stopped" if kind is Stopped else
              "refused" if kind.reason in REFUSED else "failed")
    assert str(result.status) == status
    assert result.code == kind.code
    assert (result.reason, result.ref, result.data) == (kind.reason, "R1", {})
    assert result.errors[0].as_json()["id"].isdigit()
    assert result.errors[0].retry is kind.retry


def test_the_worst_failure_decides_and_the_first_gives_the_word() -> None:
    result = failed(None, [Unequal("x"), Stopped("y")])
    assert (result.status, result.reason, result.code) == (Status.STOPPED, "verify", 3)
    assert failed(None, [Unequal("x"), Bug("y")]).code == 5
    assert failed(None, [StateUnusable("x")]).code == 3
    assert failed(None, [Partial("x")]).status is Status.FAILED


def test_the_word_of_the_caller_is_repeated_from_either_sentence() -> None:
    assert failed(Command("IDR", attributes={"ref": "R2"}), [Unequal("x")]).ref == "R2"
