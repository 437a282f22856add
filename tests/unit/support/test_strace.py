"""strace's log read back: interrupted lines, descriptors, relative and odd paths, working folders of children."""

from __future__ import annotations

from pathlib import Path

from tests.support.strace import Point, points

LOG = r"""
10 openat(AT_FDCWD</v>, "p/T1", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 3</v/p/T1>
10 openat(AT_FDCWD</v>, "p/T1", O_RDONLY|O_CLOEXEC) = 3</v/p/T1>
10 write(3</v/p/T1>, ""..., 100 <unfinished ...>
11 pwrite64(4</v/p/T2>(deleted), ""..., 5, 0) = 5
10 <... write resumed>) = 100
10 rename("p/T1", "p/./x/../T3") = 0
10 vfork( <unfinished ...>
12 chdir("/v/sub") = 0
12 mkdir("new", 0777) = 0
10 <... vfork resumed>) = 12
10 mkdir("new", 0777) = -1 EEXIST (File exists)
10 unlinkat(5</v/p>, "d", AT_REMOVEDIR) = 0
10 unlinkat(5</v/p>, "a \"b\" \303\251", 0) = 0
10 copy_file_range(3</elsewhere>, NULL, 4</v/p/T4>, NULL, 100, 0) = 100
10 copy_file_range(4</v/p/T4>, NULL, 3</elsewhere>, NULL, 100, 0) = 100
10 sendfile(4</v/p/T4>, 3</elsewhere>, NULL, 9) = 9
10 utimensat(4</v/p/T4>, NULL, [UTIME_NOW, UTIME_NOW], 0) = 0
10 symlinkat("/v/text", 5</v/p>, "link") = 0
10 ioctl(4</v/p/T4>, TCGETS, 0x7ffd) = -1 ENOTTY (Inappropriate ioctl for device)
10 ioctl(4</v/p/T4>, BTRFS_IOC_CLONE or FICLONE, 3</elsewhere>) = 0
10 write(1</vault>, ""..., 3) = 3
10 write(2<pipe:[99]>, ""..., 3) = 3
10 +++ exited with 0 +++
"""


def test_a_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LOG)
    assert points(log, [Path("/v")], cwd="/v") == [
        Point("open", "/v/p/T1"),
        Point("write", "/v/p/T1"),
        Point("write", "/v/p/T2"),
        Point("rename", "/v/p/T1 -> /v/p/T3"),
        Point("mkdir", "/v/sub/new"),
        Point("mkdir", "/v/new"),
        Point("rmdir", "/v/p/d"),
        Point("unlink", '/v/p/a "b" é'),
        Point("copy", "/v/p/T4"),
        Point("copy", "/v/p/T4"),
        Point("utime", "/v/p/T4"),
        Point("symlink", "/v/p/link"),
        Point("copy", "/v/p/T4"),
    ]
