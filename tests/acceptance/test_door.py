"""The ways in: sub-commands, sentences, standard input, the original's name; and who asks, and who is not asked."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import POOL, PROGRAM, SCHEME, VAULT, World
from tests.support import processes
from tests.support.sshd import SshServer, running

ORIGINAL = str(Path(PROGRAM).with_name("VTSPolicy"))


@pytest.fixture
def local(make_world: Callable[..., World]) -> World:
    world = make_world("local")
    world.put("T00001", b"first")
    return world


# ---- sentences ------------------------------------------------------------------------------------------------------


def test_every_way_to_say_it(local: World) -> None:
    for words in (["start", "scheme", SCHEME], ["START", "SCHEME", SCHEME], [f"start scheme {SCHEME}"],
                  [f"RUN SCHEME {SCHEME}, BRIEF"], ["run", "scheme", SCHEME], ["idr", SCHEME],
                  [f"VTSPolicy IDR '{SCHEME}'"], [f"vtspolicy IDR {SCHEME}"],
                  ["idr", f"vts1:/{VAULT}/{POOL}"], ["idr", f"vts1:/{VAULT}/{POOL}/T00001", "d=vts2"]):
        local.put("T00001", os.urandom(8))
        local.run(*words).settle()
        assert local.copy("T00001") == (local.pool / "T00001").read_bytes(), words


def test_the_original_name_takes_its_sentences(local: World) -> None:
    for words in (["IDR", SCHEME], [f"IDR '{SCHEME}'"], ["IDR", f"'vts1:/{VAULT}/{POOL} d=vts2'"]):
        local.put("T00001", os.urandom(8))
        done = subprocess.run([ORIGINAL, "--policies", local.policies, "--state", local.state, *words],
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert local.copy("T00001") == (local.pool / "T00001").read_bytes(), words
    folders = ["--policies", str(local.policies), "--state", str(local.state)]
    refused = subprocess.run([ORIGINAL, *folders, "START", "SCHEME", SCHEME], capture_output=True, check=False)
    assert refused.returncode == 2


def test_sentences_on_standard_input(local: World) -> None:
    text = f"INFO SCHEME *, BRIEF\n! a remark\nSTART SCHEME NOSUCH\nSTART SCHEME &\n {SCHEME}; STATUS SYSTEM, BRIEF\n"
    done = local.run("-", stdin=text).settle(2)
    assert done.lines == [f"SCHEME {SCHEME} file={SCHEME}.yaml"]
    told = done.errors.splitlines()
    assert told[0] == "*ERROR* there is no scheme NOSUCH (690004)"
    assert told[1:] == [f"not run: START SCHEME & {SCHEME}", "not run: STATUS SYSTEM, BRIEF"]
    assert local.copy("T00001") is None

    done = local.run("-", "--allow", "1", "--completion", stdin=text).settle(2)
    assert "not run" not in done.errors
    assert done.lines[-1] == "COMPLETION CODE 2: refused reason=unknown done=3 failed=1"
    assert local.copy("T00001") == b"first"

    wrong = "START SCHEME A\n" * 3 + "ENV\n"
    assert local.run("-", "--allow", "1", stdin=wrong).settle(2).errors.count("not run") == 2
    assert local.run("-", "--allow", "all", stdin=wrong).settle(2).errors.count("not run") == 0
    lines = local.run("-", "--allow", "all", "--json", stdin=wrong).settle(2).lines
    assert [json.loads(line)["code"] for line in lines] == [2, 2, 2, 0]
    assert local.run("-", stdin="").settle().output == ""


def test_bytes_that_are_no_text_are_refused(local: World) -> None:
    for junk in (b"\xff\xfe\x00", b"\x00" * 100, b"START SCHEME \x1b[2J", "STÄRT".encode("latin-1"), b"'" * 60000):
        done = subprocess.run(local.command("-"), input=junk, capture_output=True, check=False)
        assert done.returncode == 2, junk[:20]
        assert b"Traceback" not in done.stderr
        assert all(32 <= byte < 127 or byte == 10 for byte in done.stderr)


def test_parse_does_nothing(local: World) -> None:
    wanted = {"verb": "IDR", "object": None, "operands": [f"/{VAULT}/{POOL}/T00001"],
              "attributes": {"destination": "vts2"}}
    sentence = f'VTSPolicy IDR "/{VAULT}/{POOL}/T00001 d = vts2"'
    assert json.loads(local.run("parse", sentence).settle().output) == wanted
    assert json.loads(local.run("parse", "-", stdin=sentence + "\n").settle().output) == wanted
    assert local.run("parse", "-", stdin="ENV\nENV\n").settle(2).output == ""
    refused = local.run("parse", "start scheme").settle(2)
    assert refused.output == "" and "^" in refused.errors
    assert local.copy("T00001") is None
    assert not local.state.exists()


def test_help_prints_the_message_table(local: World) -> None:
    by_id, by_word = local.run("help", "624013").settle(), local.run("help", "diverged").settle()
    assert by_id.output == by_word.output
    for word in ("Text:", "Cause:", "Effect:", "Recovery:"):
        assert word in by_id.output
    assert local.run("HELP diverged").settle().output == by_word.output
    assert local.run("help", "start").settle().output.startswith("START - ")
    assert "START" in local.run("help").settle().output
    assert local.run("help", "nosuch").settle(2).output == ""
    assert not local.state.exists()


def test_errors_end_with_their_id(local: World) -> None:
    (local.copies / "T00001").write_bytes(b"someone else's")
    done = local.run("start", "scheme", SCHEME).settle(2)
    assert done.errors.startswith("*ERROR* ") and done.errors.endswith("(624013)\n")


# ---- output ---------------------------------------------------------------------------------------------------------


def test_success_is_silent_where_nobody_looks(local: World) -> None:
    for words in (["start", "scheme", SCHEME], ["start", "scheme", SCHEME], ["verify", "scheme", SCHEME]):
        done = local.run(*words).settle()
        assert (done.output, done.errors) == ("", "")
    assert local.run("status", "scheme", SCHEME).settle().output != ""


@pytest.mark.parametrize("how", [">&-", "2>&-", ">&- 2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full",
                                 ">/dev/full 2>&1"])
def test_closed_and_full_output_never_stops_a_copy(how: str, local: World) -> None:
    (local.pool / "LINK").symlink_to("nowhere")  # so that there is a warning to print
    for words in (["--completion"], ["--json"], ["--brief"]):
        content = os.urandom(50)
        local.put("T00001", content)
        command = " ".join([*local.command("start", "scheme", SCHEME, *words), how])
        assert subprocess.run(["sh", "-c", command], check=False, capture_output=True).returncode == 1
        assert local.copy("T00001") == content


def test_a_reader_that_goes_away_never_stops_a_copy(local: World) -> None:
    process = subprocess.Popen(local.command("start", "scheme", SCHEME, "--completion"), stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert local.copy("T00001") == b"first"


# ---- yes and no -----------------------------------------------------------------------------------------------------


class Terminal:
    """The program with a terminal in front of it."""

    def __init__(self, command: list[str]) -> None:
        self._master, slave = pty.openpty()
        self._said = b""
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        os.set_blocking(self._master, False)

    def wait_for(self, text: str) -> None:
        """Reads until it says this."""
        assert processes.until(lambda: text in self._read(), 30), self._said

    def _read(self) -> str:
        try:
            self._said += os.read(self._master, 4096)
        except OSError:
            time.sleep(0.01)  # nothing yet, or its end
        return self._said.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> tuple[int, str]:
        """Its exit code, and all that it said."""
        over = processes.until(lambda: self._read() is not None and self.process.poll() is not None, 60)
        if not over:
            self.process.kill()
        assert over, self._said
        self._read()
        os.close(self._master)
        return self.process.returncode, self._said.decode("utf-8", "replace")


def on_terminal(command: list[str], question: str, answer: str) -> tuple[int, str]:
    terminal = Terminal(command)
    terminal.wait_for(question)
    terminal.type(answer)
    return terminal.end()


def test_destructive_sentences_need_a_yes(local: World) -> None:
    file = local.policies / f"{SCHEME}.yaml"
    for words in (["delete", "scheme", SCHEME], [f"DELETE SCHEME {SCHEME}"], ["rebuild", "catalog"]):
        done = local.run(*words).settle(2)
        assert "needs a yes" in done.errors
    assert local.run("-", stdin=f"DELETE SCHEME {SCHEME}\n").settle(2).output == ""
    assert file.exists()
    text = file.read_text()
    for words in (["delete", "scheme", SCHEME, "--yes"], [f"DELETE SCHEME {SCHEME} !"],
                  ["--yes", f"DELETE SCHEME {SCHEME}"]):
        local.run(*words).settle()
        assert not file.exists()
        file.write_text(text)


def test_a_person_is_asked(local: World) -> None:
    command = local.command("delete", "scheme", SCHEME)
    for answer in ("n\n", "\n", "nonsense\n", "\x04"):
        code, said = on_terminal(command, "are you sure?", answer)
        assert code == 2, said
    assert (local.policies / f"{SCHEME}.yaml").exists()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        terminal = Terminal(command)
        terminal.wait_for("are you sure?")
        terminal.process.send_signal(number)
        assert terminal.end()[0] == 3
    assert (local.policies / f"{SCHEME}.yaml").exists()
    assert on_terminal(command, "are you sure?", "y\n")[0] == 0
    assert not (local.policies / f"{SCHEME}.yaml").exists()


def test_a_person_is_told_how_it_went(local: World) -> None:
    terminal = Terminal(local.command("start", "scheme", SCHEME))
    code, said = terminal.end()
    assert code == 0
    assert "1 copied" in said
    code, said = Terminal(local.command("start", "scheme", SCHEME)).end()
    assert code == 0
    assert "nothing to do" in said


# ---- trust ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    """An sshd of our own, whose keys may change."""
    with running(SshServer(tmp_path / "own-sshd")) as own:
        yield own


def fingerprint(server: SshServer) -> str:
    """As its administrator would read it out."""
    done = subprocess.run(["ssh-keygen", "-l", "-f", f"{server.host_key()}.pub"], capture_output=True, text=True,
                          check=True)
    return done.stdout.split()[1]


@pytest.fixture
def untrusted(tmp_path: Path, server: SshServer) -> World:
    """A world whose far side is not trusted yet."""
    folder = tmp_path / "world"
    folder.mkdir()
    world = World("receiver", folder, server)
    world.known_hosts.unlink()
    world.put("T00001", b"first")
    return world


def test_trust_by_fingerprint(untrusted: World, server: SshServer) -> None:
    world, right = untrusted, fingerprint(server)
    wrong = "SHA256:" + "A" * 43
    done = world.start(code=2)
    assert done.reasons == ["hostkey"]
    assert right in done.json["errors"][0]["message"]
    refused = world.run("trust", "system", "vts2", "--json").settle(2)
    assert refused.reasons == ["usage"] and right in refused.json["errors"][0]["message"]
    assert world.run("trust", "system", "vts2", "--fingerprint", wrong, "--json").settle(2).reasons == ["hostkey"]
    assert world.run("trust", "system", "vts2", "--fingerprint", "SHA256:short", "--json").settle(2).reasons == [
        "usage"]
    assert not world.known_hosts.exists()
    pinned = world.run("trust", "system", "vts2", "--fingerprint", right, "--json").settle().json
    assert (pinned["status"], pinned["data"]["fingerprint"]) == ("done", right)
    assert world.run("trust", "system", "vts2", "--json").settle().json["status"] == "nothing"
    world.start()
    assert world.copy("T00001") == b"first"
    assert [each["id"] for each in world.events("240010")] == ["240010"]


def test_trust_on_a_terminal(untrusted: World, server: SshServer) -> None:
    world, command = untrusted, untrusted.command("trust", "system", "vts2")
    code, said = on_terminal(command, "Trust it?", "n\n")
    assert code == 2 and fingerprint(server) in said
    assert not world.known_hosts.exists()
    assert on_terminal(command, "Trust it?", "yes\n")[0] == 0
    world.start()


def test_a_changed_key_needs_replace(untrusted: World, server: SshServer) -> None:
    world, old = untrusted, fingerprint(server)
    world.run("TRUST SYSTEM vts2 !").settle()
    world.start()
    server.change_host_key()
    new = fingerprint(server)
    assert new != old
    world.put("T00001", b"changed")
    refused = world.start(code=2)
    assert refused.reasons == ["hostkey"]
    assert new in refused.json["errors"][0]["message"]
    for words in (["--yes"], ["--fingerprint", new]):
        told = world.run("trust", "system", "vts2", *words, "--json").settle(2)
        assert told.reasons == ["hostkey"] and old in told.json["errors"][0]["message"]
    assert world.copy("T00001") == b"first"
    world.run("trust", "system", "vts2", "--fingerprint", new, "--replace").settle()
    assert len(world.known_hosts.read_text().splitlines()) == 1
    world.start()
    assert world.copy("T00001") == b"changed"
