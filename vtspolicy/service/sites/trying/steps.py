"""The steps of a test as they are told: how each went, and what to do where it did not go well."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from vtspolicy.errors import Failure
from vtspolicy.service.result import Status, Trouble


class Went(StrEnum):
    """How a step went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It could not be tried, because an earlier one failed or for the reason that is told."""


@dataclass(frozen=True)
class Step:
    """One step."""

    step: str
    """Its name in a few words; the same for ever, because programs read it."""
    about: str | None
    """The jump host, vault or pool that it is about; None where it is the system itself."""
    result: Went
    detail: str
    """What was found, or the cause."""
    reason: str | None = None
    remedy: str | None = None


class Steps:
    """The steps of one test, in order."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.taken: list[Step] = []
        self._failures: list[Trouble] = []

    def ok(self, step: str, detail: str, about: object = None) -> None:
        """It went well."""
        self._note(step, about, Went.OK, detail)

    def warn(self, step: str, detail: str, remedy: str, about: object = None) -> None:
        """It went, and something should be looked at."""
        self._note(step, about, Went.WARNING, detail, remedy=remedy)

    def skip(self, step: str, why: str, about: object = None) -> None:
        """It was not tried."""
        self._note(step, about, Went.SKIPPED, why)

    def fail(self, step: str, failure: Failure, remedy: str | None = None, about: object = None) -> None:
        """It did not go. Without a remedy that of the reason's message is told."""
        from vtspolicy.events import by_reason

        self._failures.append(Trouble.of(failure))
        self._note(step, about, Went.FAILED, failure.message, failure.reason,
                   remedy or by_reason(failure.reason).recovery)

    def _note(self, step: str, about: object, result: Went, detail: str, reason: str | None = None,
              remedy: str | None = None) -> None:
        self.taken.append(Step(step, None if about is None else str(about), result, detail, reason, remedy))

    @property
    def status(self) -> Status:
        """How the test went as a whole."""
        found = {each.result for each in self.taken}
        return Status.FAILED if Went.FAILED in found else Status.WARNINGS if Went.WARNING in found else Status.DONE

    @property
    def errors(self) -> tuple[Trouble, ...]:
        """What failed."""
        return tuple(self._failures)

    def as_data(self) -> list[dict[str, Any]]:
        """The steps for the envelope."""
        return [{**asdict(each), "result": str(each.result)} for each in self.taken]
