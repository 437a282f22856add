"""A signal ends a copy within ten seconds with code 3, whatever it waits for, and the next run does what is left."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.acceptance.world import KINDS, POOL, SCHEME, World
from tests.support import processes, tally
from tests.support.signals import Running
from tests.support.tapes import MIB, random_bytes, random_tape, sparse_tape

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OLD = b"the old copy"
HOLES = 12 << 30


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tape whose copy takes a while."""
    path = random_tape(tmp_path_factory.mktemp("big") / "T00002", 200 * MIB, 1)
    yield path
    path.unlink()


def cases(kinds: Sequence[str], turn: int) -> list[tuple[str, int]]:
    """Each kind with each signal; but for torture with one of them, another one in each turn."""
    return [(kind, number) for row, kind in enumerate(kinds) for column, number in enumerate(SIGNALS)
            if tally.TORTURE or column == (row + turn) % len(SIGNALS)]


def prepared(make_world: Callable[..., World], kind: str, tape: Path | None = None, *, rate: str = "") -> World:
    """A world in which T00001 is copied as OLD and has changed since, and T00002 waits behind it or is `tape`."""
    world = make_world(kind, scheme=[f"rate: {rate}"] if rate else [], stall="60 s")
    world.put("T00002", OLD)
    world.start()
    (world.pool / "T00002").unlink()
    if tape is None:
        world.put("T00002", random_bytes(30 * MIB, 2))
    else:
        shutil.copyfile(tape, world.pool / "T00002")
    return world


def wait_for_part(world: World, running: Running, size: int) -> None:
    """Returns when a part file there has grown to `size` bytes."""
    ended = running.process.poll
    assert processes.until(lambda: world.part_size() >= size or ended() is not None, 60), "no part file grew"
    assert ended() is None, (running.output, running.errors)


def end(running: Running, number: int) -> None:
    """Sends the signal; the program must end in time, and as one that was stopped."""
    code, seconds = running.end_by(number)
    assert code == 3, (code, running.output, running.errors)
    assert seconds < 10, f"took {seconds:.1f} s"
    assert "Traceback" not in running.errors
    assert signal.Signals(number).name in running.errors
    assert "(624008)" in running.errors
    tally.tally("signals during a copy", 1, at_least=40 if tally.TORTURE else 15)


def assert_nothing_half_done(world: World) -> None:
    """The old copy is there; its part file is not (over SFTP the next run may have to remove it)."""
    assert world.copy("T00002") == OLD
    if world.kind != "sftp":
        # A receiver outlives its sshd for a moment, when the connection is cut.
        assert processes.until(lambda: world.parts() == [], 20), world.parts()
    elif world.server is not None:
        world.server.wait_idle(20)
    last = world.events("624008")[-1]
    assert "0 done" in last["text"] and "1 left" in last["text"], last["text"]


def assert_completes(world: World) -> None:
    """The next run does what is left and sweeps."""
    shutil.copyfile(world.policies / f"{SCHEME}.yaml", world.folder / "scheme")
    lines = [line for line in (world.folder / "scheme").read_text().splitlines() if not line.startswith("rate:")]
    world.policy(SCHEME, *lines)
    done = world.start()
    assert done.leg()["copied"] == 1
    assert world.copy("T00002") == (world.pool / "T00002").read_bytes()
    assert world.parts() == []
    assert world.states() == {f"{POOL}/T00002": "safe"}


@pytest.mark.parametrize(("kind", "number"), cases(KINDS, 0))
def test_during_the_data(kind: str, number: int, big: Path, make_world: Callable[..., World]) -> None:
    world = prepared(make_world, kind, big)
    with world.started() as running:
        wait_for_part(world, running, 10 * MIB)
        end(running, number)
    assert_nothing_half_done(world)
    assert_completes(world)


@pytest.mark.parametrize(("kind", "number"), cases(KINDS, 1))
def test_while_a_rate_limit_holds_it_back(kind: str, number: int, make_world: Callable[..., World]) -> None:
    world = prepared(make_world, kind, rate="1 MiB/s")
    with world.started() as running:
        wait_for_part(world, running, MIB)
        end(running, number)
    assert_nothing_half_done(world)
    assert_completes(world)


def far_program(world: World) -> int:
    """The process that works for us over there."""
    assert world.server is not None
    words = "sftp-server" if world.kind == "sftp" else "vtspolicy receive"
    found = [pid for pid in world.server.far_pids(words) if "sshd" not in processes.command_line(pid)]
    assert found, [processes.command_line(pid) for pid in world.server.session_pids()]
    return found[-1]


