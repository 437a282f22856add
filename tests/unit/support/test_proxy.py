"""The proxy spoils exactly the byte that was named, whatever the pieces in which bytes come."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.proxy import DOWN, UP, Cut, Flip, Hole, Proxy, Way


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(side: socket.socket) -> None:
        with side:
            try:
                while piece := side.recv(65536):
                    side.sendall(piece)
            except OSError:
                pass

    def accept() -> None:
        while True:
            try:
                side, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(side,), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    acceptor.join(5)
    for thread in threads:
        thread.join(5)


def exchange(port: int, data: bytes, *, patience: float = 5.0) -> tuple[bytes, str]:
    """Sends `data` and reads until the end; what came, and how it ended: `end`, `reset` or `silence`."""
    got = bytearray()
    resets: list[OSError] = []

    def send(client: socket.socket) -> None:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except ConnectionResetError as error:  # the kernel tells a reset once, to whoever asks first
            resets.append(error)
        except OSError:  # our own shutdown below
            pass

    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.settimeout(patience)
            sender = threading.Thread(target=send, args=(client,))
            sender.start()
            try:
                while piece := client.recv(1000):
                    got += piece
            finally:
                with contextlib.suppress(OSError):  # wakes the sender
                    client.shutdown(socket.SHUT_WR)
                sender.join(5)
    except TimeoutError:
        return bytes(got), "silence"
    except ConnectionError:
        return bytes(got), "reset"
    return bytes(got), "reset" if resets else "end"


DATA = bytes(range(256)) * 1000


def test_unharmed_and_counted(echo: int) -> None:
    with Proxy(echo, record=True) as proxy:
        assert exchange(proxy.port, DATA) == (DATA, "end")
        assert exchange(proxy.port, b"more") == (b"more", "end")
        assert proxy.passed(UP) == proxy.passed(DOWN) == len(DATA) + 4
        first, second = proxy.connections
        assert (first.passed[UP], second.passed[UP]) == (len(DATA), 4)
        assert sum(size for _, way, size in first.records if way is DOWN) == len(DATA)
        times = [when for when, _, _ in first.records]
        assert min(times) >= 0


@pytest.mark.parametrize("at", [0, 1, 999, 65536, 200_001, 256_000])
@pytest.mark.parametrize("reset", [True, False])
def test_cut_on_the_way_down(echo: int, at: int, reset: bool) -> None:
    with Proxy(echo, [Cut(DOWN, at, reset=reset)]) as proxy:
        got, how = exchange(proxy.port, DATA)
        assert got == DATA[:at]
        assert how == ("reset" if reset else "end")
        assert proxy.passed(DOWN) == at


@pytest.mark.parametrize("at", [0, 1, 65537, 256_000])
def test_cut_on_the_way_up(echo: int, at: int) -> None:
    with Proxy(echo, [Cut(UP, at)]) as proxy:
        got, how = exchange(proxy.port, DATA)
        assert DATA[:at].startswith(got)
        assert how == "reset"
        assert proxy.passed(UP) == at


def test_only_the_named_connection_is_struck(echo: int) -> None:
    with Proxy(echo, [Cut(DOWN, 3)], strikes=1) as proxy:
        assert [exchange(proxy.port, b"abcdef") for _ in range(3)] == [
            (b"abcdef", "end"),
            (b"abc", "reset"),
            (b"abcdef", "end"),
        ]
    with Proxy(echo, [Cut(DOWN, 3)], strikes=None) as proxy:
        assert [exchange(proxy.port, b"abcdef")[1] for _ in range(2)] == ["reset", "reset"]


@pytest.mark.parametrize("both_ways", [True, False])
def test_hole_is_silent(echo: int, both_ways: bool) -> None:
    with Proxy(echo, [Hole(UP, 100_000, both_ways)]) as proxy:
        got, how = exchange(proxy.port, DATA, patience=0.3)
        assert how == "silence"
        assert proxy.passed(UP) == 100_000
        if both_ways:
            assert DATA[:100_000].startswith(got)
        else:
            assert got == DATA[:100_000]


@pytest.mark.parametrize("way", [UP, DOWN])
@pytest.mark.parametrize("at", [0, 65535, 65536, 255_999])
def test_flip_one_byte(echo: int, way: Way, at: int) -> None:
    wrong = bytearray(DATA)
    wrong[at] ^= 0x80
    with Proxy(echo, [Flip(way, at, 0x80)]) as proxy:
        assert exchange(proxy.port, DATA) == (bytes(wrong), "end")


def test_latency_delays_and_does_not_slow_down(echo: int) -> None:
    with Proxy(echo, latency=0.1) as proxy:
        begun = time.monotonic()
        assert exchange(proxy.port, DATA) == (DATA, "end")
        seconds = time.monotonic() - begun
    assert 0.2 <= seconds < 1.0  # there and back once, not once for each piece


def test_dark_cut_and_refused_at_a_moment(echo: int) -> None:
    with Proxy(echo) as proxy, socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.settimeout(5)
        client.sendall(b"one")
        assert client.recv(3) == b"one"
        proxy.go_dark()
        client.sendall(b"two")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(3)
        proxy.cut()
        client.settimeout(5)
        with pytest.raises(ConnectionResetError):
            client.recv(3)
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port))


def test_a_server_that_is_not_there_resets(echo: int) -> None:
    with Proxy(echo) as proxy:
        proxy.target = ("127.0.0.1", 1)
        assert exchange(proxy.port, b"x") == (b"", "reset")
