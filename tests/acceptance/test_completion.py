"""Completion of words in a shell: the script that is shown and installed, and what the program answers it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.world import PROGRAM


def bash(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A bash whose `vtspolicy` is the installed program."""
    env = {**os.environ, "HOME": str(home), "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "--norc", "-c", f"{script}\nexit $?"], capture_output=True, text=True, check=False,
                          env=env, cwd=home, timeout=60)


@pytest.mark.parametrize(("words", "answers"), [
    (["sta"], ["start", "status"]), (["nosuch"], []),
    (["plan", ""], ["idr", "scheme", "tape"]), (["start", "s"], ["scheme"]),
    (["start", "scheme", "NIGHTLY", "--re"], ["--ref", "--replace"]),
    (["--policies", "/etc/p", "--json", "info", "auto"], ["autocopy"]),
    (["--comp"], ["--completion"])])
def test_bash_is_told_what_may_follow(words: list[str], answers: list[str], tmp_path: Path) -> None:
    done = bash("eval \"$(vtspolicy --show-completion)\"\n"
                f"COMP_WORDS=(vtspolicy {shlex.join(words)})\nCOMP_CWORD={len(words)}\n"
                "_vtspolicy_completion vtspolicy\nprintf '%s\\n' \"${COMPREPLY[@]}\"", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.split()) == answers
    assert list(tmp_path.iterdir()) == []


def test_it_is_installed_for_the_shell_that_asks(tmp_path: Path) -> None:
    done = bash("vtspolicy --install-completion", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    script = tmp_path / ".bash_completions" / "vtspolicy.sh"
    assert "complete -o default -F _vtspolicy_completion vtspolicy" in script.read_text()
    assert str(script) in (tmp_path / ".bashrc").read_text()


def test_an_instruction_that_is_none_is_refused(tmp_path: Path) -> None:
    done = bash("_VTSPOLICY_COMPLETE=complete_nosuch vtspolicy", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Shell nosuch not supported.\n")
