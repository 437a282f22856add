"""What each verb does with each object: one table. What a verb needs is imported when it is used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vtspolicy.command.command import Command
from vtspolicy.command.verbs import needs_yes, verb_of
from vtspolicy.errors import Bug, Failure, NotBuilt, Refusal, StateOfOthers, Stopped, Unknown, Usage
from vtspolicy.policy.places import has_wildcard, matches
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status, Trouble, failed

if TYPE_CHECKING:
    from vtspolicy.planning.plan import Copy
    from vtspolicy.policy.request import Leg

Handler = Callable[[Context, Command], Result]
MOVING = frozenset({"START", "RUN", "IDR", "VERIFY"})
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


# ---- copying ----------------------------------------------------------------------------------------------------


def _run(context: Context, command: Command) -> Result:
    from vtspolicy.policy.resolver import resolve
    from vtspolicy.service.line import run

    return run(context, command, resolve(command, context.policies, context.pools_of))


def _plan(context: Context, command: Command) -> Result:
    from vtspolicy.policy.resolver import resolve
    from vtspolicy.service.line import plan

    planned = plan(context, command, resolve(command, context.policies, context.pools_of))
    if command.flag("CHECK") and any(leg["counts"]["refuse"] for leg in planned.data["legs"]):
        return replace(planned, exit_code=2)
    return planned


def _legs(context: Context, command: Command) -> tuple[Leg, ...]:
    """The legs that VERIFY and STATUS are about."""
    from vtspolicy.policy.selection import select
    from vtspolicy.service.known import legs_known

    try:
        return select(command, context.policies, context.pools_of)
    except Unknown:
        legs = legs_known(context, command)
        if not legs:
            raise
        return legs


def _verify(context: Context, command: Command) -> Result:
    from vtspolicy.service.verification import verify_copies

    copies: list[Copy] = []
    for leg in _legs(context, command):
        copies += [copy for name, copy in sorted(context.state.copies(leg.source, leg.target).items())
                   if any(matches(name, template) for template in leg.tapes)]
    return verify_copies(context, command, copies)


def _status(context: Context, command: Command) -> Result:
    from vtspolicy.service.stand import standings, summary

    found, failures = standings(_legs(context, command), context.state, context.roads)
    if command.object == "TAPE" and command.operands not in ((), ("*",)) and not found and not failures:
        raise Unknown(f"{' '.join(command.operands)}: no such tape at the source, and no copy is known")
    data = {"tapes": [each.as_json() for each in found], "summary": summary(found)}
    errors = tuple(map(Trouble.of, failures))
    return Result(command, Status.PARTIAL if errors else Status.DONE, data, errors)


def _status_system(context: Context, command: Command) -> Result:
    from vtspolicy.service.systems_status import system_status

    shown: list[dict[str, Any]] = []
    failures: list[Failure] = []
    for name in _selected(command.operands or ("*",), context.policies.systems, "system"):
        answer, hindrances = system_status(context.policies.systems[name], context.roads, context.known_hosts)
        shown.append(answer)
        failures += hindrances
    errors = tuple(map(Trouble.of, failures))
    return Result(command, Status.PARTIAL if errors else Status.DONE, {"systems": shown}, errors)


# ---- systems ----------------------------------------------------------------------------------------------------


def _trust(context: Context, command: Command) -> Result:
    from vtspolicy.service.trust import trust

    return trust(command, context.policies.system(command.operands[0]), context.known_hosts, context.state,
                 context.ask, context.stop)


def _init_vault(context: Context, command: Command) -> Result:
    import secrets

    from vtspolicy.policy.places import Vault, parse_place

    try:
        place = context.policies.at_home(parse_place(command.operands[0]))
    except ValueError as error:
        raise Usage(f"{command.operands[0]}: {error}") from None
    if place.pool is not None or place.system is None:
        raise Usage(f"{command.operands[0]}: expected a vault, such as /VAULT01 or vts2:/VAULT01")
    vault, identity = Vault(place.system, place.vault), secrets.token_hex(16)
    context.roads.to(vault.system).initialise(vault, identity)
    with context.state.transaction() as transaction:
        transaction.remember_vault(vault, identity)
        transaction.event("222001", vault=vault, identity=identity)
    return Result(command, Status.DONE, {"vault": str(vault), "identity": identity})


def _rebuild(context: Context, command: Command) -> Result:
    from vtspolicy.catalog.state import open_state, set_aside
    from vtspolicy.policy.selection import EVERYTHING, legs_of_path
    from vtspolicy.service.rebuild import rebuild

    legs = legs_of_path(context.policies, EVERYTHING, context.present_pools)
    lost = not os.path.lexists(context.state_folder)
    try:
        open_state(context.state_folder, context.folder, create=False).close()
    except StateOfOthers:
        raise  # a wrong --policies must not set a good catalog aside
    except Failure:
        pass
    kept = None if lost else set_aside(context.state_folder)
    return rebuild(command, legs, context.state, context.roads, kept)


# ---- policies ---------------------------------------------------------------------------------------------------


def _administer(context: Context, command: Command) -> Result:
    from vtspolicy.service.administer import administer

    return administer(context, command)


def _info(context: Context, command: Command) -> Result:
    from vtspolicy.service.shown import policy_data

    assert command.object is not None
    kind = command.object.lower()
    known = context.policies.of_kind(kind)
    names = _selected(command.operands or ("*",), known, kind)
    return Result(command, Status.DONE, {"policies": [policy_data(known[name], context.policies) for name in names]})


def _selected(wanted: Iterable[str], known: Iterable[str], kind: str) -> list[str]:
    """The names that names and templates select. Raise Unknown for what selects none; `*` may."""
    from vtspolicy.policy.policies import unknown, unselected

    names = sorted(known)
    found: dict[str, None] = {}
    for each in wanted:
        hits = [name for name in names if matches(name, each)]
        if not hits and each != "*":
            raise unselected(kind, each, names) if has_wildcard(each) else unknown(kind, each, names)
        found.update(dict.fromkeys(hits))
    return list(found)


def _info_event(context: Context, command: Command) -> Result:
    from vtspolicy.service.history import events_of

    return events_of(context, command)


def _check(context: Context, command: Command) -> Result:
    from vtspolicy.policy.folder import check

    lines = check(context.folder)
    if not lines:
        return Result(command, Status.DONE, {"folder": context.folder, "errors": []})
    return Result(command, Status.REFUSED, {"folder": context.folder, "errors": list(lines)},
                  tuple(Trouble("policy", line) for line in lines))


def _sample(context: Context, command: Command) -> Result:
    from vtspolicy.policy.model import KINDS
    from vtspolicy.policy.policies import unknown
    from vtspolicy.policy.sample import sample

    del context
    kind = command.operands[0].lower()
    if kind not in KINDS:
        raise unknown("kind", command.operands[0], KINDS)
    return Result(command, Status.DONE, {"text": sample(kind)})


def _env(context: Context, command: Command) -> Result:
    import getpass

    from vtspolicy import __version__

    return Result(command, Status.DONE, {
        "policies": context.folder, "state": context.state_folder, "version": __version__,
        "user": getpass.getuser(), "service": None})


def _help(context: Context, command: Command) -> Result:
    from vtspolicy import events
    from vtspolicy.command.describe import help_for, overview

    del context
    topic = " ".join(command.operands)
    if not topic:
        return Result(command, Status.DONE, {"text": overview() + (
            "\nHELP with a verb, an event id or a reason word says more; so do the manual\n"
            "pages vtspolicy(1), vtspolicy-policy(5) and vtspolicy-events(7).\n")})
    message = events.find(topic)
    text = events.explain(message) if message is not None else help_for(topic)
    if text is None:
        raise Unknown(f"there is no help for {topic}; HELP lists the verbs")
    return Result(command, Status.DONE, {"text": text})


_POLICY_KINDS = ("SYSTEM", "SCHEME", "AUTOCOPY", "SETTINGS")
_HANDLERS: dict[tuple[str, str | None], Handler] = {
    **{(verb, kind): _administer for verb in ("ADD", "ALTER", "DELETE") for kind in _POLICY_KINDS},
    **{("INFO", kind): _info for kind in _POLICY_KINDS},
    ("INFO", "EVENT"): _info_event,
    ("PLAN", "SCHEME"): _plan, ("PLAN", "IDR"): _plan,
    ("START", "SCHEME"): _run, ("RUN", "SCHEME"): _run, ("IDR", None): _run,
    **{("VERIFY", kind): _verify for kind in ("SCHEME", "POOL", "TAPE")},
    **{("STATUS", kind): _status for kind in ("SCHEME", "POOL", "TAPE")},
    ("STATUS", "SYSTEM"): _status_system,
    ("TRUST", "SYSTEM"): _trust, ("INIT", "VAULT"): _init_vault, ("REBUILD", "CATALOG"): _rebuild,
    ("CHECK", "POLICY"): _check, ("SAMPLE", None): _sample, ("ENV", None): _env, ("HELP", None): _help,
}
