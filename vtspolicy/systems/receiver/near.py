"""A system reached by SSH where `vtspolicy receive` answers: the sender's side of the receiver's protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from vtspolicy.errors import Failure, NotBuilt, VersionMismatch
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems.contract import (
    Hole,
    Identity,
    Inventory,
    Metadata,
    Piece,
    Progress,
    Promises,
    Reader,
    Record,
    Skipped,
    TapeFacts,
    VaultFacts,
    no_progress,
)
from vtspolicy.systems.files import is_vault_identity, legible
from vtspolicy.systems.receiver import wire
from vtspolicy.systems.receiver.conversation import Conversation
from vtspolicy.systems.receiver.wire import Frame
from vtspolicy.systems.records import (
    identity_from_json,
    identity_to_json,
    record_from_json,
    record_to_json,
)
from vtspolicy.systems.ssh.link import Link

ASKED_AT_ONCE = 1000
"""Tape names in one request for records."""


class RemotePart:
    """A part file over there. Its steps are sent at once and answered when they are done."""

    def __init__(self, talk: Conversation, number: int, tape: Tape) -> None:
        self._talk = talk
        self._number = number
        self._tape = tape
        self._over = False

    def write(self, piece: Piece) -> None:
        self._check()
        if isinstance(piece, Hole):
            self._talk.send(wire.pack_json(Frame.HOLE, self._number, {"length": piece.length}))
            return
        view = memoryview(piece)
        for start in range(0, len(view), wire.LARGEST):
            data = view[start:start + wire.LARGEST]
            self._talk.send(wire.HEADER.pack(len(data), Frame.DATA, self._number))
            self._talk.send(data)

    def _check(self) -> None:
        self._talk.poll()
        if self._number in self._talk.failures:
            raise self._talk.failures.pop(self._number)

    def seal(self, metadata: Metadata, progress: Progress = no_progress) -> None:
        del progress  # it is only asked for here
        self._talk.send(wire.pack_json(Frame.SEAL, self._number, {
            "mode": metadata.mode, "mtime_ns": metadata.mtime_ns}))

    def sealed(self) -> str:
        return legible(str(self._talk.wait(Frame.SEALED, self._number).get("digest")))

    def commit(self, record: Record, expected: Identity | None) -> None:
        self._talk.send(wire.pack_json(Frame.COMMIT, self._number, {
            "record": record_to_json(record),
            "expected": None if expected is None else identity_to_json(expected)}))

    def committed(self) -> TapeFacts:
        facts = _facts(self._tape.name, self._talk.wait(Frame.COMMITTED, self._number))
        self._over = True
        return facts

    def discard(self) -> None:
        if not self._over:
            self._over = True
            self._talk.failures.pop(self._number, None)
            self._talk.send(wire.pack_json(Frame.DISCARD, self._number, {}))


def _facts(name: str, value: Mapping[str, Any]) -> TapeFacts:
    try:
        return TapeFacts(name, identity_from_json(value["identity"]), int(value["mode"]), int(value["allocated"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise VersionMismatch("the receiver answers what cannot be understood") from None


class Remote:
    """A system whose far end is `vtspolicy receive`."""

    promises = Promises(far_end="receiver", durable=True, atomic=True)

    def __init__(self, link: Link, command: str, program: str) -> None:
        self.name = link.system
        self._link = link
        self._talk = Conversation(link, link.run(command), program)

    @property
    def chatter(self) -> str:
        """What the far side printed before the protocol began; a shell's start-up files do that."""
        return self._talk.chatter

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._talk.send(wire.pack(Frame.BYE, 0))
                self._talk.wait(Frame.BYE, 0)
        except Failure:
            pass  # all that matters was acknowledged before
        finally:
            self._link.close()

    def _ask(self, operation: str, **more: Any) -> dict[str, Any]:
        number = self._talk.new_number()
        self._talk.send(wire.pack_json(Frame.REQUEST, number, {"operation": operation, **more}))
        return self._talk.wait(Frame.ANSWER, number)

    def cut(self) -> None:
        self._link.close()

    def vault(self, vault: Vault) -> VaultFacts:
        answer = self._ask("vault", vault=vault.name)
        with _understood(self.name):
            identity, free = answer["identity"], answer["free"]
            if identity is not None and not is_vault_identity(f"{identity}\n"):
                raise ValueError("not a vault's id")
            return VaultFacts(identity, tuple(str(name) for name in answer["pools"] if is_tape_name(str(name))),
                              None if free is None else int(free))

    def initialise(self, vault: Vault, identity: str) -> None:
        self._ask("initialise", vault=vault.name, identity=identity)

    def names(self) -> tuple[Mapping[Pool, frozenset[str]], tuple[str, ...]]:
        answer = self._ask("names")
        with _understood(self.name):
            return ({Pool(self.name, str(vault), str(pool)): frozenset(map(str, names))
                     for vault, pool, names in answer["pools"] if is_tape_name(str(vault)) and is_tape_name(str(pool))},
                    tuple(legible(str(each)) for each in answer["warnings"]))

    def inventory(self, pool: Pool) -> Inventory:
        answer = self._ask("inventory", vault=pool.vault, pool=pool.name)
        with _understood(self.name):
            tapes = {
                name: TapeFacts(name, identity_from_json(identity), int(mode), int(allocated))
                for name, identity, mode, allocated in answer["tapes"] if is_tape_name(name)}
            skipped = tuple(Skipped(legible(str(name)), legible(str(why))) for name, why in answer["skipped"])
            free = answer["free"]
            return Inventory(tapes, skipped, None if free is None else int(free),
                             tuple(legible(str(each)) for each in answer["stale_parts"]))

    def records(self, pool: Pool, names: Iterable[str]) -> Mapping[str, tuple[Record, ...]]:
        wanted, found = list(names), dict[str, tuple[Record, ...]]()
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            asked = wanted[start:start + ASKED_AT_ONCE]
            answer = self._ask("records", vault=pool.vault, pool=pool.name, tapes=asked)
            with _understood(self.name):
                for name in answer["records"].keys() & set(asked):
                    found[name] = tuple(record_from_json(each) for each in answer["records"][name])
        return found

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False) -> tuple[str, TapeFacts]:
        wish = {"durable": True} if durable else {}
        answer = self._ask("digest", vault=tape.vault, pool=tape.pool, tape=tape.name, **wish)
        facts = _facts(tape.name, answer)
        progress(facts.identity.size)
        return legible(str(answer.get("digest"))), facts

    def read(self, tape: Tape) -> Reader:
        raise NotBuilt(f"reading {tape} from a receiver is not built in this release", tape=str(tape))

    def begin(self, tape: Tape, size: int, part_name: str) -> RemotePart:
        number = self._talk.new_number()
        self._talk.send(wire.pack_json(Frame.BEGIN, number, {
            "vault": tape.vault, "pool": tape.pool, "tape": tape.name, "size": size, "part": part_name}))
        return RemotePart(self._talk, number, tape)

    def sweep(self, pool: Pool, writer: str) -> int:
        answer = self._ask("sweep", vault=pool.vault, pool=pool.name, writer=writer)
        count = answer.get("count")
        return count if isinstance(count, int) else 0


@contextmanager
def _understood(system: str) -> Iterator[None]:
    """Turn what a malformed answer raises into one failure."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise VersionMismatch(f"{system} answers what cannot be understood", system=system) from None


def receive_command(receiver: str, vaults: Mapping[str, str]) -> str:
    """What is asked of the far side's shell; a forced command there takes its place."""
    import shlex

    words = [*shlex.split(receiver), "receive"]
    for name, path in vaults.items():
        words += ["--vault", f"{name}={path}"]
    return shlex.join(words)

