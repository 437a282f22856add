"""The verbs about policies and the event log, each defined once."""

from __future__ import annotations

from vtspolicy.command.attributes import ASK, BRIEF, DETAIL, NOCHECK, OBEYFORM, REF
from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

_KINDS = (("SYSTEM", "system"), ("SCHEME", "scheme"), ("AUTOCOPY", "policy"), ("UNPROTECTED", "policy"),
          ("SETTINGS", "name"))


def _policies(*attributes: Attribute, low: int = 1, templates: bool = False, doc: str, fields: bool = False,
              removes: bool = False, exclusive: tuple[str, ...] = ()) -> tuple[Form, ...]:
    """The same form for each kind of policy."""
    return tuple(
        Form(kind, Operand(what, doc, low=low, templates=templates), attributes, fields, removes, exclusive=exclusive)
        for kind, what in _KINDS)


_POOLS = Form("POOL", Operand("[system:]/vault/pool", "Path, also with templates; without it, all pools here.", low=0,
                              templates=True), (
    Attribute("UNCOVERED", Takes.FLAG, "Only pools that no policy names and that hold no copies."), DETAIL, BRIEF),
    exclusive=("DETAIL", "BRIEF"))
_TAPES = Form("TAPE", Operand("[system:]/vault/pool/tape", "The tape, also with templates.", templates=True),
              (ASK, BRIEF))

_EVENTS = Form("EVENT", Operand("id", "Only events with this six-digit id; * or nothing means all.", low=0), (
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

_KEY = Form("KEY", Operand("system", "The system that the key is for."), (
    Attribute("FROM", Takes.LIST, "Our address as the far side sees it, which alone is let in: addresses, networks or "
              "templates. Without it this machine's address on the way there.", what="address", example="192.0.2.7",
              pattern=r"[A-Za-z0-9:.*?!/_-]{1,100}", expected="an address, such as 192.0.2.7 or 192.0.2.0/28"),
    Attribute("READ", Takes.FLAG, "Let tapes be read there, too, as COPY TAPE FROM needs it. It is so without this "
              "where a policy names the system as its source.")))

VERBS: tuple[Verb, ...] = (
    Verb(
        "ADD", "add a policy: a system, a scheme, an AutoCopy policy, the settings; or a key",
        "Writes a new policy file. Each field of the policy is an attribute; several values stand in parentheses. "
        "vtspolicy-policy(5) lists the fields, and SAMPLE prints them with examples. The whole set of policies is "
        "checked first; if anything is wrong, nothing is written. ADD KEY makes the key to log in to a system with: an "
        "ed25519 pair, keys/NAME in the policies' folder (or where the system's policy says), readable by its owner "
        "alone. It prints the line for authorized_keys over there, which lets this machine in for its vaults alone, "
        "and what else is to be done there. A key that is there already is never replaced; its line is printed again.",
        (*_policies(NOCHECK, doc="The new policy's name.", fields=True), _KEY),
        ("ADD SYSTEM vts2, ADDRESS vts2.example.com, USER vts, VAULTS VAULT01=/srv/vts/VAULT01",
         "ADD KEY vts2",
         "ADD SCHEME NIGHTLY, FROM /VAULT01/PAYROLL, TO (vts2:/VAULT01/PAYROLL, vts3:/VAULT01/PAYROLL)",
         "ADD AUTOCOPY PAYROLL, POOL /VAULT01/PAYROLL, TO vts2:/VAULT01/PAYROLL")),
    Verb(
        "ALTER", "change fields of a policy",
        "Changes the fields that are named and leaves the others, and the file's comments, as they are; only comments "
        "between the lines of a list or mapping go with it when that is replaced. A keyword with a value sets the "
        "field, in whole: a list is not added to, it is replaced. A field that has the value already is not "
        "rewritten. A keyword without a value removes the field, so that its default holds again. The whole set of "
        "policies is checked first; if anything is wrong, nothing is written.",
        _policies(NOCHECK, doc="The policy's name.", fields=True, removes=True),
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
        "log, oldest event first; its attributes narrow it. With DETAIL, a * marks the fields that ALTER can change. "
        "INFO POOL shows which policies name the pools that lie in this machine's vaults (the most exact wins), INFO "
        "TAPE all that is known of a tape. How safe tapes are is shown by STATUS.",
        (*_policies(DETAIL, OBEYFORM, BRIEF, low=0, templates=True, doc="Name or template; without it, all.",
                    exclusive=("DETAIL", "OBEYFORM", "BRIEF")), _POOLS, _TAPES, _EVENTS),
        ("INFO SCHEME *, OBEYFORM", "INFO SYSTEM vts2, DETAIL", "INFO EVENT, SEVERITY error, SINCE 2 h")),
    Verb(
        "CHECK", "look for errors in the policy files",
        "Reads every policy file and shows every error of every file. It opens no connection and no tape.",
        (Form("POLICY"),), ("CHECK POLICY",)),
    Verb(
        "SAMPLE", "print a sample of a policy file, with comments",
        "Prints a complete policy file in which each field is explained.",
        (Form(operand=Operand("kind", "system, scheme, autocopy, unprotected or settings.")),),
        ("SAMPLE scheme", "SAMPLE system")),
)
