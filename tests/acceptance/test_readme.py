"""README's first policy, word for word: its commands are run as they stand there, and must do what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.support.sshd import SshServer
from tests.support.tapes import digests, pool
from vtspolicy.command.sentence import parse
from vtspolicy.policy import model
from vtspolicy.report.manual.copying import AUTHORIZED_KEYS
from vtspolicy.report.manual.program_page import EXAMPLES
from vtspolicy.service.sites.farside import far_side

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PROGRAM = Path(sys.executable).with_name("vtspolicy")


def commands() -> list[str]:
    """The indented lines that begin with vtspolicy, continued ones joined."""
    found = re.findall(r"^    (vtspolicy (?:.*\\\n +)*.*)$", README, re.MULTILINE)
    return [re.sub(r"\\\n +", "", each) for each in found]


def test_the_second_site_as_it_stands(tmp_path: Path) -> None:
    """The far side gets the line that ADD KEY prints, exactly, and nothing else."""
    near, far = tmp_path / "near", tmp_path / "far"
    pool(near / "PAYROLL", 3, size=5000)
    (far / "PAYROLL").mkdir(parents=True)
    server = SshServer(tmp_path / "ssh", environment={"PATH": f"{PROGRAM.parent}:/usr/bin:/bin"})
    server.start()
    try:
        shown = {}
        for line in commands():
            words = shlex.split(line)[1:]
            root = far if words[:3] == ["add", "system", "vts2"] else near
            stands_for = {"vts2.example.com": server.address, "vts": server.user,
                          "VAULT01=/srv/vts/VAULT01": f"VAULT01={root}"}
            more = ["--port", str(server.port)] if "--address" in words else ["--yes"] if words[0] == "trust" else []
            done = subprocess.run(
                [PROGRAM, *(stands_for.get(word, word) for word in words), *more], capture_output=True, text=True,
                stdin=subprocess.DEVNULL, check=False, env={
                    **os.environ, "VTSPOLICY_POLICIES": str(tmp_path / "policies"),
                    "VTSPOLICY_STATE": str(tmp_path / "state")})
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            shown[" ".join(words[:2])] = done.stdout
            if words[:2] == ["add", "key"]:
                told = [each for each in done.stdout.splitlines() if each.startswith("restrict,")]
                (server.folder / "authorized_keys").write_text("".join(each + "\n" for each in told))
                means = {f"VAULT01={far}": "VAULT01=/srv/vts/VAULT01", f'"{server.address}"': '"192.0.2.7"',
                         told[0].split()[-2]: "AAAA..."}
                for each, word in means.items():
                    told[0] = told[0].replace(each, word)
                assert told == [AUTHORIZED_KEYS]
    finally:
        server.stop()
    assert digests(far) == digests(near)
    assert len(digests(far)) == 3
    assert re.search(r"^\d+ OK$", shown["test system"], re.MULTILINE)
    assert shown["plan scheme"].count("copy") >= 3
    assert shown["status scheme"].count("safe") >= 3


def test_the_manual_has_the_same_walk() -> None:
    walk = re.sub(r" \\\n +", " ", EXAMPLES[0][1]).splitlines()
    assert walk == commands()
    assert len(walk) >= 9


def test_the_line_for_the_receiver_is_the_manuals() -> None:
    assert f"    {AUTHORIZED_KEYS}\n" in README


def test_what_is_done_over_there_is_what_add_key_prints() -> None:
    system = model.System(name="vts2", address="vts2.example.com", user="vts",
                          vaults={"VAULT01": "/srv/vts/VAULT01"})
    lines = [line for step in far_side(system, ()) for line in step["lines"]]
    assert lines[-1].startswith("setfacl ")
    assert f"`{lines[-1]}`" in README
    assert "".join(f"    {line}\n" for line in lines[:-1]) in README


def test_its_sentences_can_be_parsed() -> None:
    sentences = re.findall(r'`vtspolicy "(.*?)"`', README)
    assert [parse(each).verb for each in sentences] == ["START", "IDR"]


def test_its_help_topics_are_there() -> None:
    topics = re.findall(r"`vtspolicy help (\S+)`", README)
    assert len(topics) == 3
    for topic in topics:
        subprocess.run([PROGRAM, "help", topic], check=True, capture_output=True)


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) >= 5
    assert [each for each in links if not (ROOT / each).exists()] == []


def test_its_make_targets_are_there() -> None:
    targets = set(re.findall(r"\bmake (\w+)", README)) - {"and"}
    assert {"demo", "test", "wheel"} <= targets
    makefile = (ROOT / "Makefile").read_text()
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
