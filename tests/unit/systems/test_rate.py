"""A digest at a pace: wherever the bytes are read, and no longer than somebody waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import processes
from vtspolicy.errors import Stopped
from vtspolicy.policy.places import Pool
from vtspolicy.systems.digest import digest_of
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.wire import Frame

POOL = Pool("here", "VAULT01", "PAYROLL")


def vault(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "PAYROLL").mkdir()
    (tmp_path / "PAYROLL" / "T1").write_bytes(content)
    return tmp_path


def test_a_rate_is_kept_and_the_digest_is_the_same(tmp_path: Path) -> None:
    content = os.urandom(2 << 20)
    with Local("here", {"VAULT01": str(vault(tmp_path, content))}) as local:
        began = time.monotonic()
        assert local.digest(POOL.tape("T1"), rate=4 << 20)[0] == digest_of(content)
        assert 0.4 < time.monotonic() - began < 5
        began = time.monotonic()
        local.digest(POOL.tape("T1"))
        assert time.monotonic() - began < 0.4


def test_whoever_waits_for_the_pace_can_stop(tmp_path: Path) -> None:
    began = time.monotonic()

    def stop(count: int) -> None:
        if time.monotonic() - began > 0.3:
            raise Stopped("enough")

    with Local("here", {"VAULT01": str(vault(tmp_path, b"x" * 1000))}) as local, pytest.raises(Stopped):
        local.digest(POOL.tape("T1"), stop, rate=1)
    assert time.monotonic() - began < 5


def asked(**more: object) -> bytes:
    return wire.pack_json(Frame.REQUEST, 1, {
        "operation": "digest", "vault": "VAULT01", "pool": "PAYROLL", "tape": "T1", **more})


def receiver(root: Path) -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        [sys.executable, "-m", "vtspolicy", "receive", "--vault", f"VAULT01={root}"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    assert started.stdin is not None
    started.stdin.write(wire.hello("test", stall=1.0))
    return started


def test_a_receiver_reads_at_no_pace_for_a_sender_that_is_gone(tmp_path: Path) -> None:
    """A slow digest would hold the tape's disk for hours."""
    started = receiver(vault(tmp_path, b"x" * 1000))
    assert started.stdin is not None and started.stdout is not None
    started.stdin.write(asked(rate=1))
    started.stdin.flush()
    assert not processes.until(lambda: started.poll() is not None, 1.5), "it keeps the pace while somebody waits"
    started.stdout.close()
    try:
        assert processes.until(lambda: started.poll() is not None, 15)
    finally:
        started.kill()
        started.wait()
        started.stdin.close()


@pytest.mark.parametrize("rate", [0, -1, "fast", 1 << 62, True, 1.5])
def test_what_is_no_rate_is_refused(tmp_path: Path, rate: object) -> None:
    started = receiver(vault(tmp_path, b"content"))
    output, _ = started.communicate(asked(rate=rate), timeout=30)
    assert b'"reason"' in output and b"not a rate" in output
