"""A private SSH server for the demonstration: own folder, own keys, a free loopback port, one account, one command.

It runs as the present user, root or not. Facts that it minds: sshd must be called by its absolute path; `-f` and
`-E` must be absolute, too; as root it wants its privilege separation directory; the process of each connection leaves
sshd's process group, so sessions are found as its descendants.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import signal
import site
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from vtspolicy import __version__
from vtspolicy.demo.processes import below, end, lives
from vtspolicy.errors import Failure, Outage
from vtspolicy.policy.places import is_name
from vtspolicy.systems.receiver.near import Remote
from vtspolicy.systems.ssh.hostkeys import Pins, PublicKey
from vtspolicy.systems.ssh.link import Link

LOOPBACK = "127.0.0.1"
FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin:/usr/lib/ssh"
"""Where sshd lies beside PATH: an ordinary user's PATH seldom holds it."""
_SEPARATION = "/run/sshd"
_PATIENCE = 5.0
"""Seconds in which sshd must listen, answer and end."""
_GRACE = 1.0
"""Seconds in which its sessions end by themselves when their callers are gone."""


def find_sshd(path: str | None = None) -> str | None:
    """The absolute path of sshd, from `path` (PATH and the usual folders); None where it is not installed."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:{FOLDERS}" if path is None else path)
    return None if found is None else os.path.abspath(found)


class PrivateServer:
    """Use it with `with`: it is started, asked once, and ended with all its sessions. Raise Failure, and say why."""

    def __init__(self, sshd: str, folder: str, receiver: Sequence[str]) -> None:
        """`folder` is made for it; `receiver` is the only command that its one key may run."""
        self.folder = folder
        self.port = 0
        self.user = _user()
        self._sshd = sshd
        self._process: subprocess.Popen[bytes] | None = None
        os.mkdir(folder, 0o700)
        os.mkdir(os.path.join(folder, "home"), 0o700)
        self._host_key = PublicKey("ssh-ed25519", _make_key(self._path("host_key")))
        _make_key(self.key)
        with open(self.key + ".pub", encoding="ascii") as file:
            public = file.read()
        self._write("authorized_keys", f"restrict,command={_double_quoted(shlex.join(receiver))} {public}")

    @property
    def key(self) -> str:
        """The private key that is let in."""
        return self._path("client_key")

    @property
    def fingerprint(self) -> str:
        """The host key's, as ssh-keygen -l prints it."""
        return self._host_key.fingerprint

    @property
    def again(self) -> list[str]:
        """The command that starts it once more."""
        return [self._sshd, "-D", "-f", self._path("sshd_config"), "-E", self._log]

    def __enter__(self) -> Self:
        try:
            self._start()
            self._ask()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        if os.geteuid() == 0:
            with suppress(OSError):  # sshd will say what it misses
                os.makedirs(_SEPARATION, 0o755, exist_ok=True)
        for _ in range(5):  # somebody else may take the port between our look and sshd's
            self.port = _free_port()
            self._write("sshd_config", self._config())
            self._write("sshd.log", "")
            self._process = subprocess.Popen(
                self.again, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True)  # Ctrl-C is for us; we end it in order
            limit = time.monotonic() + _PATIENCE
            while time.monotonic() < limit and self._process.poll() is None:
                if "Server listening" in self._said():
                    return
                time.sleep(0.01)
            self.stop()
            if "in use" not in self._said():
                break
        raise Outage(f"{self._sshd} does not start: {self._last_words()}")

    def _ask(self) -> None:
        """Log in once and let the receiver answer, as every command of the story will."""
        try:
            with Link("sshd", LOOPBACK, self.port, 2 * _PATIENCE) as link:
                link.handshake(Pins((self._host_key,), ()))
                link.login(self.user, self.key)
                with Remote(link, "vtspolicy receive", __version__):
                    pass
        except Failure as failure:
            refused = [line for line in self._said().splitlines() if "not allowed" in line]
            raise Outage(refused[-1] if refused else failure.message) from None

    def stop(self) -> None:
        """End sshd and every session; returns when they are gone."""
        if self._process is None:
            return
        process, self._process = self._process, None
        sessions = list(below(process.pid))
        end(process, _PATIENCE)
        limit = time.monotonic() + _GRACE
        while any(map(lives, sessions)):
            if time.monotonic() > limit:
                for pid in filter(lives, sessions):
                    with suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.01)

    # ---- files --------------------------------------------------------------------------------------------------

    @property
    def _log(self) -> str:
        return self._path("sshd.log")

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def _write(self, name: str, text: str) -> None:
        descriptor = os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)

    def _said(self) -> str:
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _last_words(self) -> str:
        lines = self._said().splitlines()
        return lines[-1] if lines else "it says nothing"

    def _config(self) -> str:
        session = {"HOME": self._path("home"),  # the user's start-up files must not speak
                   "PYTHONUSERBASE": site.getuserbase(),  # may hold this program, and depends on HOME
                   **{name: value for name, value in os.environ.items() if name == "PYTHONPATH"}}
        return "".join(line + "\n" for line in (
            f"ListenAddress {LOOPBACK}", f"Port {self.port}", f"HostKey {_double_quoted(self._path('host_key'))}",
            f"AuthorizedKeysFile {_double_quoted(self._path('authorized_keys').replace('%', '%%'))}",
            f"AllowUsers {self.user}", "AuthenticationMethods publickey", "PermitRootLogin prohibit-password",
            "StrictModes no",  # temporary folders lie where everybody may write
            "UsePAM no", "PermitUserRC no", "UseDNS no", "PrintMotd no", "PidFile none", "LoginGraceTime 20",
            "SetEnv " + " ".join(_double_quoted(f"{name}={value}") for name, value in session.items())))


def _user() -> str:
    """Who we are. Raise Outage where sshd could not let us in."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise Outage(f"sshd lets nobody in who has no account (uid {os.geteuid()})") from None
    if not is_name(name):
        raise Outage(f"the login name {name!r} cannot stand in a policy")
    return name


def _make_key(path: str) -> bytes:
    """Make an ed25519 key pair, `path` and `path.pub`; give the public key as SSH sends it."""
    import base64

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH,
                                serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    for name, content, mode in ((path, private, 0o600), (path + ".pub", public + b" vtspolicy-demo\n", 0o644)):
        with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content)
    return base64.b64decode(public.split()[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _double_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
