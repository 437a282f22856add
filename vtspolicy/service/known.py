"""What was copied without a policy that says so (IDR with d=), or by one that is gone: the catalog still knows it."""

from __future__ import annotations

from vtspolicy.command.command import Command
from vtspolicy.policy.places import Place, Pool, matches, parse_place
from vtspolicy.policy.request import Leg
from vtspolicy.service.context import Context


def legs_known(context: Context, command: Command) -> tuple[Leg, ...]:
    """The legs of copies that the path of STATUS or VERIFY selects at source or target. It is known to be a path.

    What came from a system that no policy names is told from the records beside it.
    """
    if command.object == "SCHEME" or not command.operands or not command.operands[0].count("/"):
        return ()
    place = parse_place(command.operands[0], templates=True)
    here = {name for name, system in context.policies.systems.items() if system.address is None}
    systems = here if place.system is None else {place.system}
    to = command.word("TO")
    legs = {(copy.source.of, copy.target.of) for copy in context.state.all_copies()
            if copy.digest is not None and to in (None, copy.target.system)
            and copy.source.system in context.policies.systems
            and any(_within(pool, place) and pool.system in systems for pool in (copy.source.of, copy.target.of))}
    return tuple(Leg(source, target, ("*",) if place.tape is None else (place.tape,))
                 for source, target in sorted(legs))


def _within(pool: Pool, place: Place) -> bool:
    return matches(pool.vault, place.vault) and (place.pool is None or matches(pool.name, place.pool))
