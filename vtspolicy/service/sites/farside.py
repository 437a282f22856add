"""What is to be done on another system so that our key may write beneath its vaults, and nowhere else."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from vtspolicy.policy import model


def sshd_config(user: str, chroot: str) -> str:
    """What a target with plain SFTP needs in its sshd_config."""
    return (f"Match User {user}\n    ChrootDirectory {chroot}\n    ForceCommand internal-sftp\n"
            "    DisableForwarding yes\n    PermitTTY no")


def far_side(system: model.System, behind: Sequence[model.System]) -> list[dict[str, Any]]:
    """The steps over there, each with what it is for (`say`) and what root types (`lines`)."""
    user, shell = str(system.user), "/bin/sh"
    steps = [] if user == "root" else [
        {"say": "A user of its own:", "lines": [f"useradd --create-home --shell {shell} --password '*' {user}"]}]
    steps.append({"say": f"The line above, into its authorized_keys ({user} owns it, nobody else may write it):",
                  "lines": [f"install -d -m 0700 -o {user} -g {user} ~{user}/.ssh",
                            f"cat >> ~{user}/.ssh/authorized_keys",
                            f"chown {user}: ~{user}/.ssh/authorized_keys",
                            f"chmod 0600 ~{user}/.ssh/authorized_keys"]})
    if system.vaults and user != "root" and system.far_end != "sftp":
        paths = [shlex.quote(path) for path in system.vaults.values()]
        steps.append({"say": "The right to write beneath the vaults, and nowhere else; either they are its own:",
                      "lines": [f"chown -R {user}: {path}" for path in paths]})
        steps.append({"say": "or they stay those of another user, such as the tape engine's:",
                      "lines": [f"setfacl -R -m u:{user}:rwX,d:u:{user}:rwX {path}" for path in paths]})
    if system.staging:
        steps.append({"say": "Where part files lie, on the file system of the vault, and for it alone:",
                      "lines": [f"install -d -m 0700 -o {user} -g {user} {shlex.quote(path)}"
                                for path in system.staging.values()]})
    if system.vaults and system.far_end == "sftp":
        steps.append({"say": "A chroot keeps it beneath the vaults. In sshd_config, where /srv/vts (root's, and "
                             "nobody else may write it) holds them; the paths in the policy are those within:",
                      "lines": sshd_config(user, "/srv/vts").splitlines()})
    if behind:
        names = ", ".join(each.name for each in behind)
        steps.append({"say": f"As a jump host to {names} its sshd must say AllowTcpForwarding yes (or local), as it "
                             "does by itself.", "lines": []})
    return steps
