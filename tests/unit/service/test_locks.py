"""One run at a time for a target pool; a lock dies with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vtspolicy.errors import Locked, StateUnusable
from vtspolicy.policy.places import Pool
from vtspolicy.service.run.locks import FOLDER, holding

ONE, TWO = Pool("vts2", "VAULT01", "PAYROLL"), Pool("vts2", "VAULT01", "OTHER")


def test_more_pools_than_the_soft_limit_of_open_files_are_held(tmp_path: Path) -> None:
    program = """
import resource, sys
from vtspolicy.policy.places import Pool
from vtspolicy.service.run.locks import holding
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))
with holding(sys.argv[1], [Pool("vts2", "VAULT01", f"P{number:04}") for number in range(300)], "run R1"):
    print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("(512, 512)\n", "")


def test_a_second_holder_is_told_who_is_the_first(tmp_path: Path) -> None:
    with holding(str(tmp_path), [ONE], "run R1 (NIGHTLY)"):
        with pytest.raises(Locked) as caught, holding(str(tmp_path), [TWO, ONE], "run R2"):
            pass
        assert str(caught.value) == "vts2:/VAULT01/PAYROLL is being copied to by run R1 (NIGHTLY)"
        assert caught.value.system == "vts2"
        with holding(str(tmp_path), [TWO], "run R3"):
            pass  # what the second had already taken was given back
    with holding(str(tmp_path), [ONE, TWO, ONE], "run R4"):
        pass


def test_a_new_holder_leaves_nothing_of_the_old_name(tmp_path: Path) -> None:
    for holder in ("a very long name of a run", "b"):
        with holding(str(tmp_path), [ONE], holder):
            assert [path.read_text() for path in (tmp_path / FOLDER).iterdir()] == [holder]


def test_pools_with_dots_in_their_names_do_not_share_a_lock(tmp_path: Path) -> None:
    with holding(str(tmp_path), [Pool("a.b", "c", "d"), Pool("a", "b.c", "d"), Pool("a", "b", "c.d")], "run R1"):
        pass


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    program = ("import sys, time\n"
               "from vtspolicy.policy.places import Pool\n"
               "from vtspolicy.service.run.locks import holding\n"
               "with holding(sys.argv[1], [Pool('vts2', 'VAULT01', 'PAYROLL')], 'run R1'):\n"
               "    print('held', flush=True)\n"
               "    time.sleep(60)\n")
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Locked, match=r"by run R1$"), holding(str(tmp_path), [ONE], "run R2"):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with holding(str(tmp_path), [ONE], "run R2"):
            pass


def test_a_folder_that_cannot_hold_locks_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("")
    with pytest.raises(StateUnusable, match=r"lock .*/locks/vts2,VAULT01,PAYROLL: "), holding(
            str(tmp_path), [ONE], "run R1"):
        pass
