"""A system reached by SSH where `vtspolicy receive` answers: the sender's side of the receiver's protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from vtspolicy.errors import Failure, NotBuilt, TargetWrite, VersionMismatch
from vtspolicy.policy.places import Pool, Tape, Vault, is_tape_name
from vtspolicy.systems import damaged, freezes
from vtspolicy.systems.facts import (
    Freeze,
    Hole,
    Identity,
    Inventory,
    Piece,
    Progress,
    Promises,
    Record,
    Skipped,
    TapeFacts,
    VaultFacts,
    no_progress,
)
from vtspolicy.systems.files import is_vault_identity, legible
from vtspolicy.systems.leftovers import Leftovers
from vtspolicy.systems.metadata import ATTRIBUTES, Metadata, extras_from_json, lost_from_json, wish_to_json
from vtspolicy.systems.receiver import granted, wire
from vtspolicy.systems.receiver.conversation import Conversation
from vtspolicy.systems.receiver.reading import RemoteReader, ask_to_read
from vtspolicy.systems.receiver.wire import Frame
from vtspolicy.systems.records import identity_from_json, identity_to_json, record_from_json, record_to_json
from vtspolicy.systems.ssh.link import Link
from vtspolicy.systems.trial import Finding, Trial

ALLOW_READ = "--allow-read"
"""The receiver's word without which it sends no tape."""
ASKED_AT_ONCE = 1000
"""Tape names in one request for records."""


