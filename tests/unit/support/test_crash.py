"""The crash points: every call of a program is counted, strace agrees, and each way of striking does what it says."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.crash import CrashPoints, Strike, assert_same
from tests.support.strace import FAMILY, Point

Make = Callable[..., CrashPoints]

PUBLISH = """
import os, sqlite3, sys
root = sys.argv[1]
os.chdir(root)
part = os.open("tape.part", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
for _ in range(3):
    os.write(part, b"n" * 1000)
os.fsync(part)
os.close(part)
os.replace("tape.part", "./sub/../tape")
folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
os.fsync(folder)
base = sqlite3.connect(os.path.join(root, "state"))
base.execute("pragma journal_mode=truncate")
base.execute("create table if not exists done(tape)")
base.execute("insert into done values('tape')")
base.commit()
base.close()
"""

EVERYTHING = """
import ctypes, os, shutil, sys, threading
root = sys.argv[1]
os.chdir(root)
here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
fd = os.open("a", os.O_CREAT | os.O_RDWR, 0o644)
os.write(fd, b"1"); os.pwrite(fd, b"22", 1); os.writev(fd, [b"3", b"4"]); os.pwritev(fd, [b"5"], 9)
os.pwritev(fd, [b"6"], 9, os.RWF_DSYNC)
os.fsync(fd); os.fdatasync(fd); os.ftruncate(fd, 100); os.truncate("a", 200); os.posix_fallocate(fd, 0, 4096)
with open("b", "wb") as other:
    os.copy_file_range(fd, other.fileno(), 10, 0)
    os.sendfile(other.fileno(), fd, 0, 10)
os.open("b", os.O_WRONLY | os.O_TRUNC)
os.open("b", os.O_RDONLY)                     # no point: changes nothing
os.rename("b", "c"); os.rename("c", "d", src_dir_fd=here, dst_dir_fd=here)
os.link("d", "e"); os.link("d", "f", src_dir_fd=here, dst_dir_fd=here)
os.symlink("anywhere", "g"); os.symlink("anywhere", "h", dir_fd=here)
os.mkdir("i"); os.mkdir("j", dir_fd=here); os.rmdir("i"); os.rmdir("j", dir_fd=here)
os.mkfifo("k"); os.mkfifo("l", dir_fd=here); os.mknod("m")
os.unlink("k"); os.unlink("l", dir_fd=here)
os.chmod("a", 0o600); os.chmod(fd, 0o640); os.chmod("a", 0o600, dir_fd=here)
os.chown("a", -1, -1); os.chown(fd, -1, -1); os.lchown("g", -1, -1); os.chown("a", -1, -1, dir_fd=here)
os.utime("a"); os.utime(fd, ns=(1, 2)); os.utime("a", dir_fd=here)
for call in (lambda: os.setxattr("a", "user.x", b"1"), lambda: os.setxattr(fd, "user.y", b"1"),
             lambda: os.removexattr("a", "user.x")):
    try:
        call()
    except OSError:
        pass                                  # a file system without them: a failing call is a point too
libc = ctypes.CDLL(None, use_errno=True)
libc.renameat2(here, b"d", here, b"a b", 1)
how = (ctypes.c_ulonglong * 3)(os.O_CREAT | os.O_WRONLY, 0o600, 0)
libc.syscall(437, here, b"n", how, 24)        # openat2
libc.sync_file_range(fd, 0, 0, 7)
libc.syncfs(fd)
threads = [threading.Thread(target=os.pwrite, args=(fd, b"t", i)) for i in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
if os.fork() == 0:
    os.write(fd, b"child"); os._exit(0)
os.wait()
os.system("cd / && cd " + root + " && : > shell && mv shell moved && rm moved")
"""


def python(text: str, *words: object) -> list[str]:
    return [os.path.realpath(sys.executable), "-S", "-c", text, *map(str, words)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    return folder


def test_a_publish_has_the_points_that_strace_sees(root: Path, crash_points: Make) -> None:
    points = crash_points([root]).proven(python(PUBLISH, root))
    tape, part = root / "tape", root / "tape.part"
    assert points[:7] == [
        Point("open", str(part)),
        *[Point("write", str(part))] * 3,
        Point("sync", str(part)),
        Point("rename", f"{part} -> {tape}"),
        Point("sync", str(root)),
    ]
    assert sum(point.path.startswith(str(root / "state")) for point in points) > 10


def test_every_kind_of_call_is_seen(root: Path, crash_points: Make) -> None:
    points = crash_points([root]).proven(python(EVERYTHING, root))
    families = {point.family for point in points}
    assert families == set(FAMILY.values())
    assert points.count(Point("write", str(root / "a"))) == 14
    assert Point("open", str(root / "n")) in points
    assert Point("rename", f"{root}/d -> {root}/a b") in points


def test_what_the_library_cannot_see_fails_the_comparison(root: Path, crash_points: Make) -> None:
    program = "import ctypes, os, sys; os.mkdir(sys.argv[1] + '/seen'); c = ctypes.CDLL(None); "
    program += "c.fopen.restype = ctypes.c_void_p; c.fclose.argtypes = [ctypes.c_void_p]; "
    program += "c.fclose(c.fopen((sys.argv[1] + '/unseen').encode(), b'w'))"
    with pytest.raises(AssertionError, match=f"only strace saw 1 x open {root}/unseen$"):
        crash_points([root]).proven(python(program, root))


def test_only_files_under_the_roots_count(root: Path, tmp_path: Path, crash_points: Make) -> None:
    beside = tmp_path / "rooted"  # begins like the root, but is not below it
    beside.mkdir()
    program = "import os, sys; [os.mkdir(name) for name in sys.argv[1:]]"
    points = crash_points([root]).listed(python(program, root / "in", beside / "out"))
    assert points == [Point("mkdir", str(root / "in"))]


def test_killed_at_each_point_the_tape_is_old_or_new(root: Path, crash_points: Make) -> None:
    crash = crash_points([root])
    command = python(PUBLISH, root)
    total = len(crash.listed(command))
    seen = set()
    for number in range(1, total + 1):
        (root / "tape").write_bytes(b"old")
        (root / "tape.part").unlink(missing_ok=True)
        (root / "state").unlink(missing_ok=True)
        crash.run_killed(command, number)
        assert crash.count() == number
        seen.add((root / "tape").read_bytes())
        base = sqlite3.connect(root / "state")
        try:
            assert base.execute("pragma integrity_check").fetchall() == [("ok",)]
        finally:
            base.close()
    assert seen == {b"old", b"n" * 3000}


def test_killed_before_the_call_is_done(root: Path, crash_points: Make) -> None:
    crash_points([root]).run_killed(python("import os, sys; os.mkdir(sys.argv[1])", root / "new"), 1)
    assert not (root / "new").exists()


def test_a_run_that_is_not_killed_is_an_error(root: Path, crash_points: Make) -> None:
    with pytest.raises(AssertionError, match=r"not killed at point 2 \(it counted 1, ended 0\)"):
        crash_points([root]).run_killed(python("import os, sys; os.mkdir(sys.argv[1])", root / "new"), 2)


def test_a_run_without_points_is_an_error(root: Path, crash_points: Make) -> None:
    with pytest.raises(AssertionError, match="no point"):
        crash_points([root]).listed(python("pass"))


WRITES = """
import os, sys
fd = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
told = []
for letter in b"abcd":
    try:
        told.append(os.write(fd, bytes([letter]) * 4))
    except OSError as error:
        told.append(error.errno)
print(told, os.pread(fd, 100, 0))
"""


@pytest.mark.parametrize(
    ("strike", "told"),
    [
        (Strike(2, "fail", errno=errno.ENOSPC), f"[4, {errno.ENOSPC}, 4, 4] b'aaaaccccdddd'"),
        (Strike(2, "fail", errno=errno.EIO, always=True), "[4, 5, 5, 5] b'aaaa'"),
        (Strike(2, "short", size=1), "[4, 1, 4, 4] b'aaaabccccdddd'"),
        (Strike(3, "short", size=3, always=True), "[4, 4, 3, 3] b'aaaabbbbcccddd'"),
        (Strike(2, "lie"), r"[4, 4, 4, 4] b'aaaa\x00\x00\x00\x00ccccdddd'"),
        (Strike(3, "lie", always=True), "[4, 4, 4, 4] b'aaaabbbb'"),
    ],
)
def test_calls_that_are_struck_but_not_killed(root: Path, crash_points: Make, strike: Strike, told: str) -> None:
    done = crash_points([root], calls=["write"]).run(python(WRITES, root / "tape"), strike)
    assert done.stdout.decode().strip() == told


def test_a_stopped_program_goes_on_with_its_call(root: Path, crash_points: Make) -> None:
    crash = crash_points([root])
    command = python("import os, sys; os.mkdir(sys.argv[1])", root / "new")
    environment = {**os.environ, **crash.environment(Strike(1, "stop"))}
    process = subprocess.Popen(command, env=environment)
    try:
        assert os.waitpid(process.pid, os.WUNTRACED)[1] & 0xFF == 0x7F
        assert not (root / "new").exists()
        processes.kill([process.pid], signal.SIGCONT)
        assert process.wait(10) == 0
        assert (root / "new").exists()
    finally:
        processes.kill([process.pid])
        process.wait()


def test_only_the_named_process_counts(root: Path, crash_points: Make) -> None:
    program = "import os, sys; os.mkdir(sys.argv[1]); os.system(os.environ.get('NEXT', ':'))"
    inner = " ".join(["env NEXT=:", *map(shlex.quote, python(program, root / "inner", "receive"))])
    points = crash_points([root], only=" receive").listed(python(program, root / "outer"), env={"NEXT": inner})
    assert (root / "outer").is_dir()
    assert points == [Point("mkdir", str(root / "inner"))]


def test_lists_that_differ_or_are_empty_fail() -> None:
    point = Point("write", "/a")
    assert_same([point], [point])
    with pytest.raises(AssertionError, match="only strace saw 1 x write /a"):
        assert_same([point], [point, point])
    with pytest.raises(AssertionError, match="only the library saw 1 x write /a"):
        assert_same([point], [])
    with pytest.raises(AssertionError, match="no point at all"):
        assert_same([], [])
