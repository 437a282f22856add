"""The verbs of VTSPolicy sentences, each defined once (6.02 Installation Guide p.52 lists them; FTX p.51)."""

from __future__ import annotations

from vtspolicy.command.grammar import Attribute, Form, Grammar, Operand, Takes, Verb

_SOURCE = Attribute("source", Takes.VALUE, "The system that holds the tapes.", what="system", example="vts1", short="s")
_DESTINATION = Attribute("destination", Takes.VALUE, "The system that receives them.", what="system", example="vts2",
                         short="d")
_REF = Attribute(
    "ref", Takes.VALUE, "A word of your own; every event, STATUS and result of this run repeats it.", what="word",
    example="PAY0304", pattern=r"[A-Za-z0-9_.-]{1,16}", expected="at most 16 of A-Z a-z 0-9 _ . -")
_BACKUP = (
    _SOURCE, _DESTINATION,
    Attribute("sourceTSM", Takes.VALUE, "y, or a system: run the backup application at the source.", what="y",
              example="y", short="st"),
    Attribute("destinationTSM", Takes.VALUE, "y, or a system: run the backup application at the destination.",
              what="y", example="y", short="dt"),
    Attribute("optfile", Takes.VALUE, "The backup application's option file.", what="path", example="/etc/tsm/opt1",
              short="o"),
    Attribute("retention", Takes.VALUE, "How long the backup is kept: number and unit.", what="number,unit",
              example="14,d", short="r"),
    _REF,
)


def _application(word: str, name: str, operand: Operand, example: str) -> Verb:
    return Verb(
        word, f"back up virtual tapes with {name}",
        f"Hands a pool or a tape to {name}. The sentence is understood as the original wrote it; this release does "
        "not carry it out and says so.",
        (Form(operand=operand, attributes=_BACKUP),), (example,), Grammar.VTSPOLICY, built=False)


def _removal(word: str, what: str) -> Verb:
    return Verb(
        word, f"{what} virtual tapes",
        f"The original's volume {word.lower()}. The - in front of the tapes is part of the documented form and means "
        "nothing. The sentence is understood; this release does not carry it out and says so.",
        (Form(operand=Operand("tape", "A tape's name, or /vault/pool/tape.", high=None),
              attributes=(_SOURCE, _REF)),),
        (f"VTSPolicy {word} - T00001 T00002 s=vts1",), Grammar.VTSPOLICY, destructive=True, built=False)


_PATH = Operand("/vault/pool[/tape]", "The pool or the tape.")
_PATH_AND_MORE = Operand("/vault/pool[/tape]", "The pool or the tape, and the application's own words.", high=None)

VERBS: tuple[Verb, ...] = (
    Verb(
        "IDR", "copy by Instant DR: run a scheme, or bring a pool or a tape to its target now",
        "With a name it runs the scheme of that name. With a path it copies that pool or tape, by the one scheme or "
        "AutoCopy policy that covers it; where two or none do, it is refused, and they are named. s= and d= narrow "
        "what the policy says; only in this machine's own shell does d= also copy what no policy covers, to the pool "
        "of the same name there. Names and keywords are case-sensitive. Each tape is verified like those of START.",
        (Form(operand=Operand("scheme | /vault/pool[/tape]", "What to copy."),
              attributes=(_SOURCE, _DESTINATION, _REF)),),
        ("VTSPolicy IDR 'NIGHTLY'", "VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'",
         "VTSPolicy IDR \"/VAULT01/PAYROLL/T00001 d = vts2 ref=PAY0304\""),
        Grammar.VTSPOLICY, destructive_with=("REPLACE",)),
    _removal("Erase", "erase"),
    _removal("Delete", "delete"),
    _application("TSM", "IBM Tivoli Storage Manager",
                 Operand("[archive | selective] /vault/pool[/tape]", "The kind of backup, then the pool or the tape.",
                         high=2),
                 "VTSPolicy TSM 'archive /VAULT01/PAYROLL/T00001 s=vts1'"),
    _application("NBU", "Veritas NetBackup", _PATH_AND_MORE, "VTSPolicy NBU '/VAULT01/PAYROLL s=vts1'"),
    _application("LEG", "EMC Legato NetWorker", _PATH_AND_MORE, "VTSPolicy LEG '/VAULT01/PAYROLL s=vts1'"),
    _application("BEX", "Syncsort Backup Express", _PATH_AND_MORE, "VTSPolicy BEX '/VAULT01/PAYROLL s=vts1'"),
    _application("HPD", "HP Data Protector", _PATH_AND_MORE, "VTSPolicy HPD '/VAULT01/PAYROLL s=vts1'"),
    _application("ARC", "CA BrightStor ARCserve", _PATH_AND_MORE, "VTSPolicy ARC '/VAULT01/PAYROLL s=vts1'"),
    Verb(
        "FTX", "the verb of the original's sample macro",
        "It stands in the manual's sample of a TACL macro (6.02 Installation Guide p.51) and nowhere else, so what it "
        "does is not known. The sentence is understood; this release does not carry it out and says so.",
        (Form(operand=_PATH, attributes=_BACKUP),), ("VTSPolicy FTX '/VAULT01/Pool s=VTS1 st=VTS1 o=opt1 r=14,d'",),
        Grammar.VTSPOLICY, built=False),
)
