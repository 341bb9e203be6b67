/* SPDX-License-Identifier: Apache-2.0
 * Whole files in, atomic files out. */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static int fail_errno(struct mnq_err *e, const char *path, const char *what)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s: %s", path, what, strerror(errno));
}

static int open_regular(const char *path, struct stat *st, struct mnq_err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not hang */
    if (fd < 0) return fail_errno(e, path, "cannot open");
    if (fstat(fd, st) != 0) {
        fail_errno(e, path, "cannot stat");
    } else if (!S_ISREG(st->st_mode)) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a regular file", path);
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

static int read_all(int fd, uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t got = read(fd, p + at, n - at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        at += (size_t)got;
    }
    return 0;
}

int mnq_file_read(const char *path, size_t max, struct mnq_arena *arena, uint8_t **data, size_t *size, struct mnq_err *e)
{
    struct stat st;
    int fd = open_regular(path, &st, e);
    if (fd < 0) return -1;
    int rc = -1;
    if (st.st_size < 0 || (uint64_t)st.st_size > max) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: %lld bytes, at most %zu are read", path, (long long)st.st_size, max);
    } else {
        *size = (size_t)st.st_size;
        *data = mnq_arena_alloc(arena, *size + 1);
        if (*data == NULL) mnq_fail_nomem(e);
        else if (read_all(fd, *data, *size) != 0)
            mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot read all of its %zu bytes", path, *size);
        else rc = 0;
    }
    close(fd);
    return rc;
}

/* Directory part of a path in a caller's buffer; "." if there is none. */
static int dir_of(const char *path, char *dir, size_t n)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == path) len = 1;
    if (len + 2 > n) return -1;
    if (len == 0) {
        memcpy(dir, ".", 2);
    } else {
        memcpy(dir, path, len);
        dir[len] = '\0';
    }
    return 0;
}

int mnq_file_writable(const char *path, bool force, struct mnq_err *e)
{
    char dir[4096];
    struct stat st;
    if (*path == '\0') return mnq_fail(e, MNQ_EXIT_USAGE, "output name is empty");
    if (dir_of(path, dir, sizeof dir) != 0) return mnq_fail(e, MNQ_EXIT_USAGE, "%s: name too long", path);
    if (stat(dir, &st) != 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: directory %s: %s", path, dir, strerror(errno));
    if (!S_ISDIR(st.st_mode)) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s is not a directory", path, dir);
    if (access(dir, W_OK | X_OK) != 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: directory %s: %s", path, dir, strerror(errno));
    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode)) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: exists and is not a regular file", path);
        if (!force) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: exists; -f overwrites it", path);
    }
    return 0;
}

char *mnq_file_temp(const char *path, struct mnq_arena *arena)
{
    size_t n = strlen(path) + 32;
    char *t = mnq_arena_alloc(arena, n);
    if (t != NULL) snprintf(t, n, "%s.tmp%ld", path, (long)getpid());
    return t;
}

int mnq_file_commit(const char *temp, const char *path, bool force, struct mnq_err *e)
{
    int rc;
    if (force) {
        rc = rename(temp, path);
    } else { /* link() refuses an existing name where rename() would replace it */
        rc = link(temp, path);
        if (rc == 0) unlink(temp);
        else if (errno == EPERM || errno == ENOTSUP)
            rc = access(path, F_OK) == 0 ? (errno = EEXIST, -1) : rename(temp, path);
    }
    if (rc == 0) return 0;
    fail_errno(e, path, "cannot write");
    unlink(temp);
    return -1;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t put = write(fd, p + at, n - at);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -1;
        at += (size_t)put;
    }
    return 0;
}

char *mnq_file_stage(const char *path, const void *data, size_t size, bool force, struct mnq_arena *arena, struct mnq_err *e)
{
    if (mnq_file_writable(path, force, e) != 0) return NULL;
    char *temp = mnq_file_temp(path, arena);
    if (temp == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        fail_errno(e, path, "cannot write");
        return NULL;
    }
    if (write_all(fd, data, size) != 0 || fsync(fd) != 0) {
        fail_errno(e, path, "cannot write");
        close(fd);
        unlink(temp);
        return NULL;
    }
    if (close(fd) != 0) {
        fail_errno(e, path, "cannot write");
        unlink(temp);
        return NULL;
    }
    return temp;
}

int mnq_file_write(const char *path, const void *data, size_t size, bool force, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    char *temp = mnq_file_stage(path, data, size, force, &arena, e);
    int rc = temp == NULL ? -1 : mnq_file_commit(temp, path, force, e);
    mnq_arena_free(&arena);
    return rc;
}

uint32_t mnq_bytes_crc32(uint32_t crc, const void *data, size_t n)
{
    return (uint32_t)crc32_z(crc, data, n);
}

int mnq_file_crc32(const char *path, uint32_t *crc, uint64_t *size, struct mnq_err *e)
{
    struct stat st;
    int fd = open_regular(path, &st, e);
    if (fd < 0) return -1;
    static const size_t chunk = 1 << 16;
    uint8_t *buf = malloc(chunk);
    int rc = -1;
    *crc = 0;
    *size = 0;
    for (;;) {
        ssize_t got = buf == NULL ? -1 : read(fd, buf, chunk);
        if (got < 0 && buf != NULL && errno == EINTR) continue;
        if (got < 0) {
            if (buf == NULL) mnq_fail_nomem(e);
            else fail_errno(e, path, "cannot read");
            break;
        }
        if (got == 0) {
            rc = 0;
            break;
        }
        *crc = mnq_bytes_crc32(*crc, buf, (size_t)got);
        *size += (uint64_t)got;
    }
    free(buf);
    close(fd);
    return rc;
}
