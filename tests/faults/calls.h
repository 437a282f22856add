/* The wrapped calls, by family: write copy truncate allocate sync open rename link symlink unlink rmdir mkdir mknod
   chmod chown utime xattr. Each asks judge() first, then does what it was told. Part of crash.c. */
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <utime.h>

#define NEXT(name) static __typeof__(&name) next; if (!next) next = (__typeof__(next))dlsym(RTLD_NEXT, #name)
/* the usual shape: a call that returns 0 or -1 */
#define WRAP(name, args, verdict_, call) int name args { NEXT(name); \
    switch (verdict_) { case FAIL: return -1; case LIE: return 0; default: return next call; } }

/* ---- calls that move bytes ------------------------------------------------------------------------------------ */

static ssize_t skipped(int fd, size_t length) { lseek(fd, (off_t)length, SEEK_CUR); return (ssize_t)length; }
static size_t at_most(size_t length) { return (long)length < bytes ? length : (size_t)bytes; }

ssize_t write(int fd, const void *data, size_t length)
{
    NEXT(write);
    switch (at_fd("write", fd)) {
    case FAIL: return -1;
    case LIE: return skipped(fd, length);
    case SHORT: return next(fd, data, at_most(length));
    default: return next(fd, data, length);
    }
}

#define PWRITE(name, offset_type) ssize_t name(int fd, const void *data, size_t length, offset_type offset) { NEXT(name); \
    switch (at_fd("write", fd)) { case FAIL: return -1; case LIE: return (ssize_t)length; \
    case SHORT: return next(fd, data, at_most(length), offset); default: return next(fd, data, length, offset); } }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static size_t total(const struct iovec *parts, int number)
{
    size_t sum = 0;
    for (int i = 0; i < number; i++) sum += parts[i].iov_len;
    return sum;
}

/* a short vectored write stores (part of) the first piece */
#define WRITEV(name, args, hole, short_call, call) ssize_t name args { NEXT(name); struct iovec first; \
    switch (at_fd("write", fd)) { case FAIL: return -1; case LIE: return hole; \
    case SHORT: first = parts[0]; first.iov_len = at_most(first.iov_len); return next short_call; \
    default: return next call; } }
WRITEV(writev, (int fd, const struct iovec *parts, int number), skipped(fd, total(parts, number)),
       (fd, &first, 1), (fd, parts, number))
#define PWRITEV(name, offset_type) WRITEV(name, (int fd, const struct iovec *parts, int number, offset_type offset), \
       (ssize_t)total(parts, number), (fd, &first, 1, offset), (fd, parts, number, offset))
#define PWRITEV2(name, offset_type) WRITEV(name, \
       (int fd, const struct iovec *parts, int number, offset_type offset, int flags), (ssize_t)total(parts, number), \
       (fd, &first, 1, offset, flags), (fd, parts, number, offset, flags))
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)
PWRITEV2(pwritev2, off_t)
PWRITEV2(pwritev64v2, off64_t)

#define COPY(name, args, target_fd, call) ssize_t name args { NEXT(name); switch (at_fd("copy", target_fd)) { \
    case FAIL: return -1; case LIE: return (ssize_t)length; case SHORT: length = at_most(length); \
    /* fall through */ default: return next call; } }
COPY(sendfile, (int to, int from, off_t *offset, size_t length), to, (to, from, offset, length))
COPY(sendfile64, (int to, int from, off64_t *offset, size_t length), to, (to, from, offset, length))
COPY(copy_file_range, (int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags), to,
     (from, from_at, to, to_at, length, flags))
COPY(splice, (int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags), to,
     (from, from_at, to, to_at, length, flags))

int ioctl(int fd, unsigned long request, ...)
{
    NEXT(ioctl);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (request == FICLONE || request == FICLONERANGE)
        switch (at_fd("copy", fd)) { case FAIL: return -1; case LIE: return 0; default: break; }
    return next(fd, request, argument);
}

/* ---- sizes and durability ------------------------------------------------------------------------------------- */

