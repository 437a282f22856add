"""What START, RUN, PLAN and IDR mean among the policies: a Command becomes a Request.

A path is copied by the policy that covers its pool: of several, the one that names it most exactly. What still are
two is refused by name, unless they say the same. `s=` and `d=` narrow; only at this machine's own shell does `d=` also
say where a pool goes that no policy sends there.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from vtspolicy.command.command import Command, Door
from vtspolicy.command.complaint import nearest_path, one_of, refuse
from vtspolicy.errors import Refusal, Unknown
from vtspolicy.policy.conflicts import Route, both_far, mixes, what_of
from vtspolicy.policy.coverage import SHOWN, PoolsOf, in_force, legs_from, legs_of, named_together
from vtspolicy.policy.model import Scheme, System
from vtspolicy.policy.places import Place, Pool, Vault, matches, parse_place
from vtspolicy.policy.policies import Copying, Policies, unknown
from vtspolicy.policy.request import Guard, Leg, Request


def resolve(command: Command, policies: Policies, pools_of: PoolsOf) -> Request:
    """The request that the command is.

    Raise Usage for an operand that is no name or path, Unknown for what no policy names, Refusal where the policies do
    not say what is to be done, EmptySource where a template selects no pool.
    """
    operand = command.operands[0]
    replace = command.flag("REPLACE")
    ref = command.word("REF") or command.word("ref")
    if command.object == "SCHEME" or "/" not in operand:
        scheme = policies.scheme(operand)
        legs = _narrowed(command, policies, scheme, legs_of(policies, scheme, pools_of))
        return Request(scheme.name, legs, replace, ref)
    name, legs = _by_path(command, policies, operand)
    return Request(name, legs, replace, ref)


def _narrowed(command: Command, policies: Policies, scheme: Scheme, legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """The scheme's legs that s= and d= leave."""
    source, destination = _source(command, policies), _destination(command, policies)
    left = tuple(leg for leg in legs
                 if source in (None, leg.source.system) and destination in (None, leg.target.system))
    if left:
        return left
    if destination is not None and all(leg.target.system != destination for leg in legs):
        reached = dict.fromkeys(leg.target.system for leg in legs)
        raise Refusal(f"{what_of(scheme)} copies nothing to {destination}; it copies to {one_of(reached)}")
    raise Refusal(f"{what_of(scheme)} copies nothing from {source}")


def _by_path(command: Command, policies: Policies, operand: str) -> tuple[str | None, tuple[Leg, ...]]:
    """The covering policy's name, or None where d= alone decided, and the legs."""
    pool, tape = _pool_and_tape(command, policies, operand)
    destination = _destination(command, policies)
    covered = in_force(policies, pool)
    found = _decided(command, covered, pool, tape, destination)
    if found is not None:
        return found
    fitting = [policy for policy in covered if _legs(policy, pool, tape, destination)]
    if fitting:
        ways_out = [f"VTSPolicy IDR '{policy.name}' runs that scheme"
                    for policy in fitting if isinstance(policy, Scheme)]
        if destination is None:
            targets = dict.fromkeys(str(target.system) for policy in fitting for target in policy.to)
            ways_out += [f"d={each} names the target" for each in targets
                         if _decided(command, covered, pool, tape, each) is not None]
        ways_out = ways_out or ["no sentence can choose between them; let one of them leave the pool out (EXCEPT)"]
        raise Refusal(f"{pool} is covered by {named_together(fitting)}; {', '.join(ways_out)}")
    if destination is not None and command.door is Door.SHELL:
        return None, (_direct(policies, pool, tape, destination),)
    raise _not_covered(policies, pool, tape, destination, covered)


def _decided(command: Command, covered: tuple[Copying, ...], pool: Pool, tape: str | None,
             destination: str | None) -> tuple[str | None, tuple[Leg, ...]] | None:
    """The name and the legs where the policies in force leave one way to copy, else None."""
    candidates = {policy: _legs(policy, pool, tape, destination) for policy in covered}
    fitting = {policy: legs for policy, legs in candidates.items() if legs}
    ways = {tuple((leg.source, leg.target) for leg in legs) for legs in fitting.values()}
    schemes = [policy for policy in fitting if isinstance(policy, Scheme)]
    if len(fitting) == 1 or (len(ways) == 1 and len(schemes) == 1):
        policy = (*schemes, *fitting)[0]
        return policy.name, fitting[policy]
    if len(ways) == 1 and destination is not None and command.door is Door.SHELL:
        rates = [policy.rate for policy in fitting if policy.rate is not None]
        names = (tape,) if tape is not None else ("*",)
        guard = reduce(Guard.strictest, (Guard.of(policy.guard) for policy in fitting))
        return None, tuple(Leg(*way, names, min(rates, default=None), guard) for way in ways.pop())
    return None


