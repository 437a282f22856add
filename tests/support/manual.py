"""Manual pages as mandoc sees them."""

from __future__ import annotations

import re
import subprocess

from tests.support.needs import need


def rendered(source: str) -> str:
    """What mandoc shows of a page, as plain text in long lines."""
    command = [need("mandoc"), "-Tutf8", "-Owidth=900"]
    shown = subprocess.run(command, input=source.encode("ascii"), capture_output=True, check=False)
    assert shown.returncode == 0, shown.stderr.decode()
    return re.sub(".\b", "", shown.stdout.decode())


def complaints(source: str) -> str:
    """What mandoc has to say of a page: warnings and worse."""
    command = [need("mandoc"), "-Tlint", "-W", "warning"]
    found = subprocess.run(command, input=source.encode("ascii"), capture_output=True, check=False)
    return (found.stdout + found.stderr).decode()
