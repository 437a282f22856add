"""`vtspolicy receive`: the door on the far side. It starts without what people need: no typer, no policies.

    vtspolicy receive --vault VAULT01=/srv/vts/VAULT01 [--vault …]

An `authorized_keys` forced command holds these words, so that the caller's own do not count.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from vtspolicy import __version__
from vtspolicy.errors import Usage
from vtspolicy.policy.places import is_name

USAGE = "usage: vtspolicy receive --vault NAME=/path [--vault NAME=/path] ..."


def main(arguments: list[str]) -> int:
    """Serve the caller on standard input and output; give the exit code."""
    try:
        vaults = vaults_of(arguments)
    except Usage as failure:
        sys.stderr.write(f"*ERROR* {failure.message} (690001)\n{USAGE}\n")
        return 2
    from vtspolicy.systems.receiver.far import Receiver

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    os.umask(0o077)
    return Receiver(vaults, 0, 1, __version__).serve()


def _end(number: int, frame: FrameType | None) -> None:
    """A signal ends the conversation as the end of the stream does: parts are removed on the way out."""
    del number, frame
    raise EOFError


def vaults_of(arguments: list[str]) -> dict[str, str]:
    """The declared vaults. Raise Usage where the words are not as they must be."""
    vaults: dict[str, str] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name != "--vault":
            raise Usage(f"{word!r} is not known to receive")
        if not equals:
            if not words:
                raise Usage("--vault needs NAME=/path")
            value = words.pop(0)
        vault, equals, path = value.partition("=")
        if not equals or not is_name(vault) or not path.startswith("/"):
            raise Usage(f"--vault needs NAME=/path, not {value!r}")
        if vault in vaults:
            raise Usage(f"vault {vault} is declared twice")
        vaults[vault] = path
    if not vaults:
        raise Usage("no vault is declared")
    return vaults
