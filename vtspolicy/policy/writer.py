"""ADD, ALTER and DELETE: one policy file made, changed or removed, under the folder's lock.

The whole set is read again with the new text in the old one's place, and must hold exactly what was asked for and
nothing else, before anything is published. A file appears, changes and goes in one step: whatever stops the work
leaves the old file or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vtspolicy.command.command import Command
from vtspolicy.command.complaint import refuse
from vtspolicy.errors import PolicyInvalid, Refusal
from vtspolicy.policy.assignments import assignments, named
from vtspolicy.policy.edit import edited
from vtspolicy.policy.folder import SUFFIX, Assembly, Files, assemble, read_files
from vtspolicy.policy.model import KINDS, Policy, fields_of
from vtspolicy.policy.policies import Policies, unknown
from vtspolicy.policy.spelling import Spelled, texts_of, with_article
from vtspolicy.policy.store import locked, publish, remove
from vtspolicy.policy.yamltext import policy_text


def add(folder: str, command: Command) -> Policy:
    """Write a new policy. Make the folder where it is not there.

    Raise Usage for attributes that the kind does not have or cannot read, Refusal where the policy is there already
    or the folder cannot be written, PolicyInvalid where the set would not be right, Locked.
    """
    kind, name = named(command)
    given = assignments(command, kind)
    for each in fields_of(kind):
        if each.rule.required and each.key != "name" and not given.keys() & {each.key, each.rule.unless}:
            raise refuse(command, "", f"a comma and {each.keyword} {each.rule.what}")
    policy = KINDS[kind](name=name, **{each.field.attribute: each.value for each in given.values()})
    file, text = f"{kind}-{name}{SUFFIX}", policy_text(policy)
    if not os.path.isdir(folder):  # so that a refusal does not leave an empty folder behind
        nothing = Files({})
        _require(folder, nothing, assemble(folder, nothing), {file: text.encode()}, kind, name, policy)
    with locked(folder, make=True):
        files = read_files(folder)
        before = assemble(folder, files)
        origin = before.policies.origins.get((kind, name))
        if origin is not None:
            raise Refusal(f"the {kind} {name} exists already, in {origin.file}; ALTER changes it")
        if os.path.lexists(os.path.join(folder, file)):
            raise Refusal(f"{os.path.join(folder, file)} exists already and does not hold the {kind} {name}")
        _require(folder, files, before, {file: text.encode()}, kind, name, policy)
        publish(folder, file, text, None)
    return policy


def alter(folder: str, command: Command) -> Policy:
    """Change keys of a policy, and leave every other line of its file. The new policy.

    Raise what `add` does, and Unknown where there is no such policy.
    """
    kind, name = named(command)
    given = assignments(command, kind)
    with locked(folder):
        files, before, file = _present(folder, kind, name)
        new: dict[str, Any] = {}
        for field, value in given.values():
            if value is None and field.rule.required:
                raise refuse(command, field.keyword, f"a value: {with_article(kind)} needs {field.keyword}")
            new[field.attribute] = field.default if value is None else value
        present = before.policies.find(kind, name)
        policy = replace(present, **new)
        changed = [key for key, (field, value) in given.items()
                   if value is None or value != getattr(present, field.attribute)]
        spelled: dict[str, Spelled | None] = {key: texts_of(policy).get(key) for key in changed}
        root = before.readings[file].root
        if root is None:
            raise Refusal(f"{os.path.join(folder, file)} cannot be changed key by key")
        old = files.data[file].decode()
        text = edited(old, root, spelled, [each.key for each in fields_of(kind)])
        _require(folder, files, before, {file: text.encode()}, kind, name, policy)
        if text != old:
            publish(folder, file, text, files.data[file])
    return policy


def delete(folder: str, command: Command) -> Policy:
    """Remove a policy's file. The policy that it held.

    Raise Unknown, PolicyInvalid where another policy still names it, Locked, Refusal.
    """
    kind, name = named(command)
    with locked(folder):
        files, before, file = _present(folder, kind, name)
        _require(folder, files, before, {file: None}, kind, name, None)
        remove(folder, file, files.data[file])
    return before.policies.find(kind, name)


def _present(folder: str, kind: str, name: str) -> tuple[Files, Assembly, str]:
    """The folder's files and set, and the file that holds the policy."""
    files = read_files(folder)
    before = assemble(folder, files)
    origin = before.policies.origins.get((kind, name))
    if origin is None:
        if before.errors:
            raise PolicyInvalid("\n".join(before.errors))
        raise unknown(kind, name, before.policies.of_kind(kind))
    path = os.path.join(folder, origin.file)
    if os.path.islink(path):
        raise Refusal(f"{path} is a link to {os.readlink(path)}; change it there")
    return files, before, origin.file


def _require(folder: str, files: Files, before: Assembly, change: Mapping[str, bytes | None], kind: str, name: str,
             policy: Policy | None) -> None:
    """Read the set with the changed file in it; nothing but the one policy may be another than before."""
    data = {file: text for file, text in sorted({**files.data, **change}.items()) if text is not None}
    after = assemble(folder, Files(data, files.faults))
    if after.errors:
        raise PolicyInvalid("\n".join((*after.errors, "nothing was changed")))
    wanted = _policies(before.policies)
    wanted.pop((kind, name), None)
    if policy is not None:
        wanted[kind, name] = policy
    if _policies(after.policies) != wanted:
        raise Refusal(f"{os.path.join(folder, next(iter(change)))} cannot be changed safely as it is written; "
                      "change it with an editor")


def _policies(policies: Policies) -> dict[tuple[str, str], Policy]:
    return {(kind, name): policy for kind in KINDS for name, policy in policies.of_kind(kind).items()}
