"""The verbs of NonStop-style sentences, and those of the shell alone, each defined once."""

from __future__ import annotations

from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

BRIEF = Attribute("BRIEF", Takes.FLAG, "One line for each object, in a form that does not change, for programs.")
DETAIL = Attribute("DETAIL", Takes.FLAG, "Everything that is known of each object.")
OBEYFORM = Attribute("OBEYFORM", Takes.FLAG, "The sentences that would make the objects again.")
REPLACE = Attribute(
    "REPLACE", Takes.FLAG,
    "Replace what is otherwise protected: a copy that was changed by someone else, or one that holds data while the "
    "source has become empty.")
REF = Attribute(
    "REF", Takes.VALUE, "A word of your own; every event, STATUS and result of this run repeats it.", what="word",
    example="PAY0304", pattern=r"[A-Za-z0-9_.-]{1,16}", expected="at most 16 of A-Z a-z 0-9 _ . -")
CHECK = Attribute("CHECK", Takes.FLAG,
                  "End with code 1 if anything would be done, with 2 if anything would be refused.")

_KINDS = (("SYSTEM", "system"), ("SCHEME", "scheme"), ("AUTOCOPY", "policy"), ("SETTINGS", "name"))


def _policies(*attributes: Attribute, low: int = 1, templates: bool = False, doc: str, fields: bool = False,
              removes: bool = False, exclusive: tuple[str, ...] = ()) -> tuple[Form, ...]:
    """The same form for each kind of policy."""
    return tuple(
        Form(kind, Operand(what, doc, low=low, templates=templates), attributes, fields, removes, exclusive=exclusive)
        for kind, what in _KINDS)


_A_SCHEME = Operand("scheme", "The scheme's name.")
_POOLS = Operand("[system:]/vault/pool", "The pool at the source or at the target.", templates=True)
_TAPES = Operand("[system:]/vault/pool/tape", "The tape at the source or at the target.", templates=True)

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

