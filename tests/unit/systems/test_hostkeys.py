"""Pinned host keys: what a known_hosts file of ours says, and how a pin is changed without touching the others."""

from __future__ import annotations

import base64
import hmac
import os
import stat
from pathlib import Path

import pytest

from vtspolicy.errors import HostKey
from vtspolicy.systems.ssh.hostkeys import Pins, PublicKey, host_name, judge, pin, pins_of

ONE, TWO, THREE = (PublicKey("ssh-ed25519", bytes([number]) * 51) for number in (1, 2, 3))


def text(key: PublicKey) -> str:
    return f"{key.kind} {base64.b64encode(key.blob).decode()}"


def hashed(name: str) -> str:
    salt = b"s" * 20
    digest = hmac.new(salt, name.encode(), "sha1").digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def test_a_host_is_filed_as_openssh_files_it() -> None:
    assert (host_name("vts2", 22), host_name("vts2", 2222), host_name("::1", 22)) == ("vts2", "[vts2]:2222", "::1")


def test_a_fingerprint_is_that_of_ssh_keygen() -> None:
    key = base64.b64decode("AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
    fingerprint = PublicKey("ssh-ed25519", key).fingerprint
    assert fingerprint.startswith("SHA256:")
    assert len(fingerprint) == 7 + 43
    assert "=" not in fingerprint


@pytest.mark.parametrize(("line", "pins"), [
    (f"vts2 {text(ONE)}", Pins((ONE,), ())),
    (f"  vts2   {text(ONE)}  a comment here", Pins((ONE,), ())),
    (f"vts1,vts2,10.0.0.2 {text(ONE)}", Pins((ONE,), ())),
    (f"{hashed('vts2')} {text(ONE)}", Pins((ONE,), ())),
    (f"@revoked vts2 {text(ONE)}", Pins((), (ONE,))),
    (f"@revoked * {text(ONE)}", Pins((), (ONE,))),
    (f"@revoked vts1,* {text(ONE)}", Pins((), (ONE,))),
    (f"@revoked {hashed('vts2')} {text(ONE)}", Pins((), (ONE,))),
    (f"@revoked vts1 {text(ONE)}", Pins((), ())),
    (f"@cert-authority vts2 {text(ONE)}", Pins((), ())),
    (f"@cert-authority * {text(ONE)}", Pins((), ())),
    (f"@other vts2 {text(ONE)}", Pins((), ())),
    (f"* {text(ONE)}", Pins((), ())),
    (f"vts* {text(ONE)}", Pins((), ())),
    (f"vts1 {text(ONE)}", Pins((), ())),
    (f"VTS2 {text(ONE)}", Pins((), ())),
    (f"[vts2]:22 {text(ONE)}", Pins((), ())),
    (f"{hashed('vts1')} {text(ONE)}", Pins((), ())),
    (f"#vts2 {text(ONE)}", Pins((), ())),
    (f"# vts2 {text(ONE)}", Pins((), ())),
    ("vts2 ssh-ed25519", Pins((), ())),
    ("vts2 ssh-ed25519 not=base64!", Pins((), ())),
    ("vts2 ssh-ed25519 \u00e4\u00e4\u00e4\u00e4", Pins((), ())),
    ("vts2", Pins((), ())),
    ("@revoked", Pins((), ())),
    ("@", Pins((), ())),
    (f"|1|x|y {text(ONE)}", Pins((), ())),
    (f"|1|| {text(ONE)}", Pins((), ())),
    (f"|1|a|b|c {text(ONE)}", Pins((), ())),
    (f"|1|\u00e4|\u00e4 {text(ONE)}", Pins((), ())),
    (f"|2|x|y {text(ONE)}", Pins((), ())),
    ("\0\x1b[2J \xff", Pins((), ())),
])
def test_a_line_pins_revokes_or_says_nothing(file: Path, line: str, pins: Pins) -> None:
    file.write_text(f"other {text(TWO)}\n\n{line}\r\n{line[:0]}vts9 {text(THREE)}", encoding="utf-8")
    assert pins_of(str(file), "vts2") == pins
    assert pins_of(str(file), "vts9").keys == (THREE,)


def test_a_system_may_have_several_keys(file: Path) -> None:
    file.write_text(f"vts2 {text(ONE)}\nvts2 {text(TWO)}\n@revoked * {text(THREE)}\n")
    assert pins_of(str(file), "vts2") == Pins((ONE, TWO), (THREE,))


def test_no_file_pins_nothing_and_one_that_cannot_be_read_is_told(file: Path) -> None:
    assert pins_of(str(file), "vts2") == Pins((), ())
    file.mkdir()
    with pytest.raises(HostKey, match=r"known_hosts: Is a directory$"):
        pins_of(str(file), "vts2")


def test_bytes_that_are_no_text_are_read_over(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00 \x80\n" + f"vts2 {text(ONE)}\n".encode())
    assert pins_of(str(file), "vts2").keys == (ONE,)


def test_a_pin_replaces_those_of_its_name_and_keeps_all_else(file: Path) -> None:
    lines = [
        "# a comment", "", f"vts1 {text(ONE)}", f"vts2 {text(ONE)}", f"{hashed('vts2')} {text(TWO)}",
        f"{hashed('vts1')} {text(TWO)}", f"vts1,vts2,vts3 {text(TWO)} and a comment", f"@revoked vts2 {text(TWO)}",
        f"@cert-authority vts2 {text(TWO)}", f"* {text(ONE)}", "garbage vts2", "vts2"]
    file.write_text("\n".join(lines))
    pin(str(file), "vts2", THREE)
    assert file.read_text().split("\n") == [
        "# a comment", "", f"vts1 {text(ONE)}", f"{hashed('vts1')} {text(TWO)}",
        f"vts1,vts3 {text(TWO)} and a comment", f"@revoked vts2 {text(TWO)}", f"@cert-authority vts2 {text(TWO)}",
        f"* {text(ONE)}", "garbage vts2", f"vts2 {text(THREE)}", ""]
    assert pins_of(str(file), "vts2") == Pins((THREE,), (TWO,))
    assert pins_of(str(file), "vts1").keys == (ONE, TWO, TWO)
    assert pins_of(str(file), "vts3").keys == (TWO,)


def test_pinning_keeps_bytes_that_are_no_text(file: Path) -> None:
    file.write_bytes(b"# \xff\xfe\nvts1 x y")
    pin(str(file), "vts2", ONE)
    assert file.read_bytes() == b"# \xff\xfe\nvts1 x y\n" + f"vts2 {text(ONE)}\n".encode()


def test_a_first_pin_makes_the_file_and_leaves_nothing_else(file: Path) -> None:
    pin(str(file), "[vts2]:2222", ONE)
    assert file.read_text() == f"[vts2]:2222 {text(ONE)}\n"
    assert stat.S_IMODE(file.stat().st_mode) & 0o022 == 0
    assert os.listdir(file.parent) == ["known_hosts"]


def test_a_pin_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostKey, match=r"/nowhere/known_hosts cannot be written: No such file or directory$"):
        pin(str(tmp_path / "nowhere" / "known_hosts"), "vts2", ONE)
    (tmp_path / "known_hosts").mkdir()
    with pytest.raises(HostKey, match="cannot be written"):
        pin(str(tmp_path / "known_hosts"), "vts2", ONE)


@pytest.mark.parametrize(("pins", "message"), [
    (Pins((ONE,), ()), None),
    (Pins((TWO, ONE), ()), None),
    (Pins((), ()), f"vts2 is not trusted yet: it shows the host key {ONE.fingerprint}; TRUST SYSTEM vts2 pins it"),
    (Pins((TWO,), ()), f"vts2 shows another host key than the pinned one: {ONE.fingerprint}, pinned is "
                       f"{TWO.fingerprint}; find out why, then TRUST SYSTEM vts2, FINGERPRINT "
                       f"{ONE.fingerprint}, REPLACE"),
    (Pins((ONE,), (ONE,)), f"vts2 shows the host key {ONE.fingerprint}, which is revoked; give it another key there, "
                           "then TRUST SYSTEM vts2"),
    (Pins((), (ONE,)), f"vts2 shows the host key {ONE.fingerprint}, which is revoked; give it another key there, then "
                       "TRUST SYSTEM vts2"),
    (Pins((PublicKey("ssh-rsa", ONE.blob),), ()),
     f"vts2 shows another host key than the pinned one: {ONE.fingerprint}, pinned is {ONE.fingerprint}; find out why, "
     f"then TRUST SYSTEM vts2, FINGERPRINT {ONE.fingerprint}, REPLACE"),
])
def test_a_key_is_judged(pins: Pins, message: str | None) -> None:
    if message is None:
        judge(ONE, pins, "vts2")
        return
    with pytest.raises(HostKey) as caught:
        judge(ONE, pins, "vts2")
    assert (str(caught.value), caught.value.system) == (message, "vts2")
