"""The line that lets our key in over there: for the receiver, for SFTP, or for a jump host's forwarding alone.

Two readers take such a line apart: sshd its options (sshd(8), AUTHORIZED_KEYS FILE FORMAT: a double quote within
quotes is `\\"`, nothing else is special), then the far user's shell the command.
"""

from __future__ import annotations

import base64
import shlex
import socket
from collections.abc import Sequence

from vtspolicy.policy import model
from vtspolicy.systems.receiver.near import receive_command
from vtspolicy.systems.ssh.hostkeys import PublicKey

SFTP = "internal-sftp"
"""sshd's own SFTP server, which needs no program in a chroot."""
NOTHING = "/bin/false"
"""The command of a key that may only pass through."""


def authorized_line(system: model.System, key: PublicKey, come_from: Sequence[str], comment: str,
                    behind: Sequence[model.System] = (), *, reading: bool = False) -> str:
    """The line for the far user's authorized_keys, in printable ASCII. `come_from` are our addresses as the far side
    sees us, `behind` the systems that are reached through it; `reading`: whether tapes may be read there, too."""
    options = ["restrict"]
    if behind:
        options += ["port-forwarding", *(f"permitopen={_quoted(_place(each))}" for each in behind)]
    options.append(f"command={_quoted(_command(system, reading))}")
    if come_from:
        options.append(f"from={_quoted(','.join(come_from))}")
    return f"{','.join(options)} {public_line(key, comment)}"


def public_line(key: PublicKey, comment: str) -> str:
    """The public key as a `.pub` file holds it."""
    return f"{key.kind} {base64.b64encode(key.blob).decode()} {comment}"


def _command(system: model.System, reading: bool) -> str:
    if not system.vaults:
        return NOTHING
    if system.far_end == "sftp":
        return SFTP
    return " ".join(map(shell_word, shlex.split(
        receive_command(system.receiver, system.vaults, system.create_pool, reading=reading,
                        staging=system.staging))))


def _place(system: model.System) -> str:
    """Host and port as permitopen compares them."""
    address = str(system.address)
    return f"[{address}]:{system.port}" if ":" in address else f"{address}:{system.port}"


def shell_word(word: str) -> str:
    """The word for any POSIX shell, in printable ASCII: what is not is made there, by printf."""
    if word.isascii() and word.isprintable():
        return shlex.quote(word)
    special = frozenset(b"%\\'")
    octal = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in special else f"\\{byte:03o}"
                    for byte in word.encode("utf-8", "surrogateescape"))
    return f"\"$(printf '{octal}')\""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def our_address(address: str, port: int) -> str | None:
    """The address of ours that a packet to there would bear; None where there is no way. Nothing is sent."""
    try:
        for family, kind, protocol, _, place in socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.connect(place)
                return str(probe.getsockname()[0]).partition("%")[0]
    except (OSError, UnicodeError):
        return None
    return None
