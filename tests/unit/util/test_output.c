/* SPDX-License-Identifier: Apache-2.0
 * Outputs: links, modes, pipes, names, all or nothing, nothing left behind, whatever the file system can and whatever signal
 * comes. The linker puts functions of this file in the place of some of the system's, so that they can fail. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tempdir.h"
#include "util/cleanup.h"
#include "util/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mnq_arena arena;
static struct mnq_err err;
static const char *dir;

/* ---- failing system calls ---- */

static struct {
    bool no_links, no_renameat2, no_fsync, short_writes;
    int write_fails, rename_fails; /* errno */
    int rename_after;              /* so many renames work before */
    int interrupts;                /* EINTR so often before a write or fsync works */
    int signal;                    /* sent at fsync */
    int unlink_fails;              /* errno */
} fault;

int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
int __real_unlinkat(int at, const char *name, int flags);
int __real_fsync(int fd);
ssize_t __real_write(int fd, const void *p, size_t n);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
int __wrap_unlinkat(int at, const char *name, int flags);
int __wrap_fsync(int fd);
ssize_t __wrap_write(int fd, const void *p, size_t n);

static int set_errno(int why)
{
    errno = why;
    return -1;
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return fault.no_links ? set_errno(EPERM) : __real_linkat(from_dir, from, to_dir, to, flags);
}

int __wrap_unlinkat(int at, const char *name, int flags)
{
    return fault.unlink_fails != 0 ? set_errno(fault.unlink_fails) : __real_unlinkat(at, name, flags);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    if (fault.rename_fails != 0 && fault.rename_after-- <= 0) {
        int why = fault.rename_fails;
        fault.rename_fails = 0;
        return set_errno(why);
    }
    return __real_renameat(from_dir, from, to_dir, to);
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    return fault.no_renameat2 ? set_errno(ENOSYS) : __real_syscall(number, a, b, c, d, e, f);
}

int __wrap_fsync(int fd)
{
    if (fault.interrupts-- > 0) return set_errno(EINTR);
    if (fault.signal != 0) raise(fault.signal);
    return fault.no_fsync ? set_errno(EINVAL) : __real_fsync(fd);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (fault.interrupts-- > 0) return set_errno(EINTR);
    if (fault.write_fails != 0) return set_errno(fault.write_fails);
    return __real_write(fd, p, fault.short_writes && n > 1 ? n / 2 : n);
}

/* ---- helpers ---- */

static int setup(void **state)
{
    (void)state;
    memset(&err, 0, sizeof err);
    memset(&fault, 0, sizeof fault);
    dir = mnq_temp_make();
    umask(022);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    mnq_temp_remove();
    return 0;
}

static void expect_error(const char *path, const char *rest)
{
    char wanted[1200];
    snprintf(wanted, sizeof wanted, "%s%s", path, rest);
    assert_string_equal(err.msg, wanted);
    memset(&err, 0, sizeof err);
}

/* Hidden ones too. */
static int files_in_dir(void)
{
    DIR *d = opendir(dir);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(d);
    return n;
}

static void expect_content(const char *path, const char *text)
{
    size_t n;
    unsigned char *bytes = mnq_temp_read(path, &n);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(bytes, text, n);
    free(bytes);
}

static int put(const char *path, const char *text, bool force)
{
    return mnq_output_write(path, text, strlen(text), force, &err);
}