WRAP(ftruncate, (int fd, off_t size), at_fd("truncate", fd), (fd, size))
WRAP(ftruncate64, (int fd, off64_t size), at_fd("truncate", fd), (fd, size))
WRAP(truncate, (const char *path, off_t size), at_path("truncate", path), (path, size))
WRAP(truncate64, (const char *path, off64_t size), at_path("truncate", path), (path, size))
WRAP(fallocate, (int fd, int mode, off_t at, off_t length), at_fd("allocate", fd), (fd, mode, at, length))
WRAP(fallocate64, (int fd, int mode, off64_t at, off64_t length), at_fd("allocate", fd), (fd, mode, at, length))
#define POSIX_FALLOCATE(name, offset_type) int name(int fd, offset_type at, offset_type length) { NEXT(name); \
    switch (at_fd("allocate", fd)) { case FAIL: return failure; case LIE: return 0; default: return next(fd, at, length); } }
POSIX_FALLOCATE(posix_fallocate, off_t)
POSIX_FALLOCATE(posix_fallocate64, off64_t)
WRAP(fsync, (int fd), at_fd("sync", fd), (fd))
WRAP(fdatasync, (int fd), at_fd("sync", fd), (fd))
WRAP(syncfs, (int fd), at_fd("sync", fd), (fd))
WRAP(sync_file_range, (int fd, off64_t at, off64_t length, unsigned flags), at_fd("sync", fd), (fd, at, length, flags))

/* ---- names ---------------------------------------------------------------------------------------------------- */

static verdict opening(int dirfd, const char *path, int flags)
{
    if (!(flags & (O_CREAT | O_TRUNC)) && (flags & O_TMPFILE) != O_TMPFILE) return GO;
    return judge("open", dirfd, path, 0, NULL) == FAIL ? FAIL : GO;       /* there is no descriptor to lie with */
}

#define MODE(flags) mode_t mode = 0; if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { va_list rest; \
    va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
#define OPEN(name) int name(const char *path, int flags, ...) { NEXT(name); MODE(flags) \
    return opening(AT_FDCWD, path, flags) == FAIL ? -1 : next(path, flags, mode); }
#define OPENAT(name) int name(int dirfd, const char *path, int flags, ...) { NEXT(name); MODE(flags) \
    return opening(dirfd, path, flags) == FAIL ? -1 : next(dirfd, path, flags, mode); }
#define CREAT(name) int name(const char *path, mode_t mode) { NEXT(name); \
    return opening(AT_FDCWD, path, O_CREAT) == FAIL ? -1 : next(path, mode); }
int __open_2(const char *, int); int __open64_2(const char *, int);       /* what a fortified program calls */
#define OPEN_2(name) int name(const char *path, int flags) { NEXT(name); \
    return opening(AT_FDCWD, path, flags) == FAIL ? -1 : next(path, flags); }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
CREAT(creat)
CREAT(creat64)
OPEN_2(__open_2)
OPEN_2(__open64_2)

WRAP(rename, (const char *old, const char *new), judge("rename", AT_FDCWD, old, AT_FDCWD, new), (old, new))
WRAP(renameat, (int olddir, const char *old, int newdir, const char *new), judge("rename", olddir, old, newdir, new),
     (olddir, old, newdir, new))
WRAP(renameat2, (int olddir, const char *old, int newdir, const char *new, unsigned flags),
     judge("rename", olddir, old, newdir, new), (olddir, old, newdir, new, flags))
WRAP(link, (const char *old, const char *new), judge("link", AT_FDCWD, old, AT_FDCWD, new), (old, new))
WRAP(linkat, (int olddir, const char *old, int newdir, const char *new, int flags),
     judge("link", olddir, old, newdir, new), (olddir, old, newdir, new, flags))
WRAP(symlink, (const char *text, const char *path), at_path("symlink", path), (text, path))
WRAP(symlinkat, (const char *text, int dirfd, const char *path), judge("symlink", dirfd, path, 0, NULL), (text, dirfd, path))
WRAP(unlink, (const char *path), at_path("unlink", path), (path))
WRAP(unlinkat, (int dirfd, const char *path, int flags),
     judge(flags & AT_REMOVEDIR ? "rmdir" : "unlink", dirfd, path, 0, NULL), (dirfd, path, flags))
