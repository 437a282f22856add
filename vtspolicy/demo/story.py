"""The story of the demonstration: two systems, a scheme, a copy, a change, a rotten byte, a site that is lost; and a
proof each time."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from contextlib import ExitStack

from vtspolicy import __version__
from vtspolicy.demo.labelled import write_tape
from vtspolicy.demo.processes import be_left_alone, interruptible
from vtspolicy.demo.screen import PROGRAM, Screen
from vtspolicy.demo.server import LOOPBACK, PrivateServer, find_sshd
from vtspolicy.errors import Failure, Refusal

VAULT, POOL, SCHEME = "VAULT01", "PAYROLL", "NIGHTLY"
HERE, THERE = f"vts1:/{VAULT}/{POOL}", f"vts2:/{VAULT}/{POOL}"
MIB = 1 << 20
SIZES = {"PAY001": 12 * MIB, "PAY002": 8 * MIB, "PAY003": 4 * MIB, "PAY004": 2 * MIB, "PAY005": MIB}
"""Bytes of data on each tape."""
STOPPED = 3


def tell(keep: bool, *, path: str | None = None) -> int:
    """Tell the story; give the completion code. sshd is looked for in `path`, by default where it usually lies.

    Raise Refusal where a command does not end as the story goes, or the disk refuses, Stopped where nobody reads.
    """
    with interruptible():
        try:
            folder = tempfile.mkdtemp(prefix="vtspolicy-demo-")
        except OSError as error:
            raise Refusal(f"no temporary folder can be made in {tempfile.gettempdir()}: {error.strerror}") from None
        demo = Demonstration(folder)
        try:
            demo.tell(path)
        except KeyboardInterrupt:
            demo.screen.show("\nStopped.")
            return STOPPED
        except OSError as error:
            raise Refusal(f"the demo cannot go on in {folder}: {error.strerror}") from None
        finally:
            be_left_alone()
            demo.end(keep)
        return 0


class Demonstration:
    """One telling, in one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.settings = settings_in(folder)
        others = {name: value for name, value in os.environ.items() if not name.startswith("VTSPOLICY_")}
        self.screen = Screen(folder, others | self.settings)
        self.screen_there = Screen(folder, others | settings_in(os.path.join(folder, "site2")), "vts2$")
        """That of the second site, where vtspolicy has policies and a state of its own."""
        self._servers = ExitStack()
        self._again: list[str] = []
        """The command that starts the SSH server once more; empty where there was none."""

    def tell(self, path: str | None) -> None:
        """From the first act to the last."""
        self.screen.show(f"vtspolicy {__version__}: a demonstration in {self.folder}\n"
                         "Policies, state and SSH keys of your own are not touched.\n")
        self._make_tapes()
        self._define_systems(path)
        self._define_scheme()
        self._copy()
        self._change()
        self._rot()
        self._take_over()
        self._look_back()

    # ---- the stage ----------------------------------------------------------------------------------------------

    def _vault(self, system: str) -> str:
        return os.path.join(self.folder, system, VAULT)

    def _tape(self, system: str, name: str) -> str:
        return os.path.join(self._vault(system), POOL, name)

    def _make_tapes(self) -> None:
        for system in ("vts1", "vts2"):
            os.makedirs(os.path.join(self._vault(system), POOL))
        for number, (name, size) in enumerate(SIZES.items()):
            write_tape(self._tape("vts1", name), name, "PAYROLL.DAILY", size, seed=number)

    def _serve(self, path: str | None) -> PrivateServer | str:
        """The private SSH server, which runs; or why there is none."""
        sshd = find_sshd(path)
        if sshd is None:
            return "No sshd is installed here (it comes with openssh-server)"
        receiver = [*PROGRAM, "receive", "--vault", f"{VAULT}={self._vault('vts2')}"]
        try:
            server = self._servers.enter_context(PrivateServer(sshd, os.path.join(self.folder, "sshd"), receiver))
        except (Failure, OSError) as error:
            return f"No private sshd can be used here ({error})"
        self._again = server.again
        return server

    # ---- the acts -----------------------------------------------------------------------------------------------

    def _define_systems(self, path: str | None) -> None:
        server = self._serve(path)
        tapes = f"vts1 is this machine. Its vault holds the pool {POOL} with {len(SIZES)} tapes (ANSI labels). "
        if isinstance(server, str):
            there = f"{server}, so vts2 is a second folder of this machine, and nothing goes over SSH."
        else:
            there = (f"vts2 is the second site: a private sshd on {LOOPBACK}, port {server.port}, which lets one key "
                     "in, and that for vtspolicy receive alone.")
        self.screen.act("1. Two systems", tapes + there)
        for name, value in self.settings.items():
            self.screen.show(f"$ export {name}={shlex.quote(value)}")
        self.screen.show("")
        run = self.screen.run
        run("add", "system", "vts1", "--vaults", f"{VAULT}={self._vault('vts1')}")
        if isinstance(server, str):
            run("add", "system", "vts2", "--vaults", f"{VAULT}={self._vault('vts2')}")
        else:
            run("add", "system", "vts2", "--address", LOOPBACK, "--port", str(server.port), "--user", server.user,
                "--key", server.key, "--vaults", f"{VAULT}={self._vault('vts2')}")
            self.screen.say("Nothing is believed of an SSH server whose host key is not pinned. At the system itself "
                            "ssh-keygen -lf shows the fingerprint.")
            run("trust", "system", "vts2", "--fingerprint", server.fingerprint)
        self.screen.say("Each vault gets an id, so that an unmounted disk is never taken for an empty vault.")
        run("init", "vault", f"vts1:/{VAULT}")
        run("init", "vault", f"vts2:/{VAULT}")

    def _define_scheme(self) -> None:
        self.screen.act("2. A scheme, and what it would do", "A scheme says which tapes go where. The rate is there "
                        "so that the progress can be seen. A plan changes nothing.")
        self.screen.run("add", "scheme", SCHEME, "--from", HERE, "--to", THERE, "--rate", "16 MiB/s")
        self.screen.run("plan", "scheme", SCHEME)

    def _copy(self) -> None:
        self.screen.act("3. Copy", "Each tape is written beside its name, read back, compared by digest, and only "
                        "then put in place. --completion adds the last line that a batch job reads.")
        self.screen.run("start", "scheme", SCHEME, "--completion")
        self.screen.say("And once more, with nothing changed:")
        self.screen.run("start", "scheme", SCHEME, "--completion")

    def _change(self) -> None:
        write_tape(self._tape("vts1", "PAY002"), "PAY002", "PAYROLL.WEEKLY", 7 * MIB, seed=102)
        write_tape(self._tape("vts1", "PAY006"), "PAY006", "PAYROLL.DAILY", 3 * MIB, seed=106)
        self.screen.act("4. Changes", "The host has written PAY002 anew and a new tape, PAY006. Only these two go, "
                        "this time by the sentence that a NonStop host would send.")
        self.screen.run("plan", "scheme", SCHEME)
        self.screen.run(f"VTSPolicy IDR '{SCHEME}'", "--completion")

    def _rot(self) -> None:
        rot(self._tape("vts2", "PAY003"))
        self.screen.act("5. A rotten byte", "One byte of vts2's copy of PAY003 has turned, and its size and time are "
                        "as before, as a bad disk does it. VERIFY reads all copies again, and finds it.")
        self.screen.run("verify", "scheme", SCHEME, "--completion", code=2)
        self.screen.say("The next run repairs it:")
        self.screen.run("start", "scheme", SCHEME, "--completion")
        self.screen.run("verify", "tape", f"{THERE}/PAY003", "--completion")

    def _take_over(self) -> None:
        self.screen.act("6. Site one is gone", "At the second site vtspolicy has policies and a state of its own, "
                        "which know nothing but its own vault. What lies there, and when it was proven, it knows from "
                        "its own records. As nobody can look at the source now, it calls nothing safe.")
        there = self.screen_there.run
        there("add", "system", "vts2", "--vaults", f"{VAULT}={self._vault('vts2')}")
        there("status", "pool", f"/{VAULT}/{POOL}")
        self.screen.say("Site two takes over. Nothing may be published in a frozen pool, not even by a site one that "
                        "is switched on again, writes PAY001 anew, and runs its scheme:")
        there("freeze", "pool", f"/{VAULT}/{POOL}", "--reason", "site two has taken over")
        write_tape(self._tape("vts1", "PAY001"), "PAY001", "PAYROLL.DAILY", 2 * MIB, seed=101)
        self.screen.run("start", "scheme", SCHEME, "--completion", code=2)
        there("thaw", "pool", f"/{VAULT}/{POOL}")
        self.screen.run("start", "scheme", SCHEME, "--completion")

    def _look_back(self) -> None:
        self.screen.act("7. What is safe, and what happened", "STATUS shows each tape, its state in a word and its "
                        "last verified copy; INFO EVENT shows the event log.")
        self.screen.run("status", "scheme", SCHEME)
        self.screen.run("info", "event")

    # ---- the end ------------------------------------------------------------------------------------------------

    def end(self, keep: bool) -> None:
        """End the server, and remove the folder, or say where it is and how to go on."""
        self._servers.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        if not os.path.lexists(self.folder):
            self.screen.show(f"{self.folder} is removed; --keep would have kept it.")
            return
        lines = [f"Everything is kept in {self.folder}. To go on:", ""]
        lines += [f"  export {name}={shlex.quote(value)}" for name, value in self.settings.items()]
        if self._again:
            lines += [f"  {shlex.join(self._again)} &"]
        lines += [f"  vtspolicy status scheme {SCHEME}", "",
                  f"When you are done: {'kill %1; ' if self._again else ''}rm -r {shlex.quote(self.folder)}"]
        self.screen.show("\n".join(lines))


def settings_in(folder: str) -> dict[str, str]:
    """The variables that say where policies and state of one site are."""
    return {"VTSPOLICY_POLICIES": os.path.join(folder, "policies"), "VTSPOLICY_STATE": os.path.join(folder, "state")}


def rot(path: str) -> None:
    """Turn a bit in the middle of a file; size and time of last change stay as they are."""
    before = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
