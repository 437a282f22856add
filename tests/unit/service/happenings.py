"""What may happen to two sites, each by its name: at the source, on the target, to what the program keeps, and by its
sentences."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.unit.service.histories import MARKER, WORK, TwoSites

Step = tuple[Any, ...]
"""What happens, and its words."""
HAPPENINGS: dict[str, Callable[..., Any]] = {}


def _happening(call: Callable[..., Any]) -> Callable[..., Any]:
    HAPPENINGS[call.__name__] = call
    return call


def play(sites: TwoSites, history: list[Step]) -> None:
    """All of it, one after the other; after each what must hold is looked at."""
    for name, *words in history:
        HAPPENINGS[name](sites, *words)
        sites.check()


def _side(sites: TwoSites, side: str) -> Path:
    return sites.source if side == "here" else sites.target


# ---- hands on either side ----------------------------------------------------------------------------------------


@_happening
def write(sites: TwoSites, side: str, name: str, content: bytes) -> None:
    """Somebody writes the tape, as an engine does."""
    if _side(sites, side).exists():
        sites.put(_side(sites, side) / name, content)


@_happening
def sneak(sites: TwoSites, side: str, name: str, content: bytes, new: bool) -> None:
    """The tape is written, and its time put back; in place, or as another file."""
    path = _side(sites, side) / name
    if path.exists():
        size = path.stat().st_size
        sites.put(path, (content * size)[:size] if content else bytes(size), path.stat().st_mtime_ns, new=new)


@_happening
def append(sites: TwoSites, side: str, name: str, content: bytes) -> None:
    path = _side(sites, side) / name
    if path.exists():
        sites.put(path, path.read_bytes() + content)


@_happening
def truncate(sites: TwoSites, side: str, name: str) -> None:
    path = _side(sites, side) / name
    if path.exists():
        sites.put(path, path.read_bytes()[:-1])


@_happening
def delete(sites: TwoSites, side: str, name: str) -> None:
    (_side(sites, side) / name).unlink(missing_ok=True)


@_happening
def touch(sites: TwoSites, side: str, name: str) -> None:
    path = _side(sites, side) / name
    if path.exists():
        sites.touch(path)


@_happening
def restore(sites: TwoSites, side: str, name: str) -> None:
    """The same bytes and the same time in another file, as `cp -p` brings them."""
    path = _side(sites, side) / name
    if path.exists():
        sites.put(path, path.read_bytes(), path.stat().st_mtime_ns, new=True)


@_happening
def swap(sites: TwoSites, side: str, one: str, other: str) -> None:
    """Two tapes take each other's names."""
    first, second = _side(sites, side) / one, _side(sites, side) / other
    if one == other or not first.exists() or not second.exists():
        return
    contents = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in (first, second)]
    sites.put(first, *contents[1][1:], new=True)
    sites.put(second, *contents[0][1:], new=True)


@_happening
def carry(sites: TwoSites, name: str) -> None:
    """Somebody copies the tape by hand to the other site, with its time."""
    path = sites.source / name
    if path.exists() and sites.target.exists():
        sites.put(sites.target / name, path.read_bytes(), path.stat().st_mtime_ns, new=True)


# ---- backups, disks and machines ----------------------------------------------------------------------------------


@_happening
def keep(sites: TwoSites, side: str) -> None:
    """A backup is made of one site's whole vault."""
    vault = _side(sites, side).parent
    shutil.rmtree(_aside(vault, "kept"), ignore_errors=True)
    shutil.copytree(vault, _aside(vault, "kept"))


@_happening
def bring(sites: TwoSites, side: str) -> None:
    """That backup is restored: all is as it was, but for the inodes."""
    vault = _side(sites, side).parent
    if _aside(vault, "kept").exists():
        with _rewritten(sites, vault):
            shutil.copytree(_aside(vault, "kept"), vault)


