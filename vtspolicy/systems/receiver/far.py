"""`vtspolicy receive`: the far side. It works beneath the vaults of its own command line and nowhere else.

The caller's frames name vaults and pools; the paths come from the command line alone, which an `authorized_keys`
forced command fixes. It never deletes a tape, and sends one only where its own words allow it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from vtspolicy.errors import Bug, Failure, Frozen, Refusal, VersionMismatch
from vtspolicy.policy.places import Pool, is_name
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.disk.publish import PartFile, Publishing, publish
from vtspolicy.systems.facts import Grants, Hole
from vtspolicy.systems.files import write_failure
from vtspolicy.systems.metadata import done_to_json, metadata_from_json
from vtspolicy.systems.receiver import granted, operations, wire
from vtspolicy.systems.receiver.lending import Lending
from vtspolicy.systems.receiver.wire import Frame, FrameInput
from vtspolicy.systems.records import (
    identity_from_json,
    identity_to_json,
    record_from_json,
)

_PIPE = 1 << 20
"""Bytes of our input pipe: fewer and larger reads."""
_SET_PIPE_SIZE = 1031
"""F_SETPIPE_SZ, which the fcntl module does not name before Python 3.10 on every build."""
_LENT = frozenset({Frame.MORE, Frame.CHECK, Frame.CLOSE})
BATCH = 64
"""Publishes that share one fsync of the pool, at most."""


class Receiver:
    """One connection's far side."""

    def __init__(self, vaults: Mapping[str, str], source: int, sink: int, program: str,
                 create_pool: str = "no", refused: Callable[[Frozen], None] = lambda failure: None, *,
                 allow_read: bool = False, staging: Mapping[str, str] | None = None) -> None:
        """`create_pool` is what our own command line says: `no`, `yes` (as the sender wants it) or `frozen`; so is
        `allow_read`, whether tapes may be sent, and `staging`, where parts lie.
        `refused` is told once of each place where a sender may not publish, for the log on this side."""
        self._vaults, self._staging = vaults, staging or {}
        self._input = FrameInput(source)
        self._sink = sink
        self._program = program
        self._local = Local("there", vaults, self._staging)
        self._parts: dict[int, PartFile] = {}
        self._sealed: dict[int, str] = {}
        self._failed: set[int] = set()
        self._create_pool = create_pool
        self._refused = refused
        self._told: set[str] = set()
        self._lending = Lending(allow_read, self._send, self._progress)
        self._sending = threading.Lock()
        self._done, self._interval = 0, 5.0
        self._working, self._over = threading.Event(), threading.Event()
        with suppress(OSError):
            fcntl.fcntl(source, _SET_PIPE_SIZE, _PIPE)

    def serve(self) -> int:
        """Answer until BYE or the end of the stream; part files that are left are removed. Give the exit code."""
        try:
            self._send(wire.hello(self._program))
            if not self._greet():
                return 2
            threading.Thread(target=self._tell, daemon=True).start()
            while self._one_frame():
                pass
            return 0
        except (EOFError, BrokenPipeError):
            return 3
        finally:
            self._over.set()
            for part in self._parts.values():
                part.discard()
            self._lending.end()
            self._local.__exit__(None, None, None)

    def _greet(self) -> bool:
        if self._input.exactly(len(wire.MAGIC)) != wire.MAGIC:
            return False
        length, kind, _ = self._input.header()
        try:
            theirs = wire.parse_object(self._payload(length))
            if kind != Frame.HELLO:
                raise VersionMismatch("the first frame is no HELLO")
            wire.agree(theirs, "the sender")
        except Failure as failure:
            self._fail(0, failure)
            return False
        except (ValueError, KeyError, TypeError):
            self._fail(0, VersionMismatch("the sender's HELLO cannot be understood"))
            return False
        name = theirs.get("system")
        if isinstance(name, str) and is_name(name):
            self._local = Local(name, self._vaults, self._staging)
        stall = theirs.get("stall")
        if isinstance(stall, int | float) and stall > 0:
            self._interval = min(5.0, max(0.1, stall / 4))
        return True

    def _payload(self, length: int) -> bytes:
        if length > wire.LARGEST:
            raise EOFError  # no sender of ours writes that; there is nothing left to read in step
        return self._input.exactly(length)

    def _one_frame(self) -> bool:
        length, kind, number = self._input.header()
        if kind == Frame.DATA:
            self._data(number, length)
            return True
        payload = self._payload(length)
        if kind == Frame.BYE:
            self._send(wire.pack(Frame.BYE, number))
            return False
        if kind == Frame.COMMIT:
            self._commit(number, payload)
            return True
        handlers: dict[int, Callable[[int, dict[str, Any]], None]] = {
            Frame.REQUEST: self._request, Frame.BEGIN: self._begin, Frame.HOLE: self._hole, Frame.SEAL: self._seal,
            Frame.DISCARD: self._discard}
        with self._reported(number):
            if kind in _LENT:
                self._lent(kind, number)
            elif kind not in handlers:
                raise VersionMismatch(f"frame kind {kind} is not known here")
            else:
                handlers[kind](number, wire.parse_object(payload))
        if kind == Frame.REQUEST or kind in _LENT:  # a part whose BEGIN failed takes nothing more, and says so once
            self._failed.discard(number)
        return True

    @contextmanager
    def _reported(self, number: int) -> Iterator[None]:
        """Answer with FAILED whatever goes wrong with one frame; a part that failed takes nothing more."""
        try:
            yield
        except Failure as failure:
            self._fail(number, failure)
        except (BrokenPipeError, EOFError):
            raise
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            self._fail(number, Refusal(f"a frame that cannot be understood: {error}"))
        except Exception as error:
            self._fail(number, Bug(f"the receiver failed: {error!r}"))

    def _request(self, number: int, asked: dict[str, Any]) -> None:
        if asked["operation"] == "make-pool":
            asked = operations.allowed(self._local, asked, self._create_pool)
        with self._busy():
            if asked["operation"] == "read":
                self._lending.open(self._local, number, operations.tape_of(self._local, asked), asked)
                return
            answer = operations.answer(self._local, asked, self._progress)
            if asked["operation"] == "vault" and asked.get("grants") is True:  # an older sender does not ask
                answer["grants"] = granted.to_json(Grants(self._create_pool, self._staging.get(str(asked["vault"]))))
        self._send(wire.pack_json(Frame.ANSWER, number, answer))

    # ---- tapes that are read ---------------------------------------------------------------------------------------

    def _lent(self, kind: int, number: int) -> None:
        with self._busy():
            {Frame.MORE: self._lending.more, Frame.CHECK: self._lending.check,
             Frame.CLOSE: self._lending.close}[Frame(kind)](number)

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _begin(self, number: int, asked: dict[str, Any]) -> None:
        if number in self._parts:
            raise Refusal(f"part {number} is open already")
        pool = self._local.pool_folder(operations.pool_of(self._local, asked))
        self._parts[number] = PartFile(pool, str(asked["tape"]), str(asked["part"]))

    def _data(self, number: int, length: int) -> None:
        """Write as it arrives. What comes for a part that failed is read and dropped, to stay in step."""
        part = self._parts.get(number)
        self._sealed.pop(number, None)
        while length:
            content = self._input.take(length)
            length -= len(content)
            if part is not None and number not in self._failed:
                with self._reported(number):
                    part.write(content)

    def _hole(self, number: int, asked: dict[str, Any]) -> None:
        if number not in self._failed:
            length = int(asked["length"])
            if not 0 < length < 1 << 62:
                raise Refusal("not a hole's length")
            self._sealed.pop(number, None)
            self._parts[number].write(Hole(length))

    def _seal(self, number: int, asked: dict[str, Any]) -> None:
        if number in self._failed:
            return
        metadata, part = metadata_from_json(asked), self._parts[number]
        with self._busy():
            digest = part.seal(metadata, self._progress)
        self._sealed[number] = digest
        self._send(wire.pack_json(Frame.SEALED, number, {"digest": digest, **done_to_json(metadata, part.lost)}))

    def _commit(self, number: int, payload: bytes) -> None:
        """Publish this part, and with it every other whose COMMIT has arrived too: they share the fsyncs."""
        asked = [(number, payload)]
        while len(asked) < BATCH and self._input.waiting() == Frame.COMMIT:
            length, _, other = self._input.header()
            asked.append((other, self._payload(length)))
        by_pool: dict[Pool, list[tuple[int, Publishing]]] = {}
        for each, content in asked:
            with self._reported(each):
                wanted = wire.parse_object(content)
                if each not in self._sealed or each in self._failed:
                    raise Refusal(f"part {each} is not sealed")
                part, record, expected = self._parts[each], record_from_json(wanted["record"]), wanted["expected"]
                if (record.tape, record.digest) != (part.tape.name, self._sealed[each]):
                    raise Refusal(f"the record is not that of part {each}")
                publishing = Publishing(part, record, None if expected is None else identity_from_json(expected))
                by_pool.setdefault(publishing.part.tape.of, []).append((each, publishing))
        for pool, batch in by_pool.items():
            try:
                with self._busy():
                    results = publish(self._local.pool_folder(pool), [publishing for _, publishing in batch])
            except Failure as failure:
                results = [failure] * len(batch)
            except OSError as error:
                results = [write_failure(error, f"pool {pool}")] * len(batch)
            for (each, _), result in zip(batch, results, strict=True):
                if isinstance(result, Failure):
                    self._fail(each, result)
                else:
                    self._send(wire.pack_json(Frame.COMMITTED, each, {
                        "identity": identity_to_json(result.identity), "mode": result.mode,
                        "allocated": result.allocated}))
                    self._forget(each)

    def _discard(self, number: int, asked: dict[str, Any]) -> None:
        del asked
        self._forget(number)

    def _forget(self, number: int) -> None:
        self._failed.discard(number)
        self._sealed.pop(number, None)
        if (part := self._parts.pop(number, None)) is not None:
            part.discard()

    # ---- answers ---------------------------------------------------------------------------------------------------

    def _fail(self, number: int, failure: Failure) -> None:
        self._failed.add(number)
        if isinstance(failure, Frozen) and failure.message not in self._told:
            self._told.add(failure.message)
            self._refused(failure)
        self._send(wire.pack_json(Frame.FAILED, number, {
            "reason": failure.reason, "message": failure.message, "tape": failure.tape}))

    def _progress(self, count: int) -> None:
        if self._over.is_set():
            raise BrokenPipeError  # the sender is gone: nobody waits for what is read at a pace
        self._done += count

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """While this lasts, the sender is told now and then how far we are: silence would look like a dead link."""
        self._working.set()
        try:
            yield
        finally:
            self._working.clear()

    def _tell(self) -> None:
        while not self._over.wait(self._interval):
            try:
                if self._working.is_set():
                    self._send(wire.pack_json(Frame.BUSY, 0, {"done": self._done}))
            except OSError:
                self._over.set()

    def _send(self, *frame: bytes | memoryview) -> None:
        """A whole frame, whatever it is put together from."""
        with self._sending:
            for content in frame:
                view = memoryview(content)
                while view:
                    view = view[os.write(self._sink, view):]
