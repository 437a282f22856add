"""Tables and labelled lines in the manner of SCF."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[object]], headers: Sequence[str], right: Sequence[int] = ()) -> list[str]:
    """A table in the manner of SCF: headers over dashes."""
    from tabulate import tabulate

    aligned = ["right" if index in right else "left" for index in range(len(headers))]
    text = tabulate([[str(cell) for cell in row] for row in rows], headers, tablefmt="simple", colalign=aligned,
                    disable_numparse=True)
    return text.splitlines()


def dotted(rows: Sequence[tuple[str, object]]) -> list[str]:
    """Labels with dots up to their values, as SCF's DETAIL displays have them."""
    return [f"  {label + ' ':.<18} {value}" for label, value in rows]
