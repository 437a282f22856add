"""ADD and ALTER look whether what the policy names is there: a typing error must not end in silence."""

from __future__ import annotations

import os

from vtspolicy.command.complaint import nearest
from vtspolicy.errors import Failure
from vtspolicy.policy import model
from vtspolicy.policy.coverage import legs_of
from vtspolicy.policy.places import Pool
from vtspolicy.service.context import Context

PATIENCE = 5.0
"""Seconds that a system may keep silent before it counts as one that cannot be looked at: somebody waits."""


def warnings_of(context: Context, policy: model.Policy) -> tuple[str, ...]:
    """What the policy names and is not there; nothing is refused for it."""
    if isinstance(policy, model.System):
        return _of_system(policy)
    if isinstance(policy, model.Scheme | model.AutoCopy):
        return _of_copying(context, policy)
    return ()


def _of_system(system: model.System) -> tuple[str, ...]:
    """Of a system that is reached by SSH, TEST SYSTEM tells; it is seldom ready when it is added."""
    if system.address is not None:
        return ()
    return tuple(f"{system.name}: {path} ({name}) is no directory" for name, path in system.vaults.items()
                 if not os.path.isdir(path))


def _of_copying(context: Context, policy: model.Scheme | model.AutoCopy) -> tuple[str, ...]:
    context.roads.patience = PATIENCE
    try:
        legs = legs_of(context.policies, policy, context.pools_of)
    except Failure as failure:
        return (failure.message,)
    told: dict[str, None] = {}
    for pool, made in ((pool, pool == leg.target) for leg in legs for pool in (leg.source, leg.target)):
        if (line := _missing(context, pool, target=made)) is not None:
            told[line] = None
    return tuple(told)


def _missing(context: Context, pool: Pool, *, target: bool) -> str | None:
    try:
        pools = context.roads.to(pool.system).vault(pool.of).pools
    except Failure as failure:
        return f"{failure.message} (not looked at: {pool})"
    if pool.name in pools or (target and context.policies.system(pool.system).create_pool != "no"):
        return None
    near = nearest(pool.name, pools)
    makes = f"; ALTER SYSTEM {pool.system}, CREATE-POOL yes lets runs make it" if target else ""
    return f"pool {pool} is not there" + (f"; the nearest is {near}" if near else "") + makes
