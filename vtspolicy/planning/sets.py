"""A tape and its companions: the files of a pool that belong to it by their names, and how the set of them stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from vtspolicy.planning.plan import Plan
from vtspolicy.planning.states import TapeState, standing_of
from vtspolicy.policy.places import has_wildcard, matches

_MARK = "{tape}"
_WORST = (TapeState.FAILED, TapeState.DIVERGED, TapeState.HELD, TapeState.MISSING, TapeState.NEVER, TapeState.STALE,
          TapeState.UNPROVEN, TapeState.SAFE)
_AS_COMPANION = {TapeState.MISSING: TapeState.STALE, TapeState.NEVER: TapeState.STALE}
"""What a set is called whose tape is there and whose companion is not."""


def companions_in(names: Collection[str], templates: Iterable[str]) -> dict[str, str]:
    """The companions among the names, each with its tape. A file of that name without a tape is a tape of its own; a
    companion has no companions."""
    ways = [(before, after) for before, _, after in (each.partition(_MARK) for each in templates)]
    found: dict[str, str] = {}
    if not ways:
        return found
    there = set(names)
    for name in sorted(there, key=lambda each: (len(each), each)):  # a tape's name is shorter than its companions'
        for before, after in ways:
            tape = name[len(before):len(name) - len(after)] if len(name) > len(before) + len(after) else ""
            if tape in there and tape not in found and f"{before}{tape}{after}" == name:
                found[name] = tape
                break
    return found


def chosen(names: Collection[str], templates: Iterable[str], companions: Iterable[str] = ()) -> tuple[str, ...]:
    """The names that the templates select, sorted; each tape's companions stand before it, selected with it. To name a
    companion is to name its set."""
    return chosen_of(names, templates, companions_in(names, companions))


def chosen_of(names: Collection[str], templates: Iterable[str], of: Mapping[str, str]) -> tuple[str, ...]:
    """The same, where `of` says to which tape each companion belongs."""
    wanted = tuple(templates)
    exact = {of[each] for each in wanted if not has_wildcard(each) and each in of}
    belonging: dict[str, list[str]] = {}
    for name, tape in sorted(of.items()):
        belonging.setdefault(tape, []).append(name)
    tapes = sorted(name for name in names if name not in of
                   and (name in exact or any(matches(name, each) for each in wanted)))
    return tuple(name for tape in tapes for name in (*belonging.get(tape, ()), tape))


def told_companions(told: Mapping[str, str | None]) -> dict[str, str]:
    """The companions with their tapes, as their own records tell: only where both are told of."""
    return {name: tape for name, tape in told.items()
            if tape is not None and tape != name and told.get(tape, name) is None}


def state_of_set(tape: TapeState, companions: Iterable[TapeState]) -> TapeState:
    """How a tape stands together with its companions: as the worst of them."""
    return min((tape, *(_AS_COMPANION.get(each, each) for each in companions)), key=_WORST.index)


def states_of(plan: Plan) -> Sequence[TapeState]:
    """How the sets of a plan stand before it is carried out."""
    companions: dict[str, list[TapeState]] = {}
    found = []
    for step in plan.steps:
        state = standing_of(step, step.known)
        if step.accompanies is not None:
            companions.setdefault(step.accompanies, []).append(state)
        else:
            found.append(state_of_set(state, companions.get(step.tape, ())))
    return found


def lost_from(source: Collection[str], copied: Mapping[str, object], templates: Iterable[str],
              companions: Iterable[str]) -> tuple[str, ...]:
    """The copied names that are not at the source any more, sorted. A companion that went with its tape goes without
    saying."""
    everything = {*source, *copied}
    of = companions_in(everything, companions)
    gone = {name for name in chosen(everything, templates, companions) if name not in source}
    return tuple(sorted(name for name in gone if of.get(name) not in gone))