@pytest.mark.parametrize(("kind", "number"), cases(KINDS[1:], 2))
def test_while_the_far_side_stands_still_in_the_data(kind: str, number: int, make_world: Callable[..., World]) -> None:
    """A window that is not full, and nobody who answers: also the farewell must not wait."""
    world = prepared(make_world, kind, rate="1 MiB/s")
    with world.started() as running:
        wait_for_part(world, running, MIB)
        far = far_program(world)
        os.kill(far, signal.SIGSTOP)
        try:
            end(running, number)
        finally:
            os.kill(far, signal.SIGCONT)
    assert_nothing_half_done(world)
    assert_completes(world)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_while_a_full_window_holds_it_back(kind: str, big: Path, make_world: Callable[..., World]) -> None:
    world = prepared(make_world, kind, big)
    with world.started() as running:
        wait_for_part(world, running, MIB)
        far = far_program(world)
        os.kill(far, signal.SIGSTOP)
        try:
            time.sleep(1.0)
            end(running, signal.SIGTERM)
        finally:
            os.kill(far, signal.SIGCONT)
    assert_nothing_half_done(world)
    assert_completes(world)


@pytest.mark.parametrize(("kind", "number"), cases(KINDS[1:], 3))
def test_while_it_waits_for_the_seal(kind: str, number: int, make_world: Callable[..., World]) -> None:
    """All is sent, and the far side does not come to its end of the work."""
    world = prepared(make_world, kind, rate="15 MiB/s")
    with world.started() as running:
        wait_for_part(world, running, 24 * MIB)
        far = far_program(world)
        os.kill(far, signal.SIGSTOP)  # what is left fits into the window
        try:
            time.sleep(2.0)
            end(running, number)
        finally:
            os.kill(far, signal.SIGCONT)
    assert_nothing_half_done(world)
    assert_completes(world)


@pytest.mark.parametrize(("kind", "number"), cases(KINDS[:2], 4))
def test_while_a_long_read_back_goes_on(kind: str, number: int, make_world: Callable[..., World]) -> None:
    """A tape of holes is sent in no time; its read-back takes as long as any. (A receiver's is waited for as for any
    other seal.)"""
    world = prepared(make_world, kind)
    sparse_tape(world.pool / "T00002", HOLES)
    with world.started() as running:
        wait_for_part(world, running, HOLES)  # it gets its size when all is sent
        end(running, number)
    assert_nothing_half_done(world)
    (world.pool / "T00002").unlink()
    world.put("T00002", b"short again")
    assert_completes(world)


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_waits_for_a_greeting(number: int, make_world: Callable[..., World]) -> None:
    """Somebody takes the connection and says nothing."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        world = make_world("receiver", port=mute.getsockname()[1])
        world.put("T00001", b"first")
        with world.started() as running:
            mute.settimeout(30)
            connection, _ = mute.accept()
            with connection:
                time.sleep(0.3)
                end(running, number)


@pytest.mark.parametrize("words", [["status", "system"], ["verify", "scheme", SCHEME], ["trust", "system", "vts2"],
                                   ["init", "vault", "vts2:/VAULT01"], ["plan", "scheme", SCHEME]],
                         ids=lambda words: words[0])
def test_every_verb_ends_with_code_3(words: list[str], make_world: Callable[..., World]) -> None:
    world = make_world("receiver", stall="60 s")
    world.put("T00001", b"first")
    world.start()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        text = (world.policies / "vts2.yaml").read_text()
        assert world.server is not None
        (world.policies / "vts2.yaml").write_text(text.replace(f"port: {world.server.port}",
                                                              f"port: {mute.getsockname()[1]}"))
        with Running(world.command(*words, "--json")) as running:
            mute.settimeout(30)
            connection, _ = mute.accept()
            with connection:
                time.sleep(0.3)
                code, seconds = running.end_by(signal.SIGTERM)
                assert (code, seconds < 10) == (3, True), (code, seconds, running.output, running.errors)
                assert '"status": "stopped"' in running.output


def test_a_signal_that_was_ignored_from_the_start_is_ignored(make_world: Callable[..., World]) -> None:
    """nohup, and a shell's background, say so."""
    world = prepared(make_world, "local", rate="10 MiB/s")
    with Running(["nohup", *world.command("start", "scheme", SCHEME)]) as running:
        wait_for_part(world, running, MIB)
        running.send(signal.SIGHUP)
        assert running.wait() == 0
    assert world.copy("T00002") == (world.pool / "T00002").read_bytes()


def test_a_second_signal_changes_nothing(make_world: Callable[..., World]) -> None:
    world = prepared(make_world, "receiver", rate="1 MiB/s")
    with world.started() as running:
        wait_for_part(world, running, MIB)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            running.send(number)
            time.sleep(0.02)
        assert running.wait() == 3
    assert_nothing_half_done(world)
    assert_completes(world)
