"""The verbs that copy tapes and tell how safe they are, each defined once."""

from __future__ import annotations

from vtspolicy.command.attributes import A_SCHEME, BRIEF, CHECK, DETAIL, POOLS, REF, REPLACE, TAPES
from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

_PLAN_IDR = Form("IDR", Operand("scheme | /vault/pool[/tape]", "What to copy, as behind VTSPolicy IDR."), (
    Attribute("DESTINATION", Takes.VALUE, "Only to this system.", what="system", example="vts2", short="D"),
    Attribute("SOURCE", Takes.VALUE, "Only from this system.", what="system", example="vts1", short="S"),
    CHECK, REPLACE, REF, BRIEF))

VERBS: tuple[Verb, ...] = (
    Verb(
        "PLAN", "show what a START or an IDR would do, and change nothing",
        "Looks at both sides and prints each step with its reason and its bytes. It takes every sentence that START, "
        "RUN or VTSPolicy IDR takes. With CHECK the completion code is 1 if something would be done, 0 if not.",
        (Form("SCHEME", A_SCHEME, (CHECK, REPLACE, REF, BRIEF), fillers=("START", "RUN")), _PLAN_IDR),
        ("PLAN SCHEME NIGHTLY, CHECK", "PLAN START SCHEME NIGHTLY, REPLACE", "PLAN IDR /VAULT01/PAYROLL, D vts2")),
    Verb(
        "START", "run a scheme: copy what is new or changed, and verify it",
        "Copies every tape of the scheme whose present bytes are not yet safe on the target, reads each copy back, and "
        "puts it in the old one's place only then. One tape that fails does not stop the others. Copying never "
        "deletes.",
        (Form("SCHEME", A_SCHEME, (REPLACE, REF, BRIEF)),),
        ("START SCHEME NIGHTLY", "START SCHEME NIGHTLY, REF PAY0304", "START SCHEME NIGHTLY, REPLACE, BRIEF")),
    Verb(
        "RUN", "run a scheme and wait for its end",
        "Does what START does and always waits for the end, so that the completion code tells how it went.",
        (Form("SCHEME", A_SCHEME, (REPLACE, REF, BRIEF)),),
        ("RUN SCHEME NIGHTLY", "RUN SCHEME NIGHTLY, REF PAY0304")),
    Verb(
        "VERIFY", "read copies again and compare their digests",
        "Reads the target's bytes of every copy that is selected and compares their digest with the recorded one. "
        "A copy that is not equal is reported, and copied anew by the next run.",
        tuple(Form(kind, operand, (
            Attribute("TO", Takes.VALUE, "Only the copies on this system.", what="system", example="vts2"),
            REF, BRIEF)) for kind, operand in (
                ("SCHEME", Operand("scheme", "Name or template.", templates=True)),
                ("POOL", POOLS), ("TAPE", TAPES))),
        ("VERIFY SCHEME NIGHTLY", "VERIFY POOL /VAULT01/PAYROLL, TO vts2", "VERIFY TAPE /VAULT01/PAYROLL/T0*, BRIEF")),
    Verb(
        "STATUS", "show how safe tapes are, and how systems are",
        "Shows for each tape and target its size, when it last changed, when and where it was last copied and "
        "verified, and its state in one word. The states are explained in vtspolicy-policy(5). Without a name, all.",
        tuple(Form(kind, Operand(operand.what, operand.doc, low=0, templates=True), (DETAIL, BRIEF),
                   exclusive=("DETAIL", "BRIEF")) for kind, operand in (
            ("SYSTEM", Operand("system", "Name or template.")), ("SCHEME", Operand("scheme", "Name or template.")),
            ("POOL", POOLS), ("TAPE", TAPES))),
        ("STATUS SCHEME NIGHTLY", "STATUS TAPE /VAULT01/PAYROLL/*, BRIEF", "STATUS SYSTEM *, DETAIL")),
)
