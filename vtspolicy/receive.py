"""`vtspolicy receive`: the door on the far side. It starts without what people need: no typer, no policies.

    vtspolicy receive --vault VAULT01=/srv/vts/VAULT01 [--vault …] [--create-pool no|yes|frozen]
                      [--allow-read] [--staging VAULT01=/srv/vts/work] [--state DIR --policies DIR]

An `authorized_keys` forced command holds these words, so that the caller's own do not count.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType

from vtspolicy import __version__
from vtspolicy.errors import Frozen, Usage
from vtspolicy.policy.places import is_name

USAGE = ("usage: vtspolicy receive --vault NAME=/path [--vault NAME=/path] ... [--create-pool no|yes|frozen] "
         "[--allow-read] [--staging NAME=/path] ... [--state DIR] [--policies DIR]")

_OPTIONS = {"--create-pool": "no, yes or frozen", "--state": "a directory's absolute path",
            "--policies": "a directory's absolute path"}
_ALLOW_READ = "--allow-read"
_STAGING = "--staging"


def main(arguments: list[str]) -> int:
    """Serve the caller on standard input and output; give the exit code."""
    try:
        rest, options = options_of(arguments)
        rest, staging = staging_of(rest)
        vaults = vaults_of(rest)
        check_staging(staging, vaults)
    except Usage as failure:
        sys.stderr.write(f"*ERROR* {failure.message} (690001)\n{USAGE}\n")
        return 2
    from vtspolicy.systems.receiver.far import Receiver

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    os.umask(0o077)
    return Receiver(vaults, 0, 1, __version__, create_pool=options.get("--create-pool", "no"),
                    refused=lambda failure: _tell(failure, options), allow_read=_ALLOW_READ in options,
                    staging=staging).serve()


def _tell(failure: Frozen, options: Mapping[str, str]) -> None:
    """A refusal goes into the event log of this side, too, where there is one that we may write."""
    from vtspolicy.service.sites.refused import tell_refused

    tell_refused(failure, options.get("--policies"), options.get("--state"), os.environ)


def _end(number: int, frame: FrameType | None) -> None:
    """A signal ends the conversation as the end of the stream does: parts are removed on the way out."""
    del number, frame
    raise EOFError


def options_of(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words without our options, and these. Raise Usage where one has no value, or a wrong one."""
    rest: list[str] = []
    found: dict[str, str] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word == _ALLOW_READ:
            found[word] = ""
            continue
        if name not in _OPTIONS:
            rest.append(word)
            if name in ("--vault", _STAGING) and not equals and words:
                rest.append(words.pop(0))
            continue
        if not equals:
            if not words:
                raise Usage(f"{name} needs {_OPTIONS[name]}")
            value = words.pop(0)
        if name in found:
            raise Usage(f"{name} stands twice")
        if name == "--create-pool" and value not in ("no", "yes", "frozen"):
            raise Usage(f"{name} needs {_OPTIONS[name]}, not {value!r}")
        if name != "--create-pool" and not value.startswith("/"):
            raise Usage(f"{name} needs {_OPTIONS[name]}, not {value!r}")
        found[name] = value
    return rest, found


def staging_of(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words without those that say where part files lie, and these. Raise Usage."""
    rest: list[str] = []
    found: dict[str, str] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name != _STAGING:
            rest.append(word)
            continue
        if not equals:
            value = words.pop(0) if words else ""
        vault, equals, path = value.partition("=")
        if not equals or not path.startswith("/"):
            raise Usage(f"{_STAGING} needs NAME=/path")
        if vault in found:
            raise Usage(f"{_STAGING} {vault} stands twice")
        found[vault] = path
    return rest, found


def check_staging(staging: Mapping[str, str], vaults: Mapping[str, str]) -> None:
    """Raise Usage where part files would lie in a vault, or those of two vaults in one place."""
    taken: dict[str, str] = {}
    for name, path in staging.items():
        place = os.path.normpath(path)
        if name not in vaults:
            raise Usage(f"{_STAGING} {name}: no such vault is declared")
        for vault, root in vaults.items():
            if os.path.commonpath((place, os.path.normpath(root))) in (place, os.path.normpath(root)):
                raise Usage(f"{_STAGING} {name} must lie outside of vault {vault}")
        if place in taken:
            raise Usage(f"{_STAGING} {name} is that of {taken[place]}")
        taken[place] = name


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
