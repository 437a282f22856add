"""Two sites to which things happen, and what must hold after each of them: `safe` is never said of what is not.

The oracle looks at the bytes, and knows which of them would outlast a loss of power. Without ASK, STATUS may be wrong
about one thing alone: what a hand did to the target since the program last looked at that copy.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Self

import pytest

from tests.unit.service.far_ends import connecting, is_asked
from tests.unit.service.weather import Killed, Weather
from vtspolicy.command.command import Door
from vtspolicy.command.sentence import parse
from vtspolicy.policy.folder import load
from vtspolicy.policy.places import Pool, Vault
from vtspolicy.report.progress import Quiet
from vtspolicy.service import roads
from vtspolicy.service.commands import perform
from vtspolicy.service.context import Context
from vtspolicy.service.interruption import Interruption
from vtspolicy.service.result import Result, Status
from vtspolicy.systems import freezes
from vtspolicy.systems.disk.local import Local

NAMES = ("T1", "T2", "T3")
SOURCE, TARGET = Pool("here", "VAULT01", "PAYROLL"), Pool("there", "VAULT02", "PAYROLL")
MARKER, WORK = ".vtspolicy-vault", ".vtspolicy"
_EPOCH = 1_700_000_000


def _policies(folder: Path, kind: str) -> None:
    far = f"address: 127.0.0.9\nuser: vts\nfar-end: {kind}\n" if is_asked(kind) else ""
    for name, text in {
            "here": f"kind: system\nname: here\nvaults:\n  VAULT01: {folder.parent}/here\n",
            "there": f"kind: system\nname: there\n{far}vaults:\n  VAULT02: {folder.parent}/there\n",
            "NIGHTLY": "kind: scheme\nname: NIGHTLY\nfrom: /VAULT01/PAYROLL\nto: there:/VAULT02/PAYROLL\n"}.items():
        (folder / f"{name}.yaml").write_text(text)


class TwoSites:
    """`here:/VAULT01/PAYROLL` and `there:/VAULT02/PAYROLL`, reached as the kind says. Use it with `with`."""

    def __init__(self, root: Path, kind: str) -> None:
        self.kind, self._root = kind, root
        self._policies, self.state = root / "policies", root / "state"
        self.source, self.target = root / "here" / "PAYROLL", root / "there" / "PAYROLL"
        for folder in (self._policies, self.source, self.target):
            folder.mkdir(parents=True)
        for vault, number in (("here", 1), ("there", 2)):
            (root / vault / MARKER).write_text(f"{number:032x}\n")
        _policies(self._policies, kind)
        self._read = load(str(self._policies))
        self.weather = Weather(self.target)
        self._patch = pytest.MonkeyPatch()
        self._seconds = _EPOCH
        self._seen: dict[str, set[tuple[bytes | None, bool]]] = {name: set() for name in NAMES}
        """How each name stood on the target when the program last looked: its bytes, and whether they would last.
        Nobody knows whether a program that was killed had looked before."""
        self._ours: dict[str, set[bytes]] = {name: set() for name in NAMES}
        """What was published under the name, or found there equal to the source."""
        self._shown: dict[tuple[str, object], bytes] = {}
        """What a look at a name shows, and the bytes that lay there then."""
        self._checked: object = None
        self.told: list[str] = []
        """What became of each sentence."""

    def __enter__(self) -> Self:
        self.weather.__enter__()
        self._patch.setattr(roads, "connect", connecting(self.kind, self.weather.point))
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()
        self.weather.__exit__()

    # ---- sentences -------------------------------------------------------------------------------------------------

    def say(self, sentence: str, *, state: Path | None = None, kill: int | None = None, fail: int | None = None,
            ) -> Result | None:
        """What became of the sentence; None if it was killed."""
        try:
            with self.weather.bad(kill=kill, fail=fail), Context(
                    str(self._policies), str(state or self.state), Interruption(), Quiet(), lambda _: True) as context:
                context.__dict__["policies"] = self._read
                result = perform(context, parse(sentence, Door.SHELL))
        except Killed:
            self.told.append(f"{sentence}: killed")
            return None
        reasons = [f"{each.reason}: {each.message}" for each in result.errors]
        self.told.append(f"{sentence}: {result.status} {reasons}")
        assert result.status is not Status.BUG and not any(each.startswith("bug") for each in reasons), self.told[-1]
        return result

    def command(self, sentence: str, **bad: int | None) -> Result | None:
        """A sentence, and what must hold of it."""
        before = self._contents(self.target), self._contents(self.source)
        inodes = {name: self.weather.inode(name) for name in NAMES}
        guarded = {name for name in NAMES if self._is_foreign(name)}
        result = self.say(sentence, **bad)  # type: ignore[arg-type]
        here, there = self._contents(self.source), self._contents(self.target)
        if "REPLACE" not in sentence:
            for name in guarded:
                assert there.get(name) == before[0][name], f"{name} was changed by a hand, and replaced"
            for name, content in before[1].items():
                assert here.get(name) == content, f"{name} was replaced at the source"
        for name in NAMES:
            if name in there and (there[name] == here.get(name) or there[name] != before[0].get(name)):
                self._ours[name].add(there[name])
        self._note()
        if result is None:
            for name in NAMES:
                self._seen[name].add(self._standing(name))
        else:
            self._seen.update((name, {self._standing(name)}) for name in self._looked_at(result))
            told = {str(each.tape).rpartition("/")[2] for each in result.errors if each.reason == "not-durable"}
            self.weather.blame(name for name in NAMES if name in told or self.weather.inode(name) != inodes[name])
        return result

    def _looked_at(self, result: Result) -> set[str]:
        """The tapes whose copies the sentence looked at: those of a run that came to a plan, what was brought back,
        what VERIFY read or missed, all that ASK was answered, and the pool of which a catalog was made."""
        assert result.command is not None
        data, verb = result.data, result.command.verb
        match verb:
            case "START" | "ADOPT" if any(each["states"] for each in data.get("legs", [])):
                return set(self._contents(self.source))
            case "COPY" if any(each["copied"] + each["equal"] for each in data.get("legs", [])):
                return {result.command.operands[0].rpartition("/")[2]}
            case "VERIFY":
                return {each["tape"].rpartition("/")[2] for each in data.get("tapes", [])}
            case "STATUS":
                return {each["tape"].rpartition("/")[2] for each in data.get("tapes", [])
                        if each["basis"] == "asked now"}
            case "REBUILD" if data.get("pools"):
                return set(NAMES)
        return set()

    def _is_foreign(self, name: str) -> bool:
        """Whether what lies there is by its look and by its bytes nothing that the program knows of."""
        path = self.target / name
        if not path.exists():
            return False
        status = path.stat()
        looks = {(each[1], each[2]) for each in self._published if each[0] == name}
        seconds = status.st_mtime_ns // 10**9
        return path.read_bytes() not in self._ours[name] and (status.st_size, seconds) not in looks

    @property
    def _published(self) -> set[tuple[str, int, int]]:
        return {(name, show[0], show[1] // 10**9) for (name, show), content in self._shown.items()  # type: ignore[index]
                if content in self._ours[name]}

    def _standing(self, name: str) -> tuple[bytes | None, bool]:
        path = self.target / name
        return (path.read_bytes(), self.weather.lasting(name)) if path.exists() else (None, False)

    @staticmethod
    def _contents(pool: Path) -> dict[str, bytes]:
        return {name: (pool / name).read_bytes() for name in NAMES if (pool / name).exists()}

    def _show(self, path: Path) -> tuple[int, ...]:
        """What the far end tells of a file without reading it."""
        status = path.stat()
        if self.kind == "sftp":
            return status.st_size, status.st_mtime_ns // 10**9 * 10**9
        return status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns

    def _note(self) -> None:
        for name, content in self._contents(self.target).items():
            self._shown[name, self._show(self.target / name)] = content

    # ---- what must hold --------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Nothing is called safe that is not, whether the target is asked or not."""
        if (now := self._fingerprint()) == self._checked:
            return
        self._checked = now
        asked = self._root / "asked"
        shutil.rmtree(asked, ignore_errors=True)
        if self.state.exists():
            shutil.copytree(self.state, asked)
        for words, state in (("", self.state), (", ASK", asked)):
            result = self.say(f"STATUS SCHEME NIGHTLY{words}", state=state)
            assert result is not None
            for tape in result.data.get("tapes", []):
                if tape["state"] == "safe":
                    self._hold(tape["tape"].rpartition("/")[2], tape["basis"])

    def _fingerprint(self) -> list[tuple[object, ...]]:
        """Every file of both sites and of the state, as it is now."""
        found = list[tuple[object, ...]]()
        for folder in (self.source.parent, self.target.parent, self.state):
            for where, _, names in os.walk(folder):
                found += [(where, name, *os.lstat(os.path.join(where, name))[1:]) for name in names]
                found.append((where,))
        return [*found, *[(name, *self._standing(name), *self._seen[name]) for name in NAMES]]

    def _hold(self, name: str, basis: str) -> None:
        here = self.source / name
        wanted = (here.read_bytes() if here.exists() else None), True
        now, then = self._standing(name), self._seen[name]
        assert now == wanted or (basis == "last known" and wanted in then), (
            f"{name} is called safe, {basis}: there {now}, when last looked at {then}, at the source {wanted}")

    # ---- hands -----------------------------------------------------------------------------------------------------

    def later(self) -> int:
        """A second in which nothing has happened yet, in ns."""
        self._seconds += 1
        return self._seconds * 10**9

    def put(self, path: Path, content: bytes, mtime_ns: int | None = None, *, new: bool = False) -> None:
        """Somebody writes a file, in place or (`new`) by a rename. What no look at the target could show is not
        done."""
        before = path.stat() if path.exists() else None
        if new or before is None:
            other = path.with_name(".new")
            other.write_bytes(content)
            os.chmod(other, 0o640)
            other.replace(path)
        else:
            path.write_bytes(content)
        self.weather.written(path)
        wanted = self.later() if mtime_ns is None else mtime_ns
        os.utime(path, ns=(wanted, wanted))
        self._settle(path, before)
        if path.parent == self.source and self.kind == "sftp":
            self._shown[path.name, self._show(path)] = content  # a run that was cut off may have left its record
        if path.parent == self.target:
            while self._shown.get((path.name, self._show(path)), content) != content:
                wanted += 10**9
                os.utime(path, ns=(wanted, wanted))
            if (path.name, self._show(path)) in self._shown:
                self.weather.sync(path)  # SFTP does not show that it is another file
            self._note()

    @staticmethod
    def _settle(path: Path, before: os.stat_result | None) -> None:
        """The clock of the file system goes on: two changes within its tick show as one."""
        while before is not None and path.stat().st_ctime_ns == before.st_ctime_ns:
            time.sleep(0.001)
            status = path.stat()
            os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))

    def touch(self, path: Path) -> None:
        before = path.stat()
        when = self.later()
        os.utime(path, ns=(when, when))
        self._settle(path, before)
        self._note()

    def local(self) -> Local:
        """The second site's own program."""
        return Local("there", {"VAULT02": str(self.target.parent)})

    def freeze(self, *, whole: bool, thaw: bool) -> None:
        place = Vault("there", "VAULT02") if whole else TARGET
        with self.local() as system:
            if thaw:
                system.thaw(place)
            else:
                system.freeze(place, freezes.begun("a test"))

