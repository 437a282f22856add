"""vtspolicy(1): the program."""

from __future__ import annotations

from vtspolicy.catalog.folder import STATE_FILE, SYSTEM_STATE
from vtspolicy.policy.folder import SYSTEM_FOLDER, VARIABLE
from vtspolicy.report.manual import copying, language, output, roff
from vtspolicy.report.manual.roff import Lines
from vtspolicy.report.manual.verb_entries import verb_entries
from vtspolicy.systems.facts import POOL_FREEZE, VAULT_FREEZE, VAULT_MARKER, WORK_FOLDER

OPTIONS = (
    ("--policies dir", f"The policies' folder, in place of `{VARIABLE}` and the usual ones."),
    ("--state dir", "The state's folder, in place of `VTSPOLICY_STATE` and the usual ones."),
    ("--json", "Print one JSON object for each sentence; see OUTPUT FOR PROGRAMS."),
    ("--yes", "Say yes to whatever would be asked; the same as `!` at the end of a sentence."),
    ("--allow N|all", "With several sentences: go on after so many errors. Without it the first error ends them; the "
                      "rest is reported as not run, and the worst code counts."),
    ("--completion", "Print the completion line last; see OUTPUT FOR PROGRAMS."),
    ("--version", "Print the version."),
    ("--help", "Print a short help; behind a verb, that of the verb. `HELP` says more."),
    ("--install-completion, --show-completion", "Set up, or print, the completion of words for the present shell."),
)

VARIABLES = (
    (VARIABLE, f"The policies' folder. Without it: `{SYSTEM_FOLDER}` where it exists, else "
               "`~/.config/vtspolicy/policies`."),
    ("VTSPOLICY_STATE", f"The state's folder. Without it: `{SYSTEM_STATE}` for root and where it exists, else "
                        "`~/.local/state/vtspolicy`."),
)

FILES = (
    ("POLICIES/*.yaml", "The policies, see vtspolicy-policy(5). POLICIES is the folder that `ENV` shows."),
    ("POLICIES/keys/", "The private keys that ADD KEY made, one for each system, with their public halves (`.pub`); "
                       "mode 0700."),
    ("POLICIES/known_hosts", "The host keys that TRUST SYSTEM pinned, as OpenSSH writes them; `@revoked` lines are "
                             "obeyed."),
    (f"STATE/{STATE_FILE}", "The catalog and the events. It lies on a local disk. One that is corrupt, newer than the "
                            "program or not ours is refused and kept; REBUILD CATALOG makes a new one and sets the old "
                            f"one aside as `{STATE_FILE}.kept-` and the time."),
    ("STATE/log/event.log", "The event log, a line for each event; see vtspolicy-events(7). Rotate it by renaming."),
    ("STATE/log/events.jsonl", "The same as JSON lines."),
    (f"VAULT/{VAULT_MARKER}", "A vault's id. It is never copied."),
    (f"VAULT/{VAULT_FREEZE}, VAULT/POOL/{WORK_FOLDER}/{POOL_FREEZE}", "The marker of a FREEZE: JSON with since, by and "
     "reason. That it is there freezes, whatever it holds."),
    (f"VAULT/POOL/{WORK_FOLDER}/", "On a target: part files, and the target's own record of each copy, from which a "
                                   "lost catalog is rebuilt."),
)

