"""The policy folder: which one it is, which files count, and the set that they make.

Every `*.yaml` at the top of the folder is a policy; hidden files and files of other names are none. Nobody but the
folder's owner and root may be able to change what stands there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import NamedTuple

from vtspolicy.errors import PolicyInvalid
from vtspolicy.policy.conflicts import conflicts
from vtspolicy.policy.document import LIMIT, WHOLE_FILE, Fault
from vtspolicy.policy.jumps import wrong_jumps
from vtspolicy.policy.model import KINDS, AutoCopy, Policy, Scheme, Settings, System, Unprotected
from vtspolicy.policy.policies import Origin, Policies
from vtspolicy.policy.reader import Reading, error_lines, read_policy
from vtspolicy.policy.syntax import excerpt

SYSTEM_FOLDER = "/etc/vtspolicy/policies"
VARIABLE = "VTSPOLICY_POLICIES"
SUFFIX = ".yaml"


class Files(NamedTuple):
    """What the policy files of a folder hold, and what is wrong with those that were not read."""

    data: Mapping[str, bytes]
    """By file name."""
    faults: tuple[tuple[str, Fault], ...] = ()
    """With the file's name; that of the folder itself is empty."""


class Assembly(NamedTuple):
    """A set of policies as far as it could be made, and a line for each error of each file."""

    policies: Policies
    errors: tuple[str, ...]
    readings: Mapping[str, Reading]
    """By file name."""


def find_folder(option: str | None, environ: Mapping[str, str], system_folder: str = SYSTEM_FOLDER) -> str:
    """Where the policies lie: the option, else VTSPOLICY_POLICIES, else /etc/vtspolicy/policies where it exists, else
    the user's ~/.config/vtspolicy/policies. Never the current directory."""
    if option:
        return option
    if environ.get(VARIABLE):
        return environ[VARIABLE]
    if os.path.isdir(system_folder):
        return system_folder
    home = environ.get("HOME") or os.path.expanduser("~")
    return os.path.join(home, ".config", "vtspolicy", "policies")


def load(folder: str, *, may_be_missing: bool = False) -> Policies:
    """The folder's policies. Raise PolicyInvalid with a line for each error of each file.

    A folder that is missing or holds no policy is refused too, unless `may_be_missing`: then the set is empty.
    """
    assembly = assemble(folder, read_files(folder))
    errors = assembly.errors or (() if may_be_missing else _nothing(assembly))
    if errors:
        raise PolicyInvalid("\n".join(errors))
    return assembly.policies


def check(folder: str) -> tuple[str, ...]:
    """Every error of every file as `file:line: path: message`; or that there is no folder, or no policy in it."""
    assembly = assemble(folder, read_files(folder))
    return assembly.errors or _nothing(assembly)


def _nothing(assembly: Assembly) -> tuple[str, ...]:
    """What is wrong with a set that holds no policy."""
    folder = assembly.policies.folder
    if not os.path.isdir(folder):
        return (f"{excerpt(folder, 1000)}: there is no such policy folder; ADD SYSTEM makes it, and --policies names "
                "another",)
    return () if assembly.readings else (f"{excerpt(folder, 1000)}: holds no policy; ADD SYSTEM makes the first",)


def read_files(folder: str) -> Files:
    """Read every policy file, without judging what it says."""
    data: dict[str, bytes] = {}
    faults: list[tuple[str, Fault]] = []
    try:
        faults += [("", Fault(1, WHOLE_FILE, why)) for why in _unsafe(os.stat(folder), os.geteuid())]
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return Files({})
    except OSError as error:
        return Files({}, (("", Fault(1, WHOLE_FILE, _cannot(folder, error))),))
    for name in names:
        ending = os.path.splitext(name)[1]
        if name.startswith(".") or ending.lower() not in (SUFFIX, ".yml"):
            continue
        if ending != SUFFIX:
            faults.append((name, Fault(1, WHOLE_FILE, f"is not read under this name; rename it to end in {SUFFIX}")))
            continue
        found = _read(os.path.join(folder, name))
        if isinstance(found, bytes):
            data[name] = found
        else:
            faults += [(name, Fault(1, WHOLE_FILE, why)) for why in found]
    return Files(data, tuple(faults))


