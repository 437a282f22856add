"""Host keys and logins, through a real sshd: each fault its own failure, one line with what to look at, no retry."""

from __future__ import annotations

import base64
import os
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.support import journey, tally
from tests.support.needs import need
from tests.support.sshd import SshServer, free_port, make_key, running
from vtspolicy.errors import Authentication, Failure, HostKey, OtherHostKey, Outage
from vtspolicy.systems.connect import connect


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SshServer]:
    """An sshd whose keys the test may change."""
    with running(SshServer(tmp_path / "sshd", host_keys=("ed25519", "rsa"))) as server:
        yield server


@pytest.fixture
def stage(tmp_path: Path, own: SshServer) -> Stage:
    return Stage("receiver", tmp_path, own, stall=5)


def refused(stage: Stage, known_hosts: Path | str | None = None, **changed: object) -> Failure:
    """The failure of a connection; it must be one line, and come soon."""
    there = replace(stage.sender.there, **changed)  # type: ignore[arg-type]
    began = time.monotonic()
    with pytest.raises(Failure) as caught:
        connect(there, str(known_hosts or stage.sender.known_hosts), "test", None).cut()
    assert time.monotonic() - began < 10
    failure = caught.value
    assert failure.message.isprintable() and "\n" not in failure.message
    assert "there" in failure.message
    assert failure.system == "there"
    return failure


# ---- host keys ------------------------------------------------------------------------------------------------------


def fingerprint(server: SshServer, kind: str = "ed25519") -> str:
    done = subprocess.run([need("ssh-keygen"), "-lf", server.host_key(kind)], capture_output=True, check=True)
    return done.stdout.decode().split()[1]


def test_an_unknown_host_key(stage: Stage, tmp_path: Path) -> None:
    for known in (tmp_path / "not-there", tmp_path / "empty"):
        (tmp_path / "empty").write_text("")
        failure = refused(stage, known)
        assert type(failure) is HostKey
        assert "not trusted yet" in failure.message
        assert any(fingerprint(stage.server, kind) in failure.message for kind in ("ed25519", "rsa"))
        assert not failure.retry


def test_a_changed_host_key(stage: Stage, own: SshServer, tmp_path: Path) -> None:
    pinned = tmp_path / "pinned"
    pinned.write_text(own.known_hosts_line() + "\n")
    before = fingerprint(own)
    own.change_host_key()
    failure = refused(stage, pinned)
    assert type(failure) is OtherHostKey
    assert before in failure.message
    assert fingerprint(own) in failure.message
    assert not failure.retry


def test_a_key_of_another_kind_than_the_pinned_one(stage: Stage, own: SshServer, tmp_path: Path) -> None:
    """Pinned is a kind that the server no longer has."""
    make_key(tmp_path / "ecdsa", "ecdsa")
    words = (tmp_path / "ecdsa.pub").read_text().split()
    pinned = tmp_path / "pinned"
    pinned.write_text(f"[{own.address}]:{own.port} {words[0]} {words[1]}\n")
    failure = refused(stage, pinned)
    assert type(failure) is OtherHostKey
    assert words[0] in failure.message


def test_any_pinned_kind_is_asked_for(stage: Stage, own: SshServer, tmp_path: Path) -> None:
    """The server has two keys; the one that is pinned is the one that counts."""
    for kind in ("ed25519", "rsa"):
        pinned = tmp_path / kind
        pinned.write_text(own.known_hosts_line(kind) + "\n")
        with connect(stage.sender.there, str(pinned), "test", None) as system:
            assert system.promises.far_end == "receiver"


@pytest.mark.parametrize("names", ["address", "*"])
def test_a_revoked_host_key(stage: Stage, own: SshServer, names: str, tmp_path: Path) -> None:
    line = own.known_hosts_line("ed25519", marker="@revoked")
    if names == "*":
        marker, _, kind, blob = line.split()
        line = f"{marker} * {kind} {blob}"
    pinned = tmp_path / "pinned"
    pinned.write_text(own.known_hosts_line() + "\n" + line + "\n")
    failure = refused(stage, pinned)
    assert type(failure) is HostKey
    assert "revoked" in failure.message
    assert fingerprint(own) in failure.message


def test_known_hosts_that_is_garbage(stage: Stage, own: SshServer, tmp_path: Path) -> None:
    seed = tally.seed("known_hosts garbage")
    good = own.known_hosts_line()
    name, kind, blob = good.split()
    lines = [
        random.Random(seed).randbytes(5000), b"\0" * 3000, b"@revoked\n@cert-authority *\n@\n#\n   \n",
        f"{name} {kind} ====\n{name} {kind}\n{name}\n|1|x|y {kind} {blob}\n|1|==|{blob}|x {kind} {blob}\n".encode(),
        f"{name} ssh-rsa {blob}\n".encode(), f"{name} {kind} {blob[:-8]}\n".encode(),
        f"@cert-authority {name} {kind} {blob}\n".encode(), f"{name}x {kind} {blob}\n".encode(),
        f"{name} {kind} {base64.b64encode(os.urandom(51)).decode()}\n".encode(), b"x" * (3 << 20),
    ]
    for content in lines:
        path = tmp_path / "garbage"
        path.write_bytes(content)
        assert isinstance(refused(stage, path), HostKey), content[:80]
        path.write_bytes(content + b"\n" + good.encode() + b"\n")
        if len(content) < 1 << 20:
            connect(stage.sender.there, str(path), "test", None).cut()  # a good line beside bad ones counts
    with pytest.raises(HostKey, match="Is a directory"):
        connect(stage.sender.there, str(tmp_path), "test", None)