def _legs(policy: Copying, pool: Pool, tape: str | None, destination: str | None) -> tuple[Leg, ...]:
    """The policy's legs for the pool or the tape that lead to the destination, if one is named."""
    if tape is not None and not any(matches(tape, each) for each in policy.tapes):
        return ()
    tapes = policy.tapes if tape is None else (tape,)
    return tuple(replace(leg, tapes=tapes) for leg in legs_from(policy, pool)
                 if destination in (None, leg.target.system))


def _not_covered(policies: Policies, pool: Pool, tape: str | None, destination: str | None,
                 covered: tuple[Copying, ...]) -> Refusal:
    if not covered:
        sources = sorted({str(policies.at_home(source)) for policy in policies.copying for source in policy.source})
        near = nearest_path(str(pool), sources)
        known = (f"; the nearest that one covers is {near}" if near
                 else f"; they cover {one_of(sources[:SHOWN])}" + (" ..." if len(sources) > SHOWN else "") if sources
                 else "; there is none")
        return Refusal(f"no scheme and no AutoCopy policy covers {pool}{known}")
    if destination is not None and all(target.system != destination for policy in covered for target in policy.to):
        reached = dict.fromkeys(str(target.system) for policy in covered for target in policy.to)
        return Refusal(f"{pool} is covered by {named_together(covered)}, which copies to {one_of(reached)} "
                       f"and not to {destination}")
    templates = dict.fromkeys(each for policy in covered for each in policy.tapes)
    return Refusal(f"{pool} is covered by {named_together(covered)}, which copies only the tapes {one_of(templates)}",
                   tape=tape)


def _pool_and_tape(command: Command, policies: Policies, operand: str) -> tuple[Pool, str | None]:
    """The pool, with its system, and the tape that the path names."""
    try:
        place = parse_place(operand)
    except ValueError as error:
        raise refuse(command, operand, str(error).removeprefix("expected ")) from None
    if place.pool is None:
        raise refuse(command, operand, "a pool or a tape: /vault/pool or /vault/pool/tape")
    source = _source(command, policies)
    if source is not None:
        if place.system not in (None, source):
            raise Refusal(f"{operand} is not on {source}")
        place = place.on(source)
    place = policies.at_home(place)
    return Pool(str(place.system), place.vault, str(place.pool)), place.tape


def _direct(policies: Policies, pool: Pool, tape: str | None, destination: str) -> Leg:
    """From the pool to the pool of the same names on the destination, which no policy says."""
    target = Pool(destination, pool.vault, pool.name)
    source_site, target_site = policies.site(pool.of), policies.site(target.of)
    if source_site == target_site:
        raise Refusal(f"{pool.of} and {target.of} are the same vault")
    if source_site.address and target_site.address:
        raise Refusal(both_far(pool.system, destination))
    wanted = Route(Scheme(name="d", source=(), to=()), _place(pool), source_site, _place(target), target_site, 0)
    for policy in policies.copying:
        for source in policy.source:
            place = policies.at_home(source)
            for index, each in enumerate(policy.to):
                route = Route(policy, place, policies.site(Vault(str(place.system), place.vault)), each,
                              policies.site(Vault(str(each.system), each.vault)), index)
                if mixes(wanted, route):
                    raise Refusal(f"{target} is the target of {what_of(policy)}, which copies {source} to it; "
                                  "two sources for one target pool would mix")
    return Leg(pool, target, ("*",) if tape is None else (tape,))


def _place(pool: Pool) -> Place:
    return Place(pool.system, pool.vault, pool.name)


def _source(command: Command, policies: Policies) -> str | None:
    return _system(policies, command.word("source") or command.word("SOURCE"))


def _destination(command: Command, policies: Policies) -> str | None:
    return _system(policies, command.word("destination") or command.word("DESTINATION"))


def _system(policies: Policies, word: str | None) -> str | None:
    """The system that the word names: by its policy's name or, as the original's s= and d= do, by its host name."""
    if word is None or word in policies.systems:
        return word
    found = [system.name for system in policies.systems.values() if _is_called(system, word.lower())]
    if not found:
        raise unknown("system", word, policies.systems)
    if len(found) > 1:
        raise Unknown(f"{word} may be {one_of(found)}; name the system")
    return found[0]


def _is_called(system: System, word: str) -> bool:
    """Whether the word is the system's host name, or differs only by the domain that one of the two leaves out (host
    names are short or fully qualified: 6.03.41 O&A p.93). A system without an address is called as its policy is."""
    host = (system.address or system.name).lower()
    short = host.partition(".")[0]
    same_short = not short.isdigit() and word.partition(".")[0] == short
    return word == host or (same_short and ("." in host) != ("." in word))