class RemotePart:
    """A part file over there. Its steps are sent at once and answered when they are done."""

    def __init__(self, talk: Conversation, number: int, tape: Tape) -> None:
        self._talk = talk
        self._number = number
        self._tape = tape
        self._over = False
        self._wish: dict[str, Any] = {}
        self.lost: tuple[str, ...] = ()

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

    def seal(self, metadata: Metadata, progress: Progress = no_progress, *, read_back: bool = True) -> None:
        del progress, read_back  # it is only asked for here, and read where it lies
        self._wish = wish_to_json(metadata)
        self._talk.send(wire.pack_json(Frame.SEAL, self._number, {
            "mode": metadata.mode, "mtime_ns": metadata.mtime_ns, **self._wish}))

    def sealed(self) -> str:
        answer = self._talk.wait(Frame.SEALED, self._number)
        if "owner" in self._wish and answer.get("owner") != self._wish["owner"]:
            raise TargetWrite(f"{self._tape}: the vtspolicy on {self._tape.system} is older and sets no owner: upgrade "
                              "it there, or leave owner out of the system's policy", tape=str(self._tape),
                              system=self._tape.system)
        if "attributes" in self._wish:
            self.lost = lost_from_json(answer["lost"]) if "lost" in answer else (ATTRIBUTES,)
        return legible(str(answer.get("digest")))

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

    def __init__(self, link: Link, command: str, program: str, *, grants: bool = False) -> None:
        """`grants`: whether the policy calls for words of the receiver's that it is to be asked for."""
        self.name = link.system
        self._grants = {"grants": True} if grants else {}
        self._link = link
        self._talk = Conversation(link, link.run(command), program)

    @property
    def chatter(self) -> str:
        """What the far side printed before the protocol began; a shell's start-up files do that."""
        return self._talk.chatter

    @property
    def speaks(self) -> str:
        """What answers there, in words."""
        return f"vtspolicy {self._talk.program}, protocol {self._talk.protocol}"

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
        answer = self._ask("vault", vault=vault.name, **self._grants)
        with _understood(self.name):
            identity, free = answer["identity"], answer["free"]
            if identity is not None and not is_vault_identity(f"{identity}\n"):
                raise ValueError("not a vault's id")
            return VaultFacts(identity, tuple(str(name) for name in answer["pools"] if is_tape_name(str(name))),
                              None if free is None else int(free), freezes.from_json(answer.get("frozen")),
                              granted.from_json(answer.get("grants")))

    def freezes(self, vault: Vault) -> Mapping[str, Freeze]:
        try:
            answer = self._ask("freezes", vault=vault.name)
        except NotBuilt:
            return {}  # an older vtspolicy, which knows no freezes
        with _understood(self.name):
            return {name: freeze for name, value in answer["freezes"].items()
                    if is_tape_name(name) and (freeze := freezes.from_json(value)) is not None}

    def admit(self, pool: Pool) -> None:
        with suppress(NotBuilt):
            self._ask("admit", vault=pool.vault, pool=pool.name)

    def initialise(self, vault: Vault, identity: str, replacing: str | None = None) -> None:
        more = {} if replacing is None else {"replacing": replacing}  # who does not know the word says: has one already
        self._ask("initialise", vault=vault.name, identity=identity, **more)

    def names(self) -> tuple[Mapping[Pool, frozenset[str]], tuple[str, ...]]:
        answer = self._ask("names")
        with _understood(self.name):
            return ({Pool(self.name, str(vault), str(pool)): frozenset(map(str, names))
                     for vault, pool, names in answer["pools"] if is_tape_name(str(vault)) and is_tape_name(str(pool))},
                    tuple(legible(str(each)) for each in answer["warnings"]))

    def inventory(self, pool: Pool) -> Inventory:
        answer = self._ask("inventory", vault=pool.vault, pool=pool.name)
        with _understood(self.name):
            tapes = dict[str, TapeFacts]()
            skipped = [Skipped(legible(str(name)), legible(str(why))) for name, why in answer["skipped"]]
            for name, identity, mode, allocated in answer["tapes"]:
                try:
                    if is_tape_name(name):
                        tapes[name] = TapeFacts(name, identity_from_json(identity), int(mode), int(allocated))
                except (KeyError, TypeError, ValueError):  # one that is odd must not hide the others
                    skipped.append(Skipped(name, "what the far side says of it cannot be understood"))
            return Inventory(tapes, tuple(skipped), None if answer["free"] is None else int(answer["free"]),
                             freezes.from_json(answer.get("frozen")), damaged.from_json(answer.get("damaged", [])))

    def records(self, pool: Pool, names: Iterable[str]) -> Mapping[str, tuple[Record, ...]]:
        wanted, found = list(names), dict[str, tuple[Record, ...]]()
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            asked = wanted[start:start + ASKED_AT_ONCE]
            answer = self._ask("records", vault=pool.vault, pool=pool.name, tapes=asked)
            with _understood(self.name):
                for name in answer["records"].keys() & set(asked):
                    found[name] = tuple(record_from_json(each) for each in answer["records"][name])
        return found

    def digest(self, tape: Tape, progress: Progress = no_progress, *, durable: bool = False,
               rate: int | None = None) -> tuple[str, TapeFacts]:
        wish: dict[str, Any] = {**({"durable": True} if durable else {}), **({"rate": rate} if rate else {})}
        answer = self._ask("digest", vault=tape.vault, pool=tape.pool, tape=tape.name, **wish)
        facts = _facts(tape.name, answer)
        progress(facts.identity.size)
        return legible(str(answer.get("digest"))), facts

    def adopt(self, tape: Tape, record: Record) -> None:
        self._ask("adopt", vault=tape.vault, pool=tape.pool, tape=tape.name, record=record_to_json(record))

    def read(self, tape: Tape) -> RemoteReader:
        try:
            number, answer = ask_to_read(self._talk, tape)
        except NotBuilt:
            raise VersionMismatch(f"{self.name} runs {self.speaks}, which cannot send tapes: upgrade vtspolicy there",
                                  tape=str(tape), system=self.name) from None
        with _understood(self.name):
            extras = extras_from_json(answer)
        return RemoteReader(self._talk, number, tape, _facts(tape.name, answer), extras)

    def begin(self, tape: Tape, size: int, part_name: str) -> RemotePart:
        number = self._talk.new_number()
        self._talk.send(wire.pack_json(Frame.BEGIN, number, {
            "vault": tape.vault, "pool": tape.pool, "tape": tape.name, "size": size, "part": part_name}))
        return RemotePart(self._talk, number, tape)

    def make_pool(self, pool: Pool, freeze: Freeze | None) -> None:
        self._ask("make-pool", vault=pool.vault, pool=pool.name, freeze=freezes.to_json(freeze))

    def trial(self, place: Pool | Vault, writer: str, wish: Metadata | None = None) -> Trial:
        where = {"vault": place.vault, "pool": place.name} if isinstance(place, Pool) else {"vault": place.name}
        wished = {} if wish is None else {"wish": {"mode": wish.mode, "mtime_ns": 0, **wish_to_json(wish)}}
        answer = self._ask("trial", **where, writer=writer, **wished)
        with _understood(self.name):
            clock = answer["clock"]
            return Trial(tuple(Finding(legible(str(what)), None if why_not is None else legible(str(why_not)))
                               for what, why_not in answer["findings"]), None if clock is None else float(clock))

    def pulse(self) -> float | None:
        try:
            answer = self._ask("pulse")
        except NotBuilt:
            return None  # an older vtspolicy; that it does not know the question is an answer, too
        with _understood(self.name):
            return float(answer["clock"])

    def sweep(self, pool: Pool, writer: str) -> int:
        answer = self._ask("sweep", vault=pool.vault, pool=pool.name, writer=writer)
        count = answer.get("count")
        return count if isinstance(count, int) else 0

    def leftovers(self, vault: Vault) -> Mapping[str, Leftovers]:
        answer = self._ask("leftovers", vault=vault.name)
        with _understood(self.name):
            return {name: Leftovers(int(parts), int(size), int(old))
                    for name, (parts, size, old) in answer["leftovers"].items() if is_tape_name(name)}


@contextmanager
def _understood(system: str) -> Iterator[None]:
    """Turn what a malformed answer raises into one failure."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise VersionMismatch(f"{system} answers what cannot be understood", system=system) from None


def receive_command(receiver: str, vaults: Mapping[str, str], create_pool: str = "no", *,
                    reading: bool = False, staging: Mapping[str, str] | None = None) -> str:
    """What is asked of the far side's shell; a forced command there takes its place."""
    import shlex

    words = [*shlex.split(receiver), "receive"]
    for name, path in vaults.items():
        words += ["--vault", f"{name}={path}"]
    for name, path in (staging or {}).items():
        words += ["--staging", f"{name}={path}"]
    if create_pool != "no":
        words += ["--create-pool", create_pool]
    if reading:
        words += [ALLOW_READ]
    return shlex.join(words)