# ---- key files ------------------------------------------------------------------------------------------------------


def test_a_key_file_that_others_may_read(stage: Stage) -> None:
    for mode in (0o644, 0o640, 0o604, 0o660, 0o601):
        stage.key.chmod(mode)
        failure = refused(stage)
        assert type(failure) is Authentication
        assert f"{mode:04o}" in failure.message
        assert "chmod 600" in failure.message
        assert not failure.retry
    stage.key.chmod(0o400)
    connect(stage.sender.there, stage.sender.known_hosts, "test", None).cut()


def test_key_files_that_cannot_be_used(stage: Stage, tmp_path: Path) -> None:
    """Missing, a directory, a FIFO, empty, garbage, a public key, a passphrase, somebody else's."""
    os.mkfifo(tmp_path / "fifo", 0o600)
    make_key(tmp_path / "passphrase", passphrase="secret words")
    files = {
        "missing": "No such file", "sshd": "no regular file", "fifo": "no regular file", "empty": "cannot be used",
        "garbage": "cannot be used", "public": "cannot be used", "passphrase": "has a passphrase",
        "foreign": "belongs to someone else",
    }
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "garbage").write_bytes(os.urandom(2000))
    (tmp_path / "public").write_bytes(stage.key.with_name(stage.key.name + ".pub").read_bytes())
    (tmp_path / "foreign").write_bytes(stage.key.read_bytes())
    if os.geteuid() == 0:
        os.chown(tmp_path / "foreign", 65534, 65534)
    else:
        del files["foreign"]
    for name, words in files.items():
        path = tmp_path / name
        if path.is_file() and name not in ("missing",):
            path.chmod(0o600)
        failure = refused(stage, key=str(path))
        assert type(failure) is Authentication, name
        assert words in failure.message, failure.message
        assert str(path) in failure.message
        assert not failure.retry


def test_damaged_key_files(stage: Stage, tmp_path: Path) -> None:
    """Cut and flipped keys of every kind: a failure of their own, or still a key that is refused or works."""
    source = random.Random(tally.seed("damaged key files"))
    trials = tally.count(300, 40)
    makes = {kind: make_key(tmp_path / kind, kind).read_bytes() for kind in ("ed25519", "rsa", "ecdsa")}
    subprocess.run([need("ssh-keygen"), "-q", "-p", "-m", "PEM", "-N", "", "-P", "", "-f", tmp_path / "rsa"],
                   check=True, stdout=subprocess.DEVNULL)
    makes["pem"] = (tmp_path / "rsa").read_bytes()
    path = tmp_path / "damaged"
    from vtspolicy.systems.ssh.keys import load_key

    for _ in range(trials):
        content = bytearray(source.choice(list(makes.values())))
        if source.random() < 0.3:
            del content[source.randrange(len(content)):]
        for _ in range(source.randrange(4)):
            if content:
                content[source.randrange(len(content))] = source.randrange(256)
        path.write_bytes(content)
        path.chmod(0o600)
        try:
            load_key(str(path), "there")
        except Authentication as failure:
            assert failure.message.isprintable()
    tally.tally("damaged key files", trials, at_least=trials)


# ---- logins ---------------------------------------------------------------------------------------------------------


def test_a_login_that_is_refused(stage: Stage, own: SshServer, tmp_path: Path) -> None:
    stranger = make_key(tmp_path / "stranger")
    failures = [refused(stage, key=str(stranger)), refused(stage, user="nobody-here")]
    own.forbid(stage.key.name)
    failures.append(refused(stage))
    for failure in failures:
        assert type(failure) is Authentication
        assert "refuses the login" in failure.message
        assert not failure.retry


def test_a_machine_that_does_not_answer(stage: Stage) -> None:
    failure = refused(stage, port=free_port())
    assert type(failure) is Outage
    assert "refused" in failure.message
    failure = refused(stage, address="no.such.host.invalid")
    assert type(failure) is Outage


@pytest.mark.parametrize("said", [
    b"", b"220 mail.example.com ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-1.5-old\r\n",
    b"SSH-2.0-\x1b[2Jnasty\r\n" + b"\xff" * 500, b"x" * 500_000, b"\r\n" * 300, b"SSH-2.0-x\r\n" + os.urandom(4000),
    b"SSH-2.0-x\r\n" + b"\0\0\0\x0c\x0a\x14" + bytes(10)], ids=range(9))
def test_what_answers_is_no_ssh_server(stage: Stage, said: bytes) -> None:
    """Another service, or noise, on the port."""
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            with listener.accept()[0] as client:
                try:
                    client.sendall(said)
                    while client.recv(4096):
                        pass
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        failure = refused(stage, stage.server.known_hosts(port=port), port=port, stall=1.5)
        assert isinstance(failure, Outage)
        thread.join(5)


def test_nothing_is_printed_but_our_own_words(stage: Stage, own: SshServer, tmp_path: Path) -> None:
    """As a program of its own, where no test catches what a library logs."""
    own.change_host_key()
    spec = journey.write_spec(tmp_path / "spec", stage.sender)
    runs = [subprocess.run(journey.command(spec), capture_output=True, check=False)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stage.sender.there = replace(stage.sender.there, port=listener.getsockname()[1], stall=1.0)
        listener.listen()
        spec = journey.write_spec(tmp_path / "spec", stage.sender)
        runs.append(subprocess.run(journey.command(spec), capture_output=True, check=False))
    for done, reason in zip(runs, ("hostkey", "unreachable"), strict=True):
        assert (done.returncode, done.stderr) == (0, b"")
        assert reason.encode() in done.stdout or b"stalled" in done.stdout
