"""What an adoption does about each tape of a plan: it compares where a run would, and sends nothing."""

from __future__ import annotations

from dataclasses import replace

from vtspolicy.errors import Damaged, Diverged, Held, Missing
from vtspolicy.planning.plan import Action, Plan, Step


def adoption_of(plan: Plan) -> Plan:
    """The plan of a run as an adoption carries it out: what differs, or is not there, is told and left as it is; so is
    what is gone from the source, of which runs tell."""
    return replace(plan, steps=tuple(map(_adopted, plan.steps)), gone=(), too_many_gone=False, new_pool=None)


def _adopted(step: Step) -> Step:
    if step.action is Action.COMPARE:  # what a run would repair unasked, it must still repair
        return replace(step, if_unequal=Action.DIFFER,
                       reason=Diverged.reason if step.if_unequal is Action.REFUSE else Damaged.reason)
    if step.action is Action.COPY:
        lost = step.target is None and step.known is not None and step.known.digest is not None
        return replace(step, action=Action.DIFFER, reason=Missing.reason if lost else None)
    if step.action is Action.REFUSE and step.target is not None and step.reason in (Diverged.reason, Held.reason):
        return replace(step, action=Action.DIFFER)
    return step


def kind_of(step: Step) -> str:
    """Why a tape was left as it is: `missing`, `waiting` (the next run copies or judges it), or `differing`."""
    if step.target is None:
        return "missing"
    known = step.known is not None and step.known.explains(step.target)
    return "waiting" if step.action is Action.DIFFER and known else "differing"
