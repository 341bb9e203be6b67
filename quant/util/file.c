/* SPDX-License-Identifier: Apache-2.0
 * Whole files in, checksums. */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static int fail_errno(struct mnq_err *e, const char *path, const char *what)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s: %s", path, what, mnq_errno_text());
}

static const char *kind_text(mode_t mode)
{
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    return "a device";
}

/* Files that a kernel makes up (/proc) say that they are empty: what they hold is known by reading alone, and may not end.
 */
static bool is_made_up(int fd, const struct stat *st)
{
    char byte;
    return st->st_size == 0 && read(fd, &byte, 1) != 0;
}

int mnq_file_open(const char *path, struct stat *st, struct mnq_err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not hang */
    if (fd < 0 && errno == ENXIO && stat(path, st) == 0 && S_ISSOCK(st->st_mode))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a regular file but a socket", path);
    if (fd < 0) return fail_errno(e, path, "cannot open");
    if (fstat(fd, st) != 0) {
        fail_errno(e, path, "cannot stat");
    } else if (!S_ISREG(st->st_mode)) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a regular file but %s", path, kind_text(st->st_mode));
    } else if (is_made_up(fd, st)) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a regular file but one without a size, whose end is not known", path);
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
    int fd = mnq_file_open(path, &st, e);
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

uint32_t mnq_bytes_crc32(uint32_t crc, const void *data, size_t n)
{
    return (uint32_t)crc32_z(crc, data, n);
}

int mnq_file_crc32(const char *path, uint32_t *crc, uint64_t *size, struct mnq_err *e)
{
    struct stat st;
    int fd = mnq_file_open(path, &st, e);
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
