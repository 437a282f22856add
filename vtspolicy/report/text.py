"""A result as people read it: 80 columns where it can be, printable ASCII, no colour."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vtspolicy.policy.units import format_size
from vtspolicy.report import moments
from vtspolicy.service.result import Result, Status

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
        head, *rest = f"{each.message} ({each.id})".splitlines()
        # Each line of policy errors is an error of its own; carets stand under their sentence.
        indent = "*ERROR* " if each.reason == "policy" else " " * len("*ERROR* ")
        lines += [f"*ERROR* {head}", *(indent + line for line in rest)]
    lines += [f"*WARNING* {line}" for warning in result.warnings for line in warning.splitlines()[:1]]
    return lines


def completion_line(code: int, result: Result | None, done: int, errors: int) -> str:
    """The last line that TACL and NetBatch can test where the exit status does not reach them."""
    words = [f"COMPLETION CODE {code}: {result.status if result else Status.DONE}"]
    if result is not None and result.reason:
        words.append(f"reason={result.reason}")
    words += [f"done={done}", f"failed={errors}"]
    if result is not None and result.ref:
        words.append(f"ref={result.ref}")
    return " ".join(words)


def table(rows: Sequence[Sequence[object]], headers: Sequence[str], right: Sequence[int] = ()) -> Lines:
    """A table in the manner of SCF: headers over dashes."""
    from tabulate import tabulate

    aligned = ["right" if index in right else "left" for index in range(len(headers))]
    text = tabulate([[str(cell) for cell in row] for row in rows], headers, tablefmt="simple", colalign=aligned,
                    disable_numparse=True)
    return text.splitlines()


# ---- runs and plans ---------------------------------------------------------------------------------------------


_COUNTED = ("copied", "equal", "trusted", "refused", "failed")


def _run(result: Result, zone: str | None) -> Lines:
    del zone
    lines: Lines = []
    for leg in result.data.get("legs", ()):
        lines.append(f"{leg['source']} -> {leg['target']}")
        words = [f"{leg[key]} {word}" for key, word in (
            ("copied", "copied"), ("equal", "found equal"), ("trusted", "unchanged"), ("refused", "refused"),
            ("failed", "failed")) if leg[key]]
        size = f", {format_size(leg['bytes'])} sent in {leg['seconds']:.1f} s" if leg["bytes"] else ""
        nothing = "nothing to do: " if not leg["copied"] + leg["equal"] + leg["refused"] + leg["failed"] else ""
        if not sum(leg[key] for key in _COUNTED) and leg["reason"]:
            nothing, words = "", [f"not done: {leg['reason']}"]
        if words or nothing:
            lines.append(f"  {nothing}{', '.join(words) or 'no tape'}{size}")
    if result.run is not None:
        ref = f", ref {result.ref}" if result.ref else ""
        lines.append(f"run {result.run}: {result.status}{ref}")
    return lines


def _plan(result: Result, zone: str | None) -> Lines:
    del zone
    lines: Lines = []
    for leg in result.data.get("legs", ()):
        lines.append(f"{leg['source']} -> {leg['target']}")
        rows = [(step["action"], step["tape"], format_size(step["bytes"]) if step["action"] != "nothing" else "-",
                 step["why"] + (f" ({step['reason']})" if step["reason"] else "")) for step in leg["steps"]]
        lines += table(rows, ("Action", "Tape", "Size", "Why"), right=(2,))
        lines += [f"gone from the source, copy kept: {name}" for name in leg["gone"]]
        lines += [f"skipped: {each['name']}: {each['why']}" for each in leg["skipped"]]
        counts = leg["counts"]
        lines.append(f"{counts['copy']} to copy ({format_size(leg['bytes'])}), {counts['compare']} to compare, "
                     f"{counts['nothing']} unchanged, {counts['refuse']} refused")
        lines.append("")
    return lines


def _verify(result: Result, zone: str | None) -> Lines:
    del zone
    counts = result.data.get("counts", {})
    if not counts:
        return []
    found = ("verified", "damaged", "missing", "diverged", "unread")
    words = [f"{counts[key]} {key}" for key in found if counts.get(key)]
    return [f"{', '.join(words)}, run {result.run}"]


# ---- status -----------------------------------------------------------------------------------------------------


def _status(result: Result, zone: str | None) -> Lines:
    lines: Lines = []
    by_leg: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in result.data.get("tapes", ()):
        key = each["tape"].rpartition("/")[0], each["target"].rpartition("/")[0]
        by_leg.setdefault(key, []).append(each)
    detail = result.command is not None and result.command.flag("DETAIL")
    for summary in result.data.get("summary", ()):
        tapes = by_leg[summary["source"], summary["target"]]
        lines.append(f"{summary['source']} -> {summary['target']}")
        if detail:
            for each in tapes:
                lines += _tape_detail(each, zone)
        else:
            rows = [(each["tape"].rpartition("/")[2], each["state"],
                     "-" if each["size"] is None else format_size(each["size"]),
                     moments.of_seconds(each["changed"], zone), moments.of_text(each["verified"], zone),
                     moments.age(each["verified"])) for each in tapes]
            lines += table(rows, ("Tape", "State", "Size", "Changed", "Verified copy", "Age"), right=(2, 5))
        words = ", ".join(f"{count} {state}" for state, count in sorted(summary["states"].items()))
        lines.append(f"{summary['tapes']} tapes: {words}; targets as {summary['basis']}")
        if summary["exposed_since"] is not None:
            lines.append(f"exposed since {moments.of_seconds(summary['exposed_since'], zone)}")
        lines.append("")
    if not result.data.get("tapes") and not result.errors:
        lines.append("no tape is selected")
    return lines


def _tape_detail(each: Mapping[str, Any], zone: str | None) -> Lines:
    rows = [("Tape", each["tape"]), ("Target", each["target"]), ("State", each["state"]),
            ("Size", "-" if each["size"] is None else f"{each['size']} bytes"),
            ("Changed", moments.of_seconds(each["changed"], zone)),
            ("Copied", moments.of_text(each["copied"], zone)), ("Verified", moments.of_text(each["verified"], zone)),
            ("Seen unchanged", moments.of_text(each["trusted"], zone)), ("Digest", each["digest"] or "-"),
            ("Durable", "yes" if each["durable"] else "no"), ("Run", each["run"] or "-"), ("Ref", each["ref"] or "-"),
            ("Last problem", f"{each['reason']}, {moments.of_text(each['failed'], zone)}" if each["reason"] else "-")]
    return [*dotted(rows), ""]


def dotted(rows: Sequence[tuple[str, object]]) -> Lines:
    """Labels with dots up to their values, as SCF's DETAIL displays have them."""
    return [f"  {label + ' ':.<18} {value}" for label, value in rows]


