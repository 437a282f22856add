"""What each verb does with each object: one table. What a verb needs is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vtspolicy.command.command import Command
from vtspolicy.command.verbs import needs_yes, verb_of
from vtspolicy.errors import Bug, Failure, NotBuilt, Refusal, Stopped, Usage
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, failed
from vtspolicy.service.verbs import copying, policies, program, sites

Handler = Callable[[Context, Command], Result]
MOVING = frozenset({"START", "RUN", "IDR", "VERIFY", "COPY", "ADOPT"})
"""Verbs whose refusals are told in the event log, too: nobody may be at the screen."""


def perform(context: Context, command: Command) -> Result:
    """Carry a command out. Whatever hinders it becomes the result; nothing is raised but what ends the program."""
    try:
        verb = verb_of(command)
        if verb is None or not verb.built:
            raise NotBuilt(f"{command.verb} is not built in this release; nothing was done")
        handler = _HANDLERS.get((command.verb, command.object))
        if handler is None:
            raise NotBuilt(f"{command.verb} {command.object or ''} is not built in this release; nothing was done")
        with context.stop.listening():
            if needs_yes(command) and command.verb != "TRUST" and not _confirmed(context, command):
                raise Refusal("nothing was done: the answer was not yes")
            result = handler(context, command)
        if any(each.reason == Stopped.reason for each in result.errors):
            result = replace(result, status=Status.STOPPED)
    except Failure as failure:
        meant = context.stop.meaning_of(failure)
        if command.verb in MOVING:
            _tell(context, command, meant)
        result = failed(command, [meant])
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        result = failed(command, [Bug(f"vtspolicy has a fault: {why}")])
    return replace(result, warnings=(*result.warnings, *context.notices))


def _confirmed(context: Context, command: Command) -> bool:
    """What a person says. Raise Usage where nobody can be asked."""
    if context.ask is None:
        raise Usage(f"{command.verb} {command.object or ''} needs a yes: end the sentence with !, or use --yes")
    return context.ask(f"{command.verb} {command.object or ''} {' '.join(command.operands)}: are you sure?")


def _tell(context: Context, command: Command, failure: Failure) -> None:
    """The event of a sentence that came to nothing. That the state is out of reach must not hide why."""
    from vtspolicy.events import by_reason

    try:
        with context.state.transaction(ref=command.word("REF") or command.word("ref")) as transaction:
            what = " ".join(command.operands)
            transaction.event(
                by_reason(failure.reason).id, verb=command.verb, policy=what, source=what, target="the target",
                tape=failure.tape, system=failure.system or "here", vault=what, pool=what,
                detail=failure.message)
    except (Failure, KeyError) as other:
        context.notices.append(f"the event log could not be told: {other}")


_POLICY_KINDS = ("SYSTEM", "SCHEME", "AUTOCOPY", "UNPROTECTED", "SETTINGS")
_HANDLERS: dict[tuple[str, str | None], Handler] = {
    **{(verb, kind): policies.administer for verb in ("ADD", "ALTER", "DELETE") for kind in _POLICY_KINDS},
    **{("INFO", kind): policies.info for kind in _POLICY_KINDS},
    ("INFO", "EVENT"): program.info_event, ("INFO", "POOL"): policies.info_pool, ("INFO", "TAPE"): copying.info_tape,
    ("PLAN", "SCHEME"): copying.plan, ("PLAN", "IDR"): copying.plan,
    ("START", "SCHEME"): copying.run, ("RUN", "SCHEME"): copying.run, ("IDR", None): copying.run,
    ("COPY", "TAPE"): copying.bring_back, ("PLAN", "TAPE"): copying.plan_back,
    **{("VERIFY", kind): copying.verify for kind in ("SCHEME", "POOL", "TAPE")},
    **{("STATUS", kind): copying.status for kind in ("SCHEME", "POOL", "TAPE")},
    ("STATUS", "SYSTEM"): sites.status_system,
    ("ADOPT", "POOL"): copying.adopt, ("RELEASE", "TAPE"): copying.release, ("ACCEPT", "POOL"): copying.accept,
    ("ADD", "KEY"): sites.add_key, ("TEST", "SYSTEM"): sites.test_system,
    ("TRUST", "SYSTEM"): sites.trust, ("TRUST", "VAULT"): sites.trust_vault,
    ("INIT", "VAULT"): sites.init_vault, ("REBUILD", "CATALOG"): sites.rebuild,
    **{("FREEZE", kind): sites.freeze for kind in ("POOL", "VAULT")},
    **{("THAW", kind): sites.thaw for kind in ("POOL", "VAULT")},
    ("CHECK", "POLICY"): policies.check, ("SAMPLE", None): policies.sample,
    ("ENV", None): program.env, ("HELP", None): program.help,
}
