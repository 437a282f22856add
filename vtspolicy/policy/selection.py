"""What the operands of VERIFY and STATUS select among the policies: legs, each with the tapes that are meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import nearest, one_of, refuse
from vtspolicy.errors import EmptySource, Unknown
from vtspolicy.policy.coverage import PoolsOf, legs_of
from vtspolicy.policy.model import System
from vtspolicy.policy.places import Place, Pool, has_wildcard, matches, parse_place
from vtspolicy.policy.policies import Copying, Policies, unknown, unselected
from vtspolicy.policy.request import Leg
from vtspolicy.policy.templates import covers, overlap

EVERYTHING = "*"


def select(command: Command, policies: Policies, pools_of: PoolsOf) -> tuple[Leg, ...]:
    """The legs that VERIFY or STATUS of a SCHEME, POOL or TAPE means; without an operand, all.

    Raise Usage for an operand that is no path, Unknown where it selects nothing.
    """
    operand = command.operands[0] if command.operands else EVERYTHING
    if command.object == "SCHEME":
        legs = legs_of_schemes(policies, operand, pools_of)
    else:
        try:
            legs = legs_of_path(policies, operand, pools_of)
        except ValueError as error:
            raise refuse(command, operand, str(error).removeprefix("expected ")) from None
    target = command.word("TO")
    if target is None:
        return legs
    policies.system(target)
    return tuple(leg for leg in legs if leg.target.system == target)


def legs_of_schemes(policies: Policies, template: str, pools_of: PoolsOf) -> tuple[Leg, ...]:
    """The legs of the schemes that the name or template selects. Raise Unknown where it selects none."""
    found = [scheme for name, scheme in policies.schemes.items() if matches(name, template)]
    if not found and template != EVERYTHING:
        refusal = unselected if has_wildcard(template) else unknown
        raise refusal("scheme", template, policies.schemes)
    return _merged(leg for scheme in found for leg in _present_legs(policies, scheme, pools_of))


def legs_of_path(policies: Policies, text: str, pools_of: PoolsOf) -> tuple[Leg, ...]:
    """The legs of schemes and AutoCopy policies whose source or target the path selects; it may hold templates.

    A path without a system means this machine's vaults. Where it names a tape, the legs carry that. Raise ValueError
    where the text is no path, Unknown where it selects nothing.
    """
    everything = _merged(leg for policy in policies.copying for leg in _present_legs(policies, policy, pools_of))
    if text == EVERYTHING:
        return everything
    place = parse_place(text, templates=True)
    found = [leg for leg in everything if _within(policies, leg, place)]
    if not found:
        pools = sorted({str(leg.source) for leg in everything})
        near = nearest(text, {str(pool) for leg in everything for pool in (leg.source, leg.target)})
        known = f"the nearest is {near}" if near else f"they copy {one_of(pools)}" if pools else "there is none"
        raise Unknown(f"no scheme and no AutoCopy policy copies {text}; {known}")
    if place.tape is None:
        return tuple(found)
    return _merged(replace(leg, tapes=kept) for leg in found
                   if (kept := _both(leg.tapes, place.tape)))


def systems_of(policies: Policies, template: str) -> tuple[System, ...]:
    """The systems that the name or template selects. Raise Unknown where it selects none."""
    found = tuple(system for name, system in policies.systems.items() if matches(name, template))
    if not found and template != EVERYTHING:
        raise unknown("system", template, policies.systems)
    return found


def _present_legs(policies: Policies, policy: Copying, pools_of: PoolsOf) -> tuple[Leg, ...]:
    try:
        return legs_of(policies, policy, pools_of)
    except EmptySource:
        return ()


def _within(policies: Policies, leg: Leg, place: Place) -> bool:
    if place.system is not None:
        return any(_matches(pool, place) for pool in (leg.source, leg.target) if pool.system == place.system)
    here = [pool for pool in (leg.source, leg.target) if policies.systems[pool.system].address is None]
    return any(_matches(pool, place) for pool in here)


def _matches(pool: Pool, place: Place) -> bool:
    return matches(pool.vault, place.vault) and (place.pool is None or matches(pool.name, place.pool))


def _both(tapes: tuple[str, ...], wanted: str) -> tuple[str, ...]:
    """Templates for the tapes that the leg has and that are wanted. Of two that only overlap, the wanted one."""
    return tuple(dict.fromkeys(
        each if covers(wanted, each) else wanted for each in tapes if overlap(wanted, each)))


def _merged(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Legs of the same two pools as one, with the tapes of both."""
    found: dict[tuple[Pool, Pool], Leg] = {}
    for leg in legs:
        key = (leg.source, leg.target)
        earlier = found.get(key, leg)
        found[key] = replace(earlier, tapes=tuple(dict.fromkeys((*earlier.tapes, *leg.tapes))),
                             guard=earlier.guard.strictest(leg.guard))
    return tuple(found.values())
