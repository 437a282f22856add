"""INIT VAULT and TRUST VAULT: a vault gets its id, or the id that answers now takes the remembered one's place."""

from __future__ import annotations

import secrets

from vtspolicy.command.command import Command
from vtspolicy.errors import IdentityMismatch, Refusal, Usage
from vtspolicy.planning.guards import check_alone
from vtspolicy.policy.places import Vault, parse_place
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status
from vtspolicy.service.sites.identity import others
from vtspolicy.service.telling import doubt


def init_vault(context: Context, command: Command) -> Result:
    """Give a vault its id; with REPLACE another one, or one for a disk that lies where another lay.

    Raise IdentityMismatch where it has one, or had one, and REPLACE is not given. A kill between marker and state is
    mended by the same sentence.
    """
    vault, identity = _vault(context, command), secrets.token_hex(16)
    system = context.roads.to(vault.system)
    present, remembered = system.vault(vault).identity, context.state.vault(vault)
    if not command.flag("REPLACE"):
        if present is not None:
            raise IdentityMismatch(f"vault {vault} has the id {present} already; INIT VAULT {vault}, REPLACE ! gives "
                                   "it another one, which only a clone needs", system=vault.system)
        if remembered is not None:
            raise IdentityMismatch(f"vault {vault} has no id; it had {remembered[0]} before: is its disk mounted? If "
                                   f"another disk is meant to be there: INIT VAULT {vault}, REPLACE !",
                                   system=vault.system)
    system.initialise(vault, identity, present)
    before = present or (remembered[0] if remembered is not None else None)
    count = 0
    with context.state.transaction() as transaction:
        transaction.remember_vault(vault, identity)
        transaction.event("222001", vault=vault, identity=identity)
        if before is not None:
            transaction.event("222006", vault=vault, identity=identity, detail=before)
            count = doubt(transaction, vault, "its id was replaced")
    return Result(command, Status.DONE, {"vault": str(vault), "identity": identity, "was": before, "doubted": count})


def trust_vault(context: Context, command: Command) -> Result:
    """Take the id that the vault has now for the right one. Raise IdentityMismatch where it has none, or where it is
    that of another vault, and Usage where nobody can say yes."""
    vault = _vault(context, command)
    identity = context.roads.to(vault.system).vault(vault).identity
    known = context.state.vaults()
    remembered = known.get(vault)
    if identity is None:
        sentence = f"INIT VAULT {vault}, REPLACE !" if remembered is not None else f"INIT VAULT {vault}"
        raise IdentityMismatch(f"vault {vault} has no id: there is nothing to trust. If its disk is mounted: "
                               f"{sentence}", system=vault.system)
    check_alone(vault, identity, others(vault, known, context.roads))
    data = {"vault": str(vault), "identity": identity, "was": remembered, "doubted": 0}
    if identity == remembered:
        return Result(command, Status.NOTHING, data)
    told = f"vault {vault} has the id {identity}, " + (
        f"and had {remembered} before" if remembered is not None else "and was never seen before")
    if not command.confirmed:
        if context.ask is None:
            raise Usage(f"{told}; if that is the right one: TRUST VAULT {vault} !")
        if not context.ask(f"{told}\nIts copies will be read again before they count. Trust it?"):
            raise Refusal(f"vault {vault} is not trusted; nothing was changed", system=vault.system)
    with context.state.transaction() as transaction:
        transaction.remember_vault(vault, identity)
        transaction.event("222006", vault=vault, identity=identity, detail=remembered or "never seen before")
        count = doubt(transaction, vault, f"its id was {remembered} before")
    return Result(command, Status.DONE, {**data, "doubted": count})


def _vault(context: Context, command: Command) -> Vault:
    """The vault that the sentence names. Raise Usage where it is none, and Unknown where no policy declares it."""
    word = command.operands[0]
    try:
        place = context.policies.at_home(parse_place(word))
    except ValueError as error:
        raise Usage(f"{word}: {error}") from None
    if place.pool is not None or place.system is None:
        raise Usage(f"{word}: expected a vault, such as /VAULT01 or vts2:/VAULT01")
    return Vault(place.system, place.vault)
