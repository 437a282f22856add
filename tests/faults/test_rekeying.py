"""The server asks for new keys after each MiB, in the midst of everything: the copy always completes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stage import FAR_ENDS, Stage
from tests.support import tally
from tests.support.sshd import SshServer, running
from tests.support.tapes import random_bytes

MIB = 1 << 20


@pytest.fixture
def rekeying(tmp_path: Path) -> Iterator[SshServer]:
    """An sshd that renews its keys every MiB."""
    with running(SshServer(tmp_path / "sshd", lines=["RekeyLimit 1M", "LogLevel DEBUG1"])) as server:
        yield server


@pytest.mark.parametrize("kind", FAR_ENDS)
def test_a_large_tape(kind: str, tmp_path: Path, rekeying: SshServer) -> None:
    size = (100 if tally.TORTURE else 40) * MIB
    stage = Stage(kind, tmp_path, rekeying)
    new = {"T00001": stage.put("T00001", random_bytes(size, 1))}
    report = stage.sender.run()
    assert report.done == set(new), [failure.message for failure in report.failures]
    assert stage.there("T00001") == new["T00001"]
    renewed = rekeying.log().count("SSH2_MSG_NEWKEYS received")
    assert renewed >= size // MIB // 4, f"only {renewed} times new keys"
    tally.tally(f"key renewals under load ({kind})", renewed, at_least=10)


@pytest.mark.parametrize("kind", FAR_ENDS)
def test_the_end_meets_new_keys(kind: str, tmp_path: Path, rekeying: SshServer) -> None:
    """Tapes, and with them conversations, that end a few bytes to either side of the moment of new keys."""
    stage = Stage(kind, tmp_path, rekeying)
    source = random.Random(tally.seed("ends that meet new keys"))
    trials = tally.count(60, 12)
    for index in range(trials):
        size = MIB * (1 + index % 2) - 6000 + source.randrange(12_000)
        new = {"T00001": stage.put("T00001", random_bytes(size, index))}
        report = stage.sender.run()
        assert report.done == set(new), (size, [failure.message for failure in report.failures])
        assert stage.there("T00001") == new["T00001"]
        assert report.seconds < 10
        tally.tally(f"ends that meet new keys ({kind})", 1, at_least=10)
