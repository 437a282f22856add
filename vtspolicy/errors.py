"""What can go wrong, as a tree: each leaf has one reason word, and the message table says the rest.

The reason word is the interface (JSON envelope, last line, event); `vtspolicy.events` holds, for each word, its event
id, its text, Cause, Effect and Recovery, and whether trying again may help.
"""

from __future__ import annotations

from typing import ClassVar


class Failure(Exception):
    """Something did not happen, and the operator must be told. `str(failure)` is the sentence that is printed."""

    reason: ClassVar[str] = "bug"
    retry: ClassVar[bool] = False
    code: ClassVar[int] = 2

    def __init__(self, message: str, *, tape: str | None = None, system: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.tape = tape
        self.system = system


# ---- refused before anything was done ---------------------------------------------------------------------------


class Refusal(Failure):
    """The request as given will not be carried out; the same request again would be refused again."""

    reason = "refused"


class Usage(Refusal):
    """The sentence cannot be understood. The message already shows it, with carets."""

    reason = "usage"


class NotBuilt(Usage):
    """The word is known, and does nothing in this release."""

    reason = "not-built"


class Unknown(Refusal):
    """A named object does not exist."""

    reason = "unknown"


class PolicyInvalid(Refusal):
    """Policy files do not say what can be done. The message holds one line for each error."""

    reason = "policy"


class Locked(Refusal):
    """Another run holds what is needed; the message names it."""

    reason = "locked"
    retry = True


class IdentityMismatch(Refusal):
    """A vault has no id, or another than the one that is known for it."""

    reason = "identity"


class PoolGone(Unknown):
    """The target's vault is the one that it was, and the pool is not in it."""


class EmptySource(Refusal):
    """The source holds nothing where there should be something."""

    reason = "empty"


class NameClash(Refusal):
    """The tape's name exists in another pool of the target."""

    reason = "name-clash"


class Frozen(Refusal):
    """The pool or its vault is frozen: nothing is published there until it is thawed on the system that holds it."""

    reason = "frozen"


class Diverged(Refusal):
    """The target's tape was changed by someone else, or was never written by us."""

    reason = "diverged"


class Held(Refusal):
    """The change at the source looks like a loss (a tape became empty); a person must say so."""

    reason = "held"


class Gone(Refusal):
    """So many tapes are gone from the source that it looks like a loss; a person must say that it is none."""

    reason = "gone"


class NoSpace(Failure):
    """The target has too little room."""

    reason = "space"
    retry = True


# ---- the road to the other system -------------------------------------------------------------------------------


class Outage(Failure):
    """The other side cannot be had at the moment; trying again may help."""

    reason = "unreachable"
    retry = True


class Stalled(Outage):
    """The link or the far side went silent for longer than the stall time."""

    reason = "stalled"


class HostKey(Failure):
    """The far side's host key is unknown, changed or revoked. Never tried again by itself."""

    reason = "hostkey"


class OtherHostKey(HostKey):
    """The far side's host key is another than the pinned one: it may be another machine."""


class Authentication(Failure):
    """The login was refused, or the key file cannot be used."""

    reason = "auth"


class VersionMismatch(Failure):
    """The two sides share no protocol version, or the far side does not speak it."""

    reason = "version"


class NoReceiver(VersionMismatch):
    """What answers over there is not `vtspolicy receive`; the message holds what it said instead."""


# ---- one tape ----------------------------------------------------------------------------------------------------


class SourceChanged(Failure):
    """The source tape changed while it was read, so nothing was published."""

    reason = "source-changed"
    retry = True


class Incomplete(Failure):
    """A companion of the tape was not copied, so the tape was not published either."""

    reason = "companion"
    retry = True


class SourceUnreadable(Failure):
    """The source tape cannot be read."""

    reason = "source-read"
    retry = True


class TargetWrite(Failure):
    """The target cannot store what it is given."""

    reason = "target-write"
    retry = True


class NotDurable(TargetWrite):
    """The target's disk failed after the bytes were handed to it: a later fsync that succeeds proves nothing."""

    reason = "not-durable"


class Unequal(Failure):
    """The bytes that lie on the target are not the ones that should."""

    reason = "verify"
    retry = True


class Damaged(Unequal):
    """A published copy does not hold its bytes any more, though nobody is known to have written to it."""

    reason = "damaged"


class Missing(Failure):
    """A tape that should be there is not."""

    reason = "missing"


# ---- ourselves ---------------------------------------------------------------------------------------------------


class Stopped(Failure):
    """A signal or the closing of the terminal ended the work early; nothing is half done."""

    reason = "interrupted"
    retry = True
    code = 3


class StateUnusable(Failure):
    """Our own state file is corrupt, foreign, newer than this program, or out of reach. It was left as it is."""

    reason = "state"
    code = 3


class StateOfOthers(StateUnusable):
    """The state is whole, and belongs to another policy folder."""


class Partial(Failure):
    """Some tapes were done, others not."""

    reason = "partial"
    retry = True


class Bug(Failure):
    """vtspolicy itself is wrong."""

    reason = "bug"
    code = 5


def failure_of(error: Exception, tape: str) -> Failure:
    """A failure as it is; anything else is a fault of ours, which must not stop the other tapes."""
    if isinstance(error, Failure):
        return error
    return Bug(f"{tape}: vtspolicy has a fault: {type(error).__name__}: {error}", tape=tape)


def leaves(root: type[Failure] = Failure) -> tuple[type[Failure], ...]:
    """Every class of the tree, the root included: for tests that hold it against the message table."""
    found: list[type[Failure]] = [root]
    for child in root.__subclasses__():
        found.extend(leaves(child))
    return tuple(found)
