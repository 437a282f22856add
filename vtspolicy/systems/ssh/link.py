"""The road to another system: one SSH connection, set up so that it is fast and never hangs.

Why the socket is our own (measured): paramiko leaves Nagle's algorithm on; it waits for ever on a link that went
dead; it rekeys every 512 MiB, and a rekey that meets the far side's CHANNEL_CLOSE can dead-lock (paramiko issue
822), so the amount is raised for AES-GCM and the far side never closes a stream that is in use.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vtspolicy.errors import Authentication, Failure, OtherHostKey, Outage, Stalled
from vtspolicy.systems.files import legible
from vtspolicy.systems.ssh.hostkeys import Pins, PublicKey, judge
from vtspolicy.systems.ssh.keys import load_key
from vtspolicy.systems.ssh.sockets import WatchedSocket, connected

if TYPE_CHECKING:
    import socket

    import paramiko

CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
REKEY_BYTES = 32 << 30
"""Rekey after so many bytes under AES-GCM; OpenSSH itself does after 64 GiB."""
WINDOW = 16 << 20
PACKET = 1 << 15
_PROHIBITED = 1
"""SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, section 5.1)."""
CONNECT_TIME = 20.0
"""Seconds that a connection may take to be made, at most; less where the stall time is less."""


class Link:
    """A connection to a system's SSH server. Use it with `with`."""

    def __init__(self, system: str, address: str, port: int, stall: float, *, through: Link | None = None) -> None:
        """`through` is the jump host's connection, logged in; it is ours from now on, and closed with this one."""
        self.system = system
        self.stall = stall
        self._through = through
        self._silent = False
        self._done = threading.Event()
        self._in_use = False
        self._asked = 0.0
        self._socket = WatchedSocket(self._connect(address, port), self._keep_alive)
        self._transport = self._start()

    def _connect(self, address: str, port: int) -> socket.socket | paramiko.Channel:
        if self._through is not None:
            return self._through.tunnel(self.system, address, port)
        return connected(self.system, address, port, self.stall, min(self.stall, CONNECT_TIME))

    def tunnel(self, system: str, address: str, port: int) -> paramiko.Channel:
        """A channel to another system, which this one, its jump host, connects to; names are resolved there."""
        import paramiko

        try:
            with self.translated():
                try:
                    return self._transport.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0))
                except paramiko.SSHException as error:
                    if not self._transport.is_active():
                        raise
                    prohibited = isinstance(error, paramiko.ChannelException) and error.code == _PROHIBITED
                    why = (f"does not let us through to {address} port {port}; authorized_keys there needs "
                           f'port-forwarding,permitopen="{address}:{port}", and its sshd AllowTcpForwarding'
                           if prohibited else f"cannot connect to {address} port {port}: {legible(str(error))}")
                    raise Outage(f"{system}: the jump host {self.system} {why}", system=system) from None
        except Failure as failure:
            raise failure if failure.system == system else on_the_way(failure, system) from None

    def _start(self) -> paramiko.Transport:
        import logging

        import paramiko

        logging.getLogger("paramiko").addHandler(logging.NullHandler())  # else it prints its tracebacks
        transport = paramiko.Transport(
            self._socket,  # type: ignore[arg-type]  # it has all that paramiko uses of a socket
            default_window_size=WINDOW, default_max_packet_size=PACKET)
        limit = min(self.stall, CONNECT_TIME)
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = limit
        transport.channel_timeout = limit
        transport.get_security_options().ciphers = CIPHERS
        threading.Thread(target=self._watch, name=f"watch {self.system}", daemon=True).start()
        return transport

    def _watch(self) -> None:
        """Close a connection on which no byte came for the stall time, answers to our keep-alives included."""
        while not self._done.wait(min(1.0, self.stall / 8)):
            if time.monotonic() - self._socket.heard > self.stall:
                self._silent = True
                self._transport.close()
                self._socket.close()
                return

    def _keep_alive(self) -> None:
        """Where it has been quiet for a while, ask for something that the far side refuses (RFC 4254, section 4).

        Its answer shows that it lives; paramiko's own keep-alive asks for none. The thread that reads does this, so
        it must not wait: not for the end of a key exchange, nor for a socket that takes nothing.
        """
        now = time.monotonic()
        if not self._in_use or now - max(self._socket.heard, self._asked) < self.stall / 3 or (
                not self._transport.clear_to_send.is_set() or not self._socket.sendable()):
            return
        import paramiko

        self._asked = now
        message = paramiko.Message()
        message.add_byte(bytes([80]))  # SSH_MSG_GLOBAL_REQUEST
        message.add_string("keepalive@openssh.com")
        message.add_boolean(True)
        self._transport._send_message(message)  # type: ignore[attr-defined]  # the stubs know only the public part

    def handshake(self, pins: Pins) -> None:
        """Agree on keys; raise HostKey unless the far side shows a pinned one."""
        import paramiko

        with self.translated():
            options = self._transport.get_security_options()
            kinds = {key.kind for key in pins.keys}
            wanted = tuple(each for each in options.key_types if _key_kind(each) in kinds)
            if wanted:
                options.key_types = wanted
            try:
                self._negotiate()
            except paramiko.ssh_exception.IncompatiblePeer as error:
                if wanted and "key" in str(error):
                    raise OtherHostKey(f"{self.system} shows no host key of the pinned kind "
                                       f"({', '.join(sorted(kinds))})", system=self.system) from None
                raise
            judge(self.host_key(), pins, self.system)
            ciphers = (getattr(self._transport, "local_cipher", ""), getattr(self._transport, "remote_cipher", ""))
            if all("gcm" in cipher for cipher in ciphers):
                self._transport.packetizer.REKEY_BYTES = REKEY_BYTES

    def _negotiate(self) -> None:
        limit = min(self.stall, CONNECT_TIME)
        self._transport.start_client(timeout=limit)
        if not self._transport.initial_kex_done:
            raise self._blamed() or self._stalled(limit)  # start_client returns without a word when its time is over

    def offered_key(self) -> PublicKey:
        """Shake hands with whoever answers, and say which host key it shows."""
        with self.translated():
            self._negotiate()
            return self.host_key()

    def host_key(self) -> PublicKey:
        """The host key that the far side showed."""
        key = self._transport.get_remote_server_key()
        return PublicKey(key.get_name(), key.asbytes())

    def login(self, user: str, key_path: str) -> None:
        """Log in with a private key. Raise Authentication where the key is unfit or refused."""
        import paramiko

        key = load_key(key_path, self.system)
        with self.translated():
            try:
                self._transport.auth_publickey(user, key)
                self._in_use = True
            except paramiko.AuthenticationException as error:
                if not self._transport.is_active():
                    raise EOFError from error  # the connection went, nothing was refused
                if str(error) == "Authentication timeout.":  # paramiko has no class for it
                    raise TimeoutError from error
                raise Authentication(f"{self.system} refuses the login of {user} with {key_path}; authorized_keys "
                                     "there must hold its public key", system=self.system) from None

    def run(self, command: str) -> paramiko.Channel:
        """Start a command over there; its standard input and output are the channel."""
        with self.translated():
            channel = self._transport.open_session()
            channel.settimeout(self.stall)
            channel.exec_command(command)
            return channel

    def subsystem(self, name: str) -> paramiko.Channel:
        """Start a subsystem, such as sftp."""
        with self.translated():
            channel = self._transport.open_session()
            channel.settimeout(self.stall)
            channel.invoke_subsystem(name)
            return channel

    def check_alive(self) -> None:
        """Raise Outage or Stalled where the connection itself is gone, and not only a channel of it."""
        self._transport.join(0.2)  # its thread closes the channels shortly before it ends
        if not self._transport.is_active():
            with self.translated():
                raise self._transport.get_exception() or EOFError

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what paramiko and the socket raise into Outage or Stalled."""
        try:
            yield
        except Failure:
            raise
        except Exception as error:  # paramiko hands on whatever its thread met in what the far side sent
            if (blamed := self._blamed()) is not None:
                raise blamed from None
            if self._went_silent() or isinstance(error, TimeoutError):
                raise self._stalled() from None
            text = legible(str(error)) or "the connection was closed"
            raise Outage(f"{self.system}: {text}", system=self.system) from None

    def _blamed(self) -> Failure | None:
        """The jump host's failure, where it is that which broke."""
        trouble = None if self._through is None else self._through.trouble()
        return None if trouble is None else on_the_way(trouble, self.system)

    def trouble(self) -> Failure | None:
        """Why nothing goes over this connection any more; None where it lives."""
        if (blamed := self._blamed()) is not None:
            return blamed
        self._transport.join(0.2)  # as in check_alive
        if self._went_silent():
            return self._stalled()
        if not self._transport.is_active():
            text = legible(str(self._transport.get_exception() or "")) or "the connection was closed"
            return Outage(f"{self.system}: {text}", system=self.system)
        return None

    def _went_silent(self) -> bool:
        """Whether it is silence that ended it: one that lives has answered a keep-alive meanwhile, and one that is
        closed over there says so. TCP's own time may be over a moment before ours."""
        return self._silent or time.monotonic() - self._socket.heard > self.stall * 2 / 3

    def _stalled(self, seconds: float | None = None) -> Stalled:
        return Stalled(f"{self.system}: nothing came for {seconds or self.stall:g} s", system=self.system)

    def close(self) -> None:
        """End the connection."""
        self._done.set()
        self._transport.close()
        self._socket.close()
        if self._through is not None:
            self._through.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def on_the_way(failure: Failure, system: str) -> Failure:
    """The failure of a jump host, told so that nobody takes it for one of the system behind it."""
    return type(failure)(f"{failure.message} (the jump host on the way to {system})", system=failure.system)


def _key_kind(algorithm: str) -> str:
    """The kind of key that a signature algorithm uses."""
    return "ssh-rsa" if algorithm.startswith("rsa-sha2-") else algorithm
