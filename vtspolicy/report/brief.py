"""BRIEF: one line for each object, for programs. The form is an interface: words in this order, `key=value`, one
blank between them; values hold no blank (`-` where there is none); new keys are only added at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vtspolicy.service.result import Result

FORMS: Mapping[str, str] = {
    "run": "LEG source target status copied= equal= unchanged= refused= failed= bytes= run= ref= reason=",
    "adopt": "ADOPTED source target status equal= unchanged= differ= missing= changed= extra= refused= failed= run= "
             "ref= reason=",
    "plan": "STEP source-tape target-pool action= bytes= reason= ref=",
    "verify": "VERIFY source-tape target-tape result= size= digest=",
    "status": "TAPE source-tape target-tape state= size= verified= copied= reason= ref= basis=",
    "system": "SYSTEM name state= answers= address=",
    "test": "WAY system step result= about= reason= detail=",
    "freeze": "FROZEN pool|vault name since= by= reason= seen= last-known=",
    "pool": "POOL name covered= policy= tapes= bytes=",
    "policy": "SYSTEM|SCHEME|AUTOCOPY|UNPROTECTED|SETTINGS name file=",
    "event": "EVENT time severity id system= tape= run= ref= reason=",
}
"""What the manual says of them."""


def brief_lines(result: Result) -> list[str]:
    """The lines of a result; none where the verb has no BRIEF form."""
    data = result.data
    lines = [_line("LEG", leg["source"], leg["target"], leg["status"], copied=leg["copied"], equal=leg["equal"],
                   unchanged=leg["trusted"], refused=leg["refused"], failed=leg["failed"], bytes=leg["bytes"],
                   run=result.run, ref=result.ref, reason=leg["reason"])
             for leg in data.get("legs", ()) if "steps" not in leg and "extra" not in leg]
    lines += [_line("ADOPTED", leg["source"], leg["target"], leg["status"], equal=leg["equal"],
                    unchanged=leg["trusted"], differ=len(leg["differing"]), missing=len(leg["missing"]),
                    changed=len(leg["waiting"]), extra=len(leg["extra"]), refused=leg["refused"],
                    failed=leg["failed"], run=result.run, ref=result.ref, reason=leg["reason"])
              for leg in data.get("legs", ()) if "extra" in leg]
    for leg in data.get("legs", ()):
        lines += [_line("STEP", f"{leg['source']}/{step['tape']}", leg["target"], action=step["action"],
                        bytes=step["bytes"], reason=step["reason"], ref=result.ref) for step in leg.get("steps", ())]
    for tape in data.get("tapes", ()):
        if "result" in tape:
            lines.append(_line("VERIFY", tape["tape"], tape["target"], result=tape["result"], size=tape["size"],
                               digest=tape["digest"]))
        else:
            lines.append(_line("TAPE", tape["tape"], tape["target"], state=tape["state"], size=tape["size"],
                               verified=tape["verified"], copied=tape["copied"], reason=tape["reason"],
                               ref=tape["ref"], basis=tape["basis"]))
    lines += [_line("SYSTEM", system["system"], state=system["state"], answers=system["answers"],
                    address=system["address"]) for system in data.get("systems", ())]
    lines += [_line("WAY", data["system"], _word(step["step"]), result=step["result"], about=step["about"],
                    reason=step["reason"], detail=step["detail"]) for step in data.get("steps", ())]
    lines += [_line("FROZEN", each["what"], each["place"], since=each["since"], by=each["by"], reason=each["reason"],
                    seen=each["seen"], **{"last-known": "yes" if each["last known"] else "no"})
              for each in data.get("freezes", ())]
    lines += [_line("POOL", pool["pool"], covered="yes" if pool["covered"] else "no", policy=pool["policy"],
                    tapes=pool["tapes"], bytes=pool["bytes"]) for pool in data.get("pools", ())]
    lines += [_line(policy["kind"].upper(), policy["name"], file=policy["file"]) for policy in data.get("policies", ())]
    lines += [_line("EVENT", event["time"], event["severity"], event["id"], system=event["system"], tape=event["tape"],
                    run=event["run"], ref=event["ref"], reason=event["reason"]) for event in data.get("events", ())]
    return lines


def _line(*words: str, **values: Any) -> str:
    return " ".join([*words, *(f"{key}={_word(value)}" for key, value in values.items())])


def _word(value: Any) -> str:
    return "-" if value is None or value == "" else str(value).replace(" ", "_")
