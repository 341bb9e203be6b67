/* SPDX-License-Identifier: Apache-2.0
 * Where a training stands, on disk.
 *
 * A head, then the state's bytes one piece after the other, as this host has them in memory: its byte order is part of the
 * head's first number. */
#include "tune_journal.h"

#include "util/file.h"
#include "util/outfile.h"
#include "util/spread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct head {
    uint64_t magic, bytes; /* of the state */
    uint32_t key, crc;     /* crc of the state */
};

static const uint64_t MAGIC = 0x314e55545f514e4d; /* "MNQ_TUN1" where the lowest byte comes first */
static const uint64_t LARGEST = (uint64_t)1 << 33;

void mnq_tune_journal_depends(struct mnq_tune_journal *j, const void *p, size_t n)
{
    if (j->path != NULL && p != NULL) j->key = mnq_bytes_crc32(j->key, p, n);
}

void mnq_tune_journal_holds(struct mnq_tune_journal *j, void *p, size_t n)
{
    if (j->path == NULL || p == NULL) return;
    if (j->n == j->room) {
        size_t room = j->room > 0 ? 2 * j->room : 64;
        struct mnq_tune_state *more = realloc(j->state, room * sizeof *more);
        j->failed = j->failed || more == NULL;
        if (more == NULL) return;
        j->state = more;
        j->room = room;
    }
    j->state[j->n++] = (struct mnq_tune_state){p, n};
    j->bytes += n;
}

/* ---- reading ---- */

/* The file's bytes in every process, as the first one reads them; *n 0: it is not there. */
static int read_all(const struct mnq_tune_journal *j, uint8_t **bytes, size_t *n, struct mnq_arena *arena, struct mnq_err *e)
{
    struct {
        uint64_t n;
        int64_t failed;
        char msg[sizeof e->msg];
    } said = {0};
    struct mnq_err bad = {0};
    int *start = mnq_arena_array(arena, (size_t)mnq_spread_processes() + 1, sizeof *start);
    if (start == NULL) return mnq_fail_nomem(e);
    if (mnq_spread_writes() && access(j->path, F_OK) == 0) {
        said.failed = mnq_file_read(j->path, LARGEST, arena, bytes, n, &bad);
        said.n = *n;
        memcpy(said.msg, bad.msg, sizeof said.msg);
    }
    for (int r = 1; r <= mnq_spread_processes(); r++) start[r] = 1;
    if (mnq_spread_processes() > 1 && mnq_spread_gather(&(struct mnq_spread_part){&said, sizeof said}, 1, 1, start, e) != 0)
        return -1;
    if (said.failed != 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s", said.msg);
    *n = said.n;
    if (*n == 0 || mnq_spread_processes() == 1) return 0;
    if (!mnq_spread_writes() && (*bytes = mnq_arena_alloc(arena, *n)) == NULL) return mnq_fail_nomem(e);
    return mnq_spread_gather(&(struct mnq_spread_part){*bytes, *n}, 1, 1, start, e);
}

static int take(const struct mnq_tune_journal *j, const uint8_t *bytes, size_t n, struct mnq_err *e)
{
    struct head h = {0};
    if (n >= sizeof h) memcpy(&h, bytes, sizeof h);
    if (h.magic != MAGIC) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a journal of a tuning", j->path);
    if (h.key != j->key || h.bytes != j->bytes)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s: is of a tuning with other models, samples or options: remove it, or name another", j->path);
    if (n - sizeof h != h.bytes || mnq_bytes_crc32(0, bytes + sizeof h, n - sizeof h) != h.crc)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: damaged: remove it to begin anew", j->path);
    const uint8_t *at = bytes + sizeof h;
    for (size_t k = 0; k < j->n; at += j->state[k++].n) memcpy(j->state[k].p, at, j->state[k].n);
    return 0;
}

int mnq_tune_journal_load(struct mnq_tune_journal *j, bool *found, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    uint8_t *bytes = NULL;
    size_t n = 0;
    *found = false;
    if (j->path == NULL) return 0;
    int rc = j->failed ? mnq_fail_nomem(e) : read_all(j, &bytes, &n, &scratch, e);
    *found = n > 0;
    if (rc == 0 && n > 0) rc = take(j, bytes, n, e);
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- writing ---- */

int mnq_tune_journal_save(const struct mnq_tune_journal *j, struct mnq_err *e)
{
    if (j->path == NULL || !mnq_spread_writes()) return 0;
    struct head h = {MAGIC, j->bytes, j->key, 0};
    uint8_t *bytes = j->failed ? NULL : malloc(sizeof h + j->bytes);
    if (bytes == NULL) return mnq_fail_nomem(e);
    uint8_t *to = bytes + sizeof h;
    for (size_t k = 0; k < j->n; to += j->state[k++].n) memcpy(to, j->state[k].p, j->state[k].n);
    h.crc = mnq_bytes_crc32(0, bytes + sizeof h, j->bytes);
    memcpy(bytes, &h, sizeof h);
    int rc = mnq_output_write(j->path, bytes, sizeof h + j->bytes, true, e);
    free(bytes);
    return rc;
}

void mnq_tune_journal_close(struct mnq_tune_journal *j)
{
    free(j->state);
    *j = (struct mnq_tune_journal){0};
}

int mnq_tune_journal_remove(const char *path, struct mnq_err *e)
{
    uint64_t magic = 0;
    FILE *f = path == NULL || !mnq_spread_writes() ? NULL : fopen(path, "rb");
    if (f == NULL) return 0;
    bool ours = fread(&magic, sizeof magic, 1, f) == 1 && magic == MAGIC;
    fclose(f);
    if (!ours || unlink(path) == 0 || errno == ENOENT) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot remove: %s", path, mnq_errno_text());
}
