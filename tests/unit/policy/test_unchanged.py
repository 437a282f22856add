"""ALTER with a value that a field has already."""

from __future__ import annotations

from pathlib import Path

from tests.unit.policy.test_writer import COMMENTED, Make, done, kept


def test_a_field_that_has_the_value_already_is_not_rewritten(folder: Make) -> None:
    path = folder(n=COMMENTED)
    before = kept(path)
    done(path, "ALTER SCHEME NIGHTLY, TO (vts2:/VAULT01/PAYROLL, vts3:/VAULT01/PAYROLL), RATE 40960 KiB/s")
    assert kept(path) == before
    done(path, "ALTER SCHEME NIGHTLY, TO (vts2:/VAULT01/PAYROLL, vts3:/VAULT01/PAYROLL), RATE 1 MiB/s")
    assert Path(path, "n.yaml").read_text() == COMMENTED.replace("40 MiB/s ", "1 MiB/s ")


def test_a_keyword_alone_removes_a_field_that_is_as_by_default(folder: Make) -> None:
    path = folder(n=COMMENTED + "tapes: ['*']\n")
    done(path, "ALTER SCHEME NIGHTLY, TAPES '*'")
    assert "tapes: ['*']" in Path(path, "n.yaml").read_text()
    done(path, "ALTER SCHEME NIGHTLY, TAPES")
    assert Path(path, "n.yaml").read_text() == COMMENTED
