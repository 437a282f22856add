"""Attributes and operands that several verbs of NonStop-style sentences share."""

from __future__ import annotations

from vtspolicy.command.grammar import Attribute, Operand, Takes

BRIEF = Attribute("BRIEF", Takes.FLAG, "One line for each object, in a form that does not change, for programs.")
DETAIL = Attribute("DETAIL", Takes.FLAG, "Everything that is known of each object.")
OBEYFORM = Attribute("OBEYFORM", Takes.FLAG, "The sentences that would make the objects again.")
REPLACE = Attribute(
    "REPLACE", Takes.FLAG,
    "Replace copies that were changed by someone else, or were never written by vtspolicy. A tape that is held because "
    "it became empty or shrank stays so: RELEASE TAPE lets it go.")
REF = Attribute(
    "REF", Takes.VALUE, "A word of your own; every event, STATUS and result of this run repeats it.", what="word",
    example="PAY0304", pattern=r"[A-Za-z0-9_.-]{1,16}", expected="at most 16 of A-Z a-z 0-9 _ . -")
ASK = Attribute("ASK", Takes.FLAG, "Ask the targets now, instead of telling what was last known of them.")
NOCHECK = Attribute("NOCHECK", Takes.FLAG, "Do not look whether the systems and pools that it names are there.")
CHECK = Attribute("CHECK", Takes.FLAG,
                  "End with code 1 if anything would be done, with 2 if anything would be refused.")

A_SCHEME = Operand("scheme", "The scheme's name.")
POOLS = Operand("[system:]/vault/pool", "The pool at the source or at the target.", templates=True)
TAPES = Operand("[system:]/vault/pool/tape", "The tape at the source or at the target.", templates=True)
