"""The console scripts. Nothing of ours is imported outside the `try`: whatever goes wrong, the code is one of ours.

NetBatch takes an exit code of 1 for a warning, which is what Python gives an uncaught exception.
"""

from __future__ import annotations

import sys
from contextlib import suppress

BUG = 5
STOPPED = 3


def vtspolicy() -> None:
    """The console script `vtspolicy`."""
    _end(_run(sys.argv[1:], "vtspolicy"))


def VTSPolicy() -> None:  # noqa: N802  # the name of the original's command
    """The console script `VTSPolicy`: its arguments are a VTSPolicy sentence."""
    _end(_run(sys.argv[1:], "VTSPolicy"))


def _run(arguments: list[str], program: str) -> int:
    try:
        _listen()
        if arguments[:1] == ["receive"] and arguments[1:] != ["--help"] and program == "vtspolicy":
            from vtspolicy.receive import main as receive

            return receive(arguments[1:])
        from vtspolicy.cli import main

        return main(arguments, program)
    except KeyboardInterrupt:
        return STOPPED
    except BaseException as error:
        _say(f"*ERROR* vtspolicy has a fault: {type(error).__name__}: {' '.join(str(error).split())} (890005)\n")
        return BUG


def _listen() -> None:
    """Signals that no verb listens to yet, or any more, end the program with a code of ours, as Ctrl-C does."""
    import signal

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _say(text: str) -> None:
    """A line on standard error, which may be closed."""
    try:
        sys.stderr.write(text.encode("ascii", "backslashreplace").decode())
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def _end(code: int) -> None:
    """Exit with the code, whatever state the standard streams are in, and whatever signal comes now."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            with suppress(OSError, ValueError, AttributeError):
                stream.close()  # so that the interpreter does not try again, and exit with a code of its own
    sys.exit(code)
