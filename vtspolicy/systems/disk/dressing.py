"""What a file on this machine has beside its bytes: read from a source, given to a part file."""

from __future__ import annotations

import errno
import os

from vtspolicy.errors import TargetWrite
from vtspolicy.systems import metadata as words
from vtspolicy.systems.metadata import NO_EXTRAS, Extras, Metadata, bounded

_ACLS = ("system.posix_acl_access", "system.posix_acl_default", "system.nfs4_acl", "system.richacl")
_LABELS = ("security.selinux", "security.SMACK64", "security.ima", "security.evm")
"""Set by the system over there for its own files; nobody misses them."""


def extras_of(fd: int) -> Extras:
    """What the open file has beside its bytes, mode and time. Raise OSError."""
    links = (words.LINKS,) if os.fstat(fd).st_nlink > 1 else ()
    try:
        names = sorted(os.listxattr(fd))
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EPERM, errno.EACCES):
            return Extras(lost=links) if links else NO_EXTRAS
        raise
    kept = bounded((name, os.getxattr(fd, name)) for name in names if name.startswith(words.USER))
    others = [name for name in names if not name.startswith(words.USER) and name not in _LABELS]
    found = {*kept.lost, *links, *(words.ACLS if name in _ACLS else words.OTHER for name in others)}
    return Extras(kept.attributes, tuple(each for each in words.NOT_KEPT if each in found))


def dress(fd: int, metadata: Metadata) -> tuple[str, ...]:
    """Give an open file its mode, time, attributes and owner; what of it cannot be kept there.

    Raise TargetWrite where the owner cannot be set, OSError where mode or time cannot.
    """
    lost: tuple[str, ...] = ()
    for name, value in metadata.attributes.items():
        try:
            os.setxattr(fd, name, value)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENOSPC, errno.E2BIG, errno.ERANGE,
                                   errno.EDQUOT):
                raise
            lost = (words.ATTRIBUTES,)
    os.fchmod(fd, metadata.mode & 0o777)  # behind the attributes: a mode may forbid to set them
    os.utime(fd, ns=(metadata.mtime_ns, metadata.mtime_ns))
    if metadata.owner is not None:
        give_to(fd, metadata.owner)
    return lost


def give_to(fd: int, owner: str) -> None:
    """Let the open file belong to `user:group`. Raise TargetWrite where it does not afterwards."""
    user, group = ids_of(owner)
    try:
        os.fchown(fd, user, group)
        status = os.fstat(fd)
    except OSError as error:
        raise refused(owner, str(error.strerror)) from None
    if (status.st_uid, status.st_gid) != (user, group):
        raise refused(owner, f"it belongs to {status.st_uid}:{status.st_gid} all the same")


def refused(owner: str, why: str | None) -> TargetWrite:
    """The failure of an owner that cannot be set, with what helps."""
    return TargetWrite(f"owner {owner} cannot be set there: {why}; run the vtspolicy there as that user, or leave "
                       "owner out of the policy")


def ids_of(owner: str) -> tuple[int, int]:
    """The numbers of a user and a group of this machine, as chown finds them. Raise TargetWrite."""
    import grp
    import pwd

    user, _, group = owner.partition(":")
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        uid = _number(owner, "user", user)
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        gid = _number(owner, "group", group)
    return uid, gid


def _number(owner: str, what: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**32 - 1):
        raise refused(owner, f"there is no {what} {text}")
    return int(text)
