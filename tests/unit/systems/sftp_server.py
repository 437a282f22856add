"""An SFTP server that says what a test tells it to."""

from __future__ import annotations

import struct
from typing import Any

from tests.unit.systems.far_side import FakeChannel, FakeLink
from vtspolicy.policy.places import Pool
from vtspolicy.systems.sftp import packets
from vtspolicy.systems.sftp.packets import attributes, text
from vtspolicy.systems.sftp.wire import SftpWire

POOL = Pool("there", "VAULT01", "PAYROLL")
ALL = ("posix-rename@openssh.com", "fsync@openssh.com", "statvfs@openssh.com")


def packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 1, kind) + body


def version(*extensions: str, number: int = 3) -> bytes:
    return packet(packets.VERSION, struct.pack(">I", number) + b"".join(
        text(each) + text("1") for each in extensions))


def reply(number: int, kind: int, body: bytes) -> bytes:
    return packet(kind, struct.pack(">I", number) + body)


def status(number: int, code: int, words: str = "") -> bytes:
    return reply(number, packets.STATUS, struct.pack(">I", code) + text(words) + text(""))


def wire(*said: bytes, extensions: tuple[str, ...] = (), **more: Any) -> tuple[SftpWire, FakeChannel]:
    channel = FakeChannel(version(*extensions), *said, **more)
    return SftpWire(FakeLink(channel), channel), channel  # type: ignore[arg-type]


def names(number: int, *entries: str) -> bytes:
    return reply(number, packets.NAME, struct.pack(">I", len(entries)) + b"".join(
        text(name) + text("drwx " + name) + attributes(size=1, mode=0o100600, mtime=1) for name in entries))
