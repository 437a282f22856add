"""The calls that change files, as strace saw them: the list that the crash points must equal."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.needs import need


class Point(NamedTuple):
    """One call that changes files: its family (`write`, `sync`, `rename`, ...) and its path, `old -> new` for two."""

    family: str
    path: str

    def __str__(self) -> str:
        return f"{self.family} {self.path}"


_FAMILIES: Final = {
    "write": "write pwrite64 writev pwritev pwritev2",
    "copy": "sendfile copy_file_range splice ioctl",
    "truncate": "truncate ftruncate",
    "allocate": "fallocate",
    "sync": "fsync fdatasync syncfs sync_file_range",
    "open": "open openat openat2 creat",
    "rename": "rename renameat renameat2",
    "link": "link linkat",
    "symlink": "symlink symlinkat",
    "unlink": "unlink unlinkat",
    "rmdir": "rmdir",
    "mkdir": "mkdir mkdirat",
    "mknod": "mknod mknodat",
    "chmod": "chmod fchmod fchmodat fchmodat2",
    "chown": "chown lchown fchown fchownat",
    "utime": "utimensat utimes futimesat utime",
    "xattr": "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr",
}
FAMILY: Final = {call: family for family, calls in _FAMILIES.items() for call in calls.split()}
"""The family of each system call that changes files."""
_BY_FD: Final = frozenset(
    ["write", "copy", "truncate", "allocate", "sync", "fchmod", "fchown", "fsetxattr", "fremovexattr"]
)
_PROCESS: Final = ("chdir", "fchdir", "clone", "clone3", "fork", "vfork")

_LINE: Final = re.compile(r"(?P<pid>\d+) +(?:<\.\.\. \w+ resumed>(?P<rest>.*)|(?P<call>\w+)\((?P<args>.*))$")
_UNFINISHED: Final = " <unfinished ...>"
_TOKEN: Final = re.compile(r'(?:AT_FDCWD|\b\d+)<(?P<fd>(?:[^>\\]|\\.)*)>|"(?P<text>(?:[^"\\]|\\.)*)"')


def command(log: Path) -> list[str]:
    """The words to put in front of a command, so that strace writes its file calls to `log`."""
    traced = ",".join(f"?{call}" for call in (*FAMILY, *_PROCESS))
    return [need("strace"), "-f", "-y", "-s", "0", "-e", f"trace={traced}", "-e", "signal=none", "-o", str(log)]


def points(log: Path, roots: Sequence[Path], cwd: str = "/") -> list[Point]:
    """The points under `roots` in a log of `command`, in the order in which they began.

    `cwd` is the folder in which the command started: only calls without a directory descriptor need it.
    """
    folders = tuple(str(root) for root in roots)
    return [
        point
        for point in _all_points(_whole_calls(log.read_text(errors="replace").splitlines()), cwd)
        if any(is_under(path, folders) for path in point.path.split(" -> "))
    ]


def is_under(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _whole_calls(lines: Iterable[str]) -> list[tuple[int, str, str]]:
    """(pid, call, arguments and result) of each call, unfinished and resumed lines joined, ordered by their begin."""
    calls: list[tuple[int, str, str]] = []
    waiting: dict[int, int] = {}
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        pid = int(match["pid"])
        if match["call"] is None:
            at = waiting.pop(pid, None)
            if at is not None:
                calls[at] = (pid, calls[at][1], calls[at][2] + match["rest"])
            continue
        arguments = match["args"]
        if arguments.endswith(_UNFINISHED):
            arguments = arguments.removesuffix(_UNFINISHED)
            waiting[pid] = len(calls)
        calls.append((pid, match["call"], arguments))
    return calls


def _all_points(calls: Iterable[tuple[int, str, str]], start: str) -> Iterator[Point]:
    cwd: dict[int, str] = {}
    for pid, call, arguments in calls:
        here = cwd.get(pid, start)
        descriptors, paths = _places(arguments, here)
        if call in ("chdir", "fchdir"):
            if arguments.rstrip().endswith("= 0"):
                cwd[pid] = paths[0] if call == "chdir" else descriptors[0]
        elif call in _PROCESS:
            if child := re.search(r"= (\d+)", arguments.rpartition(")")[2]):
                cwd[int(child[1])] = here
        elif point := _point(call, arguments, descriptors, paths):
            yield point


def _point(call: str, arguments: str, descriptors: list[str], paths: list[str]) -> Point | None:
    family = FAMILY[call]
    if family == "open" and call != "creat" and not re.search(r"O_(CREAT|TRUNC|TMPFILE)", arguments):
        return None
    if call == "ioctl" and "FICLONE" not in arguments:
        return None
    if call in ("copy_file_range", "splice"):
        descriptors = descriptors[1:]
    if call == "unlinkat" and "AT_REMOVEDIR" in arguments:
        family = "rmdir"
    if call != "truncate" and (family in _BY_FD or call in _BY_FD or not paths):
        return Point(family, descriptors[0]) if descriptors else None
    if family in ("rename", "link"):
        return Point(family, " -> ".join(paths[:2]))
    return Point(family, paths[1] if family == "symlink" else paths[0])


def _places(arguments: str, cwd: str) -> tuple[list[str], list[str]]:
    """The paths of the descriptors, and the absolute paths of the strings, of one call."""
    descriptors: list[str] = []
    paths: list[str] = []
    folder = cwd
    for token in _TOKEN.finditer(arguments):
        if token["fd"] is not None:
            folder = _plain(token["fd"]).removesuffix(" (deleted)").removesuffix("(deleted)")
            descriptors.append(folder)
        else:
            text = _plain(token["text"])
            paths.append(posixpath.normpath("/" + posixpath.join(folder, text)).replace("//", "/") if text else folder)
            folder = cwd
    return descriptors, paths


def _plain(quoted: str) -> str:
    """A C string of strace as the text that it stands for."""
    if "\\" not in quoted:
        return quoted
    literal = quoted.replace('"', '\\"') if '\\"' not in quoted else quoted
    value = ast.literal_eval(f'b"{literal}"')
    assert isinstance(value, bytes)
    return value.decode(errors="replace")
