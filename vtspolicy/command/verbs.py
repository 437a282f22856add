"""The table of verbs. Parser, both doors, completion, help and manual are all made from it."""

from __future__ import annotations

from vtspolicy.command import copy_verbs, policy_verbs, shell_verbs, site_verbs, vtspolicy_verbs
from vtspolicy.command.command import Command
from vtspolicy.command.grammar import Form, Grammar, Verb

VERBS: tuple[Verb, ...] = (
    policy_verbs.VERBS + copy_verbs.VERBS + site_verbs.VERBS + shell_verbs.VERBS + vtspolicy_verbs.VERBS)
"""Every verb. DELETE of NonStop sentences and Delete of VTSPolicy sentences are two."""


def verbs_of(grammar: Grammar) -> tuple[Verb, ...]:
    """The verbs that sentences of this grammar may begin with: all but those of the shell alone."""
    return tuple(verb for verb in VERBS if verb.grammar is grammar and not verb.shell_only)


def find_verb(word: str, grammar: Grammar) -> Verb | None:
    """The verb that the word stands for in this grammar, in any case; also one of the shell alone."""
    for verb in VERBS:
        if verb.grammar is grammar and verb.word.lower() == word.lower():
            return verb
    return None


def verb_of(command: Command) -> Verb | None:
    """The verb of a command. None if the command was made up."""
    for verb in VERBS:
        if verb.word == command.verb:
            return verb
    return None


def form_of(command: Command) -> Form | None:
    """The form of its verb that a command has. None if the command was made up."""
    verb = verb_of(command)
    return None if verb is None else verb.form(command.object)


def needs_yes(command: Command) -> bool:
    """Whether a person, or the `!` that is missing, must confirm the command before it is carried out."""
    verb = verb_of(command)
    if verb is None or command.confirmed:
        return False
    if not verb.destructive and not any(keyword in command.attributes for keyword in verb.destructive_with):
        return False
    return not any(keyword in command.attributes for keyword in verb.confirmed_by)
