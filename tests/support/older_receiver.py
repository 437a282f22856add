"""`vtspolicy receive` as it was when protocol 1 was new: it knows what the recorded conversation knows, and no more.

`python -m tests.support.older_receiver --vault NAME=/path`: what a later release asks for beyond that is refused as not
built, what it says beyond that is passed over, and its answers hold no more than they held then.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from vtspolicy.errors import NotBuilt, VersionMismatch
from vtspolicy.systems.disk.local import Local
from vtspolicy.systems.facts import Progress
from vtspolicy.systems.receiver import far, operations

KNOWN: Final = ("vault", "initialise", "names", "inventory", "records", "sweep", "digest")
"""What could be asked for."""
WORDS: Final = ("operation", "vault", "pool", "tape", "tapes", "identity", "writer")
"""What a request could say."""
TOLD: Final = ("identity", "pools", "free", "tapes", "skipped", "stale_parts", "records", "digest", "mode", "allocated",
               "count", "warnings")
"""What an answer could say."""


def main(arguments: list[str]) -> int:
    """Serve the caller on standard input and output; give the exit code."""
    vaults = dict(word.split("=", 1) for word in arguments if word != "--vault")
    answer = operations.answer

    def older(local: Local, asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        if asked["operation"] not in KNOWN:
            raise NotBuilt(f"operation {asked['operation']!r} is not built here")
        told = answer(local, {key: value for key, value in asked.items() if key in WORDS}, progress)
        return {key: value for key, value in told.items() if key in TOLD}

    class Older(far.Receiver):
        def _request(self, number: int, asked: dict[str, Any]) -> None:
            if asked["operation"] not in KNOWN:
                raise NotBuilt(f"operation {asked['operation']!r} is not built here")
            super()._request(number, {key: value for key, value in asked.items() if key in WORDS})

        def _seal(self, number: int, asked: dict[str, Any]) -> None:
            super()._seal(number, {key: value for key, value in asked.items() if key in ("mode", "mtime_ns")})

        def _lent(self, kind: int, number: int) -> None:
            raise VersionMismatch(f"frame kind {kind} is not known here")

    operations.answer = older
    return Older(vaults, 0, 1, "0.0.1").serve()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
