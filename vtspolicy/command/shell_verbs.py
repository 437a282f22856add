"""The verbs about the program itself, and those of the shell alone, each defined once."""

from __future__ import annotations

from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

VERBS: tuple[Verb, ...] = (
    Verb(
        "ENV", "show where policies and state lie, version and user",
        "Shows what this command works with: the policies' folder, the state's folder, the version, the user.",
        (Form(),), ("ENV",)),
    Verb(
        "HELP", "explain a verb, an event id, a reason word or a state",
        "Without a topic it lists the verbs. A topic is a verb, a six-digit event id, the reason word of an error, or "
        "a state that STATUS shows.",
        (Form(operand=Operand("topic", "A verb, an event id, a reason word or a state.", low=0, high=2)),),
        ("HELP START", "HELP 624013", "HELP diverged", "HELP stale")),
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
                      example="VAULT01=/srv/vts/VAULT01"),
            Attribute("CREATE-POOL", Takes.VALUE, "Whether a sender may have a missing pool made: no (without it), "
                      "yes, or frozen, which makes every new pool frozen from its birth.", what="no|yes|frozen",
                      example="yes"),
            Attribute("ALLOW-READ", Takes.FLAG, "Whether tapes may be sent from here, too: for schemes whose source "
                      "this side is, and for COPY TAPE ... FROM. Digests are told without it."),
            Attribute("STAGING", Takes.LIST, "Where part files lie instead of the pools' .vtspolicy folders: for a "
                      "vault, another directory of its file system, outside of every vault.", what="name=path",
                      example="VAULT01=/srv/vts/work"),
            Attribute("STATE", Takes.VALUE, "The state of this side, whose event log is told what was refused because "
                      "it is frozen; without it the usual one, where this user may write it.", what="dir",
                      example="/var/lib/vtspolicy"),
            Attribute("POLICIES", Takes.VALUE, "The policies' folder that the state belongs to.", what="dir",
                      example="/etc/vtspolicy/policies"))),),
        ("vtspolicy receive --vault VAULT01=/srv/vts/VAULT01",), shell_only=True),
)
