"""What holds for every tape of a run, and a tape on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtspolicy.planning.haste import is_hasty
from vtspolicy.planning.plan import Copy, Plan, Step
from vtspolicy.policy.places import Tape
from vtspolicy.systems.facts import Identity, Progress, Record, no_progress
from vtspolicy.systems.layers import Pace
from vtspolicy.systems.metadata import Metadata
from vtspolicy.systems.parts import Part, Reader


@dataclass(frozen=True)
class Journey:
    """What holds for every tape of a run."""

    run: str
    writer: str
    """The id of our state."""
    source_vault: str
    """The id of the source's vault."""
    now: Callable[[], str]
    """The present time, UTC, RFC 3339."""
    pace: Pace | None = None
    progress: Progress = no_progress
    owner: str | None = None
    """To whom a published tape belongs, `user:group`; None: to whoever writes it there."""
    mode: int | None = None
    """A published tape's permission bits; None: those of its source."""
    read_back: bool = True
    """Whether copies are read back where that goes over the link."""
    reading: int | None = None
    """Bytes per second at which tapes are read to be compared, at most."""

    def metadata(self, reader: Reader) -> Metadata:
        """What the copy of an open tape has beside its bytes."""
        mode = reader.facts.mode if self.mode is None else self.mode
        return Metadata(mode, reader.facts.identity.mtime_ns, self.owner, reader.extras.attributes)

    def record(self, source: Tape, identity: Identity, digest: str, *, durable: bool, proven: bool = True,
               accompanies: str | None = None, began: str) -> Record:
        """What the far side is to keep of the tape that becomes a copy now. `identity` is the source's, whose reading
        began when `began` says."""
        return Record(
            tape=source.name, digest=digest, identity=Identity(0, 0), source=source, source_vault=self.source_vault,
            source_identity=identity, published=self.now(), run=self.run, writer=self.writer, version=0,
            durable=durable, proven=proven, accompanies=accompanies,
            hasty=is_hasty(identity, began))

    def proven(self, plan: Plan, tape: str, digest: str, source: Identity, target: Identity, when: str, *,
               durable: bool) -> Copy:
        """The copy whose bytes were just read over there, and are the source's."""
        return Copy(plan.source.tape(tape), plan.target.tape(tape), digest, source.size, source, target, copied=when,
                    verified=when, durable=durable, run=self.run)


@dataclass
class Flight:
    """A tape that was sent and is not yet settled."""

    step: Step
    reader: Reader
    part: Part
    digest: str
    started: float
    sent: int
    read: bool = True
    """Whether what lies there was read back."""
    began: str = ""
    """When the reading of its source began."""
    proven: str = ""
    """When what lies there was found right: the same time for the far side's record and for the catalog."""
