"""From a system's policy to the System: this machine, the receiver over there, or plain SFTP."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from vtspolicy.errors import NoReceiver, Outage, Refusal, VersionMismatch
from vtspolicy.policy import model
from vtspolicy.systems.contract import System
from vtspolicy.systems.disk.local import Local

if TYPE_CHECKING:
    from vtspolicy.systems.ssh.link import Link

_NO_SYSTEMS: Mapping[str, model.System] = MappingProxyType({})


def here(system: model.System) -> Local:
    """A system on this machine."""
    return Local(system.name, system.vaults, system.staging)


def connect(system: model.System, known_hosts: str, program: str, remembered: str | None,
            systems: Mapping[str, model.System] = _NO_SYSTEMS, *, reading: bool = False) -> System:
    """Reach a system. `remembered` is what answered there before: `receiver`, `sftp` or None; in `systems` stand the
    jump hosts. `reading`: whether tapes are going to be read there, which a receiver must be told to allow.

    A system that once answered as receiver is never silently taken for plain SFTP: then it is VersionMismatch.
    """
    if system.address is None:
        return here(system)
    from vtspolicy.systems.ssh.road import reached

    link = reached(system, known_hosts, systems)
    try:
        return far_end_of(link, system, program, remembered, reading=reading)
    except BaseException:
        link.close()
        raise


def far_end_of(link: Link, system: model.System, program: str, remembered: str | None, *,
               reading: bool = False) -> System:
    """Whatever answers at the end of a link that is logged in, which is its own from now on."""
    from vtspolicy.systems.receiver.near import ALLOW_READ, Remote, receive_command
    from vtspolicy.systems.sftp.system import Sftp

    if not system.vaults:
        raise Refusal(f"{system.name} has no vaults: it is a jump host alone", system=system.name)
    if system.far_end == "sftp":
        return Sftp(link, system.vaults, system.staging)
    try:
        command = receive_command(system.receiver, system.vaults, system.create_pool, reading=reading,
                                  staging=system.staging)
        return Remote(link, command, program, grants=bool(system.staging) or system.create_pool != "no")
    except (NoReceiver, Outage) as failure:
        if reading and ALLOW_READ in failure.message:  # an older vtspolicy, which does not know the word
            return far_end_of(link, system, program, remembered)
        # Some servers close the channel on a command that they do not allow; only the SFTP answer decides then.
        if system.far_end == "receiver" or remembered == "receiver" or type(failure) not in (NoReceiver, Outage):
            raise _explained(failure, system) from None
        try:
            return Sftp(link, system.vaults, system.staging)
        except (Outage, VersionMismatch):
            raise failure from None


def _explained(failure: NoReceiver | Outage, system: model.System) -> NoReceiver | Outage:
    if not isinstance(failure, NoReceiver):
        return failure
    why = ("the policy says far-end: receiver" if system.far_end == "receiver"
           else "it has answered as receiver before, so it is not taken for plain SFTP")
    return NoReceiver(f"{failure.message} ({why})", system=system.name)