EXAMPLES = (
    ("A second site, from nothing to a proven copy (behind ADD KEY stands what is to be done there):",
     "vtspolicy add system vts1 --vaults VAULT01=/srv/vts/VAULT01\n"
     "vtspolicy init vault /VAULT01\n"
     "vtspolicy add system vts2 --address vts2.example.com --user vts \\\n"
     "    --vaults VAULT01=/srv/vts/VAULT01\n"
     "vtspolicy add key vts2\n"
     "vtspolicy trust system vts2\n"
     "vtspolicy init vault vts2:/VAULT01\n"
     "vtspolicy test system vts2\n"
     "vtspolicy add scheme NIGHTLY --from /VAULT01/PAYROLL \\\n"
     "    --to vts2:/VAULT01/PAYROLL\n"
     "vtspolicy plan scheme NIGHTLY\n"
     "vtspolicy start scheme NIGHTLY\n"
     "vtspolicy status scheme NIGHTLY"),
    ("Each night by cron, silent where all went well:", "30 1 * * * vtspolicy start scheme NIGHTLY"),
    ("In a batch job that reads the last line:", "vtspolicy --completion start scheme NIGHTLY --ref PAY0304"),
    ("The sentence that a TACL macro sends:", "vtspolicy \"VTSPolicy IDR '/VAULT01/PAYROLL d=vts2'\""),
    ("Sentences of a file, up to three of which may fail:", "vtspolicy --allow 3 - < NIGHTLY.OBEY"),
    ("What is not safe now:", "vtspolicy status scheme \\* --brief | grep -v state=safe"),
)


def page() -> str:
    """The page's source."""
    return roff.page(
        roff.head("vtspolicy", 1, "copy virtual tapes to another system, and prove it"),
        roff.section("SYNOPSIS", _synopsis()),
        roff.section("DESCRIPTION", _description()),
        roff.section("OPTIONS", roff.prose("They may stand anywhere in front of `--`."), _items(OPTIONS)),
        roff.section("COMMAND LANGUAGE", language.language()),
        roff.section("VERBS", verb_entries()),
        roff.section("COPYING", copying.copying()),
        roff.section("SETTING UP A TARGET", copying.setting_up()),
        roff.section("OUTPUT FOR PROGRAMS", roff.prose(
            "Errors and warnings go to standard error, in lines that begin with `*ERROR*` and `*WARNING*`. A run that "
            "went well prints nothing where standard output is not a terminal. A standard output that is closed or "
            "full never stops a copy."),
            roff.subsection("JSON", output.json_text()), roff.subsection("BRIEF", output.brief_text()),
            roff.subsection("Completion line", output.completion_text())),
        roff.section("ENVIRONMENT", _items(VARIABLES)),
        roff.section("FILES", _items(FILES)),
        roff.section("EXIT STATUS", output.exit_codes()),
        roff.section("EXAMPLES", *([*roff.prose(text), *roff.display(lines)] for text, lines in EXAMPLES)),
        roff.section("SEE ALSO", roff.see_also(
            ("ssh-keygen", 1), ("vtspolicy-policy", 5), ("vtspolicy-events", 7), ("sshd", 8))),
        roff.section("SECURITY CONSIDERATIONS", copying.security()),
    )


def _items(items: tuple[tuple[str, str], ...]) -> Lines:
    return roff.tagged([(head, roff.prose(meaning)) for head, meaning in items])


def _synopsis() -> Lines:
    forms = ("verb [object] [name] [--keyword value] ...", '"sentence"', "-")
    lines: Lines = []
    for form in forms:
        lines += [".Nm vtspolicy", ".Op Ar options", f".Li {roff.word(form)}"]
    return [*lines, ".Nm VTSPolicy", ".Op Ar options", f".Li {roff.word('verb argument')}"]


def _description() -> Lines:
    return roff.paragraphs(
        "A host writes its backups to virtual tapes: files in the pools of a vault, `/VAULT01/PAYROLL/T00001`. "
        "vtspolicy copies them to other systems over SSH, proves each copy, and says what is where and how safe it is. "
        "Policies say which systems there are and which tapes go where.",
        "It is told what to do by sub-commands of the shell, by one sentence as an argument, or, with `-`, by lines of "
        "sentences on standard input, each with its own result. All of these are the same verbs. The program under the "
        "name `VTSPolicy` takes its arguments as a VTSPolicy sentence.",
        "A run shows its progress on a terminal, and is silent under cron where all went well.")