def _status_system(result: Result, zone: str | None) -> Lines:
    del zone
    if result.command is not None and result.command.flag("DETAIL"):
        from vtspolicy.report.systems import system_detail

        return [line for system in result.data.get("systems", ()) for line in system_detail(system)]
    rows = []
    for system in result.data.get("systems", ()):
        where, answers = system["address"] or "this machine", system["answers"] or "-"
        vaults = system["vaults"] or [{"vault": "-", "identity": None, "free": None, "state": system["state"]}]
        for vault in vaults:
            free = "-" if vault["free"] is None else format_size(vault["free"])
            rows.append((system["system"], where, answers, vault["vault"], (vault["identity"] or "-")[:8], free,
                         vault["state"]))
            where = answers = ""
    lines = table(rows, ("System", "Address", "Answers as", "Vault", "Id", "Free", "State"), right=(5,))
    for system in result.data.get("systems", ()):
        for promise in ("durable", "atomic"):
            if system.get(promise) is False:
                lines.append(f"{system['system']}: {promise}: no; its copies stay unproven")
    return lines


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
        return [sentence.format(**result.data)] if result.code == 0 and result.data else []
    return render


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
    return [f"OK, host key of {result.data['system']} {word}: {result.data['fingerprint']}"]


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


_RENDERERS: dict[tuple[str, str | None], _Render] = {
    ("START", None): _run, ("RUN", None): _run, ("IDR", None): _run, ("PLAN", None): _plan, ("VERIFY", None): _verify,
    ("STATUS", None): _status, ("STATUS", "SYSTEM"): _status_system, ("INFO", None): _info,
    ("INFO", "EVENT"): _events, ("TRUST", None): _trust, ("CHECK", None): _check, ("SAMPLE", None): _plain,
    ("HELP", None): _plain, ("PARSE", None): _parsed, ("ENV", None): _env,
    ("ADD", None): _written("added"), ("ALTER", None): _written("altered"),
    ("DELETE", None): _said("OK, {kind} {name} deleted"),
    ("INIT", None): _said("OK, vault {vault} has the id {identity}"),
    ("REBUILD", None): _said("OK, catalog rebuilt: {copies} copies, unproven until VERIFY reads them"),
}
