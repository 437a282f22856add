"""Plans and policies as data: what the envelope holds, and what the tables are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vtspolicy.policy import model
from vtspolicy.policy.policies import Policies

if TYPE_CHECKING:
    from vtspolicy.planning.plan import Plan


def plan_data(plan: Plan, read_back: int = 0) -> dict[str, object]:
    """A leg's plan. `read_back`: the bytes that come over the link to be proven here."""
    from vtspolicy.planning.plan import Action
    from vtspolicy.planning.sets import states_of

    return {
        "source": str(plan.source), "target": str(plan.target), "bytes": plan.bytes_to_copy,
        "counts": {str(action): len(plan.having(action)) for action in Action if action is not Action.DIFFER},
        "steps": [{"tape": step.tape, "accompanies": step.accompanies, "action": str(step.action), "why": step.why,
                   "bytes": step.size,
                   "reason": step.reason if step.action is Action.REFUSE else None,
                   "if_unequal": str(step.if_unequal) if step.action is Action.COMPARE else None}
                  for step in plan.steps],
        "new_pool": plan.new_pool,
        "states": dict(Counter(map(str, states_of(plan)))), "known": plan.copied,
        "too_many_gone": plan.too_many_gone, "accepted": list(plan.accepted), "read_back": read_back,
        "gone": list(plan.gone), "skipped": [{"name": each.name, "why": each.why} for each in plan.skipped]}


def policy_data(policy: model.Policy, policies: Policies) -> dict[str, Any]:
    """A policy: every field in the words of its file, where it stands, and the sentence that makes it again."""
    from vtspolicy.command.printer import sentence_of
    from vtspolicy.policy.spelling import command_of, spelled

    origin = policies.origins.get((policy.kind, policy.name))
    return {"kind": policy.kind, "name": policy.name, "file": origin.file if origin else None,
            "fields": {each.key: None if (value := getattr(policy, each.attribute)) is None else
                       _json(spelled(each, value)) for each in model.fields_of(policy.kind)},
            "obeyform": sentence_of(command_of(policy))}


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
