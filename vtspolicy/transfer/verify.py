"""Reads a copy again and holds it against its recorded digest."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vtspolicy.errors import Damaged, Diverged, Failure, Missing, NotDurable, SourceUnreadable, Unknown
from vtspolicy.planning.haste import is_hasty
from vtspolicy.planning.plan import Copy
from vtspolicy.systems.contract import System
from vtspolicy.systems.facts import Progress, no_progress


@dataclass(frozen=True)
class Verification:
    """What a verification found. `failure` is None where the bytes are the recorded ones."""

    copy: Copy
    """What is known of the copy from now on."""
    failure: Failure | None = None


def verify(copy: Copy, target: System, now: str, progress: Progress = no_progress,
           rate: int | None = None) -> Verification:
    """Read the copy's bytes on the target. Raise Outage where the system cannot be had; all else is an answer."""
    tape = copy.target
    try:
        # What lies there may have been written by whoever restored it: a proof is one of bytes that last.
        digest, facts = target.digest(tape, progress, durable=True, rate=rate)
    except (Missing, Unknown) as gone:  # the vault is the right one, or nobody would have come here
        missing = Missing(gone.message, tape=tape.name, system=tape.system)
        return Verification(replace(copy, reason="missing", failed=now), missing)
    except NotDurable as error:
        return Verification(replace(copy, reason=NotDurable.reason, failed=now, durable=False),
                            NotDurable(error.message, tape=tape.name, system=tape.system))
    except SourceUnreadable as error:  # for a proof, what cannot be read is damaged
        return Verification(replace(copy, reason=Damaged.reason, failed=now),
                            Damaged(error.message, tape=tape.name, system=tape.system))
    if digest == copy.digest:
        lasting = copy.reason != NotDurable.reason
        hasty = is_hasty(facts.identity, now) if facts.identity.ctime_ns is None else copy.hasty
        return Verification(replace(copy, verified=now, target_identity=facts.identity, doubted=None, hasty=hasty,
                                    reason=None if lasting else copy.reason, failed=None if lasting else copy.failed))
    why = f"{tape}: {digest[:23]} lies there, {str(copy.digest)[:23]} was recorded"
    identity = copy.target_identity
    if identity is not None and not identity.looks_like(facts.identity):
        # Size or time moved with the bytes: that is a hand, not a rotting disk. The planner judges it so, too.
        return Verification(replace(copy, reason=Diverged.reason, failed=now),
                            Diverged(why, tape=tape.name, system=tape.system))
    return Verification(replace(copy, target_identity=facts.identity, reason=Damaged.reason, failed=now),
                        Damaged(why, tape=tape.name, system=tape.system))
