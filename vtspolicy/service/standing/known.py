"""What was copied without a policy that says so (IDR with d=), or by one that is gone: the catalog still knows it."""

from __future__ import annotations

from vtspolicy.command.command import Command
from vtspolicy.planning.plan import Copy
from vtspolicy.policy.places import Place, Pool, matches, parse_place
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context


def legs_known(context: Context, command: Command) -> tuple[Leg, ...]:
    """The legs of copies that the path of STATUS or VERIFY selects at source or target. It is known to be a path.

    What came from a system that no policy names is told from the records beside it; so is what another system copied
    to this one, though a VERIFY here knows of it: the source may be gone, and is asked only where the path names it.
    """
    if command.object == "SCHEME" or not command.operands or not command.operands[0].count("/"):
        return ()
    place = parse_place(command.operands[0], templates=True)
    here = {name for name, system in context.policies.systems.items() if system.address is None}
    systems = here if place.system is None else {place.system}
    to = command.word("TO")
    ours: dict[str, bool] = {}

    def kept(copy: Copy) -> bool:
        """Whether it lies here, and no run of ours brought it."""
        if copy.run is not None and copy.run not in ours:
            ours[copy.run] = context.state.run(copy.run) is not None
        return (copy.target.system in here and copy.source.system not in (*here, place.system)
                and not ours.get(copy.run or "", False))

    legs = {(copy.source.of, copy.target.of) for copy in context.state.all_copies()
            if copy.digest is not None and to in (None, copy.target.system)
            and copy.source.system in context.policies.systems and not kept(copy)
            and any(_within(pool, place) and pool.system in systems for pool in (copy.source.of, copy.target.of))}
    return tuple(Leg(source, target, ("*",) if place.tape is None else (place.tape,))
                 for source, target in sorted(legs))


def _within(pool: Pool, place: Place) -> bool:
    return matches(pool.vault, place.vault) and (place.pool is None or matches(pool.name, place.pool))
