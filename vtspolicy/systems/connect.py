"""From a system's policy to the System: this machine, the receiver over there, or plain SFTP."""

from __future__ import annotations

from vtspolicy.errors import NoReceiver, Outage, VersionMismatch
from vtspolicy.policy import model
from vtspolicy.systems.contract import System
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.ssh.hostkeys import host_name, pins_of


def here(system: model.System) -> Local:
    """A system on this machine."""
    return Local(system.name, system.vaults)


def connect(system: model.System, known_hosts: str, program: str, remembered: str | None) -> System:
    """Reach a system. `remembered` is what answered there before: `receiver`, `sftp` or None.

    A system that once answered as receiver is never silently taken for plain SFTP: then it is VersionMismatch.
    """
    if system.address is None:
        return here(system)
    from vtspolicy.systems.receiver.near import Remote, receive_command
    from vtspolicy.systems.sftp.system import Sftp
    from vtspolicy.systems.ssh.link import Link

    assert system.user is not None and system.key is not None  # the reader saw to it
    link = Link(system.name, system.address, system.port, system.stall)
    try:
        link.handshake(pins_of(known_hosts, host_name(system.address, system.port)))
        link.login(system.user, system.key)
        if system.far_end == "sftp":
            return Sftp(link, system.vaults)
        try:
            return Remote(link, receive_command(system.receiver, system.vaults), program)
        except (NoReceiver, Outage) as failure:
            # Some servers close the channel on a command that they do not allow; only the SFTP answer decides then.
            if system.far_end == "receiver" or remembered == "receiver" or type(failure) not in (NoReceiver, Outage):
                raise _explained(failure, system) from None
            try:
                return Sftp(link, system.vaults)
            except (Outage, VersionMismatch):
                raise failure from None
    except BaseException:
        link.close()
        raise


def _explained(failure: NoReceiver | Outage, system: model.System) -> NoReceiver | Outage:
    if not isinstance(failure, NoReceiver):
        return failure
    why = ("the policy says far-end: receiver" if system.far_end == "receiver"
           else "it has answered as receiver before, so it is not taken for plain SFTP")
    return NoReceiver(f"{failure.message} ({why})", system=system.name)
