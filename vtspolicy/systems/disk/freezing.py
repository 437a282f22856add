"""FREEZE and THAW where the pool lies, and a pool that is made, perhaps frozen from its birth."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vtspolicy.errors import TargetWrite, Unknown
from vtspolicy.policy.places import Pool, is_tape_name
from vtspolicy.systems.disk import locking, markers
from vtspolicy.systems.disk.beneath import PoolFolder, VaultFolder
from vtspolicy.systems.facts import NEW_POOL, POOL_FREEZE, VAULT_FREEZE, WORK_FOLDER, Freeze
from vtspolicy.systems.files import legible


def freeze_pool(pool: PoolFolder, freeze: Freeze) -> Freeze:
    """Freeze it; the freeze in force, which is the earlier one where there was one. When this returns, no publish is
    under way any more. Raise TargetWrite, and Locked where one does not end: the pool is frozen then, too."""
    with _told(f"pool {pool.pool} cannot be frozen", pool.pool.system):
        found = markers.put(_work(pool), POOL_FREEZE, freeze)
        _wait_for_publishers(pool)
        return found


def thaw_pool(pool: PoolFolder) -> Freeze | None:
    """Thaw it; the freeze that was in force, or None. Raise TargetWrite."""
    with _told(f"pool {pool.pool} cannot be thawed", pool.pool.system):
        return None if pool.work(create=False) is None else markers.take(_work(pool), POOL_FREEZE)


def freeze_vault(vault: VaultFolder, freeze: Freeze) -> Freeze:
    """As `freeze_pool`, for all pools of the vault."""
    with _told(f"vault {vault.vault} cannot be frozen", vault.vault.system):
        found = markers.put(vault.fd, VAULT_FREEZE, freeze)
        for name in vault.pools():
            with vault.pool(name) as pool:
                _wait_for_publishers(pool)
        return found


def thaw_vault(vault: VaultFolder) -> Freeze | None:
    """As `thaw_pool`. Pools that are frozen themselves stay so."""
    with _told(f"vault {vault.vault} cannot be thawed", vault.vault.system):
        return markers.take(vault.fd, VAULT_FREEZE)


def make_pool(vault: VaultFolder, name: str, freeze: Freeze | None) -> None:
    """Make a pool, with the vault's group and permission bits, durably; with `freeze` its marker is there before its
    name is. Harmless where there is one already. Raise TargetWrite."""
    pool = Pool(vault.vault.system, vault.vault.name, name)
    if not is_tape_name(name):
        raise Unknown(f"{legible(name)!r} is not a pool's name", system=pool.system)
    with _told(f"pool {pool} cannot be made", pool.system), markers.alone(vault.fd):
        new = NEW_POOL + name
        with suppress(FileNotFoundError):
            shutil.rmtree(new, dir_fd=vault.fd)  # of one that was killed
        if name not in vault.pools():
            above = os.fstat(vault.fd)
            os.mkdir(new, 0o700, dir_fd=vault.fd)
            fd = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=vault.fd)
            try:
                _like(fd, above)
                if freeze is not None:
                    os.mkdir(WORK_FOLDER, 0o700, dir_fd=fd)
                    work = os.open(WORK_FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
                    try:
                        _owned_like(work, above)
                        markers.write(work, POOL_FREEZE, freeze)
                        os.fsync(work)
                    finally:
                        os.close(work)
                os.fsync(fd)
            finally:
                os.close(fd)
            # Over nothing but an empty directory: where something of this name came meanwhile, it stays.
            os.rename(new, name, src_dir_fd=vault.fd, dst_dir_fd=vault.fd)
        os.fsync(vault.fd)


def _like(fd: int, above: os.stat_result) -> None:
    """Owner, group and permission bits of the vault, as far as we may give them."""
    _owned_like(fd, above)
    os.fchmod(fd, above.st_mode & 0o2777)


def _owned_like(fd: int, above: os.stat_result) -> None:
    if os.geteuid() == 0:
        os.fchown(fd, above.st_uid, above.st_gid)
    else:
        with suppress(OSError):  # a group that we do not belong to
            os.fchown(fd, -1, above.st_gid)


def _work(pool: PoolFolder) -> int:
    """The pool's work folder. Who froze it as root must not keep its owner's publishers out after a THAW."""
    work = pool.work(create=True)
    assert work is not None
    owner, there = os.fstat(pool.fd), os.fstat(work)
    if os.geteuid() == 0 and there.st_uid == 0 != owner.st_uid:
        os.fchown(work, owner.st_uid, owner.st_gid)
    return work


def _wait_for_publishers(pool: PoolFolder) -> None:
    """Wait until whoever looked for a marker before there was one has ended: those who come now see it."""
    work = pool.work(create=False)
    if work is None:
        return
    try:
        fd = os.open("lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=work)
    except FileNotFoundError:
        return  # nobody ever published here
    try:
        locking.wait_for(fd, f"pool {pool.pool} is frozen, but a publisher that began before has kept its lock for a "
                             "minute: it may still publish what it has sent", pool.pool.system)
    finally:
        os.close(fd)


@contextmanager
def _told(what: str, system: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TargetWrite(f"{what}: {error.strerror or error}", system=system) from None
