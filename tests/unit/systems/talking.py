"""A sender's side whose far side says what a test tells it to."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.systems.far_side import FakeChannel, FakeLink
from vtspolicy.policy.places import Pool
from vtspolicy.systems.facts import Identity, Record
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.near import Remote
from vtspolicy.systems.receiver.wire import Frame, pack

POOL = Pool("there", "VAULT01", "PAYROLL")
HELLO = wire.hello("9.9")
IDENTITY = {"size": 5, "mtime_ns": 7, "inode": 1, "ctime_ns": 2}
RECORD = Record("T1", "blake3:" + "1" * 64, Identity(5, 7), POOL.tape("T1"), "a" * 32, Identity(5, 7),
                "2026-11-22T01:30:00Z", "RUN1", "b" * 16, 1, True)


def remote(*said: bytes, greeting: bytes = HELLO, **more: Any) -> tuple[Remote, FakeChannel]:
    channel = FakeChannel(greeting, *said, **more)
    return Remote(FakeLink(channel), "vtspolicy receive", "test"), channel  # type: ignore[arg-type]


def answer(value: object, number: int = 1, kind: Frame = Frame.ANSWER) -> bytes:
    return pack(kind, number, json.dumps(value).encode())


def sent_frames(channel: FakeChannel) -> list[tuple[Frame, int, bytes]]:
    """What was said behind the greeting."""
    content, found = bytes(channel.sent), []
    assert content.startswith(wire.MAGIC)
    at = len(wire.MAGIC)
    while at < len(content):
        length, kind, number = wire.HEADER.unpack_from(content, at)
        found.append((Frame(kind), number, content[at + wire.HEADER.size:at + wire.HEADER.size + length]))
        at += wire.HEADER.size + length
    return found[1:]
