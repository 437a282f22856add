"""What an adoption came to, as people read it."""

from __future__ import annotations

import textwrap
from typing import Any

from vtspolicy.service.result import Result

_WIDTH = 78
_SHOWN = 40
"""Names of tapes that are listed, at most; JSON has all."""
_KINDS = (("differing", "differ"), ("missing", "missing there"), ("waiting", "left to the next run"))


def adopt_lines(result: Result, zone: str | None) -> list[str]:
    """ADOPT POOL."""
    del zone
    lines: list[str] = []
    for leg in result.data.get("legs", ()):
        lines.append(f"{leg['source']} -> {leg['target']}")
        counts = [(leg["equal"], "adopted"), (leg["trusted"], "known already"),
                  *((len(leg[kind]), word) for kind, word in _KINDS), (leg["refused"], "refused"),
                  (leg["failed"], "failed"), (len(leg["extra"]), "only there")]
        words = ", ".join(f"{count} {word}" for count, word in counts if count)
        lines += _folded(words or (f"not done: {leg['reason']}" if leg["reason"] else "nothing to adopt"), "  ", "  ")
        for kind, word in _KINDS:
            lines += _listed(word, leg[kind])
        lines += [line for each in leg["next"] for line in _folded(each, "  ", "    ")]
    if result.run is not None:
        ref = f", ref {result.ref}" if result.ref else ""
        lines.append(f"run {result.run}: {result.status}{ref}")
    return lines


def _listed(word: str, names: Any) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return _folded(f"{word}: {', '.join(names[:_SHOWN])}{more}", "  ", "    ")


def _folded(text: str, first: str, then: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False,
                         break_on_hyphens=False)
