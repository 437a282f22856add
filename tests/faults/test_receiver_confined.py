"""The receiver works beneath its own vaults and nowhere else, whatever a caller sends and whoever swaps links there."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.systems import receive_words
from tests.faults.stage import Stage
from tests.faults.test_wrong_far_side import stage_with
from tests.support import journey, tally
from tests.support.sshd import SshServer
from tests.support.tapes import random_bytes

NAMES = (b"PAYROLL", b"VAULT01", b"T00001", b"T00002", b".part")
BAD_NAMES = (b"..", b"../..", b"/etc", b"", b"\\u0000", b"a/b", b".x")


def frames_of_a_run(tmp_path: Path, sshd: SshServer) -> bytes:
    """What a sender says in a good run, caught by a forced command."""
    caught = tmp_path / "caught"
    command = f"tee {shlex.quote(str(caught))} | {shlex.join(receive_words(tmp_path / 'far'))}"
    stage = stage_with(command, tmp_path, sshd, stall=10)
    stage.put("T00001", random_bytes(30_000, 1))
    stage.put("T00002", b"tape")
    assert len(stage.sender.run().done) == 2
    sshd.wait_idle()
    return caught.read_bytes()


def test_the_receiver_takes_any_bytes(tmp_path: Path, sshd: SshServer) -> None:
    """Mutated conversations: an orderly end, never a traceback, and nothing outside the vault."""
    good = frames_of_a_run(tmp_path, sshd)
    source = random.Random(tally.seed("mutated conversations"))
    far = tmp_path / "far2"
    journey.initialise(far, 3)
    trials = tally.count(400, 40)
    for _ in range(trials):
        content = bytearray(good)
        for _ in range(source.randrange(1, 6)):
            at = source.randrange(len(content))
            match source.randrange(5):
                case 0:
                    content[at] = source.randrange(256)
                case 1:
                    del content[at:at + source.randrange(1, 50)]
                case 2:
                    content[at:at] = source.randbytes(source.randrange(1, 50))
                case 3:
                    del content[at:]
                case _:
                    content = content.replace(source.choice(NAMES), source.choice(BAD_NAMES), 1)
            if not content:
                break
        done = subprocess.run(receive_words(far), input=bytes(content), capture_output=True, timeout=20, check=False)
        assert done.returncode in (0, 2, 3), done.stderr.decode()
        assert done.stderr == b"", done.stderr.decode()
        assert b"the receiver failed" not in done.stdout, done.stdout
    assert sorted(path.name for path in far.iterdir()) == [".vtspolicy-vault", "PAYROLL"]
    assert not list(far.rglob("*.part")), "an ended receiver leaves no part"
    tally.tally("mutated conversations", trials, at_least=trials)


@pytest.fixture
def swapping(tmp_path: Path) -> Iterator[threading.Event]:
    """Somebody swaps the pool there with a link to another place, as fast as can be."""
    stop = threading.Event()
    yield stop
    stop.set()


def test_links_that_are_swapped_in_lead_nowhere(tmp_path: Path, sshd: SshServer, swapping: threading.Event) -> None:
    stage = Stage("receiver", tmp_path, sshd)
    outside = tmp_path / "outside"
    (outside / ".vtspolicy").mkdir(parents=True)
    (outside / "T00001").write_bytes(b"must stay")
    pool, aside, link = stage.far / "PAYROLL", stage.far / "aside", stage.far / "link"

    def swap() -> None:
        while not swapping.is_set():
            link.symlink_to(outside)
            os.rename(pool, aside)
            os.rename(link, pool)
            time.sleep(0.0005)
            os.unlink(pool)
            os.rename(aside, pool)
            time.sleep(0.0005)

    thread = threading.Thread(target=swap, daemon=True)
    thread.start()
    rounds = done = 0
    deadline = time.monotonic() + (10 if tally.TORTURE else 3)
    while time.monotonic() < deadline:
        stage.put("T00001", random_bytes(20_000, rounds))
        report = stage.sender.run(replace=True)
        assert all(failure.reason in ("unknown", "diverged", "target-write", "name-clash", "missing")
                   for failure in report.failures), [failure.message for failure in report.failures]
        done += len(report.done)
        rounds += 1
    swapping.set()
    thread.join(5)
    assert (outside / "T00001").read_bytes() == b"must stay"
    assert sorted(path.name for path in outside.iterdir()) == [".vtspolicy", "T00001"]
    assert list((outside / ".vtspolicy").iterdir()) == []
    assert done, "no publish ever won against the swapping: nothing was tried"
    tally.tally("publishes while links are swapped in", rounds, at_least=5)


def test_the_callers_own_words_do_not_count(tmp_path: Path, sshd: SshServer) -> None:
    """The forced command fixes the vaults: what a caller asks for by command line or by frame changes nothing."""
    other = tmp_path / "other"
    journey.initialise(other, 7)
    stage = Stage("receiver", tmp_path, sshd)
    new = {"T00001": stage.put("T00001", b"a tape")}
    there = stage.sender.there
    stage.sender.there = type(there)(**{
        **vars(there), "receiver": f"/bin/sh -c 'touch {other}/PAYROLL/pwned' --", "vaults": {"VAULT01": str(other)}})
    assert stage.sender.run().done == set(new)
    assert stage.there("T00001") == b"a tape"
    assert list((other / "PAYROLL").iterdir()) == []
