"""Results as people read them: the exact words, and never a character that a terminal would obey."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun import freeze_time

from vtspolicy.command.command import Command
from vtspolicy.command.grammar import Grammar
from vtspolicy.command.verbs import VERBS
from vtspolicy.report import text
from vtspolicy.report.tables import table
from vtspolicy.report.text import completion_line, text_of, trouble_lines
from vtspolicy.service.result import Result, Status, Trouble
from vtspolicy.service.standing.stand import Basis

SOURCE, TARGET = "vts1:/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL"


def shown(verb: str, kind: str | None, data: dict[str, Any], *, status: Status = Status.DONE, run: str | None = "RUN1",
          zone: str | None = "UTC", **flags: bool) -> str:
    return text_of(Result(Command(verb, kind, (), flags), status, data, run=run), zone)


def leg(**counts: Any) -> dict[str, Any]:
    return {"source": SOURCE, "target": TARGET, "copied": 0, "equal": 0, "trusted": 0, "refused": 0, "failed": 0,
            "bytes": 0, "seconds": 0.0, "warnings": [], "states": {}, "gone": 0, "accepted": 0, "reason": None,
            **counts}


@pytest.mark.parametrize(("legs", "status", "lines"), [
    ([leg(copied=2, trusted=3, bytes=5 << 20, seconds=1.25)], "done", [
        f"{SOURCE} -> {TARGET}", "  2 copied, 3 unchanged, 5.0 MiB sent in 1.2 s", "run RUN1: done"]),
    ([leg(trusted=300, states={"safe": 300})], "nothing", [
        f"{SOURCE} -> {TARGET}", "  nothing to do: 300 tapes, all safe", "run RUN1: nothing"]),
    ([leg(trusted=4, states={"safe": 1, "unproven": 3}, gone=2, accepted=1)], "warnings", [
        f"{SOURCE} -> {TARGET}", "  nothing to do: 6 tapes, 5 not safe: 2 held, 3 unproven; 1 gone, as accepted",
        "run RUN1: warnings"]),
    ([leg(trusted=1, states={"safe": 1}, gone=1)], "warnings", [
        f"{SOURCE} -> {TARGET}", "  nothing to do: 2 tapes, 1 not safe: 1 held", "run RUN1: warnings"]),
    ([leg(reason="empty")], "refused", [f"{SOURCE} -> {TARGET}", "  not done: empty", "run RUN1: refused"]),
    ([leg(trusted=3, states={"safe": 3}, reason="interrupted")], "stopped", [
        f"{SOURCE} -> {TARGET}", "  3 unchanged", "run RUN1: stopped"]),
    ([leg(trusted=1, states={"safe": 1}, gone=2, reason="gone")], "partial", [
        f"{SOURCE} -> {TARGET}", "  nothing to do: 3 tapes, 2 not safe: 2 held", "run RUN1: partial"]),
    ([leg()], "nothing", [f"{SOURCE} -> {TARGET}", "  nothing to do: no tape", "run RUN1: nothing"]),
    ([leg(reason="unreachable")], "failed", [f"{SOURCE} -> {TARGET}", "  not done: unreachable", "run RUN1: failed"]),
    ([leg(copied=1, equal=1, refused=1, failed=2, bytes=9), leg(failed=1)], "partial", [
        f"{SOURCE} -> {TARGET}", "  1 copied, 1 found equal, 1 refused, 2 failed, 9 B sent in 0.0 s",
        f"{SOURCE} -> {TARGET}", "  1 failed", "run RUN1: partial"]),
])
@pytest.mark.parametrize("sentence", [("START", "SCHEME"), ("RUN", "SCHEME"), ("IDR", None)])
def test_a_run(sentence: tuple[str, str | None], legs: list[dict[str, Any]], status: str, lines: list[str]) -> None:
    assert shown(*sentence, {"policy": "N", "legs": legs}, status=Status(status)).splitlines() == lines


def test_a_run_repeats_the_word_that_it_was_given() -> None:
    result = Result(Command("START", "SCHEME"), Status.DONE, {"legs": []}, run="RUN1", ref="PAY0304")
    assert text_of(result, None) == "run RUN1: done, ref PAY0304\n"


def test_a_plan() -> None:
    steps = [
        {"tape": "T00001", "action": "copy", "why": "new", "bytes": 1536, "reason": None, "if_unequal": None},
        {"tape": "T00002", "action": "nothing", "why": "unchanged", "bytes": 0, "reason": None, "if_unequal": None},
        {"tape": "T00003", "action": "refuse", "why": "is empty now; its copy holds 100 bytes", "bytes": 0,
         "reason": "held", "if_unequal": None}]
    data = {"legs": [{"source": SOURCE, "target": TARGET, "bytes": 1536,
                      "counts": {"copy": 1, "compare": 0, "nothing": 1, "refuse": 1}, "steps": steps,
                      "new_pool": None, "states": {"never": 1, "safe": 1, "held": 1}, "known": 3,
                      "accepted": ["T00008"], "too_many_gone": True, "read_back": 1536, "gone": ["T00009"],
                      "skipped": [{"name": "LINK", "why": "a symbolic link"}]}]}
    assert shown("PLAN", "SCHEME", data, status=Status.PLANNED, run=None) == f"""\
{SOURCE} -> {TARGET}
Action    Tape       Size  Why
--------  ------  -------  ---------------------------------------------
copy      T00001  1.5 KiB  new
nothing   T00002        -  unchanged
refuse    T00003      0 B  is empty now; its copy holds 100 bytes (held)
gone from the source, copy kept: T00009
1 of 3 copied tapes are gone: more than the policy's guard allows
gone from the source, as accepted, copy kept: T00008
skipped: LINK: a symbolic link
1 to copy (1.5 KiB), 0 to compare, 1 unchanged, 1 refused
over the link: 1.5 KiB to send, 1.5 KiB to read back
"""


@pytest.mark.parametrize(("counts", "line"), [
    ({"verified": 3}, "3 verified, run RUN1\n"), ({"verified": 3, "damaged": 1}, "3 verified, 1 damaged, run RUN1\n"),
    ({"missing": 1, "diverged": 3}, "1 missing, 3 diverged, run RUN1\n"),
    ({"unread": 2}, "2 unread, run RUN1\n"), ({}, "")])
def test_a_verification(counts: dict[str, int], line: str) -> None:
    assert shown("VERIFY", "SCHEME", {"tapes": [], "counts": counts}) == line


def test_a_verification_says_what_is_left() -> None:
    data = {"tapes": [], "counts": {"verified": 3}, "spared": 0, "left": {"copies": 9, "bytes": 1536}}
    assert shown("VERIFY", "SCHEME", data) == (
        "3 verified, run RUN1\n9 left (1.5 KiB); the same sentence goes on with them\n")
    data = {"tapes": [], "counts": {}, "spared": 12, "left": {"copies": 0, "bytes": 0}}
    assert shown("VERIFY", "SCHEME", data) == "nothing to do: 12 copies, all looked at since then\n"


def test_what_was_released_or_accepted() -> None:
    released = {"tape": f"{SOURCE}/T1", "target": f"{TARGET}/T1", "size": 0, "copy": 1536}
    assert shown("RELEASE", "TAPE", {"released": [released]}) == (
        f"OK, {SOURCE}/T1 released: 0 B over a copy of 1.5 KiB on\n    {TARGET}/T1\n"
        "the next run copies it as it is now\n")
    assert shown("RELEASE", "TAPE", {"released": [released] * 2}).endswith("copies them as they are now\n")
    assert shown("RELEASE", "TAPE", {"released": []}) == "no tape is held; nothing was released\n"
    assert shown("RELEASE", "TAPE", {}) == shown("ACCEPT", "POOL", {}) == ""
    accepted = {"source": SOURCE, "target": TARGET, "tapes": ["T1", "T2"]}
    assert shown("ACCEPT", "POOL", {"accepted": [accepted]}).split("OK, ") == ["", *(
        f"accepted as gone from {SOURCE}, copy kept on\n    {TARGET}: {name}\n" for name in ("T1", "T2"))]
    assert shown("ACCEPT", "POOL", {"accepted": [{**accepted, "tapes": []}]}) == (
        "no tape is gone that was not accepted already; nothing was changed\n")


TAPE = {"tape": f"{SOURCE}/T00001", "target": f"{TARGET}/T00001", "state": "safe", "size": 1536, "changed": 1e9,
        "copied": "2026-11-22T01:30:00.000Z", "verified": "2026-11-22T01:30:00.000Z", "trusted": None,
        "digest": "blake3:" + "1" * 64, "durable": True, "reason": None, "failed": None, "run": "RUN1", "ref": None,
        "basis": "last known"}
STATUS = {"tapes": [TAPE, {**TAPE, "tape": f"{SOURCE}/T00002", "target": f"{TARGET}/T00002", "state": "never",
                           "size": None, "changed": None, "verified": None, "copied": None, "digest": None,
                           "durable": False, "run": None}],
          "summary": [{"source": SOURCE, "target": TARGET, "tapes": 2, "states": {"safe": 1, "never": 1},
                       "oldest_proof": "2026-11-22T01:30:00.000Z", "exposed_since": 1e9, "basis": "last known"}]}


@freeze_time("2026-11-22 03:35:00")
def test_the_status_of_tapes() -> None:
    assert shown("STATUS", "SCHEME", STATUS, zone="Europe/Berlin") == f"""\
{SOURCE} -> {TARGET}
Tape    State       Size  Changed           Verified copy            Age
------  -------  -------  ----------------  ----------------  ----------
T00001  safe     1.5 KiB  2001-09-09 03:46  2026-11-22 02:30  2 h 05 min
T00002  never          -  -                 -                          -
2 tapes: 1 never, 1 safe; targets as last known
oldest proof 2026-11-22 02:30
exposed since 2001-09-09 03:46
"""


def test_the_status_of_tapes_in_detail() -> None:
    data = {**STATUS, "tapes": [{**TAPE, "reason": "verify", "failed": "2026-11-22T02:00:00.000Z", "ref": "PAY1"}]}
    assert shown("STATUS", "TAPE", data, DETAIL=True).splitlines()[:15] == [
        f"{SOURCE} -> {TARGET}",
        f"  Tape ............. {SOURCE}/T00001", f"  Target ........... {TARGET}/T00001",
        "  State ............ safe", "  Size ............. 1536 bytes", "  Changed .......... 2001-09-09 01:46",
        "  Copied ........... 2026-11-22 01:30", "  Verified ......... 2026-11-22 01:30", "  Seen unchanged ... -",
        "  Digest ........... blake3:" + "1" * 64, "  Durable .......... yes", "  Run .............. RUN1",
        "  Ref .............. PAY1", "  Last problem ..... verify, 2026-11-22 02:00", ""]


@pytest.mark.parametrize(("basis", "words"), list(zip(Basis, (
    "targets as last known", "targets asked now", "from the records here"), strict=True)))
def test_a_status_says_what_it_is_told_from(basis: Basis, words: str) -> None:
    data = {"tapes": [TAPE], "summary": [{"source": SOURCE, "target": TARGET, "tapes": 1, "states": {"safe": 1},
                                          "oldest_proof": None, "exposed_since": None, "basis": str(basis)}]}
    assert shown("STATUS", "POOL", data).splitlines()[-1] == f"1 tape: 1 safe; {words}"


def test_a_status_that_selects_nothing_says_so() -> None:
    assert shown("STATUS", "POOL", {"tapes": [], "summary": []}) == "no tape is selected\n"


def test_the_status_of_systems() -> None:
    vault = {"vault": "VAULT01", "path": "/x", "identity": "0123456789abcdef" * 2, "pools": 1, "free": 5 << 30,
             "state": "ok"}
    data = {"systems": [
        {"system": "vts1", "address": None, "answers": "local", "durable": True, "atomic": True, "state": "ok",
         "vaults": [vault, {**vault, "vault": "VAULT02", "identity": None, "free": None, "state": "no id"}]},
        {"system": "vts2", "address": "vts2.example.com", "answers": None, "state": "unreachable", "vaults": []},
        {"system": "vts3", "address": "vts3", "answers": "sftp", "durable": False, "atomic": True, "state": "ok",
         "vaults": []}]}
    lines = shown("STATUS", "SYSTEM", data, run=None).splitlines()
    assert [line.split() for line in lines[2:5]] == [
        ["vts1", "this", "machine", "local", "VAULT01", "01234567", "5.0", "GiB", "ok"],
        ["vts1", "VAULT02", "-", "-", "no", "id"],
        ["vts2", "vts2.example.com", "-", "-", "-", "-", "unreachable"]]
    assert lines[-1] == "vts3: durable: no; its copies stay unproven"


def test_all_that_is_known_of_a_system() -> None:
    vault = {"vault": "VAULT01", "path": "/x", "identity": "ab" * 16, "pools": 1, "free": 5 << 30, "state": "ok"}
    system = {"system": "vts2", "address": "vts2.example.com", "port": 22, "user": "vts", "far-end": "receiver",
              "pinned": ["SHA256:x"], "answers": "receiver", "durable": True, "atomic": None, "state": "ok",
              "vaults": [vault]}
    assert shown("STATUS", "SYSTEM", {"systems": [system]}, DETAIL=True).splitlines() == [
        "  System ........... vts2", "  Address .......... vts2.example.com", "  Port ............. 22",
        "  User ............. vts", "  Far end .......... receiver", "  Answers as ....... receiver",
        "  State ............ ok", "  Durable .......... yes", "  Atomic ........... -",
        "  Pinned key ....... SHA256:x", "  Vault ............ VAULT01", "    Path ........... /x",
        f"    Id ............. {'ab' * 16}", "    Pools .......... 1", "    Free ........... 5368709120 bytes, 5.0 GiB",
        "    State .......... ok"]


POLICY = {"kind": "scheme", "name": "NIGHTLY", "file": "NIGHTLY.yaml", "obeyform": "ADD SCHEME NIGHTLY, FROM /V/P",
          "fields": {"name": "NIGHTLY", "note": "", "from": ["/V/P", "/V/Q"], "to": ["vts2:/V/P"], "rate": None}}
HOME = {"kind": "system", "name": "vts1", "file": "vts1.yaml", "obeyform": "ADD SYSTEM vts1",
        "fields": {"name": "vts1", "note": "this one", "address": None, "user": None, "vaults": {"V": "/srv/V"}}}
FAR = {"kind": "system", "name": "vts2", "file": "vts2.yaml", "obeyform": "ADD SYSTEM vts2",
       "fields": {"name": "vts2", "note": "", "address": "vts2.example.com", "user": "vts", "vaults": {"V": "/srv/V"}}}


@pytest.mark.parametrize(("kind", "policies", "flags", "lines"), [
    ("SCHEME", [POLICY], {}, ["NIGHTLY  /V/P, /V/Q  ->  vts2:/V/P"]),
    ("SYSTEM", [HOME, FAR], {}, ["vts1  this machine          V  this one", "vts2  vts@vts2.example.com  V"]),
    ("SCHEME", [POLICY], {"OBEYFORM": True}, ["ADD SCHEME NIGHTLY, FROM /V/P"]),
    ("SYSTEM", [HOME], {"DETAIL": True}, [
        "SYSTEM vts1", "   name ........... vts1", " *note ........... this one", " *address ........ -",
        " *user ........... -", " *vaults ......... V=/srv/V", "  file ........... vts1.yaml"]),
    ("AUTOCOPY", [], {}, ["no AUTOCOPY is defined"]),
])
def test_policies(kind: str, policies: list[dict[str, Any]], flags: dict[str, Any], lines: list[str]) -> None:
    found = shown("INFO", kind, {"policies": policies}, run=None, **flags).splitlines()
    assert [line.strip() for line in found] == [line.strip() for line in lines]


def test_events_one_to_a_line() -> None:
    data = {"events": [{"time": "2026-11-22T01:30:05.123Z", "severity": "ERROR", "id": "624013", "text": "it failed"}]}
    assert shown("INFO", "EVENT", data, zone="Europe/Berlin", run=None) == (
        "2026-11-22 02:30:05 ERROR    624013 it failed\n")


@pytest.mark.parametrize(("sentence", "data", "status", "line"), [
    (("ADD", "SYSTEM"), {"kind": "SYSTEM", "name": "v", "file": "v.yaml", "next": ["TRUST SYSTEM v"]}, "done",
     "OK, SYSTEM v added in v.yaml\nstill to be done: TRUST SYSTEM v\n"),
    (("ALTER", "SCHEME"), {"kind": "SCHEME", "name": "N", "file": "N.yaml", "next": []}, "done",
     "OK, SCHEME N altered in N.yaml\n"),
    (("DELETE", "SCHEME"), {"kind": "SCHEME", "name": "N", "file": None, "next": []}, "done",
     "OK, SCHEME N deleted\n"),
    (("TRUST", "SYSTEM"), {"system": "v", "kind": "ssh-ed25519", "fingerprint": "SHA256:x"}, "done",
     "OK, host key of v pinned: SHA256:x\n"),
    (("TRUST", "SYSTEM"), {"system": "v", "kind": "ssh-ed25519", "fingerprint": "SHA256:x"}, "nothing",
     "OK, host key of v pinned already: SHA256:x\n"),
    (("INIT", "VAULT"), {"vault": "v:/V", "identity": "ab"}, "done", "OK, vault v:/V has the id ab\n"),
    (("REBUILD", "CATALOG"), {"copies": 3, "proven": 2, "pools": [], "kept": None}, "done",
     "OK, catalog rebuilt: 3 copies, 2 of them proven\n"),
    (("REBUILD", "CATALOG"), {"copies": 3, "proven": 2, "pools": [], "kept": None}, "partial", ""),
    (("CHECK", "POLICY"), {"folder": "/p", "errors": []}, "done", "OK, the policies in /p are right\n"),
    (("CHECK", "POLICY"), {"folder": "/p", "errors": ["a:1: x: y", "b:2: x: y"]}, "refused", "a:1: x: y\nb:2: x: y\n"),
    (("SAMPLE", None), {"text": "kind: system\n\nname: x\n"}, "done", "kind: system\n\nname: x\n"),
    (("PARSE", None), {"parsed": {"verb": "X"}}, "done", '{"verb": "X"}\n'),
    (("ENV", None), {"policies": "/p", "state": "/s", "version": "1", "user": "u", "service": None}, "done",
     "  Policies ......... /p\n  State ............ /s\n  Version .......... 1\n  User ............. u\n"
     "  Service .......... none\n"),
])
def test_one_line_says_what_was_done(sentence: tuple[str, str | None], data: dict[str, Any], status: str,
                                     line: str) -> None:
    assert shown(*sentence, data, status=Status(status), run=None) == line


@pytest.mark.parametrize("verb", [each for each in VERBS if each.built], ids=lambda each: each.word)
def test_every_verb_can_be_shown_and_shows_nothing_where_nothing_came_of_it(verb: Any) -> None:
    for form in verb.forms:
        command = Command(verb.word, form.object)
        known = (verb.word, form.object) in text._RENDERERS or (verb.word, None) in text._RENDERERS
        assert known or verb.word in ("DEMO", "RECEIVE")
        assert text_of(Result(command, Status.REFUSED), None) == ""
    assert verb.grammar in Grammar


def test_no_command_shows_nothing() -> None:
    assert text_of(Result(None, Status.REFUSED, {"x": 1}), None) == ""


# ---- trouble ---------------------------------------------------------------------------------------------------------


def test_errors_and_warnings_are_marked() -> None:
    result = Result(Command("START", "SCHEME"), Status.PARTIAL, errors=(
        Trouble("space", "the target is full"), Trouble("usage", "START SCHEME\n            ^\nexpected a name"),
        Trouble("policy", "a.yaml:1: x: y\nb.yaml:2: x: y")), warnings=("skipped", "two\nlines"))
    assert trouble_lines(result) == [
        "*ERROR* the target is full (624014)", "*ERROR* START SCHEME", "                    ^",
        "        expected a name (690001)", "*ERROR* a.yaml:1: x: y", "*ERROR* b.yaml:2: x: y (630004)",
        "*WARNING* skipped", "*WARNING* two"]


def test_check_policy_shows_its_errors_as_its_answer() -> None:
    result = Result(Command("CHECK", "POLICY"), Status.REFUSED, {"errors": ["a"]}, (Trouble("policy", "a"),))
    assert trouble_lines(result) == []


def test_the_completion_line_is_one_of_words() -> None:
    partial = Result(None, Status.PARTIAL, errors=(Trouble("unreachable", "x"),), ref="PAY0304")
    assert completion_line(2, partial, 41, 1) == (
        "COMPLETION CODE 2: partial reason=unreachable done=41 failed=1 ref=PAY0304")
    assert completion_line(0, None, 0, 0) == "COMPLETION CODE 0: done done=0 failed=0"


def test_a_table_takes_texts_as_they_are() -> None:
    assert table([("012345", "1e5"), ("T1", "")], ("Tape", "N"), right=(1,)) == [
        "Tape      N", "------  ---", "012345  1e5", "T1"]
