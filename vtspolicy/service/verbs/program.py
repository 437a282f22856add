"""INFO EVENT, ENV and HELP."""

from __future__ import annotations

from vtspolicy.command.command import Command
from vtspolicy.errors import Unknown
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status


def _state(word: str) -> str | None:
    """What HELP says of a word that STATUS shows as a state; None where it is none."""
    from textwrap import wrap

    from vtspolicy.planning.states import legend

    text = legend(word)
    return None if text is None else "\n".join([word.lower(), *wrap(text, 80, initial_indent="  ",
                                                                    subsequent_indent="  ")])


def info_event(context: Context, command: Command) -> Result:
    from vtspolicy.service.standing.history import events_of

    return events_of(context, command)


def env(context: Context, command: Command) -> Result:
    import getpass

    from vtspolicy import __version__

    return Result(command, Status.DONE, {
        "policies": context.folder, "state": context.state_folder, "version": __version__,
        "user": getpass.getuser(), "service": None})


def help(context: Context, command: Command) -> Result:
    from vtspolicy import events
    from vtspolicy.command.describe import help_for, overview

    del context
    topic = " ".join(command.operands)
    if not topic:
        return Result(command, Status.DONE, {"text": overview() + (
            "\nHELP with a verb, an event id, a reason word or a state says more; so do the\n"
            "manual pages vtspolicy(1), vtspolicy-policy(5) and vtspolicy-events(7).\n")})
    message = events.find(topic)
    of_event = events.explain(message) if message is not None else None
    state = _state(topic if message is None else message.reason or "")
    parts = [part for part in (help_for(topic), of_event, state) if part]  # VERIFY is a verb and a reason word
    text = "\n\n".join([*(part.rstrip("\n") for part in parts[:-1]), *parts[-1:]]) or None
    if text is None:
        raise Unknown(f"there is no help for {topic}; HELP lists the verbs")
    return Result(command, Status.DONE, {"text": text})
