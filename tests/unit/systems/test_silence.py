"""A connection that broke after a long silence went silent, whoever noticed it first: TCP, paramiko or we."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from vtspolicy.errors import Outage, Stalled
from vtspolicy.systems.ssh.link import Link

STALL = 30.0


@pytest.fixture
def link() -> Iterator[Link]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Link("there", "127.0.0.1", server.getsockname()[1], STALL) as made:
            yield made


def test_tcp_may_end_it_a_moment_before_we_do(link: Link) -> None:
    link._socket.heard -= STALL * 0.95
    with pytest.raises(Stalled), link.translated():
        raise EOFError


def test_one_that_is_closed_over_there_was_not_silent(link: Link) -> None:
    link._socket.heard -= STALL * 0.5
    with pytest.raises(Outage) as raised, link.translated():
        raise EOFError
    assert not isinstance(raised.value, Stalled)
