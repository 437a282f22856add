"""The road to a system's SSH server as the policies say it: perhaps through a jump host, to a login with its key."""

from __future__ import annotations

import os
from collections.abc import Mapping

from vtspolicy.errors import Failure, Unknown
from vtspolicy.policy import model
from vtspolicy.systems.ssh.hostkeys import Pins, host_name, pins_of
from vtspolicy.systems.ssh.keys import key_of
from vtspolicy.systems.ssh.link import Link, on_the_way


def pin_name(system: model.System) -> str:
    """The name under which a system's host key is pinned. Behind a jump host the same address may be another host."""
    assert system.address is not None
    name = host_name(system.address, system.port)
    return name if system.via is None else f"{name}@{system.via}"


def pinned(system: model.System, known_hosts: str) -> Pins:
    """What is pinned, and revoked, for a system."""
    return pins_of(known_hosts, pin_name(system))


def opened(system: model.System, known_hosts: str, systems: Mapping[str, model.System]) -> Link:
    """A connection to a system's SSH server, which has not shown its key yet. Raise what hinders it, or a jump host."""
    outer = None if system.via is None else jump_of(system, known_hosts, systems)
    try:
        return link_to(system, outer)
    except BaseException:
        if outer is not None:
            outer.close()
        raise


def link_to(system: model.System, outer: Link | None) -> Link:
    """The same, where the jump host's connection is there already."""
    assert system.address is not None
    if outer is None:
        return Link(system.name, system.address, system.port, system.stall)
    return Link(system.name, system.address, system.port, system.stall, through=outer)


def jump_of(system: model.System, known_hosts: str, systems: Mapping[str, model.System]) -> Link:
    """The connection to a system's jump host, logged in. Raise what hinders it, told as the jump host's."""
    from dataclasses import replace

    jump = systems.get(system.via or "")
    if jump is None:
        raise Unknown(f"there is no system {system.via}, the jump host of {system.name}", system=system.name)
    try:
        return reached(replace(jump, stall=min(jump.stall, system.stall)), known_hosts, systems)
    except Failure as failure:
        raise on_the_way(failure, system.name) from None


def reached(system: model.System, known_hosts: str, systems: Mapping[str, model.System]) -> Link:
    """A connection to a system's SSH server, logged in. Raise Outage, HostKey or Authentication."""
    link = opened(system, known_hosts, systems)
    try:
        link.handshake(pinned(system, known_hosts))
        enter(link, system, known_hosts)
        return link
    except BaseException:
        link.close()
        raise


def enter(link: Link, system: model.System, known_hosts: str) -> None:
    """Log in. Raise Authentication."""
    assert system.user is not None  # the reader saw to it
    link.login(system.user, key_of(system, os.path.dirname(known_hosts)))