/* Only the settling. */
static int begin(const char *path, bool force)
{
    struct mnq_output *o = mnq_output_begin(path, force, &arena, &err);
    mnq_output_end(o);
    return o != NULL ? 0 : -1;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* ---- tests ---- */

static void writes(void **state)
{
    (void)state;
    const char *path = mnq_temp_path("out");
    assert_int_equal(put(path, "one", false), 0);
    expect_content(path, "one");
    assert_int_equal(mode_of(path), 0644);
    assert_int_equal(put(path, "two", false), -1);
    expect_error(path, ": exists; -f overwrites it");
    expect_content(path, "one");
    assert_int_equal(put(path, "three", true), 0);
    expect_content(path, "three");
    assert_int_equal(put(mnq_temp_path("empty"), "", false), 0);
    assert_int_equal(files_in_dir(), 2);
}

static void settles_before(void **state)
{
    (void)state;
    char rest[1200], name[NAME_MAX + 8];
    assert_int_equal(begin(mnq_temp_path("new"), false), 0);
    const char *path = mnq_temp_path("none/x");
    assert_int_equal(begin(path, true), -1);
    snprintf(rest, sizeof rest, ": directory %s: No such file or directory", mnq_temp_path("none"));
    expect_error(path, rest);
    assert_int_equal(begin(dir, true), -1);
    expect_error(dir, ": exists and is not a regular file");
    assert_int_equal(begin("", true), -1);
    expect_error("", "output name is empty");
    path = mnq_temp_path("new/");
    assert_int_equal(begin(path, true), -1);
    expect_error(path, ": names a directory");
    memset(name, 'n', sizeof name);
    name[NAME_MAX + 1] = '\0';
    assert_int_equal(begin(mnq_temp_path(name), true), -1);
    assert_non_null(strstr(err.msg, "File name too long"));
    memset(&err, 0, sizeof err);
    name[NAME_MAX] = '\0'; /* the longest there can be, and its temporary file */
    assert_int_equal(put(mnq_temp_path(name), "long", false), 0);
    assert_int_equal(files_in_dir(), 1);
    path = mnq_temp_text("file", "x");
    assert_int_equal(begin(mnq_temp_path("file/x"), true), -1);
    assert_non_null(strstr(err.msg, "file is not a directory"));
    expect_content(path, "x");
}

/* What a link means is written, the link stays; what leads nowhere is refused at once. */
static void links(void **state)
{
    (void)state;
    char rest[1200];
    mnq_temp_dir("sub");
    const char *target = mnq_temp_text("sub/target", "old"), *link = mnq_temp_path("link");
    assert_int_equal(symlink("sub/../sub/second", link), 0);
    assert_int_equal(symlink("target", mnq_temp_path("sub/second")), 0);
    assert_int_equal(chmod(target, 0640), 0);
    assert_int_equal(begin(link, false), -1);
    assert_non_null(strstr(err.msg, "link: a link to "));
    assert_non_null(strstr(err.msg, "sub/target, which exists; -f overwrites it"));
    memset(&err, 0, sizeof err);
    assert_int_equal(put(link, "new", true), 0);
    expect_content(target, "new");
    assert_int_equal(mode_of(target), 0640);
    struct stat st;
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(files_in_dir(), 2);

    link = mnq_temp_path("dangling");
    assert_int_equal(symlink("nowhere", link), 0);
    for (int force = 0; force < 2; force++) {
        assert_int_equal(begin(link, force), -1);
        snprintf(rest, sizeof rest, ": a link to %s, which does not exist", mnq_temp_path("nowhere"));
        expect_error(link, rest);
    }
    link = mnq_temp_path("circle");
    assert_int_equal(symlink("circle", link), 0);
    assert_int_equal(begin(link, true), -1);
    assert_non_null(strstr(err.msg, "Too many levels of symbolic links"));
    memset(&err, 0, sizeof err);
    assert_int_equal(symlink("sub", mnq_temp_path("folder")), 0);
    assert_int_equal(begin(mnq_temp_path("folder"), true), -1);
    memset(&err, 0, sizeof err);
    assert_int_equal(put(mnq_temp_path("folder/x"), "x", false), 0); /* a link on the way is as good as a folder */
    expect_content(mnq_temp_path("sub/x"), "x");
}

static void keeps_mode(void **state)
{
    static const mode_t modes[] = {0600, 0640, 0444, 0755, 0666};
    (void)state;
    const char *path = mnq_temp_text("out", "old");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(put(path, "new", true), 0);
        assert_int_equal(mode_of(path), modes[i]);
    }
    umask(077);
    assert_int_equal(put(mnq_temp_path("private"), "x", false), 0);
    assert_int_equal(mode_of(mnq_temp_path("private")), 0600);
}

/* A file that anybody could have guessed the temporary file to be. */
static void no_foreign_temp(void **state)
{
    (void)state;
    char name[64];
    const char *precious = mnq_temp_text("precious", "precious");
    snprintf(name, sizeof name, "out.tmp%ld", (long)getpid());
    assert_int_equal(symlink("precious", mnq_temp_path(name)), 0);
    assert_int_equal(put(mnq_temp_path("out"), "new", true), 0);
    expect_content(precious, "precious");
    expect_content(mnq_temp_path("out"), "new");
    assert_int_equal(files_in_dir(), 3);
}

