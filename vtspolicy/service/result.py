"""What a command came to: one shape for people, programs and exit codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.errors import Failure


class Status(StrEnum):
    """How a command ended, in a word."""

    DONE = "done"
    NOTHING = "nothing"
    PLANNED = "planned"
    WARNINGS = "warnings"
    PARTIAL = "partial"
    FAILED = "failed"
    REFUSED = "refused"
    STOPPED = "stopped"
    BUG = "bug"


_CODES = {Status.DONE: 0, Status.NOTHING: 0, Status.PLANNED: 0, Status.WARNINGS: 1, Status.PARTIAL: 2,
          Status.FAILED: 2, Status.REFUSED: 2, Status.STOPPED: 3, Status.BUG: 5}
"""NonStop completion codes (Guardian Procedure Errors; NetBatch stops on 2 to 6 and goes on after 1)."""
_NOTHING_DONE = frozenset({"usage", "not-built", "unknown", "policy", "refused", "locked", "identity", "empty",
                           "name-clash", "diverged", "held", "frozen"})


@dataclass(frozen=True)
class Trouble:
    """One thing that did not happen."""

    reason: str
    message: str
    tape: str | None = None
    system: str | None = None
    retry: bool = False

    @classmethod
    def of(cls, failure: Failure) -> Trouble:
        """A failure as it is told."""
        return cls(failure.reason, failure.message, failure.tape, failure.system, failure.retry)

    @property
    def id(self) -> str:
        """The event id of the reason."""
        from vtspolicy.events import by_reason

        return by_reason(self.reason).id

    def as_json(self) -> dict[str, Any]:
        """The shape in the envelope."""
        return {"reason": self.reason, "id": self.id, "tape": self.tape, "system": self.system,
                "message": self.message, "retry": self.retry}


@dataclass(frozen=True)
class Result:
    """What a command came to. `data` is what was asked for; its shape depends on verb and object."""

    command: Command | None
    status: Status
    data: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[Trouble, ...] = ()
    warnings: tuple[str, ...] = ()
    run: str | None = None
    ref: str | None = None
    exit_code: int | None = None
    """Where the status alone does not decide it."""

    @property
    def code(self) -> int:
        """The completion code."""
        if self.exit_code is not None:
            return self.exit_code
        return 3 if self.status is Status.FAILED and self.reason == "state" else _CODES[self.status]

    @property
    def reason(self) -> str | None:
        """The word of the first thing that did not happen."""
        return self.errors[0].reason if self.errors else None

    @property
    def tally(self) -> tuple[int, int]:
        """How many were done and how many failed: tapes where the command is about tapes, else the command itself."""
        legs = [leg for leg in self.data.get("legs", ()) if "copied" in leg]
        if legs:
            return sum(leg["copied"] + leg["equal"] + leg["trusted"] for leg in legs), len(self.errors)
        verified = self.data.get("counts")
        if verified:
            return verified.get("verified", 0), len(self.errors)
        return int(self.code < 2), int(self.code >= 2)

    def as_json(self) -> dict[str, Any]:
        """The versioned envelope that every command prints with --json."""
        return {
            "vtspolicy": 1, "command": None if self.command is None else self.command.as_json(), "run": self.run,
            "ref": self.ref, "status": str(self.status), "code": self.code, "data": self.data,
            "errors": [each.as_json() for each in self.errors], "warnings": list(self.warnings)}


def failed(command: Command | None, failures: Iterable[Failure], *, run: str | None = None) -> Result:
    """The result of a command that came to nothing."""
    found = tuple(failures)
    worst = max(found, key=lambda each: each.code)
    if worst.code == 5:
        status = Status.BUG
    elif worst.reason == "interrupted":
        status = Status.STOPPED
    elif worst.reason in _NOTHING_DONE:
        status = Status.REFUSED
    else:
        status = Status.FAILED
    return Result(command, status, errors=tuple(map(Trouble.of, found)), run=run,
                  ref=None if command is None else command.word("REF") or command.word("ref"))
