"""The line for authorized_keys: sshd takes its options apart, a shell its command, and both find what was meant."""

from __future__ import annotations

import dataclasses
import socket
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vtspolicy.policy import model
from vtspolicy.systems.ssh.authorized import authorized_line, our_address, shell_word
from vtspolicy.systems.ssh.hostkeys import PublicKey

KEY = PublicKey("ssh-ed25519", b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(32))
PATHS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\n"), min_size=1, max_size=30).map(
    lambda text: "/" + text)


def system(*, address: str = "vts2.example.com", far_end: str = "auto", create_pool: str = "no",
           **vaults: str) -> model.System:
    return model.System(name="vts2", address=address, user="vts", far_end=far_end, create_pool=create_pool,
                        vaults=vaults)


def options_of(line: str) -> tuple[dict[str, str], str]:
    """The options and the rest, as sshd's auth-options.c reads them."""
    found: dict[str, str] = {}
    at = 0
    while True:
        start = at
        while at < len(line) and line[at] not in '=, "':
            at += 1
        name, value = line[start:at], ""
        if line[at] == "=":
            assert line[at + 1] == '"'
            at += 2
            while line[at] != '"':
                at += line[at:at + 2] == '\\"'
                value += line[at]
                at += 1
            at += 1
        found[name] = value
        if line[at] == " ":
            return found, line[at + 1:]
        assert line[at] == ","
        at += 1


def test_the_line_of_a_receiver() -> None:
    line = authorized_line(system(VAULT01="/srv/vts/VAULT01", VAULT02="/srv/v 2"), KEY, ["192.0.2.7"], "vtspolicy@vts1")
    assert line.startswith("restrict,command=\"vtspolicy receive --vault VAULT01=/srv/vts/VAULT01 "
                           "--vault 'VAULT02=/srv/v 2'\",from=\"192.0.2.7\" ssh-ed25519 AAAA")
    assert line.endswith(" vtspolicy@vts1")


def test_what_the_policy_lets_the_receiver_do_stands_in_it() -> None:
    line = authorized_line(system(create_pool="frozen", VAULT01="/srv"), KEY, (), "x")
    assert '--create-pool frozen" ssh-ed25519' in line and "from=" not in line
    staged = dataclasses.replace(system(VAULT01="/srv/V1"), staging={"VAULT01": "/srv/work"})
    line = authorized_line(staged, KEY, (), "x")
    assert 'receive --vault VAULT01=/srv/V1 --staging VAULT01=/srv/work" ' in line


def test_reading_is_let_in_only_where_it_is_asked_for() -> None:
    assert "--allow-read" not in authorized_line(system(VAULT01="/srv"), KEY, (), "x")
    assert '=/srv --allow-read" ' in authorized_line(system(VAULT01="/srv"), KEY, (), "x", reading=True)


def test_the_lines_of_sftp_and_of_a_jump_host() -> None:
    assert authorized_line(system(far_end="sftp", VAULT01="/srv"), KEY, (), "x").startswith(
        'restrict,command="internal-sftp" ssh-ed25519 ')
    behind = [system(VAULT01="/srv"), system(address="fe80::1", VAULT01="/srv")]
    assert authorized_line(system(), KEY, ["10.0.0.0/8", "!10.1.1.1"], "x", behind).startswith(
        'restrict,port-forwarding,permitopen="vts2.example.com:22",permitopen="[fe80::1]:22",command="/bin/false",'
        'from="10.0.0.0/8,!10.1.1.1" ssh-ed25519 ')


@settings(max_examples=150, deadline=None)
@given(PATHS)
def test_whatever_the_path_holds_the_shell_gets_it(path: str) -> None:
    line = authorized_line(system(VAULT01=path), KEY, ["192.0.2.7"], "vtspolicy@vts1")
    assert line.isascii() and line.isprintable()
    options, rest = options_of(line)
    assert (options["restrict"], options["from"]) == ("", "192.0.2.7")
    assert rest.startswith("ssh-ed25519 AAAA")
    words = subprocess.run(["sh", "-c", options["command"].replace("vtspolicy receive", "printf '%s\\0' receive", 1)],
                           capture_output=True, check=True).stdout
    assert words.split(b"\0")[:-1] == [b"receive", b"--vault", f"VAULT01={path}".encode()]


@pytest.mark.parametrize("word", ["", "plain", "a b", "it's", '"', "\\", "$HOME", "`id`", "%s", "\u00e4%\\'\n.", "!"])
def test_shell_words(word: str) -> None:
    assert subprocess.run(["sh", "-c", f"printf '%s' {shell_word(word)}"], capture_output=True,
                          check=True).stdout == word.encode()


def test_our_address_is_that_of_the_way_there() -> None:
    assert our_address("127.0.0.1", 22) == "127.0.0.1"
    assert our_address("no such name", 22) is None
    if socket.has_ipv6:
        assert our_address("::1", 22) in ("::1", None)
