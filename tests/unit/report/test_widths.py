"""What was done is said in lines of at most 80 columns; a name or fingerprint is never broken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.report.test_text import shown
from vtspolicy.service.result import Status

PRINT = f"SHA256:{'x' * 43}"
HERE, THERE = "vts1:/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL"


@pytest.mark.parametrize(("words", "data", "status", "names"), [
    (("TRUST", "SYSTEM"), {"system": "vts2", "fingerprint": PRINT}, Status.NOTHING, [PRINT]),
    (("RELEASE", "TAPE"), {"released": [{"tape": f"{HERE}/T1", "target": f"{THERE}/T1", "size": 0, "copy": 20000}]},
     Status.DONE, [f"{HERE}/T1", f"{THERE}/T1", "it as it is now"]),
    (("ACCEPT", "POOL"), {"accepted": [{"source": HERE, "target": THERE, "tapes": ["T00003"]}]},
     Status.DONE, [HERE, THERE, "T00003"]),
])
def test_the_lines_of_what_was_done_fit(words: tuple[str, str], data: dict[str, Any], status: Status,
                                        names: list[str]) -> None:
    text = shown(*words, data, status=status)
    assert max(map(len, text.splitlines())) <= 80
    assert all(name in text for name in names)
