"""Messages about single tapes: copied, verified, refused, damaged."""

from __future__ import annotations

from vtspolicy.events.message import Message

_INTACT = "The old copy on the target is intact; nothing was published. "
_EXPOSED = "What was written to the tape since that copy is exposed."

MESSAGES = (
    Message(
        "224004", "Cartridge {tape} copied to {target}, {size} bytes in {seconds} s, digest {digest}",
        cause="The tape was new or changed, or its copy was asked for.",
        effect="The new copy took the old one's place in one step, after its bytes were read back and proven (where "
               "they were not, 424022 says so, too).",
        recovery="None needed."),
    Message(
        "224005", "Cartridge {tape} found equal on {target}, recorded without sending, digest {digest}",
        cause="A tape of that name lay on the target already, not recorded here; both were read and are equal.",
        effect="The copy is as it was, and counts as verified now.",
        recovery="None needed."),
    Message(
        "224008", "Cartridge {tape} touched, still equal to its copy on {target}, digest {digest}",
        cause="The tape's file was touched at the source; its size and time of change are as before, so its bytes were "
              "read and held against the digest of the copy.",
        effect="The copy is as it was, and so is the time of its last proof: nobody read it.",
        recovery="None needed."),
    Message(
        "224006", "Cartridge {tape} repaired on {target}, {size} bytes in {seconds} s, digest {digest}",
        cause="A verification had found the copy damaged or missing; it was copied anew.",
        effect="The damaged copy was replaced in one step by a proven one. Nothing is exposed any more.",
        recovery="None needed for the tape. Look into why the target damaged it."),
    Message(
        "224007", "Cartridge {tape} verified on {target}, {size} bytes in {seconds} s, digest {digest}",
        cause="A verification read the whole copy.",
        effect="The copy's bytes are those that were recorded.",
        recovery="None needed."),
    Message(
        "624007", "Cartridge {tape} not proven on {target}, {detail}, rc=verify", reason="verify", retry=True,
        cause="The part file that was read back on the target differs from what was sent.",
        effect=_INTACT + _EXPOSED,
        recovery="START SCHEME name copies the tape again. If it comes back, have the target's disk and memory "
                 "checked."),
    Message(
        "824007", "Cartridge {tape} damaged on {target}, {detail}, rc=damaged", reason="damaged",
        retry=True,
        cause="VERIFY read the copy; its bytes are not the recorded ones though its size and time are, or cannot be "
              "read at all.",
        effect="The copy on the target must not be relied on; the tape is exposed until it is repaired. The source "
               "is untouched.",
        recovery="START SCHEME name copies the tape again. Have the target's disk checked."),
    Message(
        "624010", "Cartridges of {source} not copied to {target}, {detail}, rc=empty", reason="empty",
        cause="The source holds nothing where there should be something: the pool is empty or is not there, or a "
              "template selects none of its tapes.",
        effect="Nothing was changed; the old copies are intact. Whether the source is lost is for a person to find "
               "out.",
        recovery="Find the tapes, correct the name, or write the first tape; then START SCHEME name."),
    Message(
        "624011", "Cartridge {tape} not copied to {target}, {detail}, rc=name-clash", reason="name-clash",
        cause="A tape of this name lies in another pool of the target; names are unique across all pools of a system.",
        effect="Both tapes on the target are intact; nothing was published. The source tape has no new copy and is "
               "exposed.",
        recovery="The error names both pools, and who wrote the other tape. Rename or remove the one that should not "
                 "be there, then START SCHEME name. To let both be: ADD SETTINGS name, UNIQUE-NAMES no, or ALTER "
                 "where there are some."),
    Message(
        "624012", "Cartridge {tape} held, not copied to {target}, {detail}, rc=held", reason="held",
        cause="The change at the source looks like a loss: the tape became empty while its copy holds data, or it "
              "shrank below the part of its copy's size that guard: shrunk-to in the policy allows.",
        effect=_INTACT + "It may be the only one that holds the tape's data.",
        recovery="Find out why the tape is empty or short. If it should be: RELEASE TAPE name !, and the next run "
                 "copies it as it is now. A template in the place of the name lets several go at once."),
    Message(
        "224012", "Cartridge {tape} released for {target}, {detail}",
        cause="RELEASE TAPE was given for a tape that was held.",
        effect="Nothing was copied yet. The next run puts the tape, exactly as it was then, in the place of its copy; "
               "if it changes again before, it is judged anew.",
        recovery="None needed. START SCHEME name copies it."),
    Message(
        "624013", "Cartridge {tape} on {target} is another than its copy, {detail}, rc=diverged", reason="diverged",
        cause="The target's tape is newer than its last copy, was changed by someone else, or was never written by "
              "vtspolicy. VERIFY tells it, too.",
        effect="The target's tape is intact, as that other hand left it; it is not a copy of the source. The source "
               "tape is exposed.",
        recovery="Find out who wrote the target's tape. If the source's is the right one: START SCHEME name, "
                 "REPLACE ! replaces it, and all others of the scheme that diverged. PLAN SCHEME name, REPLACE shows "
                 "before what would be replaced."),
    Message(
        "624014", "Cartridge {tape} not copied to {target}, {detail}, rc=space", reason="space", retry=True,
        cause="The target has too little room for the tape beside its old copy.",
        effect=_INTACT + _EXPOSED,
        recovery="Make room on the target, then START SCHEME name. PLAN SCHEME name shows how much is needed."),
    Message(
        "624015", "Cartridge {tape} changed while it was read for {target}, {detail}, rc=source-changed",
        reason="source-changed", retry=True,
        cause="The source tape was written, replaced or re-timed during the copy; it is probably mounted.",
        effect=_INTACT + _EXPOSED,
        recovery="START SCHEME name after the host has dismounted the tape."),
    Message(
        "624016", "Cartridge {tape} cannot be read for {target}, {detail}, rc=source-read", reason="source-read",
        retry=True,
        cause="The source's file cannot be opened or read: rights, a disk fault, or it is no regular file.",
        effect=_INTACT + "If the source's disk is damaged, that copy may be the last good one.",
        recovery="Give the user who runs vtspolicy the right to read the vault, or have the disk checked; then "
                 "START SCHEME name."),
    Message(
        "624017", "Cartridge {tape} cannot be stored on {target}, {detail}, rc=target-write", reason="target-write",
        retry=True,
        cause="The target refused a write, an fsync or the rename: rights, a read-only or damaged disk, a quota.",
        effect=_INTACT + _EXPOSED,
        recovery="Remove the cause on the target, then START SCHEME name; the whole tape is sent again."),
    Message(
        "624019", "Cartridge {tape} not durable on {target}, {detail}, rc=not-durable", reason="not-durable",
        retry=True,
        cause="The target's disk failed an fsync after the tape had been written or renamed there. A later fsync that "
              "succeeds would prove nothing: the failed one may have dropped what it should have stored.",
        effect="The tape lies on the target, and may be gone after a power loss; it must not be relied on, "
               "and what was written is exposed.",
        recovery="START SCHEME name sends the whole tape again. Have the target's disk checked."),
    Message(
        "624018", "Cartridge {tape} missing on {target}, {detail}, rc=missing", reason="missing",
        cause="A tape that should be there is not: a recorded copy, or a tape that was asked for by name.",
        effect="There is no copy of it where one was expected; the tape is exposed. Nothing was changed.",
        recovery="START SCHEME name copies it again where the source still has it. STATUS TAPE name shows where "
                 "other copies are."),
    Message(
        "424020", "{count} cartridges gone from Pool {source}, copies on {target} kept, {detail}",
        cause="Tapes that were copied before are no longer in their source pool.",
        effect="The copies on the target are intact; copying never deletes. Each may be the only one now.",
        recovery="If the tapes were deleted on purpose: ACCEPT POOL name !, and nothing more is said of them. "
                 "Otherwise COPY TAPE name FROM system brings one back. STATUS POOL name shows them."),
    Message(
        "624020", "{count} of {known} cartridges gone from Pool {source}, copies on {target} kept, {detail}, rc=gone",
        reason="gone",
        cause="More tapes than guard: at-most-gone in the policy allows, and at least three, were copied before and "
              "are no longer in their source pool: a deleted or damaged folder, or another disk, looks like this.",
        effect="The copies on the target are intact; copying never deletes. Each may be the only one now. The tapes "
               "that are there were copied as ever.",
        recovery="Find out why they are gone. If it was on purpose: ACCEPT POOL name !, and nothing more is said of "
                 "them. Otherwise fetch them back from the target. STATUS POOL name shows them."),
    Message(
        "224020", "{count} cartridges gone from Pool {source} accepted, copies on {target} kept, {detail}",
        cause="ACCEPT POOL was given.",
        effect="The copies are as they were, and no run warns of these tapes any more. A tape that comes back is "
               "copied as ever; if it goes again, that is told again.",
        recovery="None needed."),
    Message(
        "224021", "Cartridge {tape} on {target} known again from the far side's own record",
        cause="The catalog did not know the copy, the far side's record did: a run was killed between the two, or the "
              "catalog was rebuilt or is another.",
        effect="The copy is as it was; it is not sent again.",
        recovery="None needed. VERIFY TAPE name reads its bytes."),
    Message(
        "424022", "Cartridge {tape} copied to {target} but not proven, {detail}",
        cause="The target cannot promise all that a proof needs, fsync or a rename in one step; or the policy says "
              "verify: sent, so nothing was read back.",
        effect="The old copy was replaced; the new one counts as unproven. Without fsync it may not survive a power "
               "loss of the target.",
        recovery="Install vtspolicy on the target (far-end: receiver), or use an SFTP server with "
                 "fsync@openssh.com and posix-rename@openssh.com. What was sent alone is proven by VERIFY."),
    Message(
        "624023", "Cartridge {tape} not copied to {target}, {detail}, rc=companion", reason="companion", retry=True,
        cause="A companion of the tape (companions in the system's policy) could not be copied; a tape is published "
              "only behind its companions.",
        effect="The old copy of the tape is intact; nothing was published of it. The set is exposed.",
        recovery="The error of the companion says what to do. Then START SCHEME name."),
    Message(
        "424023", "Copies of {policy} do not keep all, {detail}",
        cause="Tapes of this run have, beside bytes, mode and time, what a copy does not keep: ACLs, hard links, "
              "extended attributes other than user.*; over plain SFTP, or to a file system or an older vtspolicy that "
              "takes none, user attributes, too.",
        effect="The bytes of the copies are whole and proven. What is named would be missing if one of them were "
               "brought back.",
        recovery="None needed if nobody uses it. Else set it on the target by hand, or use a target that keeps it."),
    Message(
        "424024", "Cartridge {tape} not adopted, differs from the one on {target}, {detail}",
        cause="ADOPT POOL read both sides, or saw by their sizes that they differ.",
        effect="The target's tape is as it was; it is not a copy of the source, or no longer. No run overwrites what "
               "was not copied there by vtspolicy.",
        recovery="Find out which of the two is the right one. If it is the source's: START SCHEME name, REPLACE !. "
                 "PLAN SCHEME name, REPLACE shows before what would be replaced."),
    Message(
        "424025", "{count} cartridges of Pool {source} not adopted, not on {target}, {detail}",
        cause="ADOPT POOL found no tapes of these names in the target pool.",
        effect="These tapes have no copy there. Nothing was sent.",
        recovery="START SCHEME name copies them."),
    Message(
        "424026", "{count} cartridges on {target} recorded here alone, {detail}",
        cause="Tapes were found equal on a target whose vtspolicy is older and keeps no record of what it did not "
              "publish.",
        effect="The copies are verified, and the catalog here knows them. Were it lost, they would have to be read "
               "again.",
        recovery="Upgrade vtspolicy on the target."),
)
