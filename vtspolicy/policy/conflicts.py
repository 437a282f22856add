"""What the policies of a set must be to each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from vtspolicy.errors import Unknown
from vtspolicy.policy.places import Place, Vault, has_wildcard, matches
from vtspolicy.policy.policies import Copying, Policies, Site
from vtspolicy.policy.rules import PLACEHOLDER, Problem
from vtspolicy.policy.templates import covers, overlap


class Route(NamedTuple):
    """One source of a policy to one of its targets, with both ends where they really lie."""

    policy: Copying
    source: Place
    source_site: Site
    target: Place
    target_site: Site
    entry: int
    """The target's position in `to`."""

    @property
    def name(self) -> str:
        """The target pool's name or, with {pool} and a template, the template for it."""
        return str(self.source.pool if self.target.pool == PLACEHOLDER else self.target.pool)

    def may_fill(self, pool: str) -> bool:
        """Whether the route can end in the target pool of that name, or in one that the template selects."""
        left_out = self.policy.exclude if has_wildcard(self.name) else ()
        return overlap(self.name, pool) and not any(covers(each, pool) for each in left_out)

    def source_of(self, pool: str) -> tuple[Site, str]:
        """Where the tapes of that target pool come from."""
        return self.source_site, pool if self.target.pool == PLACEHOLDER else str(self.source.pool)


def key_of_sources(policy: Copying) -> str:
    """The key that the policy's sources stand under."""
    return "from" if policy.kind == "scheme" else "pool"


def conflicts(policies: Policies, broken: Collection[str] = (), *,
              unread: bool = False) -> Iterator[tuple[Copying, Problem]]:
    """What is wrong between the policies, each time with the policy that it is told of.

    `broken`: names of systems whose files have faults of their own; nothing is said about references to them.
    `unread`: there are such files whose system's name is not known, too; any name that is missing may be theirs.
    """
    def is_hidden(name: str | None) -> bool:
        if name is None:
            return unread or bool(broken)
        return name in broken or (unread and name not in policies.systems)

    routes: list[Route] = []
    for policy in policies.copying:
        sources: list[tuple[Place, Site]] = []
        for index, source in enumerate(policy.source):
            try:
                sources.append(_source(policies, policy, source))
            except Unknown as error:
                if not is_hidden(source.system):
                    yield policy, Problem(key_of_sources(policy), index, error.message)
        reached: dict[tuple[Site, str | None], int] = {}
        for index, target in enumerate(policy.to):
            try:
                site = policies.site(Vault(str(target.system), target.vault))
            except Unknown as error:
                if not is_hidden(target.system):
                    yield policy, Problem("to", index, error.message)
                continue
            if (site, target.pool) in reached:
                yield policy, Problem("to", index, f"is the same pool as {policy.to[reached[site, target.pool]]}")
                continue
            reached[site, target.pool] = index
            if any(site == source_site for _, source_site in sources):
                yield policy, Problem("to", index, "source and target are the same vault")
                continue
            if far := [place for place, source_site in sources if site.address and source_site.address]:
                yield policy, Problem("to", index, both_far(str(far[0].system), str(target.system)))
                continue
            routes.extend(Route(policy, *source, target, site, index) for source in sources)
        if policy.verify == "sent" and not any(_may_be_sftp(policies, str(target.system)) for target in policy.to):
            yield policy, Problem("verify", None, "sent means nothing here: only plain SFTP reads a copy back over the "
                                  "link, and no target is that")
    yield from _mixed(routes)


def _may_be_sftp(policies: Policies, name: str) -> bool:
    system = policies.systems.get(name)
    return system is None or (system.address is not None and system.far_end != "receiver")


def _source(policies: Policies, policy: Copying, source: Place) -> tuple[Place, Site]:
    place = policies.at_home(source)
    system = str(place.system)
    if policy.kind == "autocopy" and policies.systems[system].address is not None:
        raise Unknown(f"a pool that is watched must be on this machine, and {system} is reached by SSH")
    return place, policies.site(Vault(system, place.vault))


def both_far(source: str, target: str) -> str:
    """That source and target are both reached by SSH, and what would do."""
    return (f"the source's system {source} and the target's system {target} are both reached by SSH; one of the two "
            "must be this machine")


def _mixed(routes: list[Route]) -> Iterator[tuple[Copying, Problem]]:
    """Two different sources for one target pool."""
    plain: dict[tuple[Site, str], list[Route]] = {}
    templates: dict[Site, list[Route]] = {}
    told: set[tuple[str, str, int]] = set()
    for route in routes:
        site, label = route.target_site, (route.policy.kind, route.policy.name, route.entry)
        if has_wildcard(route.name):
            here = [other for (where, _), others in plain.items() if where == site for other in others]
            here += templates.setdefault(site, [])
            templates[site].append(route)
        else:
            alike = plain.setdefault((site, route.name), [])
            here = alike + templates.get(site, [])
            if all(mixes(route, other) for other in alike):
                alike.append(route)
        for other in here:
            if other.policy is not route.policy and label not in told and mixes(route, other):
                told.add(label)
                yield route.policy, Problem(
                    "to", route.entry, f"two sources for one target pool: {what_of(other.policy)} copies "
                                       f"{other.source} to {other.target}")


def mixes(one: Route, other: Route) -> bool:
    """Whether both may fill the same pool of the same target vault from different sources."""
    if one.target_site != other.target_site:
        return False
    if not (one.may_fill(other.name) and other.may_fill(one.name)):
        return False
    if not has_wildcard(one.name):
        return one.source_of(one.name) != other.source_of(one.name)
    if not has_wildcard(other.name):
        return one.source_of(other.name) != other.source_of(other.name)
    return one.source_site != other.source_site


def what_of(policy: Copying) -> str:
    """`scheme NIGHTLY`, `AutoCopy policy PAYROLL`: the policy's name in messages."""
    return f"{'AutoCopy policy' if policy.kind == 'autocopy' else policy.kind} {policy.name}"


def selects(policy: Copying, source: Place, pool: str) -> bool:
    """Whether this source of the policy selects the pool of that name."""
    return matches(pool, str(source.pool)) and not any(matches(pool, each) for each in policy.exclude)
