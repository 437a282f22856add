"""What a copy is, how a target is set up, and what that protects, for vtspolicy(1)."""

from __future__ import annotations

from vtspolicy.report.manual import roff
from vtspolicy.report.manual.roff import Lines
from vtspolicy.service.sites.farside import sshd_config
from vtspolicy.systems.facts import VAULT_MARKER, WORK_FOLDER

AUTHORIZED_KEYS = ('restrict,command="vtspolicy receive --vault VAULT01=/srv/vts/VAULT01",from="192.0.2.7" '
                   "ssh-ed25519 AAAA... vtspolicy@vts1")
"""The line on the target that lets this side in, for the receiver alone."""

SSHD_CONFIG = sshd_config("vts", "/srv/vts")
"""What a target with plain SFTP needs in its sshd_config."""


def copying() -> Lines:
    """The section COPYING."""
    return roff.paragraphs(
        "A tape is copied whole into a part file beside the old copy, flushed to the target's disk, and read back "
        "there, all of it; only if the digest of what was read is that of the source, and the source did not change "
        "meanwhile, does the part take the old copy's name, in one step. So the name always stands for the complete "
        "old or the complete new tape, whatever ends the work.",
        "Verified means: re-read through the far file system after the flush, every byte, and equal by digest. The "
        "page cache of the far machine may answer such a read. VERIFY reads again, at a later time: the copy whose "
        "proof is the oldest first, with OLDER only those whose proof is older, with LIMIT so many bytes, and with "
        "RATE at that pace, also on the far side. What it proved is recorded tape by tape, so that the same sentence, "
        "each night, comes round to all of them.",
        "Copying never deletes. A tape that is gone at the source keeps its copy, and is reported. The source is never "
        "written, locked for long or re-timed.",
        "A tape whose size, times and file are as they were at its last copy is not read again: it is unchanged. Where "
        "only its times differ, both sides are read and compared. A tape on the target that was changed by someone "
        "else, or was not copied by vtspolicy, is refused as diverged. A run is refused where the source is empty or "
        "is not there, where the templates select none of its tapes, where a vault has no id or another than before, "
        "and where the target has too little room; a tape is refused whose name exists in another pool of the target.",
        "What others brought to the target, a shipped disk or rsync, becomes copies by `ADOPT POOL`: both sides read "
        "their tapes where they lie, and equal ones are recorded as verified, here and beside the tape over there, "
        "without being sent. What differs is listed and left alone. A run does the same with each tape of the right "
        "size that it finds there and does not know.",
        "A tape that became empty, or that shrank below a tenth of its copy's size, is held: it does not take the "
        "place of its copy until `RELEASE TAPE` lets exactly the tape that is there now go. `START`, `REPLACE` "
        "puts copies in the place of diverged ones, and lets no held tape go. Tapes that are gone at the source never "
        "stop the copying of the others. They are a warning of each run until `ACCEPT POOL` says that they are meant "
        "to be gone; where they are more than one in twenty of the pool's copied tapes, and at least three, the run "
        "ends as partial with the reason gone. `guard:` in the policy sets both parts.",
        "Kept are the bytes, the mode's permission bits (or those of `mode:` in the policy of the target's system), "
        "the time of last change (to the nanosecond; by plain SFTP to the second), holes where they can be, and the "
        "first 64 `user.*` attributes, 64 KiB at most, where the target can hold them; plain SFTP cannot. The copy "
        "belongs to whoever writes it there, or to the `owner:` of that policy; where it cannot be set, nothing is "
        "published. Both are set before the copy takes its name, and `TEST SYSTEM` tries them. ACLs, other attributes "
        "and hard links are not carried: a run whose copies lack something says once what it is, of how many tapes, "
        "and of which first. Where owner, mode or attributes change alone, both sides are read and compared, nothing "
        "is sent, and the copy keeps what it was published with. Links, directories and other things in a pool that "
        "are not regular files are skipped, with a warning.",
        "Files that belong to a tape by their name (`companions:` in the policy of the source's system) are copied and "
        "brought back with it, and before it; a tape is not published in a run in which one of its companions could "
        "not be copied (reason `companion`). `STATUS` shows the set as one line, with the worst state of it; the "
        "counts of a run are those of sets. `VERIFY` reads and counts every file.",
        "With `staging:` in the policy of the target's system part files lie in another directory, which must be of "
        "the pool's file system; else the run is refused before anything is sent. A job removes its part files when "
        "it ends. A run removes those of its own state from before, and those of others that nobody has touched for "
        "seven days and whose run began before that. `STATUS` of systems and pools counts what lies there.",
        "With `verify: sent` in a scheme or AutoCopy policy plain SFTP does not read a copy back over the link; it is "
        "`unproven` until `VERIFY` has read it.",
        "One tape that fails does not stop the others. SIGINT, SIGTERM and SIGHUP end a run within seconds, with code "
        "3 and nothing half done. A run that is given again does what is left.",
        "A pool of the target is a directory that its owner makes. vtspolicy makes it only where the policy of the "
        "target's system says `create-pool: yes` (or `frozen`), in a vault whose id is as it should be, with the "
        "vault's permission bits; a receiver does so only if its own command line says `--create-pool`, too.",
        "`FREEZE POOL`, or `FREEZE VAULT`, lets nothing be published there until `THAW`. Both are given on the system "
        "that holds the pool, and need no other system: a site that has taken over so keeps its tapes from one that "
        "comes back with old ones. A run looks for a freeze when its plan is made, at each tape, and once more right "
        "before the new copy takes the old one's name; it ends as `frozen`, with the person, the time and the reason, "
        "and is not tried again by itself. On the target's own disk, `FREEZE` returns when no publish is under way any "
        "more; over plain SFTP, where there is no lock, a rename that was already sent may still arrive. A frozen pool "
        "can be read, verified and copied from. The receiver tells what it refused to the event log of its own side "
        "where its user may write that state (`--state`, `--policies`), and to syslog.")


