"""INFO EVENT, ENV and HELP."""

from __future__ import annotations

from vtspolicy.command.command import Command
from vtspolicy.errors import Unknown
from vtspolicy.service.context import Context
from vtspolicy.service.result import Result, Status


def info_event(context: Context, command: Command) -> Result:
    from vtspolicy.service.history import events_of

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
            "\nHELP with a verb, an event id or a reason word says more; so do the manual\n"
            "pages vtspolicy(1), vtspolicy-policy(5) and vtspolicy-events(7).\n")})
    message = events.find(topic)
    text = events.explain(message) if message is not None else help_for(topic)
    if text is None:
        raise Unknown(f"there is no help for {topic}; HELP lists the verbs")
    return Result(command, Status.DONE, {"text": text})
