"""Messages about vaults and pools, about the road to other systems, and about who may come in."""

from __future__ import annotations

from vtspolicy.events.message import Message

_KEPT = "Nothing was changed; old copies are intact. Tapes written since they were last copied are exposed."

MESSAGES = (
    Message(
        "222001", "Vault {vault} initialised, id {identity}",
        cause="INIT VAULT was given.",
        effect="The vault can be told from any other from now on; no tape or copy was touched.",
        recovery="None needed."),
    Message(
        "622001", "Vault {vault} refused, {detail}, rc=identity", reason="identity",
        cause="The vault has no id, or another than the one that is known for it (an unmounted disk, another machine "
              "under an old name), or one that another vault has, too (a clone, or two names of one vault).",
        effect=_KEPT,
        recovery="Mount the right disk, or correct the system's policy. A vault that never had an id: INIT VAULT name. "
                 "Another disk that is meant to be there: TRUST VAULT name ! where it has an id, INIT VAULT name, "
                 "REPLACE ! where it has none. A clone: INIT VAULT name, REPLACE ! gives it an id of its own. Copies "
                 "there are read again before they count."),
    Message(
        "422002", "{what} {place} frozen, {detail}",
        cause="FREEZE was given on this system.",
        effect="Nothing is published there any more, whoever sends it; the tapes that lie there are intact and can be "
               "read and verified. What is written at their sources from now on is exposed.",
        recovery="None needed if it was meant. THAW POOL name (THAW VAULT name) takes it back."),
    Message(
        "222003", "{what} {place} thawed, {detail}",
        cause="THAW was given on this system.",
        effect="Copies may be published there again, from the next run on; no tape was touched.",
        recovery="None needed."),
    Message(
        "422005", "{count} copies on {place} in doubt, {detail}",
        cause="Another vault or another machine answered under the name: another disk, a clone, an empty mount point, "
              "a system that was replaced or restored.",
        effect="Nothing was written there. What was proven before may be true of another disk: these copies count as "
               "unproven, and no run trusts them, until their bytes are read again.",
        recovery="Settle which vault it is, as the refusal says (mount the disk; TRUST VAULT name !; INIT VAULT name, "
                 "REPLACE !; for a host key TRUST SYSTEM name, REPLACE). Then START SCHEME name reads or copies the "
                 "tapes anew, and VERIFY SCHEME name reads them."),
    Message(
        "222006", "Vault {vault} known by the id {identity} from now on, it was {detail}",
        cause="TRUST VAULT, or INIT VAULT with REPLACE, was given.",
        effect="Runs take it for the right vault again. Its copies count as unproven until their bytes are read again; "
               "no tape was touched.",
        recovery="None needed. START SCHEME name reads or copies the tapes anew; VERIFY SCHEME name reads them."),
    Message(
        "422003", "A copy from {address} refused here, {detail}",
        cause="The pool or its vault is frozen on this system, and another one wanted to publish there.",
        effect="Nothing was changed; the tapes that lie here are intact. The sender logs the refusal, too.",
        recovery="None needed while it is meant to be frozen. THAW POOL name (THAW VAULT name) lets copies in again."),
    Message(
        "222004", "Pool {pool} made, {detail}",
        cause="A run had the pool as its target, it was not there, and create-pool in the policy of its system allows "
              "to make it.",
        effect="The pool is there and empty, or with its first copies; no other pool was touched.",
        recovery="None needed."),
    Message(
        "622002", "Nothing copied to {pool}, {detail}, rc=frozen", reason="frozen",
        cause="The target pool, or its vault, was frozen on the system that holds it, by the person and for the "
              "reason that the text names; that site may have taken over.",
        effect="Nothing was published there; the copies there are intact. Tapes written here since they were last "
               "copied are exposed. It is not tried again by itself.",
        recovery="Ask the person who is named. When copies may be published there again: THAW POOL name, or THAW VAULT "
                 "name, on that system; then START SCHEME name."),
    Message(
        "422010", "{name} in Pool {pool} skipped, {detail}",
        cause="Something in the pool is no tape: a link, a directory, a FIFO, a device, or its name cannot be a "
              "tape's.",
        effect="It is not copied and has no copy: if it matters, it is exposed. The tapes beside it are not concerned.",
        recovery="Move it out of the pool; a vault holds tapes only."),
    Message(
        "422011", "Pool {pool} cannot be listed, {detail}",
        cause="A pool of the target cannot be read, so tape names in it are not known.",
        effect="A name that exists there and in the target pool would go unnoticed. Copies are not concerned.",
        recovery="Give the user on the target the right to read the pool."),
    Message(
        "422012", "Pool {pool} is not used as its policy says, {detail}",
        cause="The policy asks for something that the far side does not do: its receiver was given other words in "
              "authorized_keys, or the field means nothing for it.",
        effect="The copies are right all the same.",
        recovery="ADD KEY name prints the line that fits the policy, for authorized_keys over there; TEST SYSTEM name "
                 "tells whether it does. Or alter the policy."),
    Message(
        "632001", "System {system} cannot be reached, {detail}, rc=unreachable", reason="unreachable", retry=True,
        cause="The system, its SSH server or the network between is down, or the connection broke.",
        effect="The tape on its way was dropped; old copies are intact. Tapes written since they were last copied "
               "are exposed.",
        recovery="Look at the network and the far SSH server; STATUS SYSTEM name asks it again. Then START SCHEME "
                 "name; it does only what is left."),
    Message(
        "632002", "System {system} went silent, {detail}, rc=stalled", reason="stalled", retry=True,
        cause="Link or far side gave no sign for longer than the system's stall time.",
        effect="The tape on its way was dropped; old copies are intact. Tapes written since they were last copied "
               "are exposed.",
        recovery="START SCHEME name; it does only what is left. A link that is slow by nature needs a longer time: "
                 "ALTER SYSTEM name, STALL 120 s."),
    Message(
        "632003", "System {system} cannot be talked with, {detail}, rc=version", reason="version",
        cause="The two sides have no protocol version in common, or what answers there is no vtspolicy receiver "
              "though one is expected.",
        effect=_KEPT,
        recovery="Upgrade the side that the text names. Where vtspolicy was taken away from the far side on purpose: "
                 "ALTER SYSTEM name, FAR-END sftp."),
    Message(
        "432004", "System {system} printed text before its hello, {detail}",
        cause="A shell profile or a forced command on the far side prints something at login.",
        effect="The text was passed over; copies are not concerned.",
        recovery="Silence the far login's profile for sessions without a terminal."),
    Message(
        "432005", "System {system} cannot promise durable copies, {detail}",
        cause="The far SFTP server lacks fsync@openssh.com or posix-rename@openssh.com.",
        effect="Copies there may not survive a power loss of that system; they count as unproven.",
        recovery="Install vtspolicy there (far-end: receiver) or another SFTP server."),
    Message(
        "240010", "Host key of {system} pinned, {fingerprint}",
        cause="TRUST SYSTEM was given and the fingerprint accepted.",
        effect="Only a far side that holds this key is talked with from now on; no copy was touched.",
        recovery="None needed."),
    Message(
        "440013", "Host key of {system} replaced, {detail}",
        cause="TRUST SYSTEM with REPLACE was given and the new fingerprint accepted.",
        effect="Only a far side that holds the new key is talked with from now on, and no longer one with the old key; "
               "no copy was touched.",
        recovery="None needed if the key was changed on purpose. If not, another machine may be answering: ask the far "
                 "side's administrator for the fingerprint."),
    Message(
        "240012", "Key to log in to {system} made, {detail}",
        cause="ADD KEY was given.",
        effect="The key can be used once its line stands in the far user's authorized_keys; no copy was touched.",
        recovery="ADD KEY name prints the line again."),
    Message(
        "640010", "Host key of {system} refused, {detail}, rc=hostkey", reason="hostkey",
        cause="The far side's host key is unknown, has changed, or is revoked. Another machine may be answering.",
        effect=_KEPT + " Nothing was sent to that machine.",
        recovery="Ask the far side's administrator for the fingerprint. If it is the one shown: TRUST SYSTEM name; "
                 "where another is pinned: TRUST SYSTEM name, REPLACE."),
    Message(
        "640011", "Login to {system} refused, {detail}, rc=auth", reason="auth",
        cause="The far side did not accept user and key, or the key file is missing, has a passphrase, or can be "
              "read by others.",
        effect=_KEPT,
        recovery="Set the key file's mode (chmod 600), put the line that ADD KEY name prints into the far user's "
                 "authorized_keys, and see that the system's policy names the right user and key. TEST SYSTEM name "
                 "tries it."),
)
