"""The verbs about policies and the event log, each defined once."""

from __future__ import annotations

from vtspolicy.command.attributes import BRIEF, DETAIL, OBEYFORM, REF
from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

_KINDS = (("SYSTEM", "system"), ("SCHEME", "scheme"), ("AUTOCOPY", "policy"), ("SETTINGS", "name"))


def _policies(*attributes: Attribute, low: int = 1, templates: bool = False, doc: str, fields: bool = False,
              removes: bool = False, exclusive: tuple[str, ...] = ()) -> tuple[Form, ...]:
    """The same form for each kind of policy."""
    return tuple(
        Form(kind, Operand(what, doc, low=low, templates=templates), attributes, fields, removes, exclusive=exclusive)
        for kind, what in _KINDS)


_EVENTS = Form("EVENT", Operand("id", "Only events with this six-digit id.", low=0), (
    Attribute("SEVERITY", Takes.VALUE, "Only events of this severity or a worse one.", what="severity",
              example="error", choices=("info", "warning", "error", "critical")),
    Attribute("ID", Takes.VALUE, "Only events with this id.", what="id", example="624013", pattern=r"[0-9]{6}",
              expected="a six-digit event id, such as 624013"),
    Attribute("TAPE", Takes.VALUE, "Only events about tapes that this name or template selects.", what="tape",
              example="T0*"),
    Attribute("SINCE", Takes.VALUE, "Only events since that time, or so long ago.", what="time",
              example="2026-11-22 01:30"),
    Attribute("RUN", Takes.VALUE, "Only events of this run.", what="run", example="20261122T013000-4711"),
    Attribute("REF", Takes.VALUE, "Only events of the runs that were given this word.", what="word",
              example="PAY0304", pattern=REF.pattern, expected=REF.expected),
    Attribute("LIMIT", Takes.VALUE, "At most so many events, the newest.", what="count", example="20",
              pattern=r"[1-9][0-9]{0,8}", expected="a whole number from 1 on"),
    BRIEF,
))

VERBS: tuple[Verb, ...] = (
    Verb(
        "ADD", "add a policy: a system, a scheme, an AutoCopy policy or the settings",
        "Writes a new policy file. Each field of the policy is an attribute; several values stand in parentheses. "
        "vtspolicy-policy(5) lists the fields, and SAMPLE prints them with examples. The whole set of policies is "
        "checked first; if anything is wrong, nothing is written.",
        _policies(doc="The new policy's name.", fields=True),
        ("ADD SYSTEM vts2, ADDRESS vts2.example.com, USER vts, KEY /etc/vtspolicy/keys/vts2, "
         "VAULTS VAULT01=/srv/vts/VAULT01",
         "ADD SCHEME NIGHTLY, FROM /VAULT01/PAYROLL, TO (vts2:/VAULT01/PAYROLL, vts3:/VAULT01/PAYROLL)",
         "ADD AUTOCOPY PAYROLL, POOL /VAULT01/PAYROLL, TO vts2:/VAULT01/PAYROLL")),
    Verb(
        "ALTER", "change fields of a policy",
        "Changes the fields that are named and leaves the others, and the file's comments, as they are. A keyword "
        "with a value sets the field, in whole: a list is not added to, it is replaced. A keyword without a value "
        "removes the field, so that its default holds again. The whole set of policies is checked first; if anything "
        "is wrong, nothing is written.",
        _policies(doc="The policy's name.", fields=True, removes=True),
        ("ALTER SCHEME NIGHTLY, RATE 40 MiB/s",
         "ALTER SCHEME NIGHTLY, RATE, NOTE \"payroll, to the second site\"",
         "ALTER SYSTEM vts2, STALL 90 s")),
    Verb(
        "DELETE", "delete a policy",
        "Removes the policy's file. Tapes, copies and what is known of them stay as they are. A system that a scheme "
        "or an AutoCopy policy still names is not deleted.",
        _policies(doc="The policy's name."),
        ("DELETE SCHEME NIGHTLY !", "DELETE SYSTEM vts2"), destructive=True),
    Verb(
        "INFO", "show what policies say, or the event log",
        "Shows the policies that a name or template selects; without one, all of that kind. INFO EVENT shows the event "
        "log, oldest event first; its attributes narrow it. What tapes hold and how safe they are is shown by STATUS.",
        (*_policies(DETAIL, OBEYFORM, BRIEF, low=0, templates=True, doc="Name or template; without it, all.",
                    exclusive=("DETAIL", "OBEYFORM", "BRIEF")), _EVENTS),
        ("INFO SCHEME *, OBEYFORM", "INFO SYSTEM vts2, DETAIL", "INFO EVENT, SEVERITY error, SINCE 2 h")),
    Verb(
        "CHECK", "look for errors in the policy files",
        "Reads every policy file and shows every error of every file. It opens no connection and no tape.",
        (Form("POLICY"),), ("CHECK POLICY",)),
    Verb(
        "SAMPLE", "print a sample of a policy file, with comments",
        "Prints a complete policy file in which each field is explained.",
        (Form(operand=Operand("kind", "system, scheme, autocopy or settings.")),),
        ("SAMPLE scheme", "SAMPLE system")),
)
