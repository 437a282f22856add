"""Whether a far receiver's own words fit the policy."""

from __future__ import annotations

import pytest

from vtspolicy.planning.grants import making_amiss, staging_amiss
from vtspolicy.policy import model
from vtspolicy.policy.places import Vault
from vtspolicy.systems.facts import Grants

VAULT = Vault("vts2", "VAULT01")


def policy(create_pool: str = "no", staging: str | None = None) -> model.System:
    return model.System(name="vts2", vaults={"VAULT01": "/srv/V", "VAULT02": "/srv/W"}, create_pool=create_pool,
                        staging={} if staging is None else {"VAULT01": staging})


@pytest.mark.parametrize(("wanted", "granted", "why"), [
    (None, None, None), (None, "/srv/work", None), ("/srv/work", "/srv/work", None), ("/srv/work", "/srv//work/", None),
    ("/srv/work", None, "told of no staging"), ("/srv/work", "/srv/other", "told of another staging"),
])
def test_staging(wanted: str | None, granted: str | None, why: str | None) -> None:
    found = staging_amiss(VAULT, policy(staging=wanted), Grants("no", granted))
    assert found is None if why is None else why in str(found)
    assert staging_amiss(VAULT, policy(staging=wanted), None) is None, "an older receiver does not say"
    assert staging_amiss(Vault("vts2", "VAULT02"), policy(staging=wanted), Grants("no", granted)) is None


@pytest.mark.parametrize(("wanted", "granted", "amiss"), [
    ("no", "no", False), ("no", "yes", False), ("yes", "yes", False), ("frozen", "yes", False),
    ("yes", "frozen", False), ("yes", "no", True), ("frozen", "no", True),
])
def test_making(wanted: str, granted: str, amiss: bool) -> None:
    found = making_amiss(VAULT, policy(wanted), Grants(granted, None))
    assert (f"--create-pool {wanted}" in str(found)) is amiss
    assert making_amiss(VAULT, policy(wanted), None) is None
