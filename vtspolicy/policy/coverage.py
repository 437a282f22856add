"""Which policies cover a pool, and from where to where a policy copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from vtspolicy.command.complaint import nearest
from vtspolicy.errors import EmptySource
from vtspolicy.policy.conflicts import selects, what_of
from vtspolicy.policy.places import Place, Pool, Vault, has_wildcard
from vtspolicy.policy.policies import Copying, Policies
from vtspolicy.policy.request import Guard, Leg
from vtspolicy.policy.rules import PLACEHOLDER

PoolsOf = Callable[[Vault], tuple[str, ...]]
"""Lists the pools of a vault of this machine. It is asked only where a template stands."""


SHOWN = 3
"""So many of the pools that lie there are named where a template selects none of them."""


class Covering(NamedTuple):
    """A policy that covers a pool, and how exactly it names it."""

    policy: Copying
    exactness: int


def target_of(target: Place, pool: str) -> Pool:
    """The target pool for a source pool of that name."""
    name = pool if target.pool == PLACEHOLDER else str(target.pool)
    return Pool(str(target.system), target.vault, name)


def legs_from(policy: Copying, pool: Pool) -> tuple[Leg, ...]:
    """A leg from the pool to each target of the policy."""
    guard = Guard.of(policy.guard)
    return tuple(Leg(pool, target_of(target, pool.name), policy.tapes, policy.rate, guard, policy.verify)
                 for target in policy.to)


def sources_of(policies: Policies, policy: Copying, pools_of: PoolsOf) -> tuple[Pool, ...]:
    """The pools that the policy copies now.

    Raise EmptySource where a template selects none, Unknown where a vault is not declared.
    """
    found: dict[Pool, None] = {}
    for source in policy.source:
        place = policies.at_home(source)
        vault = Vault(str(place.system), place.vault)
        selected = [str(source.pool)]
        if has_wildcard(str(source.pool)):
            selected = [name for name in sorted(pools_of(vault)) if selects(policy, source, name)]
        if not selected:
            instead = _instead(source, pools_of(vault))
            raise EmptySource(f"{what_of(policy)}: {source} selects no pool of {vault}{instead}")
        found.update(dict.fromkeys(Pool(vault.system, vault.name, name) for name in selected))
    return tuple(found)


def _instead(source: Place, pools: tuple[str, ...]) -> str:
    """What lies there instead of what the template was to select."""
    if not pools:
        return ", which holds none"
    if (near := nearest(str(source.pool).strip("*?"), pools)) is not None:
        return f"; the nearest is {near}"
    return f", which holds {', '.join(pools[:SHOWN])}" + (" ..." if len(pools) > SHOWN else "")


def legs_of(policies: Policies, policy: Copying, pools_of: PoolsOf) -> tuple[Leg, ...]:
    """Every leg of the policy. Raise EmptySource and Unknown."""
    return tuple(leg for pool in sources_of(policies, policy, pools_of) for leg in legs_from(policy, pool))


def covering(policies: Policies, pool: Pool) -> tuple[Covering, ...]:
    """The policies that cover the pool, the most exact first, schemes before AutoCopy policies."""
    found: list[Covering] = []
    for policy in policies.copying:
        exact = [source.exactness for source in policy.source
                 if source.vault == pool.vault and selects(policy, source, pool.name)
                 and policies.at_home(source).system == pool.system]
        if exact:
            found.append(Covering(policy, max(exact)))
    return tuple(sorted(found, key=lambda each: -each.exactness))


def in_force(policies: Policies, pool: Pool) -> tuple[Copying, ...]:
    """Of the policies that cover the pool, those that name it most exactly."""
    found = covering(policies, pool)
    return tuple(each.policy for each in found if each.exactness == found[0].exactness)


def named_together(policies: Iterable[Copying]) -> str:
    """`scheme A and AutoCopy policy B`, for messages."""
    words = [what_of(policy) for policy in policies]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
