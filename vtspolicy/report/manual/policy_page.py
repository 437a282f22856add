"""vtspolicy-policy(5): every kind of policy and every field, from the model."""

from __future__ import annotations

from vtspolicy.planning.states import CONDITIONS, MEANINGS, REMEDIES
from vtspolicy.policy import model
from vtspolicy.policy.document import DEPTH, LIMIT
from vtspolicy.policy.folder import SUFFIX, SYSTEM_FOLDER, VARIABLE
from vtspolicy.policy.model import KINDS, KINDS_NOT_BUILT, NOT_BUILT, Field, Shape, fields_of
from vtspolicy.policy.places import NAME_LENGTH, TAPE_LENGTH, parse_place
from vtspolicy.policy.reader import MOST
from vtspolicy.policy.yamltext import key_lines, policy_text
from vtspolicy.report.manual import roff
from vtspolicy.report.manual.roff import Lines

NAME = "vtspolicy-policy"

_MORE = {
    "system": "A system without an address is this machine. One that is reached by SSH needs its host key pinned by "
              "`TRUST SYSTEM`; every vault needs an id, which `INIT VAULT` gives it.",
    "scheme": "`START SCHEME` runs it, and so does `VTSPolicy IDR` with its name. Its source or its target may be "
              "on another system, not both.",
    "autocopy": "In this release nothing starts such a copy by itself: `VTSPolicy IDR` with the path of the pool, or "
                "of one of its tapes, copies by this policy.",
    "unprotected": "`INFO POOL *, UNCOVERED` lists the pools of this machine that no policy names, and STATUS warns of "
                   "them; of these pools it does not.",
    "settings": "Without such a file the defaults hold.",
}
"""What the model's own words leave open, by kind."""


def page() -> str:
    """The page's source."""
    return roff.page(
        roff.head(NAME, 5, "policies of vtspolicy"),
        roff.section("DESCRIPTION", roff.paragraphs(
            "A policy says what vtspolicy works with: which systems there are, which tapes go where, and what holds "
            "for all of it. Each policy is one YAML document in one file of the policies' folder. Write them by hand, "
            "or by `ADD`, `ALTER` and `DELETE`; `CHECK POLICY` shows what is wrong with them, and `SAMPLE` prints a "
            "commented file of a kind.")),
        roff.section("THE FOLDER", _folder()),
        roff.section("READING", _reading()),
        roff.section("NAMES AND PLACES", _names()),
        roff.section("KINDS", *map(_kind, KINDS)),
        roff.section("STATES OF A TAPE", _states()),
        roff.section("STATES OF SYSTEMS AND VAULTS", _conditions()),
        roff.section("FILES", roff.tagged([
            ("SHARE/vtspolicy/policies/", roff.prose(
                "Sample policies, and samples for systemd and cron, as they are installed; SHARE is the folder `share` "
                "beside the program's `bin`.")),
            (f"{SYSTEM_FOLDER}/", roff.prose("The machine's policies, where this folder exists.")),
            ("~/.config/vtspolicy/policies/", roff.prose("Else the user's.")),
            ("known_hosts", roff.prose("In the same folder: the host keys that `TRUST SYSTEM` pinned.")),
        ])),
        roff.section("EXAMPLES", *_examples()),
        roff.section("SEE ALSO", roff.see_also(("vtspolicy", 1), ("vtspolicy-events", 7))),
    )


def _folder() -> Lines:
    return [
        *roff.paragraphs(
            f"The folder is that of `--policies`, else of the environment variable `{VARIABLE}`, else "
            f"`{SYSTEM_FOLDER}` where it exists, else `~/.config/vtspolicy/policies`. It is never the current "
            "directory. `ENV` shows which one is taken.",
            f"Every file at the top of the folder whose name ends in `{SUFFIX}` is a policy; what the rest of the name "
            "is does not matter. Hidden files and files of other names are none; one that ends in `.yml` is an error, "
            "because it would be missed.",
            "Nobody but root and the user of the program may own the folder or a file in it, and not everybody may be "
            "able to write there. A folder of policies belongs to one state: a state that was made for another folder "
            "is refused.",
            "ADD, ALTER and DELETE lock the folder, change only the lines of what they change, so that comments stay, "
            "read the whole set again, and publish the file in one step. If anything would be wrong, nothing is "
            "changed.")]


def _reading() -> Lines:
    return [
        *roff.paragraphs(
            "Policies are read strictly, and every error of every file is shown at once, as "
            "`file:line: path: message`. While there is one, nothing is run."),
        *roff.bullets([
            "One file holds one document, and the document one policy. Its first keys are `kind` and `name`.",
            "Every value is a text, and the field decides what it means: `010203` is a tape's name, `12:30` a time, "
            "and `NO` a word. Quotes are needed only where YAML itself needs them.",
            "Unknown keys and keys that stand twice are errors; the nearest key is named.",
            "Anchors, aliases, tags, directives, and several documents in one file are errors.",
            "A file that does not end with a newline is refused: it may have been cut.",
            f"A file is UTF-8 of at most {LIMIT} bytes, nested at most {DEPTH} deep; a list holds at most {MOST} "
            "entries.",
            "Sizes, rates and times carry their unit: `500 GiB`, `40 MiB/s`, `60 s`, `5 min`, `2 h`, `30 days`. Units "
            "with an i (KiB, MiB, GiB, TiB) count by 1024, those without (KB, MB, GB, TB) by 1000.",
            "Where a list may stand, one value without brackets is a list of one.",
        ]),
        ".Pp", *roff.prose("Some keys are planned and do nothing yet. The reader refuses them by name:"),
        *roff.tagged([(kind, roff.prose(", ".join(f"`{key}`" for key in keys))) for kind, keys in NOT_BUILT.items()],
                     width="settings"),
        ".Pp", *roff.prose("The same holds for the kinds " + ", ".join(f"`{kind}`" for kind in KINDS_NOT_BUILT) + ".")]