def _read(path: str) -> bytes | list[str]:
    """The file's bytes, at most one more than the limit; or why they are not read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # asked before opening: to open a FIFO or a device does something
            return ["is not a regular file"]
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return ["is not a regular file"]
            return _unsafe(status, os.geteuid()) or file.read(LIMIT + 1)
    except OSError as error:
        return [_cannot(path, error)]


def _unsafe(status: os.stat_result, user: int) -> list[str]:
    """Why the file or folder cannot be trusted."""
    found = []
    if status.st_mode & stat.S_IWOTH:
        found.append(f"everyone may write it (mode {status.st_mode & 0o7777:04o}); chmod o-w it")
    if status.st_uid not in (user, 0):
        found.append(f"belongs to {owner(status.st_uid)}, neither to you nor to root")
    return found


def _cannot(path: str, error: OSError) -> str:
    """Why it cannot be read, and who could."""
    why = f"cannot be read: {os.strerror(error.errno or 0)}"
    try:
        return f"{why}; it belongs to {owner(os.stat(path).st_uid)}"
    except OSError:
        return why


def owner(uid: int) -> str:
    """The user's name, or the number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def assemble(folder: str, files: Files) -> Assembly:
    """The set that the files make, and everything that is wrong with them."""
    readings = {name: read_policy(data) for name, data in files.data.items()}
    faults = list(files.faults)
    found: dict[str, dict[str, Policy]] = {kind: {} for kind in KINDS}
    origins: dict[tuple[str, str], Origin] = {}
    first: dict[tuple[str, str], Origin] = {}
    broken: set[str] = set()
    unread = any(file for file, _ in files.faults)
    """Whether there may be systems of which not even the name is known."""
    for file, reading in readings.items():
        faults += [(file, fault) for fault in reading.faults]
        if reading.kind is None or reading.name is None:
            unread = unread or reading.kind in (None, "system")
            continue
        kind, name = reading.kind, reading.name
        line, path = reading.places.get(("name", None), (1, "name"))
        label = (kind, "") if kind == "settings" else (kind, name)
        if label in first:
            what = "the settings are" if kind == "settings" else f"the {kind} {name} is"
            faults.append((file, Fault(line, path, f"{what} already in {excerpt(first[label].file, 200)}")))
            continue
        first[label] = Origin(file, line)
        if reading.policy is not None:
            found[kind][name] = reading.policy
            origins[kind, name] = Origin(file, line)
        elif kind == "system":
            broken.add(name)
    policies = Policies(
        folder=folder,
        systems={name: each for name, each in sorted(found["system"].items()) if isinstance(each, System)},
        schemes={name: each for name, each in sorted(found["scheme"].items()) if isinstance(each, Scheme)},
        autocopies={name: each for name, each in sorted(found["autocopy"].items()) if isinstance(each, AutoCopy)},
        unprotected={name: each for name, each in sorted(found["unprotected"].items())
                     if isinstance(each, Unprotected)},
        settings=next((each for each in found["settings"].values() if isinstance(each, Settings)),
                      Settings(name="SETTINGS")),
        origins=origins)
    for policy, problem in (*wrong_jumps(policies, broken), *conflicts(policies, broken, unread=unread)):
        file = origins[policy.kind, policy.name].file
        faults.append((file, readings[file].fault(problem)))
    return Assembly(policies, _lines(folder, faults), readings)


def _lines(folder: str, faults: list[tuple[str, Fault]]) -> tuple[str, ...]:
    by_file: dict[str, list[Fault]] = {}
    for file, fault in faults:
        by_file.setdefault(file, []).append(fault)
    return tuple(line for file, here in sorted(by_file.items())
                 for line in error_lines(os.path.join(folder, file) if file else folder, here))
