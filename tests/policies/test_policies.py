"""Every sample loads; every bad file is refused with exactly the lines beside it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from pathlib import Path

import pytest

from vtspolicy.command.sentence import parse
from vtspolicy.errors import PolicyInvalid
from vtspolicy.policy.folder import check, load
from vtspolicy.policy.model import AutoCopy, Scheme
from vtspolicy.policy.places import Place
from vtspolicy.policy.reader import error_lines, policy_of, read_policy

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "policies"
BAD_FILES = sorted((HERE / "bad").glob("*.yaml"))
BAD_SETS = sorted(path for path in (HERE / "bad").iterdir() if path.is_dir())
GOOD = sorted((HERE / "good").glob("*.yaml"))
SCHEME = b"kind: scheme\nname: NIGHTLY\nfrom: /VAULT01/PAYROLL\nto: vts2:/VAULT01/PAYROLL\n"


def copied(source: Path, target: Path) -> str:
    """The folder's policies where nobody else owns or may write them, whatever the checkout allows."""
    target.mkdir(mode=0o755)
    for path in source.glob("*.yaml"):
        shutil.copyfile(path, target / path.name)
        (target / path.name).chmod(0o644)
    return str(target)


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_all_its_errors(path: Path) -> None:
    expected = path.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    assert expected
    assert list(error_lines(path.name, read_policy(path.read_bytes()).faults)) == expected
    with pytest.raises(PolicyInvalid) as refused:
        policy_of(path.read_bytes(), path.name)
    assert str(refused.value).splitlines() == expected


@pytest.mark.parametrize("folder", BAD_SETS, ids=lambda path: path.name)
def test_a_bad_set_is_refused_with_the_errors_of_every_file(folder: Path, tmp_path: Path) -> None:
    expected = (folder / "expect").read_text(encoding="utf-8").splitlines()
    assert expected
    copy = copied(folder, tmp_path / "policies")
    assert [line.removeprefix(copy + "/") for line in check(copy)] == expected
    with pytest.raises(PolicyInvalid):
        load(copy)


def test_no_expectation_is_left_without_its_file() -> None:
    assert len(BAD_FILES) > 70 and len(BAD_SETS) > 10
    assert {path.with_suffix(".yaml") for path in (HERE / "bad").glob("*.expect")} == set(BAD_FILES)


@pytest.mark.parametrize(("data", "expected"), [
    (b"", ["x:1: file: is empty"]),
    (b"\n", ["x:1: file: holds no policy"]),
    (SCHEME[:-1], ["x:4: file: the last line has no end; the file may be cut"]),
    (SCHEME + b"tapes: T*", ["x:5: file: the last line has no end; the file may be cut"]),
    (SCHEME[:-9], ["x:4: file: the last line has no end; the file may be cut",
                   "x:4: to: expected a pool on a system: vts2:/vault/pool, or vts2:/vault/{pool}, "
                   "found 'vts2:/VAULT01'"]),
    (b"\xef\xbb\xbf" + SCHEME, ["x:1: file: begins with a byte order mark; save it as UTF-8 without one"]),
    (SCHEME.decode().encode("utf-16"), ["x:1: file: is not UTF-8"]),
    (SCHEME + b"note: caf\xe9\n", ["x:5: file: is not UTF-8"]),
    (SCHEME + b"note: \xed\xa0\x80\n", ["x:5: file: is not UTF-8"]),
    (SCHEME.replace(b"\n", b"\r\n"), [f"x:{line}: file: a carriage return; end lines with a line feed alone"
                                      for line in (1, 2, 3, 4)]),
    (SCHEME + b"note: a\x00b\n", ["x:5: file: the character U+0000 cannot be seen"]),
    (SCHEME + b"note: a\x1b[2Jb\n", ["x:5: file: the character U+001B cannot be seen"]),
    (SCHEME + b"# a comment\x7f\n", ["x:5: file: the character U+007F cannot be seen"]),
    (SCHEME + b"#" * 1_000_000, ["x:1: file: larger than 1000000 bytes"]),
    (b"[" * 900_000 + b"\n", ["x:1: file: nested deeper than 20"]),
    (b"- " * 400_000 + b"\n", ["x:1: file: nested deeper than 20"]),
    (b"{a: " * 200_000 + b"\n", ["x:1: file: nested deeper than 20"]),
    (b"? " * 400_000 + b"\n", ["x:1: file: nested deeper than 20"]),
    (SCHEME + b"tapes: [" + b"a, " * 100_000 + b"]\n", ["x:5: file: holds more than 50000 values"]),
    (SCHEME + b"tapes:\n" + b"".join(b"- T%d\n" % number for number in range(501)),
     ["x:6: tapes: holds more than 500 entries; use templates"]),
    (SCHEME + b"note: '" + b"x" * 900_000 + b"'\n",
     [f"x:5: note: expected at most 200 characters, found '{'x' * 40}...'"]),
    (SCHEME + b"note: " + b"9" * 900_000 + b"\n",
     [f"x:5: note: expected at most 200 characters, found '{'9' * 40}...'"]),
    (b"kind: scheme\nname: N\nfrom:\n" + b"".join(b"- /V%d/P%d\n" % (n, n) for n in range(500)) + b"to:\n"
     + b"".join(b"- s:/V%d/{pool}\n" % n for n in range(500)), []),
    (b"".join(b"%%TAG !a%d! b\n" % number for number in range(60_000)),
     ["x:1: file: a line that begins with % is a directive; none is allowed"]),
], ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "")
def test_bytes_that_no_editor_keeps_are_refused_soon(data: bytes, expected: list[str]) -> None:
    start = time.process_time()
    assert list(error_lines("x", read_policy(data).faults)) == expected
    assert time.process_time() - start < 2


