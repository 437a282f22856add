"""The verbs about systems, vaults and what is kept of them, each defined once."""

from __future__ import annotations

from vtspolicy.command.grammar import Attribute, Form, Operand, Takes, Verb

VERBS: tuple[Verb, ...] = (
    Verb(
        "TRUST", "pin a system's SSH host key",
        "Fetches the host key, shows its SHA256 fingerprint, and pins it after a yes. Compare the fingerprint with "
        "what ssh-keygen -lf prints at the system itself. With FINGERPRINT it asks nothing, and pins the key only if "
        "it is that one. A key that differs from the pinned one needs REPLACE.",
        (Form("SYSTEM", Operand("system", "The system's name."), (
            Attribute("FINGERPRINT", Takes.VALUE, "The only key to accept.", what="fingerprint",
                      example="SHA256:BFbKtr8xqcGxKYCpUNm1Jh0zYxk4pQwCTRJLvQcuJ7E",
                      pattern=r"SHA256:[A-Za-z0-9+/]{43}",
                      expected="a fingerprint: SHA256: and 43 characters, as ssh-keygen -l prints it"),
            Attribute("REPLACE", Takes.FLAG, "Pin it in the place of the key that is pinned now."))),),
        ("TRUST SYSTEM vts2",
         "TRUST SYSTEM vts2, FINGERPRINT SHA256:BFbKtr8xqcGxKYCpUNm1Jh0zYxk4pQwCTRJLvQcuJ7E"),
        destructive=True, confirmed_by=("FINGERPRINT",)),
    Verb(
        "INIT", "give a vault its identity",
        "Writes a random id into the vault's root, once. Runs are refused where it is missing or another than the one "
        "that is known, so that an unmounted disk or another machine is never taken for an empty vault.",
        (Form("VAULT", Operand("[system:]/vault", "The vault; without a system, this machine's.")),),
        ("INIT VAULT /VAULT01", "INIT VAULT vts2:/VAULT01")),
    Verb(
        "REBUILD", "make the catalog anew from what lies on the targets",
        "Reads the records that lie beside the copies, at every target of every policy, and makes a new catalog of "
        "them. The old one is kept under another name. Tapes are not touched.",
        (Form("CATALOG"),), ("REBUILD CATALOG !",), destructive=True),
)
