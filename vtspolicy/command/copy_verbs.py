"""The verbs that copy tapes and tell how safe they are, each defined once."""

from __future__ import annotations

from vtspolicy.command.attributes import A_SCHEME, ASK, BRIEF, CHECK, DETAIL, POOLS, REF, REPLACE, TAPES
from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

_PLAN_IDR = Form("IDR", Operand("scheme | /vault/pool[/tape]", "What to copy, as behind VTSPolicy IDR."), (
    Attribute("DESTINATION", Takes.VALUE, "Only to this system.", what="system", example="vts2", short="D"),
    Attribute("SOURCE", Takes.VALUE, "Only from this system.", what="system", example="vts1", short="S"),
    CHECK, REPLACE, REF, BRIEF), fillers=("VTSPolicy",))

_BACK = Operand("/vault/pool/tape", "The tape, by the path that it has, or had, on this machine.")
_FROM = Attribute("FROM", Takes.VALUE, "The system that it is brought back from.", what="system", example="vts2")
_REPLACE_HERE = Attribute("REPLACE", Takes.FLAG, "Replace a tape that lies here and holds other bytes.")

_TO = Attribute("TO", Takes.VALUE, "Only the copies on this system.", what="system", example="vts2")
_RATE = Attribute("RATE", Takes.VALUE, "Read at most so many bytes per second.", what="rate", example="100 MiB/s")
_OF_VERIFY = (
    _TO,
    Attribute("OLDER", Takes.VALUE, "Only copies whose last proof is older.", what="time", example="30 days"),
    Attribute("LIMIT", Takes.VALUE, "Stop behind the tape with which so many bytes were read, and say what is left.",
              what="size", example="500 GiB"),
    _RATE, REF, BRIEF)

