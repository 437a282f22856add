"""Installs the Debian packages that a target of the Makefile needs, where it may.

    python .ci/machine.py demo    sshd; as root, where apt-get is. Ends 0 also without: the demo goes on.
    python .ci/machine.py test    all that tests run; as root, or by sudo where it asks for no password.
                                    Ends 1, with one line that names what is missing, where it cannot.

No daemon is started, now or at the next boot. Only the standard library is used.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
DAEMON_POLICY = Path("/usr/sbin/policy-rc.d")
"""What Debian's packages ask whether they may start a daemon; 101 says no."""
HEADERS = Path("/usr/include/stdio.h")
WHAT_FOR = "root (tests mount small disks and make network namespaces)"


def main(arguments: list[str]) -> int:
    """See to one target; give the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    match arguments:
        case ["demo"]:
            if os.geteuid() == 0 and shutil.which("apt-get", path=SEARCH) and missing({"sshd": "openssh-server"}):
                install(["openssh-server"])
            return 0
        case ["test"]:
            return for_tests()
        case ["install", *packages]:
            return install(packages)
        case _:
            sys.stderr.write("usage: machine.py demo|test\n")
            return 2


def for_tests() -> int:
    """Everything that tests need, root included."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.support.needs import PACKAGES

    wanted = missing({**PACKAGES, "rsync": "rsync"})
    prefix = [] if os.geteuid() == 0 else sudo()
    if wanted and prefix is not None and shutil.which("apt-get", path=SEARCH):
        subprocess.run([*prefix, sys.executable, __file__, "install", *wanted], check=False)
        wanted = missing({**PACKAGES, "rsync": "rsync"})
    if prefix is None:
        wanted.append(WHAT_FOR)
    if wanted:
        sys.stderr.write(f"make test needs what is missing here: {', '.join(wanted)}\n")
        return 1
    return 0


def missing(programs: Mapping[str, str]) -> list[str]:
    """The packages of those programs that are not installed, each once."""
    found = [package for program, packages in programs.items() for package in packages.split()
             if not present(program, package)]
    return list(dict.fromkeys(found))


def present(program: str, package: str) -> bool:
    """Whether what the package is wanted for is there."""
    return HEADERS.exists() if package == "libc6-dev" else shutil.which(program, path=SEARCH) is not None


def sudo() -> list[str] | None:
    """The words that run something as root without asking; None where there are none."""
    words = ["sudo", "-n"]
    try:
        tried = subprocess.run([*words, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return None
    return words if tried.returncode == 0 else None


def install(packages: Sequence[str]) -> int:
    """Install packages as root, without a question and without starting what they bring."""
    sys.stdout.write(f"Installing {' '.join(packages)} (no daemon is started)\n")
    sys.stdout.flush()
    options = ["--quiet", "--quiet", "--option=Dpkg::Use-Pty=0", "--option=DPkg::Lock::Timeout=120"]
    environment = {**os.environ, "PATH": SEARCH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        with daemons_kept_still(DAEMON_POLICY):
            for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
                done = subprocess.run(["apt-get", *options, *words], env=environment, stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, check=False)
            if "openssh-server" in packages and shutil.which("systemctl", path=SEARCH):
                subprocess.run(["systemctl", "disable", "ssh.service", "ssh.socket"], env=environment,
                               stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        sys.stderr.write(f"could not install {' '.join(packages)}: {error}\n")
        return 1
    if done.returncode != 0:
        why = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        sys.stderr.write(f"could not install {' '.join(packages)}: {why}\n")
    return done.returncode


@contextmanager
def daemons_kept_still(policy: Path) -> Iterator[None]:
    """Packages that are installed meanwhile do not start daemons. The machine's own policy is put back behind it."""
    kept = policy.with_name(policy.name + ".kept")
    if kept.exists():       # an earlier call was killed
        kept.replace(policy)
    if policy.exists():
        policy.rename(kept)
    try:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        yield
    finally:
        policy.unlink(missing_ok=True)
        if kept.exists():
            kept.replace(policy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
