"""Messages about part files, policies, the state and the log."""

from __future__ import annotations

from vtspolicy.events.message import Message

MESSAGES = (
    Message(
        "226001", "{count} part files of earlier runs removed from {pool}",
        cause="A run of this state had been ended before it could remove them; or another vtspolicy, or this one under "
              "an earlier state, left them behind and nobody has touched them for seven days.",
        effect="Room was freed. Part files are never copies; every copy is intact.",
        recovery="None needed."),
    Message(
        "230001", "{kind} {name} added",
        cause="ADD was given.",
        effect="The policy counts from the next sentence on; no copy was touched.",
        recovery="None needed. DELETE takes it back."),
    Message(
        "230002", "{kind} {name} altered, {detail}",
        cause="ALTER was given.",
        effect="The policy counts from the next sentence on; no copy was touched.",
        recovery="None needed. INFO, OBEYFORM shows it as it is now."),
    Message(
        "430003", "{kind} {name} deleted",
        cause="DELETE was given.",
        effect="Existing copies stay and are intact. What only this policy covered is not copied any more and is "
               "exposed from its next change on.",
        recovery="None needed if it was meant. ADD makes it anew."),
    Message(
        "630004", "Policies refused, {detail}, rc=policy", reason="policy",
        cause="The policy files hold errors, or do not agree with each other.",
        effect="Nothing was changed; old copies are intact. Until the policies are right nothing is copied, and "
               "tapes written since are exposed.",
        recovery="vtspolicy check policy shows every error with its file and line; vtspolicy sample KIND prints a "
                 "correct one."),
    Message(
        "231001", "Catalog rebuilt from {source}, {count} copies known",
        cause="REBUILD CATALOG was given.",
        effect="The catalog knows again what the far sides' own records say; no copy was touched.",
        recovery="None needed. VERIFY SCHEME name reads the copies' bytes."),
    Message(
        "431002", "Old state file set aside as {file}",
        cause="REBUILD CATALOG found a state file, whole or not, and kept it under another name.",
        effect="Copies are not concerned. The earlier event log's rows are in that file; its text lines stay.",
        recovery="Remove the file when nobody needs it any more."),
    Message(
        "231004", "State file migrated from schema {version} to {schema}, the old one kept as {file}",
        cause="This release keeps more in its state than the one before; it ran here for the first time.",
        effect="All that the old file knew is in the new one. Copies are not concerned.",
        recovery="None needed. To put the old program back, stop everything that uses the state and move the kept file "
                 "into the place of state.db; what is copied until then is found again in the far sides' records."),
    Message(
        "831001", "State cannot be used, {detail}, rc=state", reason="state",
        cause="The state file is damaged, foreign, newer than this program, made for another policy folder, or out "
              "of reach; or its disk is full.",
        effect="The file was left as it is. Copies are intact, but nothing is copied or recorded until the state "
               "can be used; tapes written since are exposed.",
        recovery="Do what the text says: run as the file's owner, make room, upgrade, or name the right folders "
                 "(--state, --policies). A damaged file: REBUILD CATALOG keeps it aside and makes a new one from the "
                 "targets. Policies that were moved to another folder for good: move the old state.db away, then "
                 "REBUILD CATALOG."),
    Message(
        "431003", "Event log {file} cannot be written, {detail}",
        cause="The log's disk is full or its folder cannot be written to.",
        effect="Copying goes on. The events are kept in the state and no line is lost: they are written as soon as "
               "it works again.",
        recovery="Make room, or set owner and mode of the log folder right. INFO EVENT shows all events meanwhile."),
)
