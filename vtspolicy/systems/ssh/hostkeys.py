"""Pinned host keys: a known_hosts file of our own beside the policies. Nothing is ever learned without being told.

Lines are OpenSSH's: `[marker] names keytype base64`. Names may be hashed or plain, but not templates, because a pin
names one system; only in `@revoked` lines `*` stands for all of them.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
from contextlib import suppress
from dataclasses import dataclass

from vtspolicy.errors import HostKey, OtherHostKey

FILE = "known_hosts"


@dataclass(frozen=True)
class PublicKey:
    """A host's public key."""

    kind: str
    """`ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256` …"""
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: `SHA256:…`."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")


@dataclass(frozen=True)
class Pins:
    """What the file says of one system."""

    keys: tuple[PublicKey, ...]
    revoked: tuple[PublicKey, ...]


def host_name(address: str, port: int) -> str:
    """The name under which OpenSSH files a host."""
    return address if port == 22 else f"[{address}]:{port}"


def pins_of(path: str, name: str) -> Pins:
    """The keys pinned and revoked for a name. Raise HostKey where the file cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read(1 << 20).splitlines()
    except FileNotFoundError:
        lines = []
    except OSError as error:
        raise HostKey(f"{path}: {error.strerror}") from None
    keys: list[PublicKey] = []
    revoked: list[PublicKey] = []
    for line in lines:
        words = line.split()
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) < 3 or words[0].startswith("#"):
            continue
        key = _key(words[1], words[2])
        names = words[0].split(",")
        if key is None:
            continue
        if marker == "@revoked" and ("*" in names or any(_is(each, name) for each in names)):
            revoked.append(key)
        elif marker == "" and any(_is(each, name) for each in names):
            keys.append(key)
    return Pins(tuple(keys), tuple(revoked))


def pin(path: str, name: str, key: PublicKey) -> None:
    """Make `key` the only one pinned for the name; other names and revoked lines stay. Old or new at every instant.

    Raise HostKey where the file cannot be written.
    """
    folder, lock = os.path.dirname(path), -1
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept: list[str] = []
        with suppress(FileNotFoundError), open(path, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                left = _without(line, name)
                if left:
                    kept.append(left if left.endswith("\n") else left + "\n")
        kept.append(f"{name} {key.kind} {base64.b64encode(key.blob).decode()}\n")
        temporary = f"{path}.{os.getpid()}"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(kept)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        os.fsync(lock)
    except OSError as error:
        raise HostKey(f"{path} cannot be written: {error.strerror}") from None
    finally:
        if lock >= 0:
            os.close(lock)


def _without(line: str, name: str) -> str:
    """The line without its pin for the name; nothing where it holds no other."""
    words = line.split(maxsplit=1)
    if not words or words[0].startswith(("@", "#")):
        return line
    names = words[0].split(",")
    others = [each for each in names if not _is(each, name)]
    if others == names:
        return line
    return " ".join([",".join(others), *words[1:]]) if others else ""


def judge(offered: PublicKey, pins: Pins, system: str) -> None:
    """Raise HostKey unless the offered key is pinned and not revoked."""
    if offered in pins.revoked:
        raise HostKey(f"{system} shows the host key {offered.fingerprint}, which is revoked; give it another key "
                      f"there, then TRUST SYSTEM {system}", system=system)
    if not pins.keys:
        raise HostKey(f"{system} is not trusted yet: it shows the host key {offered.fingerprint}; "
                      f"TRUST SYSTEM {system} pins it", system=system)
    if offered not in pins.keys:
        known = ", ".join(key.fingerprint for key in pins.keys)
        raise OtherHostKey(f"{system} shows another host key than the pinned one: {offered.fingerprint}, "
                           f"pinned is {known}; find out why, then TRUST SYSTEM {system}, FINGERPRINT "
                           f"{offered.fingerprint}, REPLACE", system=system)


def _key(kind: str, text: str) -> PublicKey | None:
    try:
        return PublicKey(kind, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def _is(pattern: str, name: str) -> bool:
    """Whether a name of the file, plain or hashed, is this one."""
    if pattern.startswith("|1|"):
        try:
            _, _, salt, digest = pattern.split("|")
            wanted = base64.b64decode(digest)
            return hmac.compare_digest(hmac.new(base64.b64decode(salt), name.encode(), "sha1").digest(), wanted)
        except (ValueError, binascii.Error):
            return False
    return pattern == name
