"""The verbs about systems, vaults and what is kept of them, each defined once."""

from __future__ import annotations

from vtspolicy.command.attributes import BRIEF
from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

_REASON = Attribute(
    "REASON", Takes.VALUE, "Why, for whoever is refused there.", what="text", example="site two has taken over",
    pattern=r"[ -\[\]-{}~]{1,200}", expected="at most 200 characters of printable ASCII, without | and \\")

VERBS: tuple[Verb, ...] = (
    Verb(
        "TRUST", "pin a system's SSH host key, or accept a vault's id",
        "Fetches the host key, shows its SHA256 fingerprint, and pins it after a yes. Compare the fingerprint with "
        "what ssh-keygen -lf prints at the system itself. With FINGERPRINT it asks nothing, and pins the key only if "
        "it is that one. A key that differs from the pinned one needs REPLACE. TRUST VAULT is for a vault that answers "
        "with another id than the one that is remembered, and is the right one: its disk was replaced by another that "
        "has an id. What it holds is not trusted by that: the copies there count as unproven until a run or a VERIFY "
        "has read them. An id that another vault has, too, is never accepted.",
        (Form("SYSTEM", Operand("system", "The system's name."), (
            Attribute("FINGERPRINT", Takes.VALUE, "The only key to accept.", what="fingerprint",
                      example="SHA256:BFbKtr8xqcGxKYCpUNm1Jh0zYxk4pQwCTRJLvQcuJ7E",
                      pattern=r"SHA256:[A-Za-z0-9+/]{43}",
                      expected="a fingerprint: SHA256: and 43 characters, as ssh-keygen -l prints it"),
            Attribute("REPLACE", Takes.FLAG, "Pin it in the place of the key that is pinned now."))),
         Form("VAULT", Operand("[system:]/vault", "The vault; without a system, this machine's."))),
        ("TRUST SYSTEM vts2", "TRUST VAULT vts2:/VAULT01 !",
         "TRUST SYSTEM vts2, FINGERPRINT SHA256:BFbKtr8xqcGxKYCpUNm1Jh0zYxk4pQwCTRJLvQcuJ7E"),
        destructive=True, confirmed_by=("FINGERPRINT",)),
    Verb(
        "TEST", "take every step of the way to a system, and say of each how it went",
        "Looks the name up, goes by the jump host, connects, compares the host key, logs in, and asks what answers "
        "there. In each vault it looks at the id, tries once what a publish does (write, fsync, rename, remove), and "
        "looks at the free space; then it measures clock, round trip and rate. A source of this machine is only "
        "read. Of each step that does not go well it says cause and remedy, and goes on as far as it can. Nothing of "
        "it stays there. It ends with 0 if all is well, 1 with warnings, 2 if a step failed.",
        (Form("SYSTEM", Operand("system", "The system's name."), (BRIEF,)),),
        ("TEST SYSTEM vts2", "TEST SYSTEM vts2, BRIEF")),
    Verb(
        "INIT", "give a vault its identity",
        "Writes a random id into the vault's root, once. Runs are refused where it is missing or another than the one "
        "that is known, so that an unmounted disk or another machine is never taken for an empty vault. With REPLACE a "
        "clone gets an id of its own, or a new, empty disk one in the place of the one that lay there before; the "
        "copies in the vault count as unproven then, until a run or a VERIFY has read them.",
        (Form("VAULT", Operand("[system:]/vault", "The vault; without a system, this machine's."), (
            Attribute("REPLACE", Takes.FLAG, "Also where it has, or had, an id."),)),),
        ("INIT VAULT /VAULT01", "INIT VAULT vts2:/VAULT01", "INIT VAULT vts2:/VAULT01, REPLACE !"),
        destructive_with=("REPLACE",)),
    Verb(
        "FREEZE", "let nothing be published in a pool or a vault of this machine",
        "From now on, and until THAW, nobody publishes there: no run of this machine, no receiver for another one, and "
        "no sender by plain SFTP. It holds after a restart and needs no other system; a run that is under way is "
        "refused at its next tape. The tapes that lie there stay as they are, and can be read, verified and copied "
        "from. FREEZE VAULT freezes all its pools. It is given on the system that holds the pool, so that a site that "
        "has taken over is not overwritten by one that comes back.",
        (Form("POOL", Operand("/vault/pool", "The pool, on this machine."), (_REASON,)),
         Form("VAULT", Operand("/vault", "The vault, on this machine."), (_REASON,))),
        ("FREEZE POOL /VAULT01/PAYROLL, REASON site two has taken over", "FREEZE VAULT /VAULT01")),
    Verb(
        "THAW", "let copies be published again in what was frozen",
        "Takes a FREEZE back, on the system that holds the pool or the vault. A pool of a frozen vault stays frozen "
        "until the vault is thawed, and a pool that was frozen itself stays so when its vault is thawed.",
        (Form("POOL", Operand("/vault/pool", "The pool, on this machine.")),
         Form("VAULT", Operand("/vault", "The vault, on this machine."))),
        ("THAW POOL /VAULT01/PAYROLL", "THAW VAULT /VAULT01")),
    Verb(
        "REBUILD", "make the catalog anew from what lies on the targets",
        "Reads the records that lie beside the copies, at every target of every policy, and makes a new catalog of "
        "them; also for pools that are gone from their source. The old one is kept under another name. Tapes are "
        "neither touched nor read: a copy is proven if what lies beside it tells that it was read, and not touched "
        "since; any other is unproven until a run or a VERIFY reads it. A target that does not answer is told, and the "
        "others are done: then give the sentence again.",
        (Form("CATALOG"),), ("REBUILD CATALOG !",), destructive=True),
)
