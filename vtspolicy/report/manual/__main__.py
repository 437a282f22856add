"""Writes the manual pages: `python -m vtspolicy.report.manual man/`."""

from __future__ import annotations

import sys
from pathlib import Path

from vtspolicy.report.manual import pages


def main(arguments: list[str]) -> int:
    """Write every page below the folder that is named; give the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m vtspolicy.report.manual FOLDER\n")
        return 2
    for name, text in pages().items():
        path = Path(arguments[0], name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
