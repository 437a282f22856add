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
              "under an old name), or source and target have the same.",
        effect=_KEPT,
        recovery="Mount the right disk or correct the system's policy. A vault that never had an id: INIT VAULT "
                 "system:/vault."),
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
        recovery="Set the key file's mode (chmod 600), put its public half into the far user's authorized_keys, and "
                 "see that the system's policy names the right user and key. STATUS SYSTEM name tries it."),
)
