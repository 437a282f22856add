"""A small world of policies: this machine with two vaults, two systems by SSH."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vtspolicy.policy.folder import Files, assemble
from vtspolicy.policy.places import Vault
from vtspolicy.policy.policies import Policies

WORLD = {
    "here": "kind: system\nname: here\nvaults: {VAULT01: /srv/VAULT01, VAULT02: /srv/VAULT02}\n",
    "vts2": "kind: system\nname: vts2\naddress: vts2.example.com\nuser: vts\nkey: /k\n"
            "vaults: {VAULT01: /srv/VAULT01, VAULT02: /srv/VAULT02}\n",
    "vts3": "kind: system\nname: vts3\naddress: 10.1.2.3\nuser: vts\nkey: /k\nvaults: {VAULT01: /srv/VAULT01}\n",
}
POOLS = {Vault("here", "VAULT01"): ("LEDGER", "PAYROLL", "SCRATCH1"), Vault("here", "VAULT02"): ()}


def scheme(name: str, source: str, to: str, more: str = "") -> str:
    """A scheme's file."""
    return f"kind: scheme\nname: {name}\nfrom: {source}\nto: {to}\n{more}"


def autocopy(name: str, pool: str, to: str, more: str = "") -> str:
    """An AutoCopy policy's file."""
    return f"kind: autocopy\nname: {name}\npool: {pool}\nto: {to}\n{more}"


def policies(*texts: str) -> Policies:
    """The world with these policies in it."""
    data = {f"{name}.yaml": text.encode() for name, text in WORLD.items()}
    data.update({f"z{number}.yaml": text.encode() for number, text in enumerate(texts)})
    assembly = assemble("policies", Files(data))
    assert assembly.errors == ()
    return assembly.policies


def pools_of(vault: Vault) -> tuple[str, ...]:
    """The pools that lie in this machine's vaults."""
    return POOLS[vault]


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., str]:
    """Makes a policy folder with the world in it and, by name, further files."""

    def make(**files: str) -> str:
        path = tmp_path / "policies"
        path.mkdir(mode=0o755)
        for name, text in {**WORLD, **files}.items():
            (path / f"{name}.yaml").write_text(text, encoding="utf-8")
            (path / f"{name}.yaml").chmod(0o644)
        return str(path)

    return make
