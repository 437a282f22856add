"""Removes what killed test sessions left in the system: only what carries our prefix and the pid of a dead one."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Final

PREFIX: Final = "vtspolicy-test-"
"""Names of mounts and network namespaces: PREFIX, the pid of their session, and more after a hyphen."""
_NAME: Final = re.compile(rf"{PREFIX}(\d+)(?:-\w+)?")


def stale(name: str) -> bool:
    """True for a name of ours whose session is dead."""
    match = _NAME.fullmatch(name)
    return match is not None and not os.path.exists(f"/proc/{match[1]}")


def sweep() -> list[str]:
    """Removes stale mounts and namespaces; what was removed. Does nothing without root."""
    if os.geteuid() != 0:
        return []
    removed: list[str] = []
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
        entries = [line.split(" ")[:2] for line in mounts]
    for source, path in entries:
        if stale(source):
            plain = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), path)
            subprocess.run(["umount", "-l", plain], check=False)
            removed.append(plain)
    folder = "/run/netns"
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        if stale(name):
            subprocess.run(["ip", "netns", "delete", name], check=False)
            removed.append(name)
    return removed
