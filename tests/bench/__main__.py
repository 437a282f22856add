"""`python -m tests.bench`: prints the ratios. It takes some minutes, and 3 GiB below TMPDIR.

VTSPOLICY_BENCH_SIZE (default `1 GiB`), VTSPOLICY_BENCH_ROUNDS (of the copy, default 5; of the starts 5 times that).
"""

from __future__ import annotations

import compileall
import os
import sys
import tempfile
from pathlib import Path
from shutil import which

from tests.bench import light, tape
from vtspolicy.policy.units import format_size, parse_size


def main() -> int:
    """Measure and print."""
    size = parse_size(os.environ.get("VTSPOLICY_BENCH_SIZE", "1 GiB"))
    count = int(os.environ.get("VTSPOLICY_BENCH_ROUNDS", "5"))
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("PYTHON", "VTSPOLICY"))}  # nothing that forbids byte code
    for program in ("sshd", "ssh", "rsync", "scp"):
        if which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])) is None:
            sys.stderr.write(f"make bench needs {program}, which is not installed\n")
            return 1
    compileall.compile_dir(Path(__file__).parents[2] / "vtspolicy", quiet=1)
    with tempfile.TemporaryDirectory(prefix="vtspolicy-bench-") as folder:
        print(f"start of a light verb, medians of {5 * count} rounds", flush=True)
        print("\n".join(light.bench(Path(folder), 5 * count, environment)), flush=True)
        print(f"first copy of a tape of {format_size(size)} over ssh on the loopback, medians of {count} rounds",
              flush=True)
        print("\n".join(tape.bench(Path(folder), size, count, environment)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