VERBS: tuple[Verb, ...] = (
    Verb(
        "PLAN", "show what a START, an IDR or a COPY would do, and change nothing",
        "Looks at both sides and prints each step with its reason and its bytes. It takes every sentence that START, "
        "RUN, VTSPolicy IDR or COPY takes. That a tape would be refused does not change the completion code. With "
        "CHECK it is 2 if a tape would be refused, else 1 if something would be done, 0 if not.",
        (Form("SCHEME", A_SCHEME, (CHECK, REPLACE, REF, BRIEF), fillers=("START", "RUN")), _PLAN_IDR,
         Form("TAPE", _BACK, (_FROM, CHECK, _REPLACE_HERE, REF, BRIEF), fillers=("COPY",), must=("FROM",))),
        ("PLAN START SCHEME NIGHTLY, CHECK", "PLAN IDR /VAULT01/PAYROLL, D vts2",
         "PLAN VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'", "PLAN COPY TAPE /VAULT01/PAYROLL/T00001 FROM vts2")),
    Verb(
        "START", "run a scheme: copy what is new or changed, and verify it",
        "Copies every tape of the scheme whose present bytes are not yet safe on the target, reads each copy back, and "
        "puts it in the old one's place only then. One tape that fails does not stop the others. Copying never "
        "deletes.",
        (Form("SCHEME", A_SCHEME, (REPLACE, REF, BRIEF)),),
        ("START SCHEME NIGHTLY", "START SCHEME NIGHTLY, REF PAY0304", "START SCHEME NIGHTLY, REPLACE, BRIEF !"),
        destructive_with=("REPLACE",)),
    Verb(
        "RUN", "run a scheme and wait for its end",
        "Does what START does and always waits for the end, so that the completion code tells how it went.",
        (Form("SCHEME", A_SCHEME, (REPLACE, REF, BRIEF)),),
        ("RUN SCHEME NIGHTLY", "RUN SCHEME NIGHTLY, REF PAY0304"), destructive_with=("REPLACE",)),
    Verb(
        "COPY", "bring one tape back from where it was copied to",
        "Fetches the tape from the pool on the other system that the policies copy its pool to (else from the pool of "
        "the same name), proves it here like any copy, and puts it in its place. What comes must have the digest that "
        "the other system's own record says. A tape that lies here and holds other bytes is not replaced without "
        "REPLACE. Afterwards its copy over there is known as the copy of what lies here, and is not sent again. The "
        "receiver there needs --allow-read.",
        (Form("TAPE", _BACK, (_FROM, _REPLACE_HERE, REF, BRIEF), must=("FROM",)),),
        ("COPY TAPE /VAULT01/PAYROLL/T00001 FROM vts2", "COPY TAPE /VAULT01/PAYROLL/T00001 FROM vts2, REPLACE !"),
        destructive_with=("REPLACE",)),
    Verb(
        "VERIFY", "read copies again and compare their digests",
        "Reads the target's bytes of every copy that is selected and compares their digest with the recorded one. "
        "A copy that is not equal is reported, and copied anew by the next run. The copy whose proof is the oldest "
        "comes first, and each proof is recorded at once: with OLDER, a verification that was stopped, or that ended "
        "at its LIMIT, is taken up where it stopped by the same sentence. A far vtspolicy reads and hashes where the "
        "copy lies; from plain SFTP all bytes come over the link.",
        tuple(Form(kind, operand, _OF_VERIFY) for kind, operand in (
            ("SCHEME", Operand("scheme", "Name or template.", templates=True)), ("POOL", POOLS), ("TAPE", TAPES))),
        ("VERIFY SCHEME NIGHTLY", "VERIFY POOL /VAULT01/PAYROLL, TO vts2", "VERIFY TAPE /VAULT01/PAYROLL/T0*, BRIEF",
         "VERIFY SCHEME *, OLDER 30 days, LIMIT 500 GiB, RATE 100 MiB/s")),
    Verb(
        "ADOPT", "take tapes that others brought to the target for copies, if they are equal",
        "For a disk that was shipped, or a target that rsync filled until now. Each tape is read on both sides, at the "
        "same time and where its bytes lie; a plain SFTP target is read over the link. A tape that is equal is "
        "recorded as a verified copy, here and beside the tape over there, without being sent. One that differs is "
        "listed and left alone, and runs call it diverged; what is missing over there is left to the next run. What is "
        "known and unchanged is not read again: an adoption that was stopped is taken up where it stopped by the same "
        "sentence. The completion code is 1 if a tape differs or is missing.",
        (Form("POOL", POOLS, (_TO, _RATE, REF, BRIEF)),),
        ("ADOPT POOL /VAULT01/PAYROLL", "ADOPT POOL /VAULT01/*, TO vts2, RATE 200 MiB/s")),
    Verb(
        "RELEASE", "let a tape be copied that is held because it became empty or shrank",
        "A tape that became empty, or that shrank below guard: shrunk-to, does not take the place of its copy: it is "
        "held. RELEASE lets exactly the tape that is there now go, and the next run copies it. If it changes again "
        "before that, it is judged anew. REPLACE in a START lets none of them go.",
        (Form("TAPE", TAPES, (_TO,)),),
        ("RELEASE TAPE /VAULT01/PAYROLL/T00001 !", "RELEASE TAPE /VAULT01/PAYROLL/T0*, TO vts2 !"), destructive=True),
    Verb(
        "ACCEPT", "say that tapes which are gone from their pool are meant to be",
        "Every run warns of tapes that were copied and are gone from their source pool, until ACCEPT is given; their "
        "copies are kept in any case. It counts for the tapes that are gone now. One that comes back is copied as "
        "ever, and if it goes again, that is told again.",
        (Form("POOL", Operand("[system:]/vault/pool", "The pool at the source or at the target."), (_TO,)),),
        ("ACCEPT POOL /VAULT01/PAYROLL !", "ACCEPT POOL /VAULT01/PAYROLL, TO vts2 !"), destructive=True),
    Verb(
        "STATUS", "show how safe tapes are, and how systems are",
        "Shows for each tape and target its size, when it last changed, when and where it was last copied and "
        "verified, and its state in one word. The states are explained in vtspolicy-policy(5). What the target holds "
        "is told as last known; with ASK it is asked. What lies here as copies of another machine's tapes is told from "
        "the records beside it, though that machine be gone. Without a name, all.",
        tuple(Form(kind, Operand(operand.what, operand.doc, low=0, templates=True),
                   (DETAIL, BRIEF) if kind == "SYSTEM" else (ASK, DETAIL, BRIEF),
                   exclusive=("DETAIL", "BRIEF")) for kind, operand in (
            ("SYSTEM", Operand("system", "Name or template.")), ("SCHEME", Operand("scheme", "Name or template.")),
            ("POOL", POOLS), ("TAPE", TAPES))),
        ("STATUS SCHEME NIGHTLY", "STATUS TAPE /VAULT01/PAYROLL/*, BRIEF", "STATUS SYSTEM *, DETAIL")),
)
