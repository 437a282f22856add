"""What programs read, for vtspolicy(1): exit codes, the JSON envelope, BRIEF lines, the completion line."""

from __future__ import annotations

from vtspolicy.report.brief import FORMS
from vtspolicy.report.manual import roff
from vtspolicy.report.manual.roff import Lines

EXIT_CODES = {
    0: "Done, or there was nothing to do.",
    1: "Done, with warnings. `PLAN` with CHECK: something would be done, and nothing refused.",
    2: "Errors: a bad command or policy, a refusal, or a tape that failed. Others may have been done; the output says "
       "which.",
    3: "Stopped early: interrupted, too many errors, or its own state cannot be reached.",
    5: "A fault of vtspolicy itself.",
}

ENVELOPE = (
    ("vtspolicy", "The version of the envelope: 1. Members are only added to it."),
    ("command", "The command as `PARSE` prints it: verb, object, operands, attributes; null where the sentence was not "
                "understood."),
    ("run", "The run's name, or null."),
    ("ref", "The caller's own word, or null."),
    ("status", "How it ended, in one word: done, nothing, planned, warnings, partial, failed, refused, stopped, bug."),
    ("code", "The completion code."),
    ("data", "What was asked for; see below."),
    ("errors", "What did not happen, a list of objects: reason (the word), id (of the event), tape, system, message, "
               "retry (whether trying again may help)."),
    ("warnings", "A list of texts."),
)
"""The members of the JSON envelope."""

DATA = (
    ("START, RUN, IDR, COPY", "policy; legs, each with source, target, copied, equal, trusted (unchanged), refused, "
                              "failed, bytes, seconds, warnings, states (how many tapes stand how now), status, "
                              "reason (of its first error), gone, accepted (gone, and a person accepted it)"),
    ("PLAN", "policy; legs, each with source, target, bytes, counts, steps (tape, action, why, bytes, reason, "
             "if_unequal), new_pool (yes or frozen: it would be made), states, known (tapes copied before), "
             "too_many_gone, accepted, read_back (bytes), gone, skipped"),
    ("ADOPT", "policy; legs, each as of START, and with differing, missing, waiting (changed since its copy) and extra "
              "(only there), lists of names; differs (how many do), next (the sentences that are still needed)"),
    ("VERIFY", "tapes, each with tape, target, size, digest, result; counts; spared (how many were proven since); left "
               "(copies, bytes)"),
    ("RELEASE", "released, each with tape, target, size, copy (bytes of the copy)"),
    ("ACCEPT", "accepted, each with source, target, tapes"),
    ("STATUS", "tapes, each with tape, target, state, size, changed, copied, verified, trusted, digest, durable, "
               "doubted (since when it is in doubt which vault holds it), reason, failed, run, ref, basis, accepted "
               "(when, where it is gone), companions (their states); summary for each pool. Of systems: systems, each "
               "with its vaults. Of all: freezes, each with what (pool or vault), place, since, by, reason, seen, last "
               "known; leftovers (part files), each with pool, parts, bytes, old"),
    ("FREEZE, THAW", "what, place; frozen (since, by, reason) and already, or was"),
    ("INFO", "policies, each with kind, name, file, fields, obeyform. Of events: events, as in events.jsonl"),
    ("ADD, ALTER, DELETE", "kind, name, file, next (the sentences that are still needed). Of ADD KEY: system, key (its "
                           "path), made, fingerprint, line (for authorized_keys), from, from_why, user, far_side (each "
                           "with say and lines), next"),
    ("TEST", "system, address, steps, each with step, about, result (ok, warning, failed, skipped), detail, reason, "
             "remedy"),
    ("TRUST", "system, address, kind, fingerprint, pinned. Of vaults: as INIT"),
    ("INIT", "vault, identity, was, doubted (how many copies there count as unproven from now on)"),
    ("REBUILD", "copies, proven, pools, kept"),
    ("CHECK", "folder, errors"),
    ("ENV", "policies, state, version, user, service"),
    ("SAMPLE, HELP", "text"),
    ("PARSE", "parsed"),
)
"""The main members of `data`, by verb."""

_BRIEF_OF = {"run": "START, RUN, IDR, COPY", "plan": "PLAN", "adopt": "ADOPT",
             "verify": "VERIFY", "status": "STATUS of tapes",
             "system": "STATUS SYSTEM", "test": "TEST SYSTEM", "freeze": "STATUS, for what is frozen",
             "pool": "INFO POOL", "policy": "INFO of policies", "event": "INFO EVENT"}


def exit_codes() -> Lines:
    """The section EXIT STATUS."""
    return [
        *roff.prose("The exit status is a completion code as NonStop has them, so that TACL and NetBatch read it; of "
                    "several sentences the worst counts, in the order 0, 1, 2, 3, 5."),
        *roff.tagged([(str(code), roff.prose(meaning)) for code, meaning in EXIT_CODES.items()], width="Ds"),
        ".Pp", *roff.prose("4 and all from 6 on are never used.")]


def json_text() -> Lines:
    """The JSON envelope."""
    return [
        *roff.prose("With `--json` each sentence prints one JSON object on one line; so does one that was not run "
                    "because of an earlier error: it is refused, and its message begins with `not run:`. The members:"),
        *roff.tagged([(name, roff.prose(meaning)) for name, meaning in ENVELOPE], width="vtspolicy"),
        ".Pp", *roff.prose("Times are UTC, RFC 3339; sizes are bytes. The main members of `data`:"),
        *roff.tagged([(verbs, roff.plain(f"{members}.")) for verbs, members in DATA])]


def brief_text() -> Lines:
    """The BRIEF lines."""
    return [
        *roff.paragraphs(
            "With BRIEF each object is one line. The form is an interface: the words stand in this order, one blank "
            "between them; no value holds a blank (`_` stands for it, and `-` for no value); new keys are only added "
            "at the end of a line."),
        *roff.tagged([(_BRIEF_OF[name], roff.display(_folded(form))) for name, form in FORMS.items()])]


def _folded(form: str) -> str:
    """A form in lines that fit below its name."""
    lines = [""]
    for word in form.split():
        if len(lines[-1]) + len(word) > 58:
            lines.append("   ")
        lines[-1] += " " + word if lines[-1] else word
    return "\n".join(lines)


def completion_text() -> Lines:
    """The completion line."""
    return [
        *roff.prose("With `--completion` the last line of standard output says how all of it ended, for callers that "
                    "do not see the exit status:"),
        *roff.display("COMPLETION CODE 0: done done=42 failed=0\n"
                      "COMPLETION CODE 2: partial reason=unreachable done=41 failed=1 ref=PAY0304"),
        *roff.prose("Behind the code stands the status, then `reason=` with the reason word (see vtspolicy-events(7)) "
                    "where something did not happen, the counts `done=` and `failed=`, and `ref=` where the caller "
                    "gave one.")]