def test_errors_without_end_are_told_up_to_a_number() -> None:
    data = SCHEME + b"".join(b"key%d: x\n" % number for number in range(20_000))
    lines = error_lines("x", read_policy(data).faults)
    assert len(lines) == 101
    assert lines[-1] == "x:105: file: more is wrong from here on; repair this first"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_sample_file_loads(path: Path) -> None:
    assert policy_of(path.read_bytes(), path.name).note or path.stem == "settings"


def test_the_samples_are_one_set(tmp_path: Path) -> None:
    policies = load(copied(SAMPLES, tmp_path / "policies"))
    assert set(policies.systems) == {"here", "vts2", "vts3"}
    assert set(policies.schemes) == {"NIGHTLY", "LEDGER", "ARCHIVE"}
    assert set(policies.autocopies) == {"PAYROLL"}
    assert policies.settings.unique_names
    assert policies.origins["scheme", "NIGHTLY"].file == "scheme-nightly.yaml"
    assert policies.origins["scheme", "NIGHTLY"].line == 3


@pytest.mark.parametrize("file", ["systemd/vtspolicy@.service", "cron.d/vtspolicy"])
def test_the_sample_units_run_a_sentence_that_there_is(file: str) -> None:
    text = (SAMPLES / file).read_text(encoding="utf-8")
    found = re.findall(r"/usr/bin/vtspolicy (.+)", text)
    assert len(found) == 1
    command = parse(found[0].replace("%i", "NIGHTLY"))
    assert (command.verb, command.object, command.operands) == ("START", "SCHEME", ("NIGHTLY",))


def test_what_other_readers_take_for_something_else_stays_text() -> None:
    policy = policy_of((HERE / "good" / "texts.yaml").read_bytes(), "texts.yaml")
    assert isinstance(policy, Scheme)
    assert policy.name == "012345"
    assert policy.note == "2026-11-22"
    assert policy.source == (Place(None, "010", "NO"),)
    assert policy.to == (Place("null", "1.5", "0x1F"),)
    assert policy.tapes == ("NO", "012345", "1e3", "010203", "yes", "2026-11-22", "true", "0o17", "null", "*")


def test_a_time_stays_a_time() -> None:
    policy = policy_of((HERE / "good" / "time.yaml").read_bytes(), "time.yaml")
    assert isinstance(policy, AutoCopy)
    assert policy.note == "1:30"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_each_good_file_loads(path: Path) -> None:
    policy_of(path.read_bytes(), path.name)


def test_the_sample_files_may_be_read_by_everybody_and_written_by_their_owner() -> None:
    for path in (*SAMPLES.rglob("*"),):
        if path.is_file():
            assert not os.stat(path).st_mode & (stat.S_IWOTH | stat.S_IXUSR), path
