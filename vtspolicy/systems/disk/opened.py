"""A tape on this machine, opened to be read."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator

from vtspolicy.errors import Failure, Missing, NotDurable, SourceChanged, SourceUnreadable
from vtspolicy.policy.places import Tape
from vtspolicy.systems.disk.beneath import PoolFolder
from vtspolicy.systems.disk.dressing import extras_of
from vtspolicy.systems.disk.extents import pieces_of
from vtspolicy.systems.facts import Piece, length_of
from vtspolicy.systems.files import facts_of, identity_of, kind_of

_TICK = 0.02
"""Seconds. File times of some kernels move in ticks of up to 10 ms: two changes in one tick look like one."""


class LocalReader:
    """A tape opened for reading; it notices every change of the file, and of what its name stands for."""

    def __init__(self, pool: PoolFolder, tape: Tape, *, lasting: bool = False) -> None:
        """`lasting`: it is a copy that must last, so what cannot be written to the disk is not merely unreadable."""
        self.tape = tape
        self._lasting = lasting
        self._pool = pool
        self._fd = _open_to_read(pool, tape)
        try:
            if not stat.S_ISREG(mode := os.fstat(self._fd).st_mode):
                raise SourceUnreadable(f"{tape} is {kind_of(mode)}", tape=str(tape), system=tape.system)
            self.facts = facts_of(tape.name, self._settled())
            self.extras = extras_of(self._fd)
        except OSError as error:
            os.close(self._fd)
            raise self._unreadable(error) from None
        except BaseException:
            os.close(self._fd)
            raise
        pool.users += 1

    def _settled(self) -> os.stat_result:
        """The file's status, from which on every change shows.

        What the cache still holds is written first: only then does the next store through a mapping move the times.
        """
        for _ in range(3):  # a writer that never rests is noticed later
            try:
                os.fdatasync(self._fd)
            except OSError as error:
                if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
                    raise (self._not_durable(error) if self._lasting else self._unreadable(error)) from None
            status = os.fstat(self._fd)
            if not -1 < time.time() - status.st_ctime_ns / 1e9 < _TICK:
                break
            time.sleep(_TICK)
        return status

    def pieces(self) -> Iterator[Piece]:
        """The tape in order, its holes as holes."""
        left = self.facts.identity.size
        try:
            for piece in pieces_of(self._fd):
                yield piece
                left -= length_of(piece)
        except OSError as error:
            raise self._unreadable(error) from None
        if left:
            raise self._changed()

    def check_unchanged(self) -> None:
        """Raise SourceChanged unless file and name are as they were opened."""
        try:
            opened, named = os.fstat(self._fd), self._pool.status(self.tape.name)
        except OSError as error:
            raise self._unreadable(error) from None
        if named is None or not identity_of(named) == identity_of(opened) == self.facts.identity:
            raise self._changed()

    def make_durable(self) -> None:
        """Bring to the disk what others wrote to it, and its name. Raise NotDurable; the reader is closed then."""
        try:
            os.fsync(self._fd)
            os.fsync(self._pool.fd)
        except OSError as error:
            self.close()
            raise self._not_durable(error) from None

    def _not_durable(self, error: OSError) -> Failure:
        return NotDurable(f"{self.tape} cannot be made durable: {error.strerror}", tape=str(self.tape),
                          system=self.tape.system)

    def _unreadable(self, error: OSError) -> Failure:
        return SourceUnreadable(f"{self.tape}: {error.strerror}", tape=str(self.tape), system=self.tape.system)

    def _changed(self) -> Failure:
        return SourceChanged(f"{self.tape} changed while it was read", tape=str(self.tape), system=self.tape.system)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._pool.users -= 1


def _open_to_read(pool: PoolFolder, tape: Tape) -> int:
    """A descriptor that reads without following links, without waiting on a FIFO, and without touching atime."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:
            return os.open(tape.name, flags | os.O_NOATIME, dir_fd=pool.fd)
        except PermissionError:
            return os.open(tape.name, flags, dir_fd=pool.fd)  # O_NOATIME is for the owner alone
    except FileNotFoundError:
        raise Missing(f"{tape} is not there", tape=str(tape), system=tape.system) from None
    except OSError as error:
        why = "a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise SourceUnreadable(f"{tape}: {why}", tape=str(tape), system=tape.system) from None
