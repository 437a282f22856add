"""The steps to a system that is reached by SSH: key, name, jump host, connection, host key, login, far end."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from vtspolicy import __version__
from vtspolicy.errors import Authentication, Failure, HostKey, NoReceiver, OtherHostKey, Outage
from vtspolicy.policy import model
from vtspolicy.service.sites.trying.steps import Steps
from vtspolicy.systems.connect import far_end_of
from vtspolicy.systems.contract import System
from vtspolicy.systems.receiver.near import Remote
from vtspolicy.systems.ssh.keys import key_of, public_of
from vtspolicy.systems.ssh.road import enter, jump_of, link_to, pinned

if TYPE_CHECKING:
    from vtspolicy.systems.ssh.link import Link

STEPS = ("key", "jump host", "name", "connection", "host key", "login", "far end")


def way(system: model.System, known_hosts: str, systems: Mapping[str, model.System], remembered: str | None,
        steps: Steps, *, reading: bool) -> System | None:
    """Take them; the system, where all went well. `reading`: whether a policy has tapes read there."""
    before = len(steps.taken)
    link = _link(system, known_hosts, systems, steps)
    there = None if link is None else _far_end(link, system, remembered, steps, reading)
    taken = {each.step for each in steps.taken[before:]}
    wanted = [each for each in STEPS if each not in taken and (each != "jump host" or system.via is not None)]
    for each in wanted:
        steps.skip(each, "an earlier step failed")
    return there


def _link(system: model.System, known_hosts: str, systems: Mapping[str, model.System], steps: Steps) -> Link | None:
    """The link, logged in; None where a step failed."""
    usable = _key(system, known_hosts, steps)
    outer = None
    if system.via is not None:
        try:
            outer = jump_of(system, known_hosts, systems)
        except Failure as failure:
            steps.fail("jump host", failure, f"TEST SYSTEM {failure.system or system.via} takes every step of the way "
                                             "to the jump host", system.via)
            return None
        steps.ok("jump host", "connected and logged in", system.via)
        steps.ok("name", f"{system.address} is looked up by {system.via}")
    elif not _name(system, steps):
        return None
    step, link = "connection", None
    try:
        link = link_to(system, outer)
        steps.ok(step, f"{system.address} port {system.port}")
        step = "host key"
        link.handshake(pinned(system, known_hosts))
        steps.ok(step, f"is the pinned one, {link.host_key().fingerprint}")
        step = "login"
        if not usable:
            link.close()
            return None
        enter(link, system, known_hosts)
        steps.ok(step, f"as {system.user}")
        return link
    except Failure as failure:
        for each in (link, outer):
            if each is not None:
                each.close()
        steps.fail(step, failure, _remedy(step, failure, system))
        return None
    except BaseException:
        for each in (link, outer):
            if each is not None:
                each.close()
        raise


def _key(system: model.System, known_hosts: str, steps: Steps) -> bool:
    path = key_of(system, os.path.dirname(known_hosts))
    try:
        steps.ok("key", f"{path}, {public_of(path, system.name).fingerprint}")
    except Authentication as failure:
        missing = not os.path.lexists(path)
        steps.fail("key", failure, f"ADD KEY {system.name} makes it" if missing else f"chmod 600 {path}, owned by the "
                   "user of vtspolicy; or another key: ALTER SYSTEM "
                   f"{system.name}, KEY path")
        return False
    return True


def _name(system: model.System, steps: Steps) -> bool:
    """Whether the address is one, or a name that has some."""
    address = str(system.address)
    try:
        found = dict.fromkeys(str(place[0]) for *_, place in socket.getaddrinfo(
            address, system.port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        steps.fail("name", Outage(f"{system.name}: {address} has no address: {why}", system=system.name),
                   f"see the spelling, DNS and /etc/hosts; or give the number: ALTER SYSTEM {system.name}, ADDRESS "
                   "192.0.2.7")
        return False
    numbers = ", ".join(found)
    steps.ok("name", f"{numbers}, a number" if numbers == address else f"{address} is {numbers}")
    return True


def _remedy(step: str, failure: Failure, system: model.System) -> str | None:
    name = system.name
    if step == "connection":
        return (f"see that sshd runs there and listens on port {system.port}, and that no firewall is between; the "
                f"policy may name another: ALTER SYSTEM {name}, PORT number")
    if isinstance(failure, OtherHostKey):
        return (f"find out why; compare it with ssh-keygen -lf on {name} itself, then TRUST SYSTEM {name}, FINGERPRINT "
                "that-one, REPLACE")
    if isinstance(failure, HostKey):
        return f"compare it with ssh-keygen -lf on {name} itself, then TRUST SYSTEM {name}"
    if isinstance(failure, Authentication):
        return (f"ADD KEY {name} prints the line for ~{system.user}/.ssh/authorized_keys there; its from= must be our "
                "address as it is seen there, and file and folder must be closed to others")
    return None


def _far_end(link: Link, system: model.System, remembered: str | None, steps: Steps, reading: bool) -> System | None:
    if not system.vaults:
        link.close()
        steps.skip("far end", "it has no vaults: it is a jump host alone")
        return None
    try:
        there = far_end_of(link, system, __version__, remembered, reading=reading)
    except Failure as failure:
        link.close()
        remedy = (f"vtspolicy must be installed there, and the line in authorized_keys be the one that ADD KEY "
                  f"{system.name} prints; or, for plain SFTP, sshd there needs: Subsystem sftp internal-sftp"
                  if isinstance(failure, NoReceiver) else None)
        steps.fail("far end", failure, remedy)
        return None
    except BaseException:
        link.close()
        raise
    if isinstance(there, Remote):
        steps.ok("far end", there.speaks)
        if there.chatter:
            steps.warn("far end", f"prints text before its hello: {there.chatter[:100]}",
                       "silence the login's profile there for sessions without a terminal")
        return there
    steps.ok("far end", "plain SFTP")
    if not there.promises.provable:
        steps.warn("far end", "its server cannot fsync, or cannot rename over an existing name: copies stay unproven",
                   "install vtspolicy there, or OpenSSH's SFTP server")
    return there


def left(there: System) -> None:
    """Say good-bye."""
    with suppress(Failure):
        there.__exit__(None, None, None)