/* Bytes for whoever reads; a pipe is never replaced. */
static void streams(void **state)
{
    (void)state;
    char got[16] = "";
    const char *path = mnq_temp_path("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(begin(path, true), -1); /* does not wait */
    expect_error(path, ": a pipe that nobody reads");
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(put(path, "bytes", false), 0);
    assert_int_equal(read(fd, got, sizeof got), 5);
    assert_string_equal(got, "bytes");
    close(fd);
    assert_int_equal(put("/dev/null", "x", false), 0);
    assert_int_equal(put("/dev/full", "x", false), -1);
    expect_error("/dev/full", ": cannot write: No space left on device");
    struct stat st;
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(files_in_dir(), 1);

    int pair[2], out = dup(STDOUT_FILENO);
    static const char *const names[] = {"-", "/dev/stdout", "/proc/self/fd/1"};
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pipe(pair), 0);
        dup2(pair[1], STDOUT_FILENO);
        int rc = put(names[i], "abc", false);
        dup2(out, STDOUT_FILENO);
        close(pair[1]);
        if (rc != 0) fail_msg("%s: %s", names[i], err.msg);
        assert_int_equal(read(pair[0], got, sizeof got), 3);
        assert_memory_equal(got, "abc", 3);
        close(pair[0]);
    }
    /* a file that is standard output already stays the same file */
    int file = open(mnq_temp_path("redirected"), O_RDWR | O_CREAT, 0600);
    dup2(file, STDOUT_FILENO);
    int rc = put("/dev/stdout", "abc", false);
    dup2(out, STDOUT_FILENO);
    assert_int_equal(rc, 0);
    assert_int_equal(lseek(file, 0, SEEK_END), 3);
    close(file);
    close(out);
}

static void appears_between(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) { /* whatever the file system can */
        fault.no_renameat2 = i & 1;
        fault.no_links = i >> 1;
        const char *path = mnq_temp_path("out");
        struct mnq_output *o = mnq_output_begin(path, false, &arena, &err);
        assert_non_null(o);
        assert_int_equal(mnq_output_put(o, "mine", 4, &err), 0);
        mnq_temp_text("out", "theirs");
        assert_int_equal(mnq_output_commit(&o, 1, &err), -1);
        mnq_output_end(o);
        expect_error(path, ": cannot write: File exists");
        expect_content(path, "theirs");
        assert_int_equal(files_in_dir(), 1);
        unlink(path);
        assert_int_equal(put(path, "mine", false), 0);
        expect_content(path, "mine");
        assert_int_equal(mode_of(path), 0644);
        assert_int_equal(files_in_dir(), 1);
        unlink(path);
    }
}

/* Two outputs: both, or everything as it was. */
static void both_or_neither(void **state)
{
    (void)state;
    const char *a = mnq_temp_path("a"), *b = mnq_temp_path("b");
    for (int i = 0; i < 16; i++) {
        bool links = i & 1, old = i & 2, fails = i & 4, first = i & 8;
        memset(&fault, 0, sizeof fault);
        fault.no_links = !links;
        unlink(a);
        unlink(b);
        if (old) {
            mnq_temp_text("a", "old a");
            mnq_temp_text("b", "old b");
        }
        struct mnq_output *o[2] = {mnq_output_begin(a, true, &arena, &err), mnq_output_begin(b, true, &arena, &err)};
        assert_non_null(o[0]);
        assert_non_null(o[1]);
        assert_false(mnq_output_same(o[0], o[1]));
        assert_int_equal(mnq_output_put(o[0], "new a", 5, &err), 0);
        assert_int_equal(mnq_output_put(o[1], "new b", 5, &err), 0);
        if (fails) {
            fault.rename_fails = EIO;
            fault.rename_after = (first ? 0 : 1) * (old && !links ? 2 : 1);
        }
        assert_int_equal(mnq_output_commit(o, 2, &err), fails ? -1 : 0);
        memset(&err, 0, sizeof err);
        mnq_output_end(o[0]);
        mnq_output_end(o[1]);
        if (!fails || old) {
            expect_content(a, fails ? "old a" : "new a");
            expect_content(b, fails ? "old b" : "new b");
        }
        assert_int_equal(files_in_dir(), fails && !old ? 0 : 2);
    }
    struct mnq_output *x = mnq_output_begin(mnq_temp_path("c"), false, &arena, &err);
    struct mnq_output *y = mnq_output_begin(mnq_temp_path("./c"), false, &arena, &err);
    assert_true(mnq_output_same(x, y));
    mnq_output_end(x);
    mnq_output_end(y);
}

static void io_errors(void **state)
{
    static const int why[] = {ENOSPC, EIO, EDQUOT, EFBIG};
    (void)state;
    const char *path = mnq_temp_text("out", "old");
    for (size_t i = 0; i < sizeof why / sizeof *why; i++) {
        char rest[100];
        fault.write_fails = why[i];
        assert_int_equal(put(path, "new", true), -1);
        snprintf(rest, sizeof rest, ": cannot write: %s", strerror(why[i]));
        expect_error(path, rest);
        assert_int_equal(put(mnq_temp_path("new"), "new", false), -1);
        memset(&err, 0, sizeof err);
        expect_content(path, "old");
        assert_int_equal(files_in_dir(), 1);
    }
    memset(&fault, 0, sizeof fault);
    fault.short_writes = true;
    fault.interrupts = 3;
    fault.no_fsync = true;
    assert_int_equal(put(path, "a longer text in pieces", true), 0);
    expect_content(path, "a longer text in pieces");
}

