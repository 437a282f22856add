"""What files and their names are, told in our words; used by every system that has files."""

from __future__ import annotations

import errno
import os
import resource
import stat
from contextlib import suppress
from datetime import UTC, datetime

from vtspolicy.errors import Failure, NoSpace, TargetWrite
from vtspolicy.events import printable, shorten
from vtspolicy.policy.places import is_tape_name
from vtspolicy.systems.facts import Identity, TapeFacts

PART_SUFFIX = ".part"


def moment() -> str:
    """Now, as records and markers hold it: UTC, RFC 3339."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def write_failure(error: OSError, tape: str) -> Failure:
    """A failed write as the operator should read it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"{tape}: the target is full ({error.strerror})", tape=tape)
    return TargetWrite(f"{tape}: the target cannot store it: {error.strerror}", tape=tape)


def identity_of(status: os.stat_result) -> Identity:
    """What a local file system says of a file."""
    return Identity(status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


def facts_of(name: str, status: os.stat_result) -> TapeFacts:
    """A tape's facts from its status."""
    return TapeFacts(name, identity_of(status), status.st_mode & 0o777, status.st_blocks * 512)


def check_part(tape: str, part_name: str) -> None:
    """Raise TargetWrite unless both may be made in a pool: neither leads out of it."""
    if not is_tape_name(tape) or not is_tape_name(part_name.removesuffix(PART_SUFFIX)) or (
            not part_name.endswith(PART_SUFFIX)):
        raise TargetWrite(f"{legible(tape)!r} is not a tape's name", tape=legible(tape))


def kind_of(mode: int) -> str:
    """What something that is no regular file is, in words."""
    for test, word in ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a FIFO"),
                       (stat.S_ISSOCK, "a socket"), (stat.S_ISBLK, "a device"), (stat.S_ISCHR, "a device")):
        if test(mode):
            return word
    return "no regular file"


def write_all(fd: int, content: bytes | memoryview) -> None:
    """Write every byte, however many calls it takes."""
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view):]


def allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one: a scheme of many pools holds a lock for each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def is_vault_identity(text: str) -> bool:
    """Whether the text is the content of a vault's marker: 32 hex digits and a newline."""
    return len(text) == 33 and text[-1] == "\n" and all(c in "0123456789abcdef" for c in text[:-1])


def legible(text: str, limit: int = 200) -> str:
    """A name or text that is not ours, safe to print, in at most `limit` characters."""
    return shorten(printable(text.replace("\\", "\\x5c")), limit)
