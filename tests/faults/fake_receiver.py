"""A far side that speaks badly: `fake_receiver.py HOW` on standard input and output. It knows nothing of ours."""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from typing import Any

MAGIC = b"\r\nVTSPOLICY-WIRE\r\n"
HELLO, REQUEST, BEGIN, SEAL, COMMIT, BYE = 1, 2, 3, 6, 7, 9
ANSWER, SEALED, COMMITTED, FAILED, BUSY = 64, 65, 66, 67, 68
NASTY = "\x1b[2J\r\n*ERROR* forged\n../../etc/passwd"
VAULT_ID = f"{2:032x}"


def put(content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(1, view):]


def frame(kind: int, number: int, value: Any) -> bytes:
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack(">IBI", len(payload), kind, number) + payload


def take(count: int) -> bytes:
    content = b""
    while len(content) < count:
        more = os.read(0, count - len(content))
        if not more:
            sys.exit(0)
        content += more
    return content


def greet(how: str) -> None:
    hellos: dict[str, Any] = {
        "hello-not-json": b"\xff\x00{", "hello-list": [1, 1], "hello-empty": {},
        "hello-versions-text": {"protocols": ["one", NASTY]}, "hello-huge-version": {"protocols": [1, 10**400]},
        "hello-too-new": {"protocols": [7, 9], "program": NASTY}, "hello-too-old": {"protocols": [0, 0]},
    }
    if how == "garbage-after-magic":
        put(MAGIC + os.urandom(100_000))
        time.sleep(5)
        sys.exit(0)
    if how in ("huge-frame", "huge-frame-drip"):
        put(MAGIC + struct.pack(">IBI", (1 << 32) - 1 if how == "huge-frame" else 60 << 20, ANSWER, 0))
        while True:
            put(b"x" * (1 << 20) if how == "huge-frame" else b"x")
            time.sleep(0 if how == "huge-frame" else 0.1)
    put(MAGIC + frame(HELLO, 0, hellos.get(how, {"protocols": [1, 1], "program": "fake"})))


ORDINARY: dict[str, Any] = {
    "vault": {"identity": VAULT_ID, "pools": ["PAYROLL"], "free": 1 << 40},
    "names": {"pools": [["VAULT01", "PAYROLL", []]], "warnings": []},
    "inventory": {"tapes": [], "skipped": [], "free": 1 << 40, "stale_parts": []},
    "records": {"records": {}}, "sweep": {"count": 0}, "initialise": {},
}
IDENTITY = {"size": 5, "mtime_ns": 1, "inode": 1, "ctime_ns": 1}
RECORD = {
    "tape": "T00001", "version": 1, "digest": NASTY, "identity": IDENTITY,
    "source": {"system": NASTY, "vault": NASTY, "pool": NASTY, "tape": NASTY, "vault_id": NASTY, "identity": IDENTITY},
    "published": NASTY, "run": NASTY, "writer": NASTY, "durable": True}
TAPE = ["T00001", IDENTITY, 0o600, 5]
BAD: dict[str, tuple[str, Any]] = {
    "answer-deep": ("vault", b"[" * 200_000 + b"]" * 200_000),
    "answer-infinity": ("vault", b'{"identity": null, "pools": [], "free": 1e999}'),
    "vault-names": ("vault", {"identity": VAULT_ID, "pools": ["../x", NASTY, 7, None, "PAYROLL"], "free": None}),
    "vault-identity": ("vault", {"identity": NASTY, "pools": [], "free": 1}),
    "vault-types": ("vault", {"identity": 7, "pools": 5, "free": "much"}),
    "inventory-names": ("inventory", {"tapes": [["../x", IDENTITY, 1, 1], [NASTY, IDENTITY, 1, 1]],
                                      "skipped": [[NASTY, NASTY]], "free": None, "stale_parts": [NASTY]}),
    "inventory-types": ("inventory", {"tapes": [[7, 8]], "skipped": {}, "free": [], "stale_parts": 1}),
    "inventory-infinity": ("inventory", b'{"tapes": [["T00001", {"size": 1e999, "mtime_ns": 1, "inode": 1, "ctime_ns":'
                                        b' 1}, 1e999, 1e999]], "skipped": [], "free": 1, "stale_parts": []}'),
    "names-nasty": ("names", {"pools": [["VAULT01", NASTY, ["T00001", NASTY]], [NASTY, "../..", ["T00002"]]],
                              "warnings": [NASTY]}),
    "records-nasty": ("records", {"records": {}}),
    "records-types": ("records", {"records": {"T00001": [{"tape": []}]}}),
}


