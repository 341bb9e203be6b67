/* SPDX-License-Identifier: Apache-2.0
 * Which kind of file is it: full model, weights only, archive. */
#include "import/import.h"
#include "import/container.h"
#include "util/file.h"
#include "util/filekind.h"
#include "util/trial.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int import_h5(struct mnq_h5 *h, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_err *e)
{
    int rc;
    if (mnq_h5_has_attr(h, "/", "model_config")) rc = mnq_import_full(h, opts, g, e);
    else rc = mnq_import_weights(h, opts, g, e);
    mnq_h5_close(h);
    return rc != 0 ? -1 : mnq_graph_check(g, e);
}

static int begin(struct mnq_graph *g, const char *name, struct mnq_arena *arena, struct mnq_err *e)
{
    mnq_graph_init(g, arena);
    g->file = mnq_arena_strdup(arena, name);
    return g->file != NULL ? 0 : mnq_fail_nomem(e);
}

/* ---- the trial ---- */

/* What is about to be imported: a file, or bytes. */
struct job {
    const char *path;
    const uint8_t *bytes;
    size_t n;
    const struct mnq_import_opts *opts;
    struct mnq_graph *g;
    struct mnq_arena *arena;
    struct mnq_err *e;
};

static bool is_zip(const uint8_t *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

static int import_bytes(const struct job *j)
{
    if (is_zip(j->bytes, j->n))
        return mnq_import_zip(j->path, j->bytes, j->n, j->opts, j->g, j->e) != 0 ? -1 : mnq_graph_check(j->g, j->e);
    struct mnq_h5 *h = mnq_h5_open_bytes(j->path, j->bytes, j->n, j->arena, j->e);
    return h == NULL ? -1 : import_h5(h, j->opts, j->g, j->e);
}

static int import_file(const struct job *j)
{
    struct mnq_h5 *h = mnq_h5_open(j->path, j->arena, j->e);
    return h == NULL ? -1 : import_h5(h, j->opts, j->g, j->e);
}

static void attempt(void *ctx)
{
    const struct job *j = ctx;
    (void)(j->bytes != NULL ? import_bytes(j) : import_file(j));
}

/* The HDF5 library overruns buffers, aborts or spins on some damaged files (1.10.8, about 1 in 200 with a few random bytes
 * changed); a copy of the process finds out first. size: of the file, for the time allowed. */
static int import_tried(struct job *j, uint64_t size)
{
    if (begin(j->g, j->path, j->arena, j->e) != 0) return -1;
    if (mnq_trial(attempt, j, 3 + (unsigned)(size >> 22)) != 0)
        return mnq_fail(j->e, MNQ_EXIT_FAILED, "%s: damaged HDF5 file: the HDF5 library fails on it", j->path);
    return j->bytes != NULL ? import_bytes(j) : import_file(j);
}

/* ---- public ---- */

static const struct mnq_import_opts none = {0};

int mnq_import_bytes(const char *name, const uint8_t *bytes, size_t n, const struct mnq_import_opts *opts,
                     struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e)
{
    struct job j = {name, bytes, n, opts != NULL ? opts : &none, g, arena, e};
    return mnq_filekind_explain_bytes(name, bytes, n, MNQ_WANTED_MODEL, e) != 0 ? -1 : import_tried(&j, n);
}

int mnq_import(const char *path, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_arena *arena,
               struct mnq_err *e)
{
    enum { MAX_ZIP = 512 << 20 };
    uint8_t head[4] = {0};
    size_t n = 0;
    struct stat st;
    FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL; /* a pipe would block */
    if (f != NULL) {
        n = fread(head, 1, sizeof head, f);
        fclose(f);
    }
    if (mnq_filekind_explain(path, MNQ_WANTED_MODEL, e) != 0) return -1;
    if (is_zip(head, n)) {
        uint8_t *bytes;
        if (mnq_file_read(path, MAX_ZIP, arena, &bytes, &n, e) != 0) return -1;
        return mnq_import_bytes(path, bytes, n, opts, g, arena, e);
    }
    struct job j = {path, NULL, 0, opts != NULL ? opts : &none, g, arena, e};
    return import_tried(&j, f != NULL ? (uint64_t)st.st_size : 0);
}