def setting_up() -> Lines:
    """The section SETTING UP A TARGET."""
    return [
        *roff.prose("The best far end is vtspolicy itself, called by SSH as `vtspolicy receive`. Install it on the "
                    "target. On this side:"),
        *roff.display("ADD SYSTEM vts1, VAULTS VAULT01=/srv/vts/VAULT01\n"
                      "INIT VAULT /VAULT01\n"
                      "ADD SYSTEM vts2, ADDRESS vts2.example.com, USER vts, &\n"
                      "    VAULTS VAULT01=/srv/vts/VAULT01\n"
                      "ADD KEY vts2"),
        *roff.prose("`ADD KEY` makes a key, without a passphrase, that nobody else may read, and prints what is to be "
                    "done on the target: how a user of its own is made there, who may write beneath the vaults and "
                    "nowhere else, and one line for that user's `~/.ssh/authorized_keys`. The vaults stand in this "
                    "line, so that what the caller says cannot change them, and so does the address that this machine "
                    "comes from:"),
        *roff.display(_folded(AUTHORIZED_KEYS)),
        *roff.prose("(One line there.) Without such a line the program is called as the policy's `receiver:` says, "
                    "with the policy's vaults. Then, here:"),
        *roff.display("TRUST SYSTEM vts2\n"
                      "INIT VAULT vts2:/VAULT01\n"
                      "TEST SYSTEM vts2"),
        *roff.prose("`INIT VAULT` once for each vault, this machine's included: the id tells a vault from an unmounted "
                    "disk and from another machine under an old name. Where another id, none, or that of another vault "
                    "is found, nothing is written, the reason is `identity`, and the copies in that vault count as "
                    "`unproven` until a run or a VERIFY has read them; so they do where another host key is shown than "
                    "the pinned one. What helps is said each time: the disk is mounted again; `TRUST VAULT` accepts "
                    "another disk that has an id; `INIT VAULT`, REPLACE gives one to a disk without, and to a clone "
                    "another."),
        *roff.prose("`TEST SYSTEM` takes every step of the way, and says of each that does not go well why, and what "
                    "helps. It may be given at any time; nothing of it stays on the target."),
        *roff.subsection("Reading from a target", roff.prose(
            "A scheme's source may be the other system, and its target this machine; one of the two must be this "
            "machine. Everything holds as in the other direction. `COPY TAPE` brings a single tape back. For both the "
            "receiver's command line there needs `--allow-read`; without it, it sends no tape. Tapes are read over "
            "there without a write, and, by a receiver, without a change of their time of last access. It looks after "
            "the file, and after its name, until the last byte is proven here: one that changes meanwhile is not "
            "published. Plain SFTP sees a change only by size and whole second."),
            roff.display("ADD SCHEME HOME, FROM vts2:/VAULT01/LEDGER, TO vts1:/VAULT01/LEDGER\n"
                         "COPY TAPE /VAULT01/PAYROLL/T00001 FROM vts2")),
        *roff.subsection("A jump host", roff.prose(
            "A system that can be reached only through another names that one in `via:`. The jump host is a system "
            "with an address, a user and a key of its own; one that holds no tapes has no vaults. Its host key is "
            "trusted first. `ADD KEY` prints, for the jump host, a line that lets the key pass through to the systems "
            "behind it, and do nothing else. The address of a system behind it is looked up there, and its host key "
            "is pinned under that way. A failure names the one of the two that it is about."),
            roff.display("ADD SYSTEM bastion, ADDRESS gate.example.com, USER vts\n"
                         "ADD SYSTEM vts2, ADDRESS vts2.inside, USER vts, VIA bastion, &\n"
                         "    VAULTS VAULT01=/srv/vts/VAULT01\n"
                         "ADD KEY bastion; ADD KEY vts2\n"
                         "TRUST SYSTEM bastion; TRUST SYSTEM vts2")),
        *roff.subsection("Plain SFTP", roff.prose(
            "Where vtspolicy cannot be installed, an SFTP server will do, within its limits:"),
            roff.bullets([
                "Sizes and times are known in whole seconds only, and each tape's bytes travel twice, because they are "
                "read back over the link, unless the policy says `verify: sent`.",
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
        "The receiver works beneath the vaults of its own command line, follows no links out of them, and deletes no "
        "tapes. It sends them only where its own command line says `--allow-read`; their digests, names and sizes it "
        "tells without that.",
        "Who may write the policies' folder decides what is copied where. The folder and its files must not be "
        "writable by everybody; the state's folder is closed to others.",
        f"A vault's id lies in `{VAULT_MARKER}` in its root; part files and the target's own records lie in "
        f"`{WORK_FOLDER}` in each pool (mode 0700), the parts elsewhere with `staging:`. Part files have mode 0600 "
        "until they become tapes.",
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
