"""A result as people read it: 80 columns where it can be, printable ASCII, no colour."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from vtspolicy.report import moments
from vtspolicy.report.adoption import adopt_lines
from vtspolicy.report.dangers import accept_lines, in_width, release_lines
from vtspolicy.report.frozen import freeze_lines, status_of_freezes, thaw_lines
from vtspolicy.report.leftovers import status_of_leftovers
from vtspolicy.report.pools import pool_lines
from vtspolicy.report.runs import plan_lines, run_lines, verify_lines
from vtspolicy.report.secondsite import key_lines, test_lines
from vtspolicy.report.standing import status_lines, system_lines
from vtspolicy.report.tables import dotted
from vtspolicy.service.result import Result, Status, Trouble

Lines = list[str]
_Render = Callable[[Result, str | None], Lines]


def text_of(result: Result, zone: str | None) -> str:
    """What is printed on standard output; empty where there is nothing to show."""
    command = result.command
    if command is None or not result.data:
        return ""
    if command.flag("BRIEF"):
        from vtspolicy.report.brief import brief_lines

        return _joined(brief_lines(result))
    render = _RENDERERS.get((command.verb, command.object)) or _RENDERERS.get((command.verb, None))
    return _joined(render(result, zone)) if render is not None else ""


def _joined(lines: Sequence[str]) -> str:
    """The lines as they are printed; a blank one that was to stand between two things does not stand at the end."""
    return "".join(line.rstrip() + "\n" for line in lines).rstrip("\n") + "\n" if lines else ""


def trouble_lines(result: Result) -> Lines:
    """What is printed on standard error."""
    lines = []
    for each in result.errors:
        if each.reason == "policy" and result.data and result.command is not None and result.command.verb == "CHECK":
            continue  # CHECK POLICY shows them as its answer
        if result.command is not None and result.command.verb == "TEST" and result.data:
            continue  # its answer holds them, each with its remedy
        head, *rest = _numbered(each).splitlines()
        # Each line of policy errors is an error of its own; carets stand under their sentence.
        indent = "*ERROR* " if each.reason == "policy" else " " * len("*ERROR* ")
        lines += [f"*ERROR* {head}", *(indent + line for line in rest)]
    lines += [f"*WARNING* {line}" for warning in result.warnings for line in warning.splitlines()[:1]]
    return lines


def _numbered(trouble: Trouble) -> str:
    """The message with its id: where it shows a sentence or carets, at its end; else behind its first line, so that a
    last line that is to be typed can be copied as it stands."""
    head, *rest = trouble.message.split("\n")
    if trouble.reason in ("usage", "policy"):
        return f"{trouble.message} ({trouble.id})"
    return "\n".join([f"{head} ({trouble.id})", *rest])


def completion_line(code: int, result: Result | None, done: int, errors: int) -> str:
    """The last line that TACL and NetBatch can test where the exit status does not reach them."""
    words = [f"COMPLETION CODE {code}: {result.status if result else Status.DONE}"]
    if result is not None and result.reason:
        words.append(f"reason={result.reason}")
    words += [f"done={done}", f"failed={errors}"]
    if result is not None and result.ref:
        words.append(f"ref={result.ref}")
    return " ".join(words)


# ---- policies, events, the rest ---------------------------------------------------------------------------------


def _info(result: Result, zone: str | None) -> Lines:
    del zone
    from vtspolicy.report.policies import policy_lines

    return policy_lines(result)


def _events(result: Result, zone: str | None) -> Lines:
    return [f"{moments.of_text(each['time'], zone, seconds=True)} {each['severity']:<8} {each['id']} {each['text']}"
            for each in result.data.get("events", ())]


def _said(sentence: str) -> _Render:
    """One line about what was done."""
    def render(result: Result, zone: str | None) -> Lines:
        del zone
        return [sentence.format(**result.data)] if result.code < 2 and result.data else []
    return render


def _and_freezes(render: _Render) -> _Render:
    """A STATUS, and behind it what of it is frozen."""
    return lambda result, zone: [*render(result, zone), *status_of_freezes(result, zone),
                                 *status_of_leftovers(result, zone)]


def _written(word: str) -> _Render:
    """One line about the policy, and what is still to be done."""
    def render(result: Result, zone: str | None) -> Lines:
        lines = _said(f"OK, {{kind}} {{name}} {word} in {{file}}")(result, zone)
        return lines + [f"still to be done: {step}" for step in result.data.get("next", ())]
    return render


def _trust(result: Result, zone: str | None) -> Lines:
    del zone
    if not result.data:
        return []
    word = "pinned already" if result.status is Status.NOTHING else "pinned"
    lines = in_width(f"OK, host key of {result.data['system']} {word}: {result.data['fingerprint']}")
    old = [each for each in result.data.get("pinned", ()) if each != result.data["fingerprint"]]
    return lines + [f"    in the place of {each}" for each in old]


def _check(result: Result, zone: str | None) -> Lines:
    del zone
    return list(result.data.get("errors", ())) or [f"OK, the policies in {result.data['folder']} are right"]


def _plain(result: Result, zone: str | None) -> Lines:
    del zone
    return str(result.data.get("text", "")).splitlines()


def _parsed(result: Result, zone: str | None) -> Lines:
    del zone
    return [json.dumps(result.data["parsed"])] if result.data else []


def _env(result: Result, zone: str | None) -> Lines:
    del zone
    data = result.data
    return dotted([("Policies", data["policies"]), ("State", data["state"]), ("Version", data["version"]),
                   ("User", data["user"]), ("Service", data["service"] or "none")]) if data else []


def _vault(result: Result, zone: str | None) -> Lines:
    lines = _said("OK, vault {vault} has the id {identity}")(result, zone)
    if result.status is Status.NOTHING:
        return [f"{lines[0]}, as before"]
    if result.data.get("doubted"):
        lines.append(f"{result.data['doubted']} copies there count as unproven until a run or a VERIFY has read them")
    return lines


_RENDERERS: dict[tuple[str, str | None], _Render] = {
    ("START", None): run_lines, ("RUN", None): run_lines, ("IDR", None): run_lines, ("PLAN", None): plan_lines,
    ("COPY", None): run_lines, ("ADOPT", None): adopt_lines,
    ("VERIFY", None): verify_lines,
    ("STATUS", None): _and_freezes(status_lines), ("STATUS", "SYSTEM"): _and_freezes(system_lines),
    ("INFO", None): _info,
    ("INFO", "POOL"): pool_lines, ("INFO", "TAPE"): status_lines,
    ("INFO", "EVENT"): _events, ("TRUST", None): _trust, ("CHECK", None): _check, ("SAMPLE", None): _plain,
    ("HELP", None): _plain, ("PARSE", None): _parsed, ("ENV", None): _env,
    ("ADD", None): _written("added"), ("ALTER", None): _written("altered"),
    ("ADD", "KEY"): key_lines, ("TEST", None): test_lines,
    ("DELETE", None): _said("OK, {kind} {name} deleted"),
    ("INIT", None): _vault, ("TRUST", "VAULT"): _vault,
    ("RELEASE", None): release_lines, ("ACCEPT", None): accept_lines,
    ("FREEZE", None): freeze_lines, ("THAW", None): thaw_lines,
    ("REBUILD", None): _said("OK, catalog rebuilt: {copies} copies, {proven} of them proven"),
}
