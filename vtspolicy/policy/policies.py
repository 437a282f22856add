"""The set of policies that is in force: what each is named, and where its vaults lie. Nothing here reads files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from vtspolicy.command.complaint import nearest
from vtspolicy.errors import Unknown
from vtspolicy.policy.model import AutoCopy, Policy, Scheme, Settings, System, Unprotected
from vtspolicy.policy.places import Place, Vault
from vtspolicy.policy.syntax import excerpt

Copying = Scheme | AutoCopy


class Origin(NamedTuple):
    """Where a policy stands: its file's name in the folder, and the line of its name."""

    file: str
    line: int


class Site(NamedTuple):
    """Where a vault's directory really lies, whatever it and its system are called. The address is '' for this
    machine; behind a jump host it holds that one's name, because its network may have addresses of its own."""

    address: str
    port: int
    path: str


@dataclass(frozen=True)
class Policies:
    """Every policy by kind and name, in the order of the names."""

    folder: str = ""
    systems: Mapping[str, System] = field(default_factory=dict)
    schemes: Mapping[str, Scheme] = field(default_factory=dict)
    autocopies: Mapping[str, AutoCopy] = field(default_factory=dict)
    unprotected: Mapping[str, Unprotected] = field(default_factory=dict)
    settings: Settings = Settings(name="SETTINGS")  # noqa: RUF009 - it is frozen
    """The defaults, where no file says otherwise."""
    origins: Mapping[tuple[str, str], Origin] = field(default_factory=dict, compare=False)
    """By kind and name."""

    def of_kind(self, kind: str) -> Mapping[str, Policy]:
        """The policies of a kind. The settings count only where a file holds them."""
        if kind == "settings":
            return {self.settings.name: self.settings} if (kind, self.settings.name) in self.origins else {}
        found: Mapping[str, Mapping[str, Policy]] = {
            "system": self.systems, "scheme": self.schemes, "autocopy": self.autocopies,
            "unprotected": self.unprotected}
        return found[kind]

    def find(self, kind: str, name: str) -> Policy:
        """The policy of that name. Raise Unknown with the nearest."""
        found = self.of_kind(kind)
        if name not in found:
            raise unknown(kind, name, found)
        return found[name]

    def system(self, name: str) -> System:
        """The system of that name. Raise Unknown."""
        if name not in self.systems:
            raise unknown("system", name, self.systems)
        return self.systems[name]

    def scheme(self, name: str) -> Scheme:
        """The scheme of that name. Raise Unknown."""
        if name not in self.schemes:
            raise unknown("scheme", name, self.schemes)
        return self.schemes[name]

    @property
    def copying(self) -> tuple[Copying, ...]:
        """Schemes, then AutoCopy policies."""
        return (*self.schemes.values(), *self.autocopies.values())

    def at_home(self, place: Place) -> Place:
        """The place with its system named: where the text named none, the one local system that has the vault.

        Raise Unknown where none or several do, or where the named system does not declare the vault.
        """
        if place.system is not None:
            self.directory(Vault(place.system, place.vault))
            return place
        local = [system for system in self.systems.values() if system.address is None]
        here = [system.name for system in local if place.vault in system.vaults]
        if len(here) == 1:
            return place.on(here[0])
        if here:
            raise Unknown(f"the vault {place.vault} is declared by {' and '.join(here)}; write {here[0]}:{place}")
        known = [vault for system in local for vault in system.vaults]
        raise Unknown(f"no system here declares the vault {excerpt(place.vault)}" + _nearest(place.vault, known))

    def directory(self, vault: Vault) -> str:
        """The vault's directory on its system. Raise Unknown where the system or the vault is not declared."""
        system = self.system(vault.system)
        if vault.name not in system.vaults:
            raise Unknown(f"the system {vault.system} declares no vault {excerpt(vault.name)}"
                          + _nearest(vault.name, system.vaults), system=vault.system)
        return system.vaults[vault.name]

    def site(self, vault: Vault) -> Site:
        """Where the vault really lies. Raise Unknown."""
        system = self.system(vault.system)
        if system.address is None:
            return Site("", 0, self.directory(vault))
        behind = "" if system.via is None else f"@{system.via}"
        return Site(system.address.lower() + behind, system.port, self.directory(vault))


def unknown(kind: str, name: str, known: Iterable[str]) -> Unknown:
    """The refusal of a name that no policy of the kind has."""
    what = {"autocopy": "AutoCopy policy"}.get(kind, kind)
    return Unknown(f"there is no {what} {excerpt(name)}" + _nearest(name, known))


def unselected(kind: str, template: str, known: Iterable[str]) -> Unknown:
    """The refusal of a template that selects no policy of the kind."""
    return Unknown(f"no {kind.upper()} is selected by {excerpt(template)}" + _nearest(template, known))


def _nearest(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"; the nearest is {near}" if near else ""
