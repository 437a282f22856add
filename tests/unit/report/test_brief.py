"""BRIEF is an interface: these lines do not change, new keys only come at the end."""

from __future__ import annotations

import re
from typing import Any

import pytest

from vtspolicy.command.command import Command
from vtspolicy.report.brief import FORMS, brief_lines
from vtspolicy.report.text import text_of
from vtspolicy.service.result import Result, Status

S, T = "vts1:/VAULT01/PAYROLL", "vts2:/VAULT01/PAYROLL"
LEG = {"source": S, "target": T, "copied": 1, "equal": 2, "trusted": 3, "refused": 4, "failed": 5, "bytes": 6,
       "status": "failed", "reason": "space"}
STEPS = {"source": S, "target": T, "steps": [
    {"tape": "T1", "action": "copy", "why": "new", "bytes": 7, "reason": None},
    {"tape": "T2", "action": "refuse", "why": "is empty now", "bytes": 0, "reason": "held"}]}
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "run": ({"legs": [LEG]}, [
        f"LEG {S} {T} failed copied=1 equal=2 unchanged=3 refused=4 failed=5 bytes=6 run=RUN1 ref=R1 reason=space"]),
    "adopt": ({"legs": [{**LEG, "differing": ["T1"], "missing": ["T2", "T3"], "waiting": [], "extra": ["X"]}]}, [
        f"ADOPTED {S} {T} failed equal=2 unchanged=3 differ=1 missing=2 changed=0 extra=1 refused=4 failed=5 "
        "run=RUN1 ref=R1 reason=space"]),
    "plan": ({"legs": [STEPS]}, [f"STEP {S}/T1 {T} action=copy bytes=7 reason=- ref=R1",
                                 f"STEP {S}/T2 {T} action=refuse bytes=0 reason=held ref=R1"]),
    "verify": ({"tapes": [{"tape": f"{S}/T1", "target": f"{T}/T1", "result": "verified", "size": 7, "digest": "d"}]}, [
        f"VERIFY {S}/T1 {T}/T1 result=verified size=7 digest=d"]),
    "status": ({"tapes": [{"tape": f"{S}/T1", "target": f"{T}/T1", "state": "safe", "size": None, "verified": "v",
                           "copied": "c", "reason": None, "ref": "PAY1", "basis": "last known"}]}, [
        f"TAPE {S}/T1 {T}/T1 state=safe size=- verified=v copied=c reason=- ref=PAY1 basis=last_known"]),
    "system": ({"systems": [{"system": "vts1", "state": "no id", "answers": None, "address": None}]}, [
        "SYSTEM vts1 state=no_id answers=- address=-"]),
    "test": ({"system": "vts2", "steps": [
        {"step": "host key", "about": None, "result": "failed", "detail": "not trusted yet", "reason": "hostkey",
         "remedy": "TRUST"}]}, [
        "WAY vts2 host_key result=failed about=- reason=hostkey detail=not_trusted_yet"]),
    "freeze": ({"freezes": [{"what": "pool", "place": T, "since": "s", "by": "root@vts2", "reason": "taken over",
                             "seen": "n", "last known": True}]}, [
        f"FROZEN pool {T} since=s by=root@vts2 reason=taken_over seen=n last-known=yes"]),
    "pool": ({"pools": [{"pool": S, "tapes": 7, "bytes": 8, "policy": "scheme N", "covered": True}]}, [
        f"POOL {S} covered=yes policy=scheme_N tapes=7 bytes=8"]),
    "policy": ({"policies": [{"kind": "scheme", "name": "N", "file": "N 1.yaml"}]}, ["SCHEME N file=N_1.yaml"]),
    "event": ({"events": [{"time": "t", "severity": "ERROR", "id": "624013", "system": "vts2", "tape": "T1",
                           "run": "RUN1", "ref": None, "reason": "verify"}]}, [
        "EVENT t ERROR 624013 system=vts2 tape=T1 run=RUN1 ref=- reason=verify"]),
}


@pytest.mark.parametrize("what", CASES)
def test_a_line_for_each_object(what: str) -> None:
    data, lines = CASES[what]
    result = Result(Command("STATUS", "TAPE", (), {"BRIEF": True}), Status.PARTIAL, data, run="RUN1", ref="R1")
    assert brief_lines(result) == lines
    assert text_of(result, None) == "".join(line + "\n" for line in lines)


@pytest.mark.parametrize("what", FORMS)
def test_the_documented_form_is_the_lines(what: str) -> None:
    """`LEG source … key= key=`: as many words, and the same keys in the same order."""
    data, lines = CASES[what]
    words, keys = list[str](), list[str]()
    for word in FORMS[what].split():
        (keys if word.endswith("=") else words).append(word.rstrip("="))
    for line in lines:
        found = line.split(" ")
        assert [word.partition("=")[0] for word in found if "=" in word] == keys
        assert len([word for word in found if "=" not in word]) == len(words)
        assert re.fullmatch(words[0], found[0])
    assert data


def test_nothing_has_no_lines() -> None:
    assert brief_lines(Result(None, Status.DONE)) == []