WRAP(rmdir, (const char *path), at_path("rmdir", path), (path))
WRAP(mkdir, (const char *path, mode_t mode), at_path("mkdir", path), (path, mode))
WRAP(mkdirat, (int dirfd, const char *path, mode_t mode), judge("mkdir", dirfd, path, 0, NULL), (dirfd, path, mode))
WRAP(mknod, (const char *path, mode_t mode, dev_t device), at_path("mknod", path), (path, mode, device))
WRAP(mknodat, (int dirfd, const char *path, mode_t mode, dev_t device), judge("mknod", dirfd, path, 0, NULL),
     (dirfd, path, mode, device))
WRAP(mkfifo, (const char *path, mode_t mode), at_path("mknod", path), (path, mode))
WRAP(mkfifoat, (int dirfd, const char *path, mode_t mode), judge("mknod", dirfd, path, 0, NULL), (dirfd, path, mode))

/* ---- what a file says about itself ---------------------------------------------------------------------------- */

WRAP(chmod, (const char *path, mode_t mode), at_path("chmod", path), (path, mode))
WRAP(fchmod, (int fd, mode_t mode), at_fd("chmod", fd), (fd, mode))
WRAP(fchmodat, (int dirfd, const char *path, mode_t mode, int flags), judge("chmod", dirfd, path, 0, NULL),
     (dirfd, path, mode, flags))
WRAP(chown, (const char *path, uid_t user, gid_t group), at_path("chown", path), (path, user, group))
WRAP(lchown, (const char *path, uid_t user, gid_t group), at_path("chown", path), (path, user, group))
WRAP(fchown, (int fd, uid_t user, gid_t group), at_fd("chown", fd), (fd, user, group))
WRAP(fchownat, (int dirfd, const char *path, uid_t user, gid_t group, int flags), judge("chown", dirfd, path, 0, NULL),
     (dirfd, path, user, group, flags))
WRAP(utimensat, (int dirfd, const char *path, const struct timespec times[2], int flags),
     judge("utime", dirfd, path, 0, NULL), (dirfd, path, times, flags))
WRAP(futimens, (int fd, const struct timespec times[2]), at_fd("utime", fd), (fd, times))
WRAP(utimes, (const char *path, const struct timeval times[2]), at_path("utime", path), (path, times))
WRAP(lutimes, (const char *path, const struct timeval times[2]), at_path("utime", path), (path, times))
WRAP(futimes, (int fd, const struct timeval times[2]), at_fd("utime", fd), (fd, times))
WRAP(futimesat, (int dirfd, const char *path, const struct timeval times[2]), judge("utime", dirfd, path, 0, NULL),
     (dirfd, path, times))
WRAP(utime, (const char *path, const struct utimbuf *times), at_path("utime", path), (path, times))
WRAP(setxattr, (const char *path, const char *name, const void *value, size_t size, int flags), at_path("xattr", path),
     (path, name, value, size, flags))
WRAP(lsetxattr, (const char *path, const char *name, const void *value, size_t size, int flags), at_path("xattr", path),
     (path, name, value, size, flags))
WRAP(fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags), at_fd("xattr", fd),
     (fd, name, value, size, flags))
WRAP(removexattr, (const char *path, const char *name), at_path("xattr", path), (path, name))
WRAP(lremovexattr, (const char *path, const char *name), at_path("xattr", path), (path, name))
WRAP(fremovexattr, (int fd, const char *name), at_fd("xattr", fd), (fd, name))

/* ---- what a program asks of the kernel by number (ctypes: openat2 has no door of its own) ---------------------- */

static verdict by_number(long which, const long *a)
{
    switch (which) {
    case SYS_openat2: return opening((int)a[0], (const char *)a[1], (int)*(const unsigned long long *)a[2]);
    case SYS_renameat2: return judge("rename", (int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3]);
    case SYS_copy_file_range: return at_fd("copy", (int)a[2]);
    case SYS_fsync: case SYS_fdatasync: case SYS_syncfs: return at_fd("sync", (int)a[0]);
    default: return GO;
    }
}

long syscall(long which, ...)
{
    NEXT(syscall);
    long a[6];
    va_list rest;
    va_start(rest, which);
    for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
    va_end(rest);
    switch (by_number(which, a)) {
    case FAIL: return -1;
    case LIE: return which == SYS_copy_file_range ? a[4] : 0;
    default: return next(which, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}