def receiver(how: str) -> None:
    greet(how)
    take(len(MAGIC))
    while True:
        length, kind, number = struct.unpack(">IBI", take(9))
        payload = take(length)
        if kind == REQUEST:
            request(how, number, json.loads(payload)["operation"])
        elif kind == BYE:
            put(frame(BYE, 0, b""))
            return
        elif kind == BEGIN and how == "committed-early":
            put(frame(COMMITTED, number, {"identity": IDENTITY, "mode": 1, "allocated": 1}))
        elif kind == SEAL:
            digest = {"sealed-nasty": NASTY, "sealed-wrong": {"a": [1]}}.get(how, "blake3:" + "0" * 64)
            put(frame(SEALED, number, {"digest": digest}))
        elif kind == COMMIT:
            put(frame(COMMITTED, number, {"identity": 5, "mode": "x"}))


def request(how: str, number: int, operation: str) -> None:
    if how in ("records-nasty", "records-types") and operation == "inventory":
        put(frame(ANSWER, number, {**ORDINARY["inventory"], "tapes": [TAPE]}))
    elif how == "records-nasty" and operation == "records":
        put(frame(ANSWER, number, {"records": {"T00001": [RECORD], NASTY: []}}))
    elif how in BAD and BAD[how][0] == operation:
        put(frame(ANSWER, number, BAD[how][1]))
    elif how == "unknown-kind":
        put(frame(200, number, {}))
    elif how == "unknown-number":
        put(frame(ANSWER, number + 1000, {}))
    elif how == "answer-flood":
        while True:
            put(frame(ANSWER, 1, {"x": "y" * 60_000}) if number != 1 else frame(SEALED, 1, {}))
    elif how == "failed-flood":
        while True:
            put(frame(FAILED, 0, {"reason": "space", "message": "x" * 60_000}))
    elif how == "failed-nasty":
        put(frame(FAILED, number, {"reason": NASTY, "message": NASTY, "tape": NASTY}))
    elif how == "bug":
        put(frame(FAILED, number, {"reason": "target-write", "message": "y" * 100}))
    elif how == "busy-nonsense":
        put(frame(BUSY, 0, b'{"done": 1e999}'))
    else:
        put(frame(ANSWER, number, ORDINARY[operation]))


# ---- SFTP -----------------------------------------------------------------------------------------------------------


def packet(kind: int, *fields: bytes) -> bytes:
    body = b"".join(fields)
    return struct.pack(">IB", len(body) + 1, kind) + body


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def status(number: int, code: int, words: bytes = b"") -> bytes:
    return packet(101, struct.pack(">II", number, code), text(words), text(b""))


DIRECTORY = struct.pack(">IQIII", 0x1 | 0x4 | 0x8, 4096, 0o40755, 1, 1)


def sftp(how: str) -> None:
    if how == "sftp-garbage":
        put(b"Welcome to the machine\n" * 10)
    elif how == "sftp-huge-packet":
        put(struct.pack(">I", 1 << 31) + b"x" * 100_000)
    elif how == "sftp-version-cut":
        put(struct.pack(">IB", 1, 2))
    else:
        extensions = b"".join(text(name) + text(b"1") for name in (b"fsync@openssh.com", b"posix-rename@openssh.com"))
        put(packet(2, struct.pack(">I", 3), extensions))
    take(9)
    while True:
        length = struct.unpack(">I", take(4))[0]
        content = take(length)
        sftp_answer(how, content[0], struct.unpack(">I", content[1:5])[0])


def sftp_answer(how: str, kind: int, number: int) -> None:
    entry = text(b"T00001") + text(b"-rw") + DIRECTORY
    if how == "sftp-unknown-number":
        put(status(number + 7, 0))
    elif how == "sftp-flood":
        while True:
            number += 1
            put(status(number, 0, b"x" * 60_000))
    elif how == "sftp-status-cut":
        put(packet(101, struct.pack(">I", number)))
    elif how == "sftp-wrong-kind":
        put(packet(102, struct.pack(">I", number), text(b"handle")))
    elif how == "sftp-ok-for-everything":
        put(status(number, 0))
    elif how == "sftp-eof-for-everything":
        put(status(number, 1))
    elif how == "sftp-nasty-status":
        put(status(number, 4, NASTY.encode() * 5))
    elif how == "sftp-no-attributes":
        put(packet(105, struct.pack(">II", number, 0)))
    elif how == "sftp-attributes-cut":
        put(packet(105, struct.pack(">II", number, 0xF)))
    elif kind == 7:
        put(packet(105, struct.pack(">I", number), DIRECTORY))
    elif kind == 11:
        put(packet(102, struct.pack(">I", number), text(b"h")))
    elif kind == 12 and how == "sftp-nasty-names" and number % 2:
        put(status(number, 1))
    elif kind == 12:
        entries = {"sftp-endless-list": 2000, "sftp-empty-list": 0}.get(how, 1)
        name = text(NASTY.encode()) + text(b"-rw") + DIRECTORY if how == "sftp-nasty-names" else entry
        put(packet(104, struct.pack(">II", number, entries), name * entries))
    else:
        put(status(number, 4, b"Failure"))


if __name__ == "__main__":
    try:
        (sftp if sys.argv[1].startswith("sftp") else receiver)(sys.argv[1])
    except BrokenPipeError:
        os._exit(0)
