"""Our private keys: where the one for a system lies, how it is read, and how a new one is made."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from vtspolicy.errors import Authentication, Refusal
from vtspolicy.policy import model
from vtspolicy.systems.files import legible, write_all
from vtspolicy.systems.ssh.hostkeys import PublicKey

if TYPE_CHECKING:
    import paramiko

FOLDER = "keys"
"""Beside the policies: the keys of systems whose policy names none."""
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def key_of(system: model.System, policies: str) -> str:
    """The path of the key to log in to a system with; `policies` is the folder of the policies."""
    return system.key or os.path.join(os.path.abspath(policies), FOLDER, system.name)


def load_key(path: str, system: str) -> paramiko.PKey:
    """A private key for login. Raise Authentication where others may read it, or it cannot be used."""
    import paramiko

    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise Authentication(f"{system}: key {path}: No such file or directory; ADD KEY {system} makes one",
                             system=system) from None
    except OSError as error:
        raise Authentication(f"{system}: key {path}: {error.strerror}", system=system) from None
    if not stat.S_ISREG(status.st_mode):
        raise Authentication(f"{system}: key {path} is no regular file", system=system)
    if status.st_mode & 0o077:
        raise Authentication(f"{system}: key {path} can be read by others (mode {status.st_mode & 0o777:04o}); "
                             f"chmod 600 {path}", system=system)
    if status.st_uid not in (0, os.geteuid()):
        raise Authentication(f"{system}: key {path} belongs to someone else (uid {status.st_uid})", system=system)
    try:
        return paramiko.PKey.from_path(path)
    except (paramiko.PasswordRequiredException, TypeError):  # TypeError is how cryptography says it
        raise Authentication(f"{system}: key {path} has a passphrase; batch work needs one without",
                             system=system) from None
    except Exception as error:  # what its parsers raise for damaged files is not only theirs, nor documented
        why = legible(str(error).splitlines()[0]) if str(error) else "not a private key"
        raise Authentication(f"{system}: key {path} cannot be used: {why}", system=system) from None


def public_of(path: str, system: str) -> PublicKey:
    """The public half of the private key. Raise Authentication as `load_key` does."""
    key = load_key(path, system)
    return PublicKey(key.get_name(), key.asbytes())


def make_key(path: str) -> bool:
    """Make an ed25519 key at the path (0600), durably; its folder is made (0700) where it is not there.

    False where something lies there already: nothing is ever overwritten. A process that is killed leaves a whole key
    or none. Raise Refusal where it cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    folder = os.path.dirname(path)
    try:
        if os.path.lexists(path):
            return False
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o700)
            _sync(os.path.dirname(folder))
        text = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        return _published(path, text, 0o600)
    except OSError as error:
        raise Refusal(f"key {path} cannot be made: {error.strerror}") from None


def save_public(path: str, line: str) -> str | None:
    """Write the public half beside its key where it is not there; why it is not what lies there, or None."""
    try:
        if _published(path, line.encode() + b"\n", 0o644):
            return None
        with open(path, encoding="ascii", errors="replace") as file:
            words = file.read(4096).split()
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}"
    return None if words[:2] == line.split()[:2] else f"{path} is not the public half of the key beside it"


def _published(path: str, content: bytes, mode: int) -> bool:
    """Write a new file whole and durably under its name; False where the name is taken."""
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".new-{os.getpid()}")
    with suppress(FileNotFoundError):
        os.unlink(temporary)  # of a process that was killed and had our number
    fd = os.open(temporary, _FRESH, mode)
    try:
        os.fchmod(fd, mode)
        write_all(fd, content)
        os.fsync(fd)
        os.link(temporary, path, follow_symlinks=False)  # a link does not replace
    except FileExistsError:
        return False
    finally:
        os.close(fd)
        os.unlink(temporary)
    _sync(folder)
    return True


def _sync(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
