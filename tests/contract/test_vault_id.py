"""The id of a vault: one suite for every System."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.systems import KINDS, VAULT, World, world
from tests.support.sshd import SshServer
from vtspolicy.errors import IdentityMismatch
from vtspolicy.policy.places import Vault


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, sshd: SshServer) -> Iterator[World]:
    with world(request.param, tmp_path / f"root-{request.param}-{tmp_path.name}", sshd) as found:
        yield found


def test_a_vault_is_given_its_id_once(there: World) -> None:
    vault = Vault(there.name, VAULT)
    assert there.system.vault(vault).identity is None
    assert there.system.vault(vault).pools == ("OTHER", "PAYROLL")
    there.system.initialise(vault, "0123456789abcdef" * 2)
    assert there.system.vault(vault).identity == "0123456789abcdef" * 2
    with pytest.raises(IdentityMismatch):
        there.system.initialise(vault, "f" * 32)
    assert there.system.vault(vault).identity == "0123456789abcdef" * 2


def test_a_vault_is_given_another_id_only_in_the_place_of_its_own(there: World) -> None:
    vault = Vault(there.name, VAULT)
    with pytest.raises(IdentityMismatch):
        there.system.initialise(vault, "a" * 32, "e" * 32)
    assert there.system.vault(vault).identity is None
    there.system.initialise(vault, "a" * 32)
    with pytest.raises(IdentityMismatch):
        there.system.initialise(vault, "b" * 32, "e" * 32)
    assert there.system.vault(vault).identity == "a" * 32
    there.system.initialise(vault, "b" * 32, "a" * 32)
    assert there.system.vault(vault).identity == "b" * 32
    assert there.system.vault(vault).pools == ("OTHER", "PAYROLL")


def test_what_a_killed_one_left_is_in_nobodys_way(there: World) -> None:
    """A marker is written beside its name; the half of one is no id, and goes with the next."""
    vault = Vault(there.name, VAULT)
    if there.kind != "memory":
        (there.root / ".vtspolicy-vault.part").write_text("half of an i")
    assert there.system.vault(vault).identity is None
    there.system.initialise(vault, "a" * 32)
    assert there.system.vault(vault).identity == "a" * 32
    if there.kind != "memory":
        assert sorted(path.name for path in there.root.iterdir()) == [".vtspolicy-vault", "OTHER", "PAYROLL"]
