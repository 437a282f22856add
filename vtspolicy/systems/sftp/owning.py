"""An owner over SFTP: numbers alone, because the protocol knows no names."""

from __future__ import annotations

import re

from vtspolicy.systems.sftp.packets import FSETSTAT, FSTAT, SftpStatus, attributes, text
from vtspolicy.systems.sftp.wire import SftpWire

_NUMBERS = re.compile(r"([0-9]{1,10}):([0-9]{1,10})", re.ASCII)
NUMBERS_ALONE = "plain SFTP knows numbers alone, such as owner: 1001:1001"


def numbers(owner: str) -> tuple[int, int] | None:
    """User and group as numbers; None where one of them is a name."""
    found = _NUMBERS.fullmatch(owner)
    if found is None or any(int(each) >= 2**32 - 1 for each in found.groups()):
        return None
    return int(found[1]), int(found[2])


def give_to(wire: SftpWire, handle: bytes, owner: str) -> str | None:
    """Let the open file belong to `user:group`; why it does not, or None. Raise SftpStatus where nobody can tell."""
    wanted = numbers(owner)
    if wanted is None:
        return NUMBERS_ALONE
    try:
        wire.request(FSETSTAT, text(handle), attributes(owner=wanted))
    except SftpStatus as error:
        return error.strerror or "Failure"
    found = wire.request(FSTAT, text(handle)).attributes().owner
    return None if found == wanted else f"it belongs to {found[0]}:{found[1]} all the same" if found else (
        "the server does not tell to whom it belongs")
