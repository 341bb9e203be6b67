/* SPDX-License-Identifier: Apache-2.0
 * Outputs: where they go is settled before any work, and they arrive whole or not at all.
 *
 * All names are used relative to the open folder of the file, so that nothing changes meaning between the check and the
 * end. Temporary files have random names, are created exclusively, and are noted for removal (util/cleanup.h). */
#define _GNU_SOURCE /* O_PATH, renameat2 */
#include "util/outfile.h"

#include "util/cleanup.h"
#include "util/spread.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

enum { MAX_LINKS = 40, TEMP_NAME = 32, TRIES = 100 };

struct temp {
    char name[TEMP_NAME];
    int number; /* of the cleanup; -1: there is none */
};

struct mnq_output {
    const char *name;                    /* as given, for messages */
    const char *base;                    /* of the file, in dir */
    int dir;                             /* -1 for a stream */
    int stream;                          /* -1 for a file */
    bool force, exists, is_stdout, mute; /* mute: another process writes */
    struct stat st;                      /* of the file that exists, or of the stream */
    struct temp temp;
    char backup[TEMP_NAME]; /* second name of the old file while several outputs appear; "" if there is none */
    char left[TEMP_NAME];   /* a file beside the output that could not be removed, or the old one's new name; "" if none */
    int left_why;           /* errno; 0: it is the old one */
    const char *folder;
    const void *data;
    size_t n;
};

static int fail(struct mnq_err *e, const struct mnq_output *o)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot write: %s", o->name, strerror(errno));
}

/* ---- where a name leads ---- */

