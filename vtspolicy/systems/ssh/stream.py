"""Bytes out to a channel, in packets of the size that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vtspolicy.systems.ssh.link import Link

if TYPE_CHECKING:
    import paramiko

_SLACK = 64
"""Bytes of a packet that paramiko keeps for itself."""


def send_all(link: Link, channel: paramiko.Channel, content: bytes | memoryview) -> None:
    """Send it all, a packet at a time: paramiko copies the rest of a larger piece for every packet of it.

    Raise Stalled where the far side takes nothing for the stall time, Outage where the channel is closed.
    """
    packet = max(1 << 10, channel.out_max_packet_size - _SLACK)
    view = memoryview(content)
    with link.translated():
        while view:
            sent = channel.send(bytes(view[:packet]))
            if sent == 0:
                raise EOFError
            view = view[sent:]
