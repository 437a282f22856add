"""Who wrote the tape that stands in the way in another pool of the target."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from vtspolicy.catalog.state import State
from vtspolicy.errors import Failure
from vtspolicy.planning.planner import Origin
from vtspolicy.policy.places import Pool
from vtspolicy.systems.contract import System


def origins(state: State, target: System, clashes: Mapping[str, Pool]) -> dict[str, Origin]:
    """By name of the clashing tape: what the catalog, else the far side's own record, says of the tape that lies in
    that pool. A pool that cannot be asked tells nothing."""
    found: dict[str, Origin] = {}
    for pool in dict.fromkeys(clashes.values()):
        with suppress(Failure):
            found.update(_of_pool(state, target, pool, [name for name, there in clashes.items() if there == pool]))
    return found


def _of_pool(state: State, target: System, pool: Pool, names: list[str]) -> dict[str, Origin]:
    tapes = target.inventory(pool).tapes
    found = {name: Origin(record.source, record.published, record.run, None if record.writer == state.id
                          else record.writer)
             for name, records in target.records(pool, names).items() for record in reversed(records)
             if name in tapes and record.identity.fits(tapes[name].identity)}
    for copy in state.copies_of_pool(pool):
        name = copy.target.name
        if copy.target.of == pool and name in names and name in tapes and copy.explains(tapes[name]):
            found[name] = Origin(copy.source, copy.copied, copy.run)
    return found
