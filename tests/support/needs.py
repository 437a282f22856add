"""What a test needs from the machine. A missing tool fails the test, naming the package: nothing is ever skipped."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

PACKAGES: Final = {
    "gcc": "gcc libc6-dev",
    "hetget": "hercules",
    "hetinit": "hercules",
    "hetmap": "hercules",
    "hetupd": "hercules",
    "ip": "iproute2",
    "iptables": "iptables",
    "mandoc": "mandoc",
    "mkfs.ext4": "e2fsprogs",
    "mount": "mount",
    "nsenter": "util-linux",
    "prlimit": "util-linux",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "stat": "coreutils",
    "strace": "strace",
    "umount": "mount",
}
"""The Debian package of each program that tests run."""


def need(program: str) -> str:
    """The absolute path of `program`; fails the test, naming the package, where it is not installed."""
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if path is None:
        pytest.fail(f"{program} is missing: apt-get install {PACKAGES.get(program, program)}", pytrace=False)
    return os.path.abspath(path)


def need_root(what: str) -> None:
    """Fails the test unless it runs as root; `what` says what for (`mount a tmpfs`)."""
    if os.geteuid() != 0:
        pytest.fail(f"only root can {what}: run the tests as root", pytrace=False)
