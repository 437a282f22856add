"""A private sshd for tests: own folder, own keys, a free loopback port; ended by pid with all its sessions.

It runs as the present user, root or not, and lets in only that user. Facts that it minds: `-f` and `-E` must be
absolute; the first value of a keyword wins, so the caller's lines stand first; a connection's process leaves sshd's
process group (setsid), so sessions are found as descendants.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support import processes
from tests.support.needs import need

if TYPE_CHECKING:
    import paramiko

LOOPBACK: Final = "127.0.0.1"
SFTP_SERVER: Final = "/usr/lib/openssh/sftp-server"
"""Debian's sftp-server, as a program of its own: a wrapper can stand in front of it."""


def free_port(address: str = LOOPBACK) -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Makes a key pair `path` and `path.pub` of type `kind` (ed25519, rsa, ecdsa), replacing an older one."""
    for old in (path, path.with_name(path.name + ".pub")):
        old.unlink(missing_ok=True)
    size = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(
        [need("ssh-keygen"), "-q", "-t", kind, *size, "-N", passphrase, "-C", path.name, "-f", path], check=True
    )
    return path


class SshServer:
    """One sshd. `start` returns when it listens; `restart` keeps port and keys; `stop` ends sessions too."""

    def __init__(
        self,
        folder: Path,
        *,
        lines: Sequence[str] = (),
        sftp: str | None = SFTP_SERVER,
        environment: Mapping[str, str] | None = None,
        host_keys: Sequence[str] = ("ed25519",),
        address: str = LOOPBACK,
        prefix: Sequence[str] = (),
    ) -> None:
        """`lines` are lines of sshd_config that win over ours; `sftp` the command of the subsystem (None: none);
        `environment` is set for each session (HOME is an empty folder, unless given: start-up files would run);
        `prefix` are words in front of sshd (`ip netns exec NAME`), `address` the one it listens on."""
        self.folder = folder
        self.lines = list(lines)
        self.sftp = sftp
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.environment = {"HOME": str(home), **(environment or {})}
        self.host_key_types = tuple(host_keys)
        self.address = address
        self.port = free_port()
        self.prefix = list(prefix)
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self._process: subprocess.Popen[bytes] | None = None
        self._authorized: dict[str, str] = {}
        self._write_authorized()
        for kind in self.host_key_types:
            make_key(self.host_key(kind), kind)

    # ---- life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts sshd and returns when it listens; AssertionError with its log if it does not within 10 s."""
        if self._process is not None:
            raise RuntimeError("this sshd runs already")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        config.write_text(self._config())
        self._log_path.touch()
        before = self._log_path.stat().st_size
        command = [*self.prefix, need("sshd"), "-D", "-f", str(config.absolute()), "-E", str(self._log_path.absolute())]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._process = process
        processes.until(lambda: "Server listening on" in self._log_from(before) or process.poll() is not None, 10)
        if process.poll() is not None or "Server listening on" not in self._log_from(before):
            self.stop()
            raise AssertionError(f"sshd does not listen:\n{self._log_from(before)}")

    def stop(self) -> None:
        """Ends sshd and all its sessions."""
        if self._process is not None:
            process, self._process = self._process, None
            processes.end(process)

    def restart(self) -> None:
        """Stops and starts again, on the same port, with the present lines and keys."""
        self.stop()
        self.start()

    def change_host_key(self) -> None:
        """Restarts with other host keys under the same address."""
        for kind in self.host_key_types:
            make_key(self.host_key(kind), kind)
        self.restart()

    def stop_listening(self) -> None:
        """Kills the listener alone: present sessions go on, new ones are refused. `stop` does not find them then."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()

    @property
    def pid(self) -> int:
        assert self._process is not None, "this sshd does not run"
        return self._process.pid

    def session_pids(self) -> list[int]:
        """All processes below the listener: those of sshd for each connection, and what they run."""
        return processes.descendants(self.pid)

    def far_pids(self, words: str) -> list[int]:
        """The processes below the listener whose command line holds `words`."""
        return [pid for pid in self.session_pids() if words in processes.command_line(pid)]

    def kill_sessions(self) -> None:
        """Kills all connections and what they run; the listener stays."""
        below = self.session_pids()
        processes.kill(below)
        processes.until(lambda: not any(processes.alive(pid) for pid in below), 5)

    def wait_idle(self, patience: float = 5.0) -> None:
        """Returns when no connection is left, and with it no far process; AssertionError after `patience` seconds."""
        if not processes.until(lambda: not self.session_pids(), patience):
            left = [processes.command_line(pid) for pid in self.session_pids()]
            raise AssertionError(f"sessions are left after {patience} s: {left}")

    def log(self) -> str:
        """All that sshd wrote, over all its starts."""
        return self._log_from(0)

    # ---- keys --------------------------------------------------------------------------------------------------

    def host_key(self, kind: str = "ed25519") -> Path:
        return self.folder / f"host_{kind}"

    def client_key(self, name: str = "client") -> Path:
        """The private key file `name`; made, and let in without limits, when it is first asked for."""
        path = self.folder / name
        if not path.exists():
            make_key(path)
            self.authorize(name)
        return path

    def authorize(self, name: str = "client", *, command: str | Path | None = None, options: str = "") -> Path:
        """Lets the key `name` in, only for a forced `command` if given; takes effect at the next log-in. Its path."""
        path = self.folder / name
        if not path.exists():
            make_key(path)
        words = [options] if options else []
        if command is not None:
            quoted = str(command).replace('"', '\\"')
            words = ["restrict", f'command="{quoted}"', *words]
        public = path.with_name(name + ".pub").read_text().strip()
        self._authorized[name] = f"{','.join(words)} {public}".strip()
        self._write_authorized()
        return path

    def forbid(self, name: str = "client") -> None:
        """Lets the key `name` in no longer."""
        self._authorized.pop(name, None)
        self._write_authorized()

    def known_hosts_line(self, kind: str = "ed25519", *, marker: str = "", port: int | None = None) -> str:
        """The known_hosts line of this server; `marker` may be `@revoked`, `port` that of a proxy in front of it."""
        key = self.host_key(kind).with_name(f"host_{kind}.pub").read_text().split()
        return f"{marker} [{self.address}]:{port or self.port} {key[0]} {key[1]}".strip()

    def known_hosts(self, *, port: int | None = None) -> Path:
        """A known_hosts file with the present keys of this server, seen at its port or at `port`."""
        path = self.folder / f"known_hosts_{port or self.port}"
        path.write_text("".join(self.known_hosts_line(kind, port=port) + "\n" for kind in self.host_key_types))
        return path

    # ---- clients -----------------------------------------------------------------------------------------------

    def ssh(self, *words: str, key: str = "client", port: int | None = None) -> list[str]:
        """The command that runs `words` here by OpenSSH's client, with nothing of the user's own configuration."""
        options = {
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": str(self.known_hosts(port=port)),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        place = ["-p", str(port or self.port), "-i", str(self.client_key(key)), f"{self.user}@{self.address}"]
        return [need("ssh"), "-F", "none", *settings, *place, *words]

    @contextmanager
    def connected(self, key: str = "client", *, port: int | None = None) -> Iterator[paramiko.SSHClient]:
        """A paramiko client that is logged in."""
        import paramiko

        client = paramiko.SSHClient()
        client.load_host_keys(str(self.known_hosts(port=port)))
        try:
            client.connect(
                self.address,
                port or self.port,
                self.user,
                key_filename=str(self.client_key(key)),
                look_for_keys=False,
                allow_agent=False,
                timeout=10,
            )
            yield client
        finally:
            client.close()

    # ---- files -------------------------------------------------------------------------------------------------

    @property
    def _log_path(self) -> Path:
        return self.folder / "sshd.log"

    def _log_from(self, offset: int) -> str:
        return self._log_path.read_bytes()[offset:].decode(errors="replace")

    def _write_authorized(self) -> None:
        path = self.folder / "authorized_keys"
        path.write_text("".join(line + "\n" for line in self._authorized.values()))
        path.chmod(0o600)

    def _config(self) -> str:
        environment = " ".join(shlex.quote(f"{name}={value}") for name, value in self.environment.items())
        lines = [
            *self.lines,
            f"ListenAddress {self.address}",
            f"Port {self.port}",
            *(f"HostKey {self.host_key(kind).absolute()}" for kind in self.host_key_types),
            f"AuthorizedKeysFile {(self.folder / 'authorized_keys').absolute()}",
            "AuthenticationMethods publickey",
            "PermitRootLogin prohibit-password",
            "StrictModes no",  # a temporary folder lies under /tmp, which everybody may write
            "UsePAM no",
            "PermitUserRC no",
            "UseDNS no",
            "PrintMotd no",
            "PidFile none",
            "LogLevel VERBOSE",
            "LoginGraceTime 20",
            "MaxStartups 100",
            f"SetEnv {environment}",
        ]
        if self.sftp is not None and not any(re.match(r"(?i)subsystem\s+sftp\b", line) for line in self.lines):
            lines.append(f"Subsystem sftp {self.sftp}")
        return "\n".join(lines) + "\n"


@contextmanager
def running(server: SshServer) -> Iterator[SshServer]:
    """`with running(SshServer(folder, ...)) as server:` starts it, and ends it whatever happens."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