def _names() -> Lines:
    return [*roff.paragraphs(
        "A name begins with a letter or a digit and goes on with letters, digits, `_`, `.` and `-`, ASCII only; case "
        f"counts. Names of policies, systems and vaults have at most {NAME_LENGTH} characters, names of pools and "
        f"tapes at most {TAPE_LENGTH}. Hosts use up to 6 for a tape. A name with a leading dot is never a tape.",
        "A place is written `[system:]/vault[/pool[/tape]]`; without a system it is on this machine. In a template `*` "
        "stands for any run of characters and `?` for one. `{pool}` in a target stands for the name of the source's "
        "pool.",
        "Where several policies cover a pool, the one that names it most exactly counts.",
        "Two different sources for one target pool are refused; so is a policy whose source and target are the same "
        "vault.")]


def _kind(kind: str) -> Lines:
    meaning = " ".join(str(KINDS[kind].__doc__).split())
    fields = [(f"{each.key}:", _field(each)) for each in fields_of(kind)]
    return roff.subsection(kind, roff.plain(meaning), roff.prose(_MORE[kind]),
                           roff.tagged(fields, width=max((key for key, _ in fields), key=len)))


def _field(field: Field) -> Lines:
    rule = field.rule
    what = f"{rule.what}; one, or a list" if rule.shape is Shape.LIST else rule.what
    return [*roff.plain(rule.doc), ".br", *roff.plain(f"Value: {what}. {default_of(field)}."), ".br",
            roff.line(f"Example: {roff.bold(example_of(field))}")]


def default_of(field: Field) -> str:
    """What holds where the key is left out, in words."""
    if field.rule.required:
        return "It must be there"
    if field.default in (None, "", (), {}):
        return "It may be left out"
    values = field.default if isinstance(field.default, tuple) else (field.default,)
    return "Default: " + ", ".join(map(field.rule.write, values))


def example_of(field: Field) -> str:
    """The example as a file would hold it, on one line."""
    example = field.rule.example
    if isinstance(example, str | tuple):
        return key_lines(field.key, example)[0]
    inner = ", ".join(line.strip() for line in key_lines(field.key, example)[1:])
    return f"{field.key}: {{{inner}}}"


def _states() -> Lines:
    return [*roff.prose(
        "STATUS says in one word how a tape stands on a target. What the target cannot promise (a flush to disk, a "
        "rename in one step, reading back) makes a copy unproven, never safe."),
        *roff.tagged([(str(state), [*roff.prose(f"{meaning}."), ".br", *roff.plain(REMEDIES[state])])
                      for state, meaning in MEANINGS.items()], width="unproven"),
        ".Pp", *roff.paragraphs(
            "A tape that has companions stands as the worst of them and itself; one whose companion is missing or not "
            "yet copied is stale.",
            "Each state is told from something, which stands in the line of its pool, and as `basis` in JSON and "
            "BRIEF. `last known`: the source was looked at where it can be, and the target is as the last run or "
            "`VERIFY` knew it. `asked now`, by ASK: the target was looked at, too; nothing was read. `from the records "
            "here`: the copies are kept on this machine for another one, which was not asked.",
            "In the line of a pool, `oldest proof` is the earliest time at which one of its copies was last read and "
            "right, and `exposed since` the earliest time from which on the bytes of one of its tapes are not safe: "
            "its last change at the source or, where its copy was lost or changed, the last proof of it.")]


def _conditions() -> Lines:
    return [*roff.prose(
        "STATUS SYSTEM says in one word how a system and each of its vaults is. What keeps us from it is a reason "
        "word, as `unreachable` or `identity`; vtspolicy-events(7) explains them. Else it is one of these:"),
        *roff.tagged([(str(condition), roff.prose(f"{meaning}.")) for condition, meaning in CONDITIONS.items()],
                     width="jumphost")]


def _examples() -> list[Lines]:
    here = model.System(name="vts1", vaults={"VAULT01": "/srv/vts/VAULT01"})
    there = model.System(name="vts2", address="vts2.example.com", user="vts", key="/etc/vtspolicy/keys/vts2",
                         vaults={"VAULT01": "/srv/vts/VAULT01"})
    nightly = model.Scheme(
        name="NIGHTLY", note="all pools but the scratch ones", exclude=("SCRATCH*",), rate=40 << 20,
        source=(parse_place("/VAULT01/*", templates=True),),
        to=(parse_place("vts2:/VAULT01/{pool}", placeholder=True),))
    return [[*roff.prose(f"{text}"), *roff.display(policy_text(policy))] for text, policy in (
        ("This machine's own tapes, `system-vts1.yaml`:", here),
        ("A system that is reached by SSH, `system-vts2.yaml`:", there),
        ("All pools of a vault, each to a pool of the same name, `scheme-NIGHTLY.yaml`:", nightly))]