/* Follows the links of a name's last part; the folders before it are the system's matter. */
static int follow(const char *name, char path[PATH_MAX], struct mnq_err *e)
{
    size_t n = strlen(name);
    if (n >= PATH_MAX) return mnq_fail(e, MNQ_EXIT_FAILED, "%.100s...: name too long", name);
    memcpy(path, name, n + 1);
    for (int i = 0; i < MAX_LINKS; i++) {
        struct stat st;
        char to[PATH_MAX];
        if (lstat(path, &st) != 0 || !S_ISLNK(st.st_mode)) return 0; /* what is wrong with it shows later */
        ssize_t len = readlink(path, to, sizeof to);
        if (len < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot follow the link: %s", name, strerror(errno));
        if (len == (ssize_t)sizeof to) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: links to a name too long", name);
        const char *slash = strrchr(path, '/');
        size_t keep = to[0] == '/' || slash == NULL ? 0 : (size_t)(slash - path) + 1;
        if (keep + (size_t)len >= PATH_MAX) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: links to a name too long", name);
        memcpy(path + keep, to, (size_t)len);
        path[keep + (size_t)len] = '\0';
    }
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: too many links, or links in a circle", name);
}

/* Splits a path at its last slash: the folder in dir, "." if there is none; returns what follows. */
static const char *split(const char *path, char dir[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == path) n = 1;
    if (n == 0) {
        memcpy(dir, ".", 2);
    } else {
        memcpy(dir, path, n);
        dir[n] = '\0';
    }
    return slash == NULL ? path : slash + 1;
}

static int open_folder(struct mnq_output *o, const char *dir, struct mnq_err *e)
{
    struct stat st;
    if (stat(dir, &st) != 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: directory %s: %s", o->name, dir, strerror(errno));
    if (!S_ISDIR(st.st_mode)) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s is not a directory", o->name, dir);
    if (access(dir, W_OK | X_OK) == 0) o->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (o->dir < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: directory %s: %s", o->name, dir, strerror(errno));
    if (o->exists && (st.st_mode & S_ISVTX) != 0 && geteuid() != 0 && st.st_uid != geteuid() && o->st.st_uid != geteuid())
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: belongs to another user, and directory %s lets only its owner replace it",
                        o->name, dir);
    return 0;
}

/* ---- temporary files ---- */

static void random_name(char name[TEMP_NAME], unsigned attempt)
{
    uint64_t r;
    if (getrandom(&r, sizeof r, GRND_NONBLOCK) != (ssize_t)sizeof r) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        r = ((uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 40) + attempt;
    }
    snprintf(name, TEMP_NAME, ".mnquant-%016llx", (unsigned long long)r);
}

/* A fresh, empty, private file beside the output; a descriptor, or -1 with errno. */
static int make_temp(const struct mnq_output *o, struct temp *t)
{
    int fd = -1;
    for (unsigned i = 0; i < TRIES && fd < 0; i++) {
        random_name(t->name, i);
        mnq_cleanup_hold();
        fd = openat(o->dir, t->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        int why = errno;
        if (fd >= 0 && (t->number = mnq_cleanup_note(o->dir, t->name)) < 0) {
            unlinkat(o->dir, t->name, 0);
            close(fd);
            fd = -1;
            why = EMFILE;
        }
        mnq_cleanup_release();
        errno = why;
        if (fd < 0 && why != EEXIST && why != EINTR) break;
    }
    return fd;
}

/* A folder may have changed since. */
static void remove_beside(struct mnq_output *o, const char *name)
{
    if (unlinkat(o->dir, name, 0) == 0 || errno == ENOENT) return;
    o->left_why = errno;
    memcpy(o->left, name, strlen(name) + 1);
}

static void drop_temp(struct mnq_output *o, struct temp *t)
{
    if (t->number < 0) return;
    int why = errno;
    mnq_cleanup_hold();
    remove_beside(o, t->name);
    mnq_cleanup_forget(t->number);
    t->number = -1;
    mnq_cleanup_release();
    errno = why;
}

/* ---- settling ---- */

/* Standard output by a name of its own (/dev/stdout, /proc/self/fd/1), wherever it leads: a file there is the caller's, open
 * already, and is written to, not replaced. */
static bool names_stdout(const struct mnq_output *o)
{
    static const char *const names[] = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(o->name, names[i]) == 0) return true;
    return strcmp(o->name, "-") == 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int settle_stream(struct mnq_output *o, struct mnq_err *e)
{
    struct stat out;
    if (fstat(STDOUT_FILENO, &out) == 0 && (names_stdout(o) || (!S_ISCHR(out.st_mode) && same_file(&out, &o->st)))) {
        o->is_stdout = true;
        o->st = out;
        o->stream = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        return o->stream >= 0 ? 0 : fail(e, o);
    }
    if (strcmp(o->name, "-") == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "-: standard output is closed");
    o->stream = open(o->name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a reader must not hang */
    if (o->stream < 0 && errno == ENXIO && S_ISFIFO(o->st.st_mode))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a pipe that nobody reads", o->name);
    if (o->stream < 0) return fail(e, o);
    int flags = fcntl(o->stream, F_GETFL);
    if (flags < 0 || fcntl(o->stream, F_SETFL, flags & ~O_NONBLOCK) != 0) return fail(e, o);
    return 0;
}

static int settle_file(struct mnq_output *o, struct mnq_arena *arena, struct mnq_err *e)
{
    char path[PATH_MAX], dir[PATH_MAX];
    struct stat link;
    if (follow(o->name, path, e) != 0) return -1;
    bool is_link = lstat(o->name, &link) == 0 && S_ISLNK(link.st_mode);
    if (!o->exists && is_link) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a link to %s, which does not exist", o->name, path);
    const char *base = split(path, dir);
    if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: names a directory", o->name);
    if (open_folder(o, dir, e) != 0) return -1;
    if (o->exists && !o->force) {
        if (is_link) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a link to %s, which exists; -f overwrites it", o->name, path);
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: exists; -f overwrites it", o->name);
    }
    struct stat now;
    if (fstatat(o->dir, base, &now, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!o->exists || !same_file(&now, &o->st))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: changes while it is looked at", o->name);
    } else if (errno != ENOENT || o->exists) {
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", o->name, strerror(errno));
    }
    o->base = mnq_arena_strdup(arena, base);
    o->folder = mnq_arena_strdup(arena, dir);
    if (o->base == NULL || o->folder == NULL) return mnq_fail_nomem(e);
    int fd = make_temp(o, &o->temp); /* whether the folder takes files at all only trying tells */
    if (fd < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: directory %s: %s", o->name, dir, strerror(errno));
    close(fd);
    drop_temp(o, &o->temp);
    if (o->left[0] == '\0') return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: directory %s lets files be made but not removed: %s; %s is left there", o->name,
                    dir, strerror(o->left_why), o->left);
}

static int settle(struct mnq_output *o, struct mnq_arena *arena, struct mnq_err *e)
{
    if (*o->name == '\0') return mnq_fail(e, MNQ_EXIT_USAGE, "output name is empty");
    if (strcmp(o->name, "-") == 0) return settle_stream(o, e);
    o->exists = stat(o->name, &o->st) == 0;
    if (!o->exists && errno != ENOENT && errno != ENOTDIR)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%.200s: %s", o->name, strerror(errno));
    if (o->exists && (S_ISFIFO(o->st.st_mode) || S_ISCHR(o->st.st_mode) || S_ISSOCK(o->st.st_mode) || names_stdout(o)))
        return settle_stream(o, e);
    if (o->exists && !S_ISREG(o->st.st_mode))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: exists and is not a regular file", o->name);
    return settle_file(o, arena, e);
}

struct mnq_output *mnq_output_begin(const char *name, bool force, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_output *o = mnq_arena_alloc(arena, sizeof *o);
    char *own = mnq_arena_strdup(arena, name);
    if (o == NULL || own == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    o->name = own;
    o->force = force;
    o->dir = o->stream = o->temp.number = -1;
    o->mute = !mnq_spread_writes();
    if (o->mute) return o;
    if (settle(o, arena, e) == 0) return o;
    mnq_output_end(o);
    return NULL;
}

bool mnq_output_is_stream(const struct mnq_output *o)
{
    return o->stream >= 0;
}

bool mnq_output_is_stdout(const struct mnq_output *o)
{
    return o->is_stdout;
}

bool mnq_output_is_terminal(const struct mnq_output *o)
{
    return o->stream >= 0 && isatty(o->stream);
}

bool mnq_output_replaces(const struct mnq_output *o, const char *name)
{
    struct stat st;
    return o->exists && S_ISREG(o->st.st_mode) && stat(name, &st) == 0 && same_file(&o->st, &st);
}

bool mnq_output_same(const struct mnq_output *a, const struct mnq_output *b)
{
    struct stat x, y;
    if (a->mute || b->mute) return false;
    if (a->is_stdout && b->is_stdout) return true;
    if (a->exists && b->exists) return same_file(&a->st, &b->st);
    if (a->stream >= 0 || b->stream >= 0) return false;
    return strcmp(a->base, b->base) == 0 && fstat(a->dir, &x) == 0 && fstat(b->dir, &y) == 0 && same_file(&x, &y);
}

/* ---- writing ---- */

static int write_all(int fd, const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t put = write(fd, p + at, n - at);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -1;
        if (put == 0) {
            errno = EIO;
            return -1;
        }
        at += (size_t)put;
    }
    return 0;
}

/* Mode and owner of the file that is replaced, or what a new file gets. */
static int dress(const struct mnq_output *o, int fd)
{
    if (!o->exists) {
        mode_t mask = umask(0);
        umask(mask);
        return fchmod(fd, 0666 & ~mask);
    }
    struct stat own;
    if (fstat(fd, &own) != 0) return -1;
    if (own.st_uid != o->st.st_uid || own.st_gid != o->st.st_gid) {
        int rc = fchown(fd, o->st.st_uid, o->st.st_gid); /* only some may; the group alone more often */
        if (rc != 0) rc = fchown(fd, (uid_t)-1, o->st.st_gid);
        (void)rc;
    }
    return fchmod(fd, o->st.st_mode & 0777);
}

static int sync_retry(int fd)
{
    int rc;
    do rc = fsync(fd);
    while (rc != 0 && errno == EINTR);
    return rc != 0 && (errno == EINVAL || errno == ENOTSUP || errno == ENOSYS) ? 0 : rc; /* some file systems cannot */
}

int mnq_output_put(struct mnq_output *o, const void *data, size_t n, struct mnq_err *e)
{
    o->data = data;
    o->n = n;
    if (o->stream >= 0 || o->mute) return 0;
    int fd = make_temp(o, &o->temp);
    if (fd < 0) return fail(e, o);
    int rc = write_all(fd, data, n);
    if (rc == 0) rc = dress(o, fd);
    if (rc == 0) rc = sync_retry(fd);
    int why = errno;
    if (close(fd) != 0 && errno != EINTR && rc == 0) {
        rc = -1;
        why = errno;
    }
    if (rc == 0) return 0;
    errno = why;
    fail(e, o);
    drop_temp(o, &o->temp);
    return -1;
}

/* ---- appearing ---- */

/* Gives the temporary file its name unless that exists; file systems differ in what they can. */
static int appear_new(struct mnq_output *o)
{
#ifdef SYS_renameat2
    if (syscall(SYS_renameat2, o->dir, o->temp.name, o->dir, o->base, RENAME_NOREPLACE) == 0) return 0;
    if (errno == EEXIST) return -1;
#endif
    if (linkat(o->dir, o->temp.name, o->dir, o->base, 0) == 0) {
        remove_beside(o, o->temp.name);
        return 0;
    }
    if (errno == EEXIST) return -1;
    int fd = openat(o->dir, o->base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); /* holds the name */
    if (fd < 0) return -1;
    close(fd);
    if (renameat(o->dir, o->temp.name, o->dir, o->base) == 0) return 0;
    int why = errno;
    unlinkat(o->dir, o->base, 0);
    errno = why;
    return -1;
}

/* A second name for the file that will be replaced, so that it can come back. It is not noted for removal: should the worst
 * happen, it is the user's. */
static int keep_old(struct mnq_output *o)
{
    for (unsigned i = 0; i < TRIES; i++) {
        random_name(o->backup, i);
        if (linkat(o->dir, o->base, o->dir, o->backup, 0) == 0) return 0;
        if (errno == EEXIST) continue;
        if (errno == ENOENT || renameat(o->dir, o->base, o->dir, o->backup) != 0) break; /* rename: no links here */
        return 0;
    }
    o->backup[0] = '\0';
    return errno == ENOENT ? 0 : -1; /* it went away: nothing to keep */
}

static void drop_old(struct mnq_output *o)
{
    if (o->backup[0] != '\0') remove_beside(o, o->backup);
    o->backup[0] = '\0';
}

static int appear(struct mnq_output *o, bool keep)
{
    if (o->force && keep && keep_old(o) != 0) return -1;
    int rc = o->force ? renameat(o->dir, o->temp.name, o->dir, o->base) : appear_new(o);
    if (rc != 0) return -1;
    mnq_cleanup_forget(o->temp.number);
    o->temp.number = -1;
    return 0;
}

/* Undoes appear(): the old file is back, or there is none. */
static void vanish(struct mnq_output *o, bool appeared)
{
    if (o->backup[0] != '\0') {
        if (renameat(o->dir, o->backup, o->dir, o->base) != 0) { /* the old file stays under its second name */
            memcpy(o->left, o->backup, sizeof o->left);
            o->left_why = 0;
            return;
        }
        drop_old(o); /* two names of one file stay two names */
    } else if (appeared) {
        unlinkat(o->dir, o->base, 0);
    }
}

int mnq_output_commit(struct mnq_output *const *o, int n, struct mnq_err *e)
{
    int rc = 0, i;
    for (i = 0; i < n; i++)
        if (o[i]->stream >= 0 && write_all(o[i]->stream, o[i]->data, o[i]->n) != 0) return fail(e, o[i]);
    mnq_cleanup_hold();
    for (i = 0; i < n; i++)
        if (o[i]->stream < 0 && !o[i]->mute && appear(o[i], n > 1) != 0) {
            rc = fail(e, o[i]);
            vanish(o[i], false);
            break;
        }
    if (rc == 0)
        for (i = 0; i < n; i++) drop_old(o[i]);
    else
        while (--i >= 0)
            if (o[i]->stream < 0) vanish(o[i], true);
    mnq_cleanup_release();
    return rc;
}

void mnq_output_end(struct mnq_output *o)
{
    if (o == NULL) return;
    drop_temp(o, &o->temp);
    if (o->dir >= 0) close(o->dir);
    if (o->stream >= 0) close(o->stream);
    o->dir = o->stream = -1;
}

bool mnq_output_left(const struct mnq_output *o, char *text, size_t n)
{
    if (o->left[0] == '\0') return false;
    if (o->left_why == 0) snprintf(text, n, "%s: what it was before is now %s/%s", o->name, o->folder, o->left);
    else
        snprintf(text, n, "%s: %s/%s is left, it cannot be removed: %s", o->name, o->folder, o->left, strerror(o->left_why));
    return true;
}

int mnq_output_write(const char *name, const void *data, size_t n, bool force, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_output *o = mnq_output_begin(name, force, &arena, e);
    int rc = o == NULL || mnq_output_put(o, data, n, e) != 0 ? -1 : mnq_output_commit(&o, 1, e);
    mnq_output_end(o);
    mnq_arena_free(&arena);
    return rc;
}
