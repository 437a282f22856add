"""A vault's id on this machine's disk: a marker in the vault's root, whole or not there, and durable when told.

Nothing of a killed INIT VAULT needs a hand: what was written beside the marker goes when the sentence is given again.
"""

from __future__ import annotations

import os
from contextlib import suppress

from vtspolicy.errors import IdentityMismatch, Refusal, TargetWrite
from vtspolicy.policy.places import Vault
from vtspolicy.systems.disk import markers
from vtspolicy.systems.facts import VAULT_MARKER
from vtspolicy.systems.files import PART_SUFFIX, is_vault_identity, write_all

_NEW = VAULT_MARKER + PART_SUFFIX


def read(folder: int, vault: Vault) -> str | None:
    """The id in the marker of the open vault; None where there is no marker. Raise IdentityMismatch where it is not
    one."""
    try:
        fd = os.open(VAULT_MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IdentityMismatch(f"vault {vault}: {VAULT_MARKER}: {error.strerror}", system=vault.system) from None
    try:
        text = os.read(fd, 100).decode("ascii", "replace")
    finally:
        os.close(fd)
    if not is_vault_identity(text):
        raise IdentityMismatch(f"vault {vault}: {VAULT_MARKER} does not hold an id; remove that file "
                               f"there by hand, then INIT VAULT {vault}, REPLACE !", system=vault.system)
    return text.strip()


def give(folder: int, vault: Vault, identity: str, replacing: str | None) -> None:
    """Give the open vault its id, or, where it has the id `replacing`, another.

    Raise IdentityMismatch where it has one already, or not that one, Refusal where the id is none, and TargetWrite.
    """
    if not is_vault_identity(f"{identity}\n"):
        raise Refusal("a vault's id is 32 hex digits", system=vault.system)
    try:
        with markers.alone(folder):
            with suppress(FileNotFoundError):
                os.unlink(_NEW, dir_fd=folder)
            if (present := read(folder, vault)) != replacing:
                raise IdentityMismatch(f"vault {vault} has the id {present} already" if present
                                       else f"vault {vault} has no id", system=vault.system)
            fd = os.open(_NEW, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644,
                         dir_fd=folder)
            try:
                os.fchmod(fd, 0o644)
                write_all(fd, identity.encode() + b"\n")
                os.fsync(fd)
            finally:
                os.close(fd)
            os.rename(_NEW, VAULT_MARKER, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
    except OSError as error:
        raise TargetWrite(f"vault {vault} cannot be given an id: {error.strerror}", system=vault.system) from None