/* The one file of the folder whose name is random. */
static void expect_left(struct mnq_output *o, const char *what, const char *why)
{
    char text[9000];
    assert_true(mnq_output_left(o, text, sizeof text));
    const char *name = strstr(text, ".mnquant-");
    assert_non_null(name);
    assert_non_null(strstr(text, what));
    assert_non_null(strstr(text, why));
    char *path = strndup(name, strcspn(name, " "));
    assert_int_equal(access(mnq_temp_path(path), F_OK), 0);
    unlink(mnq_temp_path(path));
    free(path);
}

/* A folder that changes meanwhile: what cannot be removed is told by its name. */
static void left_behind(void **state)
{
    (void)state;
    const char *a = mnq_temp_text("a", "old a"), *b = mnq_temp_text("b", "old b");
    struct mnq_output *o[2] = {mnq_output_begin(a, true, &arena, &err), mnq_output_begin(b, true, &arena, &err)};
    char text[9000];
    for (int i = 0; i < 2; i++) assert_int_equal(mnq_output_put(o[i], "new", 3, &err), 0);
    fault.unlink_fails = EACCES;
    assert_int_equal(mnq_output_commit(o, 2, &err), 0); /* second names of the old files */
    expect_content(a, "new");
    expect_left(o[0], " is left, it cannot be removed: Permission denied", a);
    expect_left(o[1], " is left, it cannot be removed: Permission denied", b);
    fault.unlink_fails = 0;
    for (int i = 0; i < 2; i++) mnq_output_end(o[i]);

    struct mnq_output *c = mnq_output_begin(a, true, &arena, &err);
    assert_int_equal(mnq_output_put(c, "newer", 5, &err), 0);
    assert_false(mnq_output_left(c, text, sizeof text));
    fault.unlink_fails = EROFS;
    mnq_output_end(c); /* given up */
    expect_left(c, " is left, it cannot be removed: Read-only file system", a);
    expect_content(a, "new");

    assert_null(mnq_output_begin(a, true, &arena, &err)); /* told before the work */
    assert_non_null(strstr(err.msg, " lets files be made but not removed: Read-only file system; .mnquant-"));
    memset(&err, 0, sizeof err);
    fault.unlink_fails = 0;
}

/* A full disk, played by the file size limit: the old file stays, no temporary one does. */
static void full_disk(void **state)
{
    struct rlimit old, small;
    char text[4096];
    (void)state;
    memset(text, 'x', sizeof text);
    const char *path = mnq_temp_text("out", "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = mnq_output_write(path, text, sizeof text, true, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    assert_int_equal(rc, -1);
    expect_error(path, ": cannot write: File too large");
    expect_content(path, "old");
    assert_int_equal(files_in_dir(), 1);
}

/* Writes out in a child that gets a signal between the writing and the appearing; its status. */
static int signalled(int sig, bool ignored)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(sig, ignored ? SIG_IGN : SIG_DFL);
        mnq_cleanup_catch(NULL);
        fault.signal = sig;
        _exit(put(mnq_temp_path("out"), "new", true) != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void signals(void **state)
{
    static const int ends[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE,   SIGALRM, SIGTERM, SIGUSR1,
                               SIGUSR2, SIGXCPU, SIGPROF, SIGVTALRM, SIGPOLL, SIGPWR};
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
    (void)state;
    const char *path = mnq_temp_text("out", "old");
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        int status = signalled(ends[i], false);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 128 + ends[i]);
        expect_content(path, "old");
        assert_int_equal(files_in_dir(), 1);
    }
    assert_int_equal(WEXITSTATUS(signalled(SIGRTMIN + 1, false)), 128 + SIGRTMIN + 1);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        int status = signalled(faults[i], false);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), faults[i]);
        expect_content(path, "old");
        assert_int_equal(files_in_dir(), 1);
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) { /* nohup and its kind */
        mnq_temp_text("out", "old");
        assert_int_equal(signalled(ends[i], true), 0);
        expect_content(path, "new");
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(writes),          T(settles_before), T(links),           T(keeps_mode),
                                       T(no_foreign_temp), T(streams),        T(appears_between), T(both_or_neither),
                                       T(io_errors),       T(left_behind),    T(full_disk),       T(signals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