_PLAN_IDR = Form("IDR", Operand("scheme | /vault/pool[/tape]", "What to copy, as behind VTSPolicy IDR."), (
    Attribute("DESTINATION", Takes.VALUE, "Only to this system.", what="system", example="vts2", short="D"),
    Attribute("SOURCE", Takes.VALUE, "Only from this system.", what="system", example="vts1", short="S"),
    CHECK, REPLACE, REF, BRIEF), fillers=("VTSPolicy",))

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
        "Changes the fields that are named and leaves the others, and the file's comments, as they are; only comments "
        "between the lines of a list or mapping go with it when that is replaced. A keyword with a value sets the "
        "field, in whole: a list is not added to, it is replaced. A field that has the value already is not "
        "rewritten. A keyword without a value removes the field, so that its default holds again. The whole set of "
        "policies is checked first; if anything is wrong, nothing is written.",
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
        "log, oldest event first; its attributes narrow it. With DETAIL, a * marks the fields that ALTER can change. "
        "What tapes hold and how safe they are is shown by STATUS.",
        (*_policies(DETAIL, OBEYFORM, BRIEF, low=0, templates=True, doc="Name or template; without it, all.",
                    exclusive=("DETAIL", "OBEYFORM", "BRIEF")), _EVENTS),
        ("INFO SCHEME *, OBEYFORM", "INFO SYSTEM vts2, DETAIL", "INFO EVENT, SEVERITY error, SINCE 2 h")),
    Verb(
        "PLAN", "show what a START or an IDR would do, and change nothing",
        "Looks at both sides and prints each step with its reason and its bytes. It takes every sentence that START, "
        "RUN or VTSPolicy IDR takes. That a tape would be refused does not change the completion code. With CHECK it "
        "is 2 if a tape would be refused, else 1 if something would be done, 0 if not.",
        (Form("SCHEME", _A_SCHEME, (CHECK, REPLACE, REF, BRIEF), fillers=("START", "RUN")), _PLAN_IDR),
        ("PLAN SCHEME NIGHTLY, CHECK", "PLAN START SCHEME NIGHTLY, REPLACE", "PLAN IDR /VAULT01/PAYROLL, D vts2",
         "PLAN VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'")),
    Verb(
        "START", "run a scheme: copy what is new or changed, and verify it",
        "Copies every tape of the scheme whose present bytes are not yet safe on the target, reads each copy back, and "
        "puts it in the old one's place only then. One tape that fails does not stop the others. Copying never "
        "deletes.",
        (Form("SCHEME", _A_SCHEME, (REPLACE, REF, BRIEF)),),
        ("START SCHEME NIGHTLY", "START SCHEME NIGHTLY, REF PAY0304", "START SCHEME NIGHTLY, REPLACE, BRIEF")),
    Verb(
        "RUN", "run a scheme and wait for its end",
        "Does what START does and always waits for the end, so that the completion code tells how it went.",
        (Form("SCHEME", _A_SCHEME, (REPLACE, REF, BRIEF)),),
        ("RUN SCHEME NIGHTLY", "RUN SCHEME NIGHTLY, REF PAY0304")),
    Verb(
        "VERIFY", "read copies again and compare their digests",
        "Reads the target's bytes of every copy that is selected and compares their digest with the recorded one. "
        "A copy that is not equal is reported, and copied anew by the next run.",
        tuple(Form(kind, operand, (
            Attribute("TO", Takes.VALUE, "Only the copies on this system.", what="system", example="vts2"),
            REF, BRIEF)) for kind, operand in (
                ("SCHEME", Operand("scheme", "Name or template.", templates=True)),
                ("POOL", _POOLS), ("TAPE", _TAPES))),
        ("VERIFY SCHEME NIGHTLY", "VERIFY POOL /VAULT01/PAYROLL, TO vts2", "VERIFY TAPE /VAULT01/PAYROLL/T0*, BRIEF")),
    Verb(
        "STATUS", "show how safe tapes are, and how systems are",
        "Shows for each tape and target its size, when it last changed, when and where it was last copied and "
        "verified, and its state in one word. The states are explained in vtspolicy-policy(5). Without a name, all.",
        tuple(Form(kind, Operand(operand.what, operand.doc, low=0, templates=True), (DETAIL, BRIEF),
                   exclusive=("DETAIL", "BRIEF")) for kind, operand in (
            ("SYSTEM", Operand("system", "Name or template.")), ("SCHEME", Operand("scheme", "Name or template.")),
            ("POOL", _POOLS), ("TAPE", _TAPES))),
        ("STATUS SCHEME NIGHTLY", "STATUS TAPE /VAULT01/PAYROLL/*, BRIEF", "STATUS SYSTEM *, DETAIL")),
    Verb(
        "TRUST", "pin a system's SSH host key",
        "Fetches the host key, shows its SHA256 fingerprint, and pins it after a yes. Compare the fingerprint with "
        "what ssh-keygen -lf prints at the system itself. With FINGERPRINT it asks nothing, and pins the key only if "
        "it is that one. A key that differs from the pinned one needs REPLACE.",
        (Form("SYSTEM", Operand("system", "The system's name."), (
            Attribute("FINGERPRINT", Takes.VALUE, "The only key to accept.", what="fingerprint",
                      example="SHA256:BFbKtr8xqcGxKYCpUNm1Jh0zYxk4pQwCTRJLvQcuJ7E",
                      pattern=r"SHA256:[A-Za-z0-9+/]{43}",
                      expected="a fingerprint: SHA256: and 43 characters, as ssh-keygen -l prints it"),
            Attribute("REPLACE", Takes.FLAG, "Pin it in the place of the key that is pinned now."))),),
        ("TRUST SYSTEM vts2",
         "TRUST SYSTEM vts2, FINGERPRINT SHA256:BFbKtr8xqcGxKYCpUNm1Jh0zYxk4pQwCTRJLvQcuJ7E"),
        destructive=True, confirmed_by=("FINGERPRINT",)),
    Verb(
        "INIT", "give a vault its identity",
        "Writes a random id into the vault's root, once. Runs are refused where it is missing or another than the one "
        "that is known, so that an unmounted disk or another machine is never taken for an empty vault.",
        (Form("VAULT", Operand("[system:]/vault", "The vault; without a system, this machine's.")),),
        ("INIT VAULT /VAULT01", "INIT VAULT vts2:/VAULT01")),
    Verb(
        "REBUILD", "make the catalog anew from what lies on the targets",
        "Reads the records that lie beside the copies, at every target of every policy, and makes a new catalog of "
        "them. The old one is kept under another name. Tapes are neither touched nor read: the copies are unproven "
        "until VERIFY reads them.",
        (Form("CATALOG"),), ("REBUILD CATALOG !",), destructive=True),
    Verb(
        "CHECK", "look for errors in the policy files",
        "Reads every policy file and shows every error of every file. It opens no connection and no tape.",
        (Form("POLICY"),), ("CHECK POLICY",)),
    Verb(
        "SAMPLE", "print a sample of a policy file, with comments",
        "Prints a complete policy file in which each field is explained.",
        (Form(operand=Operand("kind", "system, scheme, autocopy or settings.")),),
        ("SAMPLE scheme", "SAMPLE system")),
    Verb(
        "ENV", "show where policies and state lie, version and user",
        "Shows what this command works with: the policies' folder, the state's folder, the version, the user.",
        (Form(),), ("ENV",)),
    Verb(
        "HELP", "explain a verb, an event id or a reason word",
        "Without a topic it lists the verbs. A topic is a verb, a six-digit event id, or the reason word of an error.",
        (Form(operand=Operand("topic", "A verb, an event id or a reason word.", low=0, high=2)),),
        ("HELP", "HELP START", "HELP 624013", "HELP diverged")),
    Verb(
        "PARSE", "print a sentence as JSON and do nothing",
        "Prints the command that a sentence is understood as. With - it reads one sentence from standard input. A "
        "sentence that is refused ends with code 2.",
        (Form(operand=Operand("sentence", "One sentence, or - for standard input.")),),
        ("vtspolicy parse \"VTSPolicy IDR 'NIGHTLY'\"", "echo 'INFO SCHEME *' | vtspolicy parse -"), shell_only=True),
    Verb(
        "DEMO", "show a whole story in a temporary folder",
        "Makes two systems with labelled tapes, a private SSH server where one is installed, and a scheme; plans, "
        "copies, changes, damages and repairs, each command shown before it runs. It cleans up behind itself.",
        (Form(attributes=(Attribute("KEEP", Takes.FLAG, "Keep the folder."),)),),
        ("vtspolicy demo", "vtspolicy demo --keep"), shell_only=True),
    Verb(
        "RECEIVE", "be the far end of a copy",
        "Speaks vtspolicy's protocol on standard input and output; SSH starts it on the far side. It works beneath "
        "the vaults that its own command line names, and nowhere else.",
        (Form(attributes=(
            Attribute("VAULT", Takes.LIST, "A vault and the directory that holds it.", what="name=path",
                      example="VAULT01=/srv/vts/VAULT01"),)),),
        ("vtspolicy receive --vault VAULT01=/srv/vts/VAULT01",), shell_only=True),
)

PLANNED_VERBS = ("STOP", "ABORT", "SUSPEND", "ACTIVATE", "RETRY", "WAIT", "FREEZE", "THAW", "ADOPT", "COPY", "RELEASE",
                 "ACCEPT", "OBEY", "OUT", "LOG", "FC", "HISTORY", "VOLUME", "ASSUME", "ALLOW", "EXIT", "TEST", "WHY")
"""Verbs that have a meaning to come, and none yet."""

PLANNED_OBJECTS = ("JOB", "HOST", "HANDLER", "ACCESS", "KEY")
"""Objects that have a meaning to come, and none yet."""
