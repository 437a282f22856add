"""Messages about runs as a whole, and about the program itself."""

from __future__ import annotations

from vtspolicy.events.message import Message

MESSAGES = (
    Message(
        "224001", "{verb} {policy} started as run {run}, {source} to {target}",
        cause="A run was asked for and has begun.",
        effect="Nothing is changed yet; each old copy stays until the new one is proven.",
        recovery="None needed. STATUS SCHEME name shows how far the tapes are."),
    Message(
        "624001", "{verb} {policy} not started, {detail}, rc=locked", reason="locked", retry=True,
        cause="Another run holds a target pool, or another process the state, that this one needs.",
        effect="Nothing was changed; old copies are intact. Tapes written since the last run are exposed until the "
               "next one.",
        recovery="Wait until the run that is named has ended and give the sentence again. A lock ends with the "
                 "process that holds it; a process that is stopped must be continued or ended."),
    Message(
        "224002", "{verb} {policy} ended, run {run}, {done} done, {nothing} unchanged, {bytes} bytes in {seconds} s",
        cause="The run did all that was to be done.",
        effect="Every selected tape has a copy as new as its source was when it was read.",
        recovery="None needed."),
    Message(
        "224003", "{verb} {policy} ended, run {run}, nothing to do, {nothing} unchanged",
        cause="Every selected tape was as it was last copied or verified.",
        effect="The copies are as they were; nothing was sent.",
        recovery="None needed."),
    Message(
        "424002", "{verb} {policy} ended, run {run}, {done} done, {nothing} unchanged, {warnings} warnings",
        cause="The run did all that was to be done, and something needs a look.",
        effect="Every selected tape is copied, but for those that a warning names; the warnings say what is not as it "
               "should be.",
        recovery="INFO EVENT, RUN run, SEVERITY WARNING shows the warnings."),
    Message(
        "624002", "{verb} {policy} ended, run {run}, {done} done, {nothing} unchanged, {failed} not, rc=partial",
        reason="partial", retry=True,
        cause="Some tapes were done, others were refused or could not be done.",
        effect="The tapes that are named as not done keep their old copies, which are intact but may be stale; what "
               "was written to those tapes since is exposed. The others are done.",
        recovery="INFO EVENT, RUN run, SEVERITY ERROR names each tape and its reason. Remove the causes and give the "
                 "sentence again; it does only what is left."),
    Message(
        "624003", "{verb} {policy} ended, run {run}, nothing done, {failed} not, rc={reason}", retry=True,
        cause="No tape could be done; the reason is that of the first.",
        effect="Nothing was changed; old copies are intact. Tapes written since they were last copied are exposed.",
        recovery="INFO EVENT, RUN run, SEVERITY ERROR names each tape and its reason; HELP reason says what to do. "
                 "Then give the sentence again."),
    Message(
        "624008", "{verb} {policy} stopped early, run {run}, {done} done, {left} left, rc=interrupted",
        reason="interrupted", retry=True,
        cause="A signal (SIGINT, SIGTERM, SIGHUP) or a closed terminal ended the run.",
        effect="The tape on its way was dropped and its old copy is intact; nothing is half done. Tapes that were "
               "left are exposed as before.",
        recovery="Give the sentence again; it does only what is left."),
    Message(
        "424009", "Run {run} of {policy} found unfinished, its process {pid} is gone",
        cause="The process was killed, or the machine went down.",
        effect="Each copy is the complete old or the complete new tape. Tapes that were left are exposed as before.",
        recovery="START SCHEME name does what is left and removes the part files."),
    Message(
        "690001", "Request not understood, {detail}, rc=usage", reason="usage",
        cause="The sentence or the arguments do not fit the language.",
        effect="Nothing was changed; no copy is touched, nothing is exposed by it.",
        recovery="The error shows the place and what was expected there. HELP verb shows the form; vtspolicy parse "
                 "TEXT tries a sentence without doing anything."),
    Message(
        "690002", "Request not carried out, {detail}, rc=not-built", reason="not-built",
        cause="The word is known and does nothing in this release.",
        effect="Nothing was changed; no copy is touched. What the sentence should have protected is exposed as "
               "before.",
        recovery="Use another verb or leave the word out; HELP lists what there is."),
    Message(
        "690003", "Request refused, {detail}, rc=refused", reason="refused",
        cause="What was asked for is not allowed as it stands; the text says why.",
        effect="Nothing was changed; old copies are intact. Tapes written since they were last copied are exposed.",
        recovery="Change what the text names. PLAN SCHEME name shows what would be done, and changes nothing."),
    Message(
        "690004", "Request names what is not there, {detail}, rc=unknown", reason="unknown",
        cause="A policy, system, vault, pool or tape that is named does not exist.",
        effect="Nothing was changed for it; old copies are intact. A tape that was meant and is not covered is "
               "exposed.",
        recovery="INFO SCHEME * lists the names of schemes (INFO SYSTEM *; INFO AUTOCOPY *); the case of letters "
                 "counts. A pool that is missing on a target is made there by its owner."),
    Message(
        "890005", "Internal fault in vtspolicy, {detail}, rc=bug", reason="bug",
        cause="vtspolicy itself is wrong.",
        effect="The work that met the fault was dropped; old copies are intact, because a tape is published only "
               "when it is proven. Tapes that were left are exposed.",
        recovery="Report it with the output and the lines of INFO EVENT, RUN run. Giving the sentence again is "
                 "safe."),
)
