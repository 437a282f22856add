"""The stage of a fault test: a vault here, a vault there, and a sender between them over a real sshd."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from tests.contract.systems import policy, receive_words
from tests.support.crash import CrashPoints
from tests.support.journey import POOL, VAULT, Report, Sender, initialise, needs_nothing
from tests.support.sshd import SFTP_SERVER, SshServer
from vtspolicy.policy import model
from vtspolicy.transfer.outcome import Result

FAR_ENDS = ("receiver", "sftp")


class Stage:
    """Tapes are put here with `put`, and looked at there with `there`; `sender.run()` copies."""

    def __init__(self, kind: str, folder: Path, server: SshServer, *, crash: CrashPoints | None = None,
                 far: Path | None = None, stall: float = 20.0, port: int | None = None,
                 command: str | Path | None = None) -> None:
        """`far` is the vault there; `crash` stands in front of the far program; `command` takes its place."""
        self.kind = kind
        self.server = server
        self._hours = 0
        self.near = folder / "near"
        self.far = far or folder / "far"
        self.crash = crash
        initialise(self.near, 1)
        initialise(self.far, 2)
        exec_line = SFTP_SERVER if kind == "sftp" else shlex.join(receive_words(self.far))
        if command is None:
            command = crash.wrapper(exec_line) if crash is not None else exec_line
        self.key = server.authorize(f"{kind}-{folder.name}", command=command)
        self.sender = self.new_sender(port=port, stall=stall)

    def described(self, *, port: int | None = None, stall: float = 20.0) -> model.System:
        """The far system's policy."""
        return policy(self.kind, self.server, self.far, self.key, port=port, stall=stall)

    def new_sender(self, *, port: int | None = None, stall: float = 20.0, **more: str) -> Sender:
        """A sender through `port`, which may be a proxy's."""
        return Sender(self.near, self.described(port=port, stall=stall), self.server.known_hosts(port=port), **more)

    def through(self, port: int) -> Report:
        """Runs our sender once through another port, with what it knows."""
        usual = self.sender.there, self.sender.known_hosts
        self.sender.there = self.described(port=port, stall=self.sender.there.stall)
        self.sender.known_hosts = str(self.server.known_hosts(port=port))
        try:
            return self.sender.run()
        finally:
            self.sender.there, self.sender.known_hosts = usual

    def put(self, name: str, content: bytes) -> bytes:
        """The host writes a tape, hours ago: over SFTP one that changed just now is read again."""
        path = self.near / POOL / name
        path.write_bytes(content)
        self._hours += 1
        os.utime(path, (0, 1_600_000_000 + 3600 * self._hours))
        return content

    def there(self, name: str) -> bytes | None:
        """What the live name holds over there."""
        path = self.far / POOL / name
        return path.read_bytes() if path.exists() else None

    def parts(self) -> list[str]:
        """The part files over there."""
        work = self.far / POOL / ".vtspolicy"
        return sorted(path.name for path in work.iterdir() if path.name.endswith(".part")) if work.exists() else []

    def forget(self) -> None:
        """The pools there and the sender's memory are as on the first day."""
        shutil.rmtree(self.far / POOL)
        (self.far / POOL).mkdir()
        self.sender.copies.clear()

    def settle(self) -> None:
        """Waits until no far process is left, and takes the crash library away."""
        self.server.wait_idle()
        if self.crash is not None:
            self.crash.disarm()

    # ---- what must hold after every fault ---------------------------------------------------------------------------

    def check(self, report: Report, old: dict[str, bytes | None], new: dict[str, bytes]) -> None:
        """Old or new, never mixed; what is called done holds the new bytes; what is not is reported, in one line."""
        for name, content in new.items():
            found = self.there(name)
            assert found in (old[name], content), (
                f"{name} is neither old nor new: {'absent' if found is None else f'{len(found)} bytes'}")
        for name in report.done:
            assert self.there(name) == new[name], f"{name} is called done and is not the new tape"
        assert report.done == set(new) or report.failures, "tapes are missing from the report"
        for failure in report.failures:
            assert failure.reason != "bug", failure.message
            assert failure.message.isprintable() and len(failure.message) < 1000, failure.message

    def check_recovery(self, new: dict[str, bytes], *, unproven: bool = False) -> None:
        """A run without faults completes: all equal, nothing left over, and the records there explain every tape.

        Where the fault was in the proof, and it is lost (`unproven`), one reading makes it anew.
        """
        self.settle()
        report = self.sender.run()
        assert not report.failures, [failure.message for failure in report.failures]
        assert report.done == set(new)
        for name, content in new.items():
            assert self.there(name) == content, f"{name} differs after the second run"
        assert self.parts() == []
        if unproven and not needs_nothing(report.by_records):
            self.sender.copies.clear()
            report = self.sender.run()
            assert report.having(Result.EQUAL) == set(new)
        assert needs_nothing(report.by_records), report.by_records
        self.server.wait_idle()


def old_of(stage: Stage, names: dict[str, bytes]) -> dict[str, bytes | None]:
    """What lies there before a fault."""
    return {name: stage.there(name) for name in names}


__all__ = ["FAR_ENDS", "POOL", "VAULT", "Stage", "old_of"]
