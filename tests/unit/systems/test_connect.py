"""Which far end a system gets: what the policy says, what answers, and what answered before."""

from __future__ import annotations

from typing import Any

import pytest

from vtspolicy.errors import Authentication, Failure, HostKey, NoReceiver, Outage, Stalled, VersionMismatch
from vtspolicy.policy import model
from vtspolicy.systems import connect as room
from vtspolicy.systems.connect import connect, here

NOT_IT = NoReceiver("there does not answer as vtspolicy receive; it said: nothing", system="there")
CLOSED = Outage("there: channel closed", system="there")
NO_SFTP = VersionMismatch("there does not speak SFTP", system="there")


class Link:
    """The road; the test says what it leads to."""

    made: list[Link]
    refusal: Failure | None = None

    def __init__(self, system: str, address: str, port: int, stall: float) -> None:
        self.where = (system, address, port, stall)
        self.closed = False
        self.login_as: tuple[str, str] | None = None
        type(self).made.append(self)

    def handshake(self, pins: object) -> None:
        if self.refusal is not None:
            raise self.refusal

    def login(self, user: str, key: str) -> None:
        self.login_as = user, key

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what happens when a receiver, and when SFTP, is asked for: a failure, or None for an answer."""
    Link.made, Link.refusal = [], None

    def prepare(receiver: Failure | None, sftp: Failure | None) -> None:
        def far_end(word: str, failure: Failure | None) -> Any:
            def make(link: Link, *more: object, **words: object) -> str:
                if failure is not None:
                    raise failure
                return word

            return make

        monkeypatch.setattr("vtspolicy.systems.ssh.road.Link", Link)
        monkeypatch.setattr("vtspolicy.systems.receiver.near.Remote", far_end("receiver", receiver))
        monkeypatch.setattr("vtspolicy.systems.sftp.system.Sftp", far_end("sftp", sftp))

    return prepare


def policy(far_end: str = "auto") -> model.System:
    return model.System(name="there", address="vts2", port=2222, user="vts", key="/key", far_end=far_end, stall=7.0,
                        vaults={"VAULT01": "/srv/V"})


@pytest.mark.parametrize(("far_end", "remembered", "receiver", "sftp", "becomes"), [
    ("auto", None, None, None, "receiver"),
    ("auto", None, NOT_IT, None, "sftp"),
    ("auto", "sftp", NOT_IT, None, "sftp"),
    ("auto", "sftp", None, None, "receiver"),
    ("auto", None, CLOSED, None, "sftp"),
    ("sftp", None, None, None, "sftp"),
    ("sftp", "receiver", None, None, "sftp"),
    ("receiver", None, None, None, "receiver"),
    ("receiver", None, NOT_IT, None, f"{NOT_IT.message} (the policy says far-end: receiver)"),
    ("auto", "receiver", NOT_IT, None,
     f"{NOT_IT.message} (it has answered as receiver before, so it is not taken for plain SFTP)"),
    ("auto", "receiver", CLOSED, None, CLOSED.message),
    ("auto", None, NOT_IT, NO_SFTP, NOT_IT.message),
    ("auto", None, CLOSED, Outage("there: no"), CLOSED.message),
    ("auto", None, Stalled("there: nothing came"), None, "there: nothing came"),
    ("auto", None, VersionMismatch("there speaks protocol 2 to 3"), None, "there speaks protocol 2 to 3"),
    ("sftp", None, None, NO_SFTP, NO_SFTP.message),
])
def test_a_system_gets_its_far_end(far_end: str, remembered: str | None, receiver: Failure | None,
                                   sftp: Failure | None, becomes: str, answering: Any) -> None:
    answering(receiver, sftp)
    if becomes in ("receiver", "sftp"):
        assert connect(policy(far_end), "/known_hosts", "1", remembered) == becomes  # type: ignore[comparison-overlap]
        assert not Link.made[0].closed
    else:
        with pytest.raises(Failure) as caught:
            connect(policy(far_end), "/known_hosts", "1", remembered)
        assert str(caught.value) == becomes
        assert all(each.closed for each in Link.made)
    assert Link.made[0].where == ("there", "vts2", 2222, 7.0)
    assert Link.made[0].login_as == ("vts", "/key")


@pytest.mark.parametrize("refusal", [HostKey("unknown"), Authentication("refused"), Outage("away")])
def test_a_road_that_is_refused_is_closed_and_not_tried_as_another(refusal: Failure, answering: Any) -> None:
    answering(None, None)
    Link.refusal = refusal
    with pytest.raises(type(refusal)):
        connect(policy(), "/known_hosts", "1", None)
    assert [each.closed for each in Link.made] == [True]


def test_a_system_without_an_address_is_this_machine() -> None:
    system = model.System(name="here", vaults={"VAULT01": "/srv/V"})
    assert connect(system, "", "1", "receiver").promises.far_end == "local"
    assert here(system).name == "here"
    assert room.connect is connect
