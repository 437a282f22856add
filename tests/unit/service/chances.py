"""Any history of two sites, as the dice have it: often enough one in which something is to be done and goes wrong."""

from __future__ import annotations

import random

from tests.unit.service.happenings import Step
from tests.unit.service.histories import NAMES

SENTENCES = (
    "START SCHEME NIGHTLY", "START SCHEME NIGHTLY", "START SCHEME NIGHTLY", "START SCHEME NIGHTLY, REPLACE !",
    "VERIFY SCHEME NIGHTLY", "VERIFY SCHEME NIGHTLY", "REBUILD CATALOG !", "STATUS SCHEME NIGHTLY, ASK",
    "PLAN SCHEME NIGHTLY", "TRUST VAULT there:/VAULT02 !", "INIT VAULT there:/VAULT02, REPLACE !",
    "INIT VAULT there:/VAULT02 !", "TRUST VAULT /VAULT01 !", "INIT VAULT /VAULT01, REPLACE !",
    "ACCEPT POOL /VAULT01/PAYROLL !", "ADOPT POOL /VAULT01/PAYROLL", "ADOPT POOL /VAULT01/PAYROLL")
OF_A_TAPE = ("COPY TAPE /VAULT01/PAYROLL/{} FROM there", "COPY TAPE /VAULT01/PAYROLL/{} FROM there, REPLACE",
             "RELEASE TAPE /VAULT01/PAYROLL/{} !", "VERIFY TAPE /VAULT01/PAYROLL/{}",
             "START SCHEME NIGHTLY", "START SCHEME NIGHTLY")
CONTENTS = (b"aaaa", b"bbbb", b"cccc", b"", b"aaaabbbb", b"d" * 100)
RUN = "START SCHEME NIGHTLY"
ASK = "STATUS SCHEME NIGHTLY, ASK"


def steps(dice: random.Random, number: int) -> list[Step]:
    """A history of so many steps: tapes, a first run, and then anything."""
    found: list[Step] = [("write", "here", name, dice.choice(CONTENTS)) for name in NAMES[:dice.randint(1, 3)]]
    found.append(("say", RUN))
    while len(found) < number:
        found += dice.choices((_hand, _bad_run, _kept, _said, _place), (5, 3, 2, 4, 2))[0](dice)
    return found[:number]


def _hand(dice: random.Random, side: str = "") -> list[Step]:
    """A hand changes a tape, and perhaps somebody looks."""
    name, content, side = dice.choice(NAMES), dice.choice(CONTENTS), side or dice.choice(("here", "there"))
    hands: list[Step] = [
        ("write", side, name, content), ("sneak", side, name, content, dice.random() < 0.5),
        ("append", side, name, content), ("truncate", side, name), ("delete", side, name), ("touch", side, name),
        ("restore", side, name), ("swap", side, name, dice.choice(NAMES)), ("carry", name)]
    return [dice.choice(hands), *dice.choice(([], [("say", ASK)], [("say", "VERIFY SCHEME NIGHTLY")], _said(dice)))]


def _bad_run(dice: random.Random) -> list[Step]:
    """Something is to be done, and the program or the disk does not survive it."""
    sentence = dice.choice((RUN, RUN, "VERIFY SCHEME NIGHTLY", _sentence(dice)))
    bad: Step = dice.choice((("killed", sentence, dice.randint(0, 30)), ("failing", sentence, dice.randint(0, 10))))
    return [_hand(dice, dice.choice(("here", "here", "there")))[0], bad]


def _kept(dice: random.Random) -> list[Step]:
    """What the program keeps is lost, and perhaps made anew."""
    name, kind = dice.choice(NAMES), dice.choice(("record", "proof"))
    lost: Step = dice.choice((("lose_catalog",), ("lose_records",), ("put_back", name, kind), (
        "spoil", name, kind, dice.choice(("lost", "cut", "other")))))
    return [lost, *dice.choice(([], [("lose_catalog",)], [("say", "REBUILD CATALOG !")]))]


def _said(dice: random.Random) -> list[Step]:
    return [("say", dice.choice((RUN, _sentence(dice), _sentence(dice))))]


def _sentence(dice: random.Random) -> str:
    return dice.choice((*SENTENCES, *OF_A_TAPE)).format(dice.choice(NAMES))


def _place(dice: random.Random) -> list[Step]:
    """Disks, machines and freezes; most are put right again."""
    side, flag = dice.choice(("here", "there")), dice.random() < 0.5
    cure: list[Step] = dice.choice(([("say", "INIT VAULT there:/VAULT02, REPLACE !")], [("mark", "there", 2)], [
        ("say", "TRUST VAULT there:/VAULT02 !")]))
    return dice.choice((
        [("keep", side)], [("keep", "there")], [("bring", side)], [("clone",), *cure], [("replace_disk",), *cure],
        [("unmount", side), *_said(dice), ("mount", side)],
        [("mark", "there", dice.randint(0, 3)), *_said(dice), *cure],
        [("mark", "here", dice.randint(0, 3)), *_said(dice), ("mark", "here", 1)],
        [("freeze", flag, False), *_said(dice), ("freeze", flag, True)]))