@_happening
def clone(sites: TwoSites) -> None:
    """The target's disk is overwritten by an image of the source's."""
    with _rewritten(sites, sites.target.parent):
        shutil.copytree(sites.source.parent, sites.target.parent)


@_happening
def replace_disk(sites: TwoSites) -> None:
    """An empty disk in the place of the target's."""
    with _rewritten(sites, sites.target.parent):
        sites.target.mkdir(parents=True)


@_happening
def unmount(sites: TwoSites, side: str) -> None:
    vault = _side(sites, side).parent
    if not _aside(vault, "off").exists():
        vault.rename(_aside(vault, "off"))
        vault.mkdir()


@_happening
def mount(sites: TwoSites, side: str) -> None:
    vault = _side(sites, side).parent
    if _aside(vault, "off").exists():
        shutil.rmtree(vault)
        _aside(vault, "off").rename(vault)


def _aside(vault: Path, what: str) -> Path:
    return vault.with_name(f"{vault.name}.{what}")


@contextmanager
def _rewritten(sites: TwoSites, vault: Path) -> Iterator[None]:
    """The vault's tapes become others, which no fsync has seen; those that no look could tell from what it showed
    before get another time."""
    old = _aside(vault, "old")
    shutil.rmtree(old, ignore_errors=True)
    vault.rename(old)
    yield
    pool = vault / "PAYROLL"
    for path in sorted(pool.iterdir()) if pool.exists() else ():
        if not path.name.startswith("."):
            sites.put(path, path.read_bytes(), path.stat().st_mtime_ns)


# ---- what the program keeps ---------------------------------------------------------------------------------------


@_happening
def lose_catalog(sites: TwoSites) -> None:
    shutil.rmtree(sites.state, ignore_errors=True)
    sites.weather.forgive()


@_happening
def spoil(sites: TwoSites, name: str, kind: str, how: str) -> None:
    """A record or a proof is lost, cut, or overwritten by that of another tape."""
    path = sites.target / WORK / f"{name}.{kind}"
    if not path.exists():
        return
    if how == "lost":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:40])
    elif (other := path.with_name(f"{'T2' if name == 'T1' else 'T1'}.{kind}")).exists():
        path.write_bytes(other.read_bytes())


@_happening
def put_back(sites: TwoSites, name: str, kind: str) -> None:
    """An older record or proof comes back from the backup."""
    old = _aside(sites.target.parent, "kept") / "PAYROLL" / WORK / f"{name}.{kind}"
    if old.exists() and (sites.target / WORK).exists():
        shutil.copy(old, sites.target / WORK)


@_happening
def lose_records(sites: TwoSites) -> None:
    shutil.rmtree(sites.target / WORK, ignore_errors=True)


@_happening
def mark(sites: TwoSites, side: str, number: int) -> None:
    """The vault's marker is lost, or holds another id; 2 is the target's own."""
    marker = _side(sites, side).parent / MARKER
    if number:
        marker.write_text(f"{number:032x}\n")
    else:
        marker.unlink(missing_ok=True)


# ---- sentences -----------------------------------------------------------------------------------------------------


@_happening
def say(sites: TwoSites, sentence: str) -> None:
    if sentence.startswith("REBUILD"):
        sites.weather.forgive()
    sites.command(sentence)


@_happening
def killed(sites: TwoSites, sentence: str, point: int) -> None:
    """The program is killed before its change of that number."""
    if sentence.startswith("REBUILD"):
        sites.weather.forgive()
    sites.command(sentence, kill=point)


@_happening
def failing(sites: TwoSites, sentence: str, number: int) -> None:
    """The target's fsync of that number fails."""
    if sentence.startswith("REBUILD"):
        sites.weather.forgive()
    sites.command(sentence, fail=number)


@_happening
def freeze(sites: TwoSites, whole: bool, thaw: bool) -> None:
    if sites.target.exists():
        sites.freeze(whole=whole, thaw=thaw)
