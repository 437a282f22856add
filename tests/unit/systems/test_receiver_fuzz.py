"""Thousands of broken conversations: the receiver ends each cleanly, and touches nothing that is not a pool's."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.tally import count, seed, tally
from tests.unit.systems.far_side import SEAL, VAULT, begin, frame, frames_of, hello, new_threads, request, serve
from vtspolicy.policy.places import Tape, is_tape_name
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.facts import Identity, Record
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.wire import Frame
from vtspolicy.systems.records import record_to_json

TRIALS = count(full=20_000, part=2_000)
WORDS: list[Any] = [None, True, 0, -1, 1.5, 1 << 62, 10**30, float("inf"), float("nan"), "", "T1", "..", "../T1", "/",
                    "a/b", ".vtspolicy", ".vtspolicy-vault", "x" * 300, "\0", "\ud800", [], [[]], {}, {"a": 1}, "lock",
                    "T1.record", "*", "w.r.1.part", "initialise", "sweep", "a" * 32]


def conversation() -> list[bytes]:
    """A caller who does everything that there is to do."""
    content, number = b"content" * 50, 20
    record = Record("T1", digest_of(content), Identity(0, 0), Tape("here", VAULT, "PAYROLL", "T1"), "a" * 32,
                    Identity(len(content), 1, 1, 2), "2026-11-22T01:30:00Z", "RUN1", "b" * 16, 0, True)
    return [
        request(1, "vault"), request(2, "initialise", identity="a" * 32), request(3, "names"),
        request(4, "inventory"), request(5, "records", tapes=["T0"]), request(6, "digest", tape="T0"),
        request(7, "sweep", writer="w"),
        begin(number), frame(Frame.DATA, number, content), frame(Frame.SEAL, number, SEAL),
        frame(Frame.COMMIT, number, {"record": record_to_json(record), "expected": None}),
        begin(21, "T2"), frame(Frame.HOLE, 21, {"length": 77}), frame(Frame.DISCARD, 21, {}),
        frame(Frame.BYE, 0)]


def broken(chance: random.Random) -> bytes:
    """A conversation with a few faults in it."""
    frames = [hello(), *conversation()]
    for _ in range(chance.randint(1, 4)):
        index = chance.randrange(len(frames))
        fault = chance.choice(("bytes", "cut", "twice", "swap", "drop", "header", "value", "value", "value"))
        if fault == "bytes":
            frames[index] = _bent(frames[index], chance)
        elif fault == "cut":
            frames[index] = frames[index][:chance.randrange(len(frames[index]) + 1)]
        elif fault == "twice":
            frames.insert(chance.randrange(1, len(frames) + 1), frames[index])
        elif fault == "swap":
            other = chance.randrange(len(frames))
            frames[index], frames[other] = frames[other], frames[index]
        elif fault == "drop":
            frames[index] = b""
        elif fault == "header":
            length = chance.choice((0, 1, len(frames[index]), wire.LARGEST, wire.LARGEST + 1, 2**32 - 1))
            frames[index] = wire.HEADER.pack(length, chance.randrange(256), chance.randrange(30)) + frames[index][9:]
        else:
            frames[index] = _with_other_value(frames[index], chance)
    return b"".join(frames)[:1 << 17]


def _bent(content: bytes, chance: random.Random) -> bytes:
    bent = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        if bent:
            bent[chance.randrange(len(bent))] = chance.randrange(256)
    return bytes(bent)


def _with_other_value(content: bytes, chance: random.Random) -> bytes:
    """The frame with one value of its JSON, at whatever depth, replaced or left out."""
    try:
        _, kind, number = wire.HEADER.unpack_from(content)
        value = json.loads(content[wire.HEADER.size:])
    except (ValueError, struct.error):
        return content
    place = value
    while isinstance(place, dict) and place:
        key = chance.choice(list(place))
        if isinstance(place[key], dict) and chance.random() < 0.7:
            place = place[key]
            continue
        if chance.random() < 0.2:
            del place[key]
        else:
            place[key] = chance.choice(WORDS)
        break
    return frame(kind, number, value)


def everything(root: Path) -> dict[str, bytes | str]:
    """Every path beneath the root, with what it holds."""
    found: dict[str, bytes | str] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            found[str(path.relative_to(root))] = (
                os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder")
    return found


def test_whatever_is_said_it_ends_cleanly_and_stays_within_its_pools(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # nothing here is about lasting, and a disk would take minutes
    chance, threads = random.Random(seed("broken conversations")), set(threading.enumerate())
    outside = tmp_path / "outside"
    (outside / "PAYROLL").mkdir(parents=True)
    (outside / "PAYROLL" / "T9").write_bytes(b"not yours")
    root = tmp_path / VAULT
    codes: dict[int, int] = {}
    for trial in range(TRIALS):
        if trial % 20 == 0:
            shutil.rmtree(root, ignore_errors=True)
            (root / "PAYROLL").mkdir(parents=True)
            (root / "PAYROLL" / "T0").write_bytes(b"live")
            (root / "LINK").symlink_to(outside / "PAYROLL")
            (root / "PAYROLL" / "T8").symlink_to(outside / "PAYROLL" / "T9")
        said = broken(chance)
        code, answer = serve({VAULT: str(root)}, said)
        codes[code] = codes.get(code, 0) + 1
        assert code in (0, 2, 3), said
        assert all(each.value.get("reason") != "bug" for each in frames_of(answer)), (said, answer)
        _hold(everything(tmp_path), said)
    assert set(codes) == {0, 2, 3}, "every way to end was met"
    assert new_threads(threads) == set()
    tally("broken conversations with the receiver", TRIALS, at_least=TRIALS)


def _hold(found: dict[str, bytes | str], said: bytes) -> None:
    assert {path: content for path, content in found.items() if path.startswith("outside/")} == {
        "outside/PAYROLL": "folder", "outside/PAYROLL/T9": b"not yours"}, said
    for path, content in found.items():
        parts = path.split("/")
        if parts[0] != VAULT or len(parts) == 1:
            assert parts[0] in (VAULT, "outside"), said
        elif len(parts) == 2:
            assert parts[1] in ("PAYROLL", "LINK", ".vtspolicy-vault"), said
            if parts[1] == ".vtspolicy-vault":
                assert isinstance(content, bytes), said
                assert len(content) == 33, said
        elif parts[2] == ".vtspolicy":
            assert len(parts) == 3 or parts[3] == "lock" or (
                len(parts) == 4 and parts[3].endswith((".record", ".proof"))), said
        else:
            assert len(parts) == 3, said
            assert is_tape_name(parts[2]), said
    live = found[f"{VAULT}/PAYROLL/T0"]
    assert live == b"live", "what no plan expected was replaced"
