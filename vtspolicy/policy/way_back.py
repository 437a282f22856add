"""What COPY TAPE … FROM means among the policies: which pool over there holds the tape that lay here."""

from __future__ import annotations

from typing import NamedTuple

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import one_of, refuse
from vtspolicy.errors import Refusal, Unknown
from vtspolicy.policy.conflicts import what_of
from vtspolicy.policy.coverage import covering, legs_from, target_of
from vtspolicy.policy.places import Place, Pool, has_wildcard, matches, parse_place
from vtspolicy.policy.policies import Copying, Policies
from vtspolicy.policy.request import Leg, Request
from vtspolicy.policy.rules import PLACEHOLDER


class WayBack(NamedTuple):
    """One tape from another system's pool to the pool of this machine that it came from."""

    request: Request
    forward: bool
    """Whether the policies copy from here to there, and not as this once."""


def way_back(command: Command, policies: Policies) -> WayBack:
    """The way of COPY TAPE and PLAN COPY TAPE.

    Raise Usage for an operand that is no tape's path, Unknown for what no policy names, and Refusal where the tape
    cannot come from there, or from more than one pool.
    """
    pool, tape = _tape(command, policies)
    system = policies.system(str(command.word("FROM"))).name
    there = _targets(policies, pool, tape, system)
    forward = bool(there) or not (sources := _sources(policies, pool, tape, system))
    there = there if forward else sources
    if not there:
        if pool.vault not in policies.system(system).vaults:
            raise Unknown(f"no policy copies {pool} to {system}, and {system} declares no vault {pool.vault}",
                          system=system)
        there = {Pool(system, pool.vault, pool.name): None}
    if len(there) > 1:
        ways = one_of(f"{each} ({what_of(policy)})" if policy else str(each) for each, policy in there.items())
        raise Refusal(f"{pool} is copied to more than one pool of {system}: {ways}. The tape is not brought back, "
                      "because it is not certain from which", tape=tape, system=system)
    (source, policy), = there.items()
    if policies.site(source.of) == policies.site(pool.of):
        raise Refusal(f"{source.of} and {pool.of} are the same vault", system=system)
    leg = Leg(source, pool, (tape,), policy.rate if policy else None)
    return WayBack(Request(None, (leg,), command.flag("REPLACE"), command.word("REF")),
                   forward)


def _tape(command: Command, policies: Policies) -> tuple[Pool, str]:
    """The pool of this machine and the tape's name."""
    operand = command.operands[0]
    try:
        place = parse_place(operand)
    except ValueError as error:
        raise refuse(command, operand, str(error).removeprefix("expected ")) from None
    pool, tape = place.pool, place.tape
    if pool is None or tape is None:
        raise refuse(command, operand, "a tape of this machine: /vault/pool/tape")
    here = [each.name for each in policies.systems.values()
            if each.address is None and place.vault in each.vaults and each.name != command.word("FROM")]
    if place.system is None and len(here) == 1:  # two systems on one machine: it does not come from where it goes
        place = place.on(here[0])
    system = policies.system(str(policies.at_home(place).system))
    if system.address is not None:
        raise Refusal(f"COPY TAPE brings a tape to this machine, and {system.name} is reached by SSH",
                      system=system.name)
    return Pool(system.name, place.vault, pool), tape


def _targets(policies: Policies, pool: Pool, tape: str, system: str) -> dict[Pool, Copying | None]:
    """The pools of the system that the policies copy the tape to."""
    return {leg.target: each.policy for each in reversed(covering(policies, pool))
            for leg in legs_from(each.policy, pool)
            if leg.target.system == system and any(matches(tape, template) for template in leg.tapes)}


def _sources(policies: Policies, pool: Pool, tape: str, system: str) -> dict[Pool, Copying | None]:
    """The pools of the system that the policies copy to this pool."""
    found: dict[Pool, Copying | None] = {}
    for policy in policies.copying:
        for source in policy.source:
            place = policies.at_home(source)
            name = _source_name(policy, source, pool)
            if place.system == system and name is not None and any(matches(tape, each) for each in policy.tapes):
                found[Pool(system, place.vault, name)] = policy
    return found


def _source_name(policy: Copying, source: Place, pool: Pool) -> str | None:
    """The name of the pool that this source of the policy sends to `pool`; None where it sends none there."""
    for target in policy.to:
        name = pool.name if target.pool == PLACEHOLDER or has_wildcard(str(source.pool)) else str(source.pool)
        if target_of(target, name) == pool and matches(name, str(source.pool)) and not (
                has_wildcard(str(source.pool)) and any(matches(name, each) for each in policy.exclude)):
            return name
    return None
