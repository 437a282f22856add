"""What a copy is, how a target is set up, and what that protects, for vtspolicy(1)."""

from __future__ import annotations

from vtspolicy.report.manual import roff
from vtspolicy.report.manual.roff import Lines
from vtspolicy.systems.contract import VAULT_MARKER, WORK_FOLDER

AUTHORIZED_KEYS = ('restrict,command="vtspolicy receive --vault VAULT01=/srv/vts/VAULT01" '
                   "ssh-ed25519 AAAA... vtspolicy@vts1")
"""The line on the target that lets this side in, for the receiver alone."""

SSHD_CONFIG = """\
Match User vts
    ChrootDirectory /srv/vts
    ForceCommand internal-sftp
    DisableForwarding yes
    PermitTTY no"""
"""What a target with plain SFTP needs in its sshd_config."""


def copying() -> Lines:
    """The section COPYING."""
    return roff.paragraphs(
        "A tape is copied whole into a part file beside the old copy, flushed to the target's disk, and read back "
        "there, all of it; only if the digest of what was read is that of the source, and the source did not change "
        "meanwhile, does the part take the old copy's name, in one step. So the name always stands for the complete "
        "old or the complete new tape, whatever ends the work.",
        "Verified means: re-read through the far file system after the flush, every byte, and equal by digest. The "
        "page cache of the far machine may answer such a read. VERIFY reads again, at a later time.",
        "Copying never deletes. A tape that is gone at the source keeps its copy, and is reported. The source is never "
        "written, locked for long or re-timed.",
        "A tape whose size, times and file are as they were at its last copy is not read again: it is unchanged. Where "
        "only its times differ, both sides are read and compared. A tape on the target that was changed by someone "
        "else, or was not copied by vtspolicy, is refused as diverged; a source that became empty is held; `REPLACE` "
        "overrules both. A run is refused where the source is empty, where a vault has no id or another than before, "
        "where the target has too little room, and where a tape's name exists in another pool of the target.",
        "Kept are the bytes, the mode's permission bits and the time of last change (to the nanosecond; by plain SFTP "
        "to the second), and holes where they can be. Owners, ACLs and hard links are not carried. Links, directories "
        "and other things in a pool that are not regular files are skipped, with a warning.",
        "One tape that fails does not stop the others. SIGINT, SIGTERM and SIGHUP end a run within seconds, with code "
        "3 and nothing half done. A run that is given again does what is left.",
        "A pool of the target is a directory that its owner makes; vtspolicy does not make it.")


def setting_up() -> Lines:
    """The section SETTING UP A TARGET."""
    return [
        *roff.prose("The best far end is vtspolicy itself, called by SSH as `vtspolicy receive`. On this side, make a "
                    "key for each target; it has no passphrase, and nobody else may read it:"),
        *roff.display("ssh-keygen -t ed25519 -N '' -f /etc/vtspolicy/keys/vts2"),
        *roff.prose("On the target, install vtspolicy and let the key in for the receiver alone: one line in "
                    "`~/.ssh/authorized_keys` of the user that owns the tapes. The vaults stand in this line, so that "
                    "what the caller says cannot change them:"),
        *roff.display(_folded(AUTHORIZED_KEYS)),
        *roff.prose("(One line there.) Without such a line the program is called as the policy's `receiver:` says, "
                    "with the policy's vaults. Then, here:"),
        *roff.display("ADD SYSTEM vts2, ADDRESS vts2.example.com, USER vts, &\n"
                      "    KEY /etc/vtspolicy/keys/vts2, VAULTS VAULT01=/srv/vts/VAULT01\n"
                      "TRUST SYSTEM vts2\n"
                      "INIT VAULT vts2:/VAULT01\n"
                      "INIT VAULT /VAULT01"),
        *roff.prose("`INIT VAULT` once for each vault, this machine's included: the id tells a vault from an unmounted "
                    "disk and from another machine under an old name."),
        *roff.subsection("Plain SFTP", roff.prose(
            "Where vtspolicy cannot be installed, an SFTP server will do, within its limits:"),
            roff.bullets([
                "Sizes and times are known in whole seconds only, and each tape's bytes travel twice, because they are "
                "read back over the link.",
                "The server follows links on the way to a pool. Only a chroot keeps what is written beneath the "
                "vaults; the vaults' paths in the policy are then those within the chroot.",
                "A server without `fsync@openssh.com` or without `posix-rename@openssh.com` cannot promise that a copy "
                "lasts: `STATUS SYSTEM` says durable: no, or atomic: no, and its copies are `unproven`, never `safe`. "
                "Without `statvfs@openssh.com` free space is unknown, and believed to be enough. OpenSSH's server has "
                "all three.",
                "A system that once answered as receiver is never silently taken for plain SFTP.",
            ]),
            [".Pp"], roff.prose("In the target's `sshd_config`:"), roff.display(SSHD_CONFIG),
            roff.prose("The chroot belongs to root and nobody else may write it; the vaults beneath it belong to the "
                       "user."))]


def security() -> Lines:
    """The section SECURITY CONSIDERATIONS."""
    return roff.bullets([
        "Host keys are pinned by TRUST SYSTEM, after a look at the fingerprint, in a file beside the policies. A key "
        "that is unknown, changed or revoked is an error; nothing is learned by itself.",
        "A key file that others can read is refused, as OpenSSH refuses it. Agents and password prompts are not used.",
        "The receiver works beneath the vaults of its own command line, follows no links out of them, and neither "
        "deletes tapes nor sends them.",
        "Who may write the policies' folder decides what is copied where. The folder and its files must not be "
        "writable by everybody; the state's folder is closed to others.",
        f"A vault's id lies in `{VAULT_MARKER}` in its root; part files and the target's own records lie in "
        f"`{WORK_FOLDER}` in each pool (mode 0700). Part files have mode 0600 until they become tapes.",
        "Text from the far side is shown as printable ASCII. Nothing of a sentence, a name or a path reaches a shell "
        "on this side.",
        "A digest proves that the copy equals the source as it was read; it does not tell whether the source was "
        "right.",
    ])


def _folded(text: str) -> str:
    """The line in pieces that fit, broken at blanks."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 64:
            lines.append("   ")
        lines[-1] += " " + word if lines[-1] else word
    return "\n".join(lines)
