"""What the far side's receiver refused, told in the event log of the side where it runs."""

from __future__ import annotations

import syslog
from collections.abc import Mapping
from contextlib import suppress

from vtspolicy import events
from vtspolicy.catalog.folder import find_state
from vtspolicy.catalog.log import LogWriter
from vtspolicy.catalog.state import open_state
from vtspolicy.errors import Failure, Frozen
from vtspolicy.policy.folder import find_folder, load

_WAIT = 5.0
"""Seconds that another process's transaction is waited for; a sender waits meanwhile."""


def tell_refused(failure: Frozen, policies: str | None, state: str | None, environ: Mapping[str, str]) -> None:
    """Record a refusal where there is a state that this user may write; else it is told to the sender alone.

    Nothing is made here, and nothing that goes wrong here may change the answer. The machine's own log has it too,
    because the user of a receiver need not be one who may write a state.
    """
    folder = find_folder(policies, environ)
    sender = environ.get("SSH_CONNECTION", "").partition(" ")[0] or "this machine"
    fields = {"address": sender, "system": failure.system, "detail": failure.message}
    syslog.openlog("vtspolicy", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_WARNING, f"422003 {events.render(events.message('422003'), fields)}")
    with suppress(Failure, OSError), open_state(find_state(state, environ), folder, create=False,
                                                wait=_WAIT) as there:
        with there.transaction() as transaction:
            transaction.event("422003", **fields)
        LogWriter(there, _zone(folder)).write()


def _zone(folder: str) -> str | None:
    """The zone of the log's times; the machine's where the policies cannot be read."""
    with suppress(Failure):
        return load(folder).settings.zone
    return None
