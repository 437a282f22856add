/* LD_PRELOAD library: counts the calls that change files under given roots, and strikes at the chosen one.

   A point is one call, counted before it is done; a call that would fail counts too. It is wrapped at the C library's
   door, so what a program does by raw system calls, by stdio (fopen, fwrite) or through mmap is not seen: the tests
   compare the list of points with strace, which sees all but the last.

   CP_ROOT     absolute paths, separated by colons: only files under them count (required)
   CP_COUNTER  file of 8 bytes that holds the count, shared by all processes that name it (else: one count per process)
   CP_LOG      file to which one line is added for each point:  number TAB pid TAB family TAB path
   CP_ONLY     count only in processes whose command line holds this text
   CP_CALLS    count only these families, separated by commas (write,sync,...)
   CP_N        strike at this point (0 or absent: never)
   CP_HOW      once (default), or always: at this point and at each later one
   CP_DO       kill (default: SIGKILL)   stop (SIGSTOP, then the call)   fail (with CP_ERRNO, a number)
               lie (report success, do nothing; a write leaves a hole)   short (write only CP_BYTES bytes)

   gcc -shared -fPIC -O1 -o crash.so crash.c -ldl      (the calls themselves stand in calls.h) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

typedef enum { GO, FAIL, LIE, SHORT } verdict;

static const char *roots, *calls, *list, *deed;
static long own_count, *count = &own_count, target, bytes;
static int failure, always, on;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static long (*kernel)(long, ...);

/* ---- settings ------------------------------------------------------------------------------------------------- */

static int named_in_command_line(const char *text)
{
    char line[8192];
    int fd = kernel(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC, 0);
    long got = fd < 0 ? 0 : kernel(SYS_read, fd, line, sizeof line - 1);
    if (fd >= 0) kernel(SYS_close, fd);
    if (got <= 0) return 0;
    for (long i = 0; i < got; i++) if (!line[i]) line[i] = ' ';
    line[got] = 0;
    return strstr(line, text) != NULL;
}

static long number(const char *name) { const char *text = getenv(name); return text ? atol(text) : 0; }

static void settle(void)
{
    const char *only = getenv("CP_ONLY"), *counter = getenv("CP_COUNTER"), *how = getenv("CP_HOW");
    kernel = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    roots = getenv("CP_ROOT");
    calls = getenv("CP_CALLS");
    list = getenv("CP_LOG");
    deed = getenv("CP_DO");
    if (!deed) deed = "kill";
    target = number("CP_N");
    bytes = number("CP_BYTES");
    failure = (int)number("CP_ERRNO");
    always = how && !strcmp(how, "always");
    if (counter) {
        int fd = kernel(SYS_openat, AT_FDCWD, counter, O_RDWR | O_CLOEXEC, 0);
        void *shared = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (shared == MAP_FAILED) { static const char lost[] = "crash.c: CP_COUNTER cannot be mapped\n";
            kernel(SYS_write, 2, lost, sizeof lost - 1); kernel(SYS_exit_group, 99); }
        kernel(SYS_close, fd);
        count = shared;
    }
    on = roots && *roots && (!only || !*only || named_in_command_line(only));
}

__attribute__((constructor)) static void begin(void) { pthread_once(&once, settle); }

/* ---- paths ---------------------------------------------------------------------------------------------------- */

static int path_of_fd(int fd, char *out)          /* 0 when it has no path (a pipe, a socket) */
{
    char link[64];
    static const char gone[] = " (deleted)";
    if (fd == AT_FDCWD) strcpy(link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, out, PATH_MAX - 1);
    if (length <= 0 || out[0] != '/') return 0;
    out[length] = 0;
    size_t tail = sizeof gone - 1;
    if ((size_t)length > tail && !strcmp(out + length - tail, gone)) out[length - tail] = 0;
    return 1;
}

static void tidy(char *path)                      /* removes //, /./ and /../ by their text; links are not followed */
{
    char *to = path, *from = path;
    while (*from) {
        while (*from == '/') from++;
        char *end = strchrnul(from, '/');
        size_t length = end - from;
        if (length == 2 && from[0] == '.' && from[1] == '.') { while (to > path && *--to != '/') {} }
        else if (length && !(length == 1 && from[0] == '.')) { *to++ = '/'; memmove(to, from, length); to += length; }
        from = end;
    }
    if (to == path) *to++ = '/';
    *to = 0;
}

static int path_of(int dirfd, const char *path, char *out)
{
    char joined[2 * PATH_MAX] = "";
    if (!path || !*path) return path_of_fd(dirfd, out);
    if (*path != '/' && !path_of_fd(dirfd, joined)) return 0;
    size_t length = strlen(joined);
    snprintf(joined + length, sizeof joined - length, "/%s", path);
    tidy(joined);
    snprintf(out, PATH_MAX, "%.*s", PATH_MAX - 1, joined);
    return 1;
}

static int listed(const char *words, char separator, const char *text, int prefix)
{
    for (const char *word = words; *word;) {
        const char *end = strchrnul(word, separator);
        size_t length = end - word;
        if (length && !strncmp(text, word, length) && (!text[length] || (prefix && text[length] == '/'))) return 1;
        word = *end ? end + 1 : end;
    }
    return 0;
}

/* ---- the point ------------------------------------------------------------------------------------------------ */

static verdict point(const char *family, const char *path, const char *second)
{
    if (!listed(roots, ':', path, 1) && !(second && listed(roots, ':', second, 1))) return GO;
    if (calls && *calls && !listed(calls, ',', family, 0)) return GO;
    long number = __sync_add_and_fetch(count, 1);
    if (list) {
        char line[2 * PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%ld\t%d\t%s\t%s%s%s\n", number, (int)getpid(), family, path,
                              second ? " -> " : "", second ? second : "");
        int fd = kernel(SYS_openat, AT_FDCWD, list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0) { kernel(SYS_write, fd, line, length); kernel(SYS_close, fd); }
    }
    if (target <= 0 || (always ? number < target : number != target)) return GO;
    if (!strcmp(deed, "fail")) { errno = failure; return FAIL; }
    if (!strcmp(deed, "lie")) return LIE;
    if (!strcmp(deed, "short")) return SHORT;
    if (!strcmp(deed, "stop")) { kill(getpid(), SIGSTOP); return GO; }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static verdict judge(const char *family, int dirfd, const char *path, int dirfd2, const char *path2)
{
    char first[PATH_MAX], second[PATH_MAX];
    int before = errno;
    pthread_once(&once, settle);
    if (!on || !path_of(dirfd, path, first) || (path2 && !path_of(dirfd2, path2, second))) { errno = before; return GO; }
    errno = before;
    return point(family, first, path2 ? second : NULL);
}

static verdict at_fd(const char *family, int fd) { return judge(family, fd, NULL, 0, NULL); }
static verdict at_path(const char *family, const char *path) { return judge(family, AT_FDCWD, path, 0, NULL); }

#include "calls.h"
