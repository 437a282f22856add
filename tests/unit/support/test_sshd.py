"""The private sshd: both clients log in, forced commands, other host keys, and an end without leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from tests.support import processes
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.support.needs import need_root
from tests.support.signals import Running
from tests.support.sshd import SFTP_SERVER, SshServer, running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SshServer]:
    """An sshd of this test alone."""
    with running(SshServer(tmp_path / "sshd", lines=["RekeyLimit 1M"], environment={"CANARY": "two words"})) as server:
        yield server


def ssh(server: SshServer, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        server.ssh(*words, **options),  # type: ignore[arg-type]
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_openssh_and_paramiko_log_in(sshd: SshServer, tmp_path: Path) -> None:
    done = ssh(sshd, "echo $((6*7)) $HOME")
    assert (done.returncode, done.stdout) == (0, f"42 {sshd.environment['HOME']}\n"), done.stderr
    with sshd.connected() as client, client.open_sftp() as sftp:
        sftp.mkdir(str(tmp_path / "made"))
    assert (tmp_path / "made").is_dir()
    assert "Accepted publickey" in sshd.log()


def test_lines_and_environment_reach_it(own: SshServer) -> None:
    assert ssh(own, 'echo "$CANARY"').stdout == "two words\n"
    assert ssh(own, "head -c 3000000 /dev/zero | wc -c").stdout == "3000000\n"


def test_a_forced_command_and_a_forgotten_key(own: SshServer) -> None:
    own.authorize("limited", command='echo "forced: $SSH_ORIGINAL_COMMAND"')
    assert ssh(own, "rm", "-rf", "x", key="limited").stdout == "forced: rm -rf x\n"
    assert ssh(own, "echo free").stdout == "free\n"
    own.forbid("limited")
    done = ssh(own, "true", key="limited")
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_another_host_key_under_the_same_address(own: SshServer) -> None:
    known = own.known_hosts().read_text()
    own.change_host_key()
    assert own.known_hosts().read_text() != known
    assert ssh(own, "true").returncode == 0
    own.known_hosts().write_text(known)
    client = paramiko.SSHClient()
    client.get_host_keys().add(f"[127.0.0.1]:{own.port}", *_key_of(known))
    with client, pytest.raises(paramiko.BadHostKeyException):
        client.connect("127.0.0.1", own.port, own.user, key_filename=str(own.client_key()), allow_agent=False)


def _key_of(line: str) -> tuple[str, paramiko.PKey]:
    import base64

    _, kind, text = line.split()
    return kind, paramiko.PKey.from_type_string(kind, base64.b64decode(text))


def test_stop_ends_sessions_and_what_they_run(own: SshServer) -> None:
    with Running(own.ssh("echo ready; exec sleep 321")) as client:
        client.wait_for_output("ready")
        [far] = own.far_pids("sleep 321")
        below = own.session_pids()
        assert far in below
        own.stop()
        assert not any(processes.alive(pid) for pid in below)
        assert client.wait(10) == 255


def test_sessions_die_and_the_listener_stays(own: SshServer) -> None:
    with Running(own.ssh("echo ready; exec sleep 321")) as client:
        client.wait_for_output("ready")
        own.kill_sessions()
        assert client.wait(10) == 255
    assert ssh(own, "true").returncode == 0


def test_a_bad_configuration_fails_with_the_log(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="NoSuchWord"), running(SshServer(tmp_path, lines=["NoSuchWord yes"])):
        pass


def test_a_port_in_use_fails(own: SshServer, tmp_path: Path) -> None:
    other = SshServer(tmp_path / "other")
    other.port = own.port
    with pytest.raises(AssertionError, match="Address already in use"):
        other.start()


def test_crash_points_of_a_real_sftp_server(tmp_path: Path, crash_points: Callable[..., CrashPoints]) -> None:
    need_root("trace sftp-server")
    vault = tmp_path / "vault"
    vault.mkdir()
    tape, part = vault / "tape", vault / "part"
    crash = crash_points([vault])

    def publish(server: SshServer) -> None:
        part.unlink(missing_ok=True)
        tape.write_bytes(b"old")
        with server.connected() as client, client.open_sftp() as sftp:
            with sftp.open(str(part), "wb") as file:
                file.write(b"n" * 100_000)
            sftp.posix_rename(str(part), str(tape))

    with running(SshServer(tmp_path / "sshd", sftp=str(crash.wrapper(SFTP_SERVER)))) as server:
        publish(server)  # never armed: the wrapper does nothing
        crash.arm(traced=True)
        publish(server)
        server.wait_idle()
        points = crash.points()
        assert_same(points, crash.traced_points())
        assert [points[0].family, points[-1].family] == ["open", "rename"]

        seen = set()
        for number in range(1, len(points) + 1):
            crash.arm(Strike(number))
            with pytest.raises((OSError, EOFError, paramiko.SSHException)):
                publish(server)
            assert crash.count() == number
            seen.add(tape.read_bytes())
        assert seen == {b"old"}  # the last point is the rename, and it was not done

        crash.disarm()
        publish(server)
        assert tape.read_bytes() == b"n" * 100_000


def test_a_running_command_is_watched_and_ended(tmp_path: Path) -> None:
    script = f"trap 'exit 7' TERM; touch {tmp_path}/there; echo up; while :; do sleep 0.01; done"
    with Running(["/bin/sh", "-c", script]) as command:
        command.wait_for_output("^up$")
        assert command.wait_for_file(tmp_path, "the*") == tmp_path / "there"
        code, seconds = command.end_by(signal.SIGTERM)
        assert code == 7
        assert seconds < 2
    with (
        Running(["/bin/sh", "-c", "echo no >&2; exit 3"]) as command,
        pytest.raises(AssertionError, match="errors: no"),
    ):
        command.wait_for_output("yes")


def test_a_command_that_is_left_running_is_ended_with_its_children() -> None:
    with Running(["/bin/sh", "-c", "sleep 432 & echo $!; wait"]) as command:
        child = int(command.wait_for_output(r"\d+").group())
        assert processes.alive(child)
        assert os.getpid() not in processes.descendants(command.pid)
    assert not processes.alive(child)
