/* SPDX-License-Identifier: Apache-2.0
 * Which kind of file is it: full model, weights only, archive. */
#include "import/import.h"
#include "import/container.h"
#include "util/file.h"
#include "util/filekind.h"

#include <string.h>
#include <unistd.h>

static int import_h5(struct mnq_h5 *h, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_err *e)
{
    int rc;
    if (mnq_h5_has_attr(h, "/", "model_config")) rc = mnq_import_full(h, opts, g, e);
    else rc = mnq_import_weights(h, opts, g, e);
    rc = mnq_h5_settle(h, rc, e);
    mnq_h5_close(h);
    return rc != 0 ? -1 : mnq_graph_check(g, e);
}

static int begin(struct mnq_graph *g, const char *name, struct mnq_arena *arena, struct mnq_err *e)
{
    mnq_graph_init(g, arena);
    g->file = mnq_arena_strdup(arena, name);
    return g->file != NULL ? 0 : mnq_fail_nomem(e);
}

static bool is_zip(const uint8_t *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* ---- public ---- */

static const struct mnq_import_opts none = {0};

int mnq_import_bytes(const char *name, const uint8_t *bytes, size_t n, const struct mnq_import_opts *opts,
                     struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e)
{
    if (opts == NULL) opts = &none;
    if (mnq_filekind_explain_bytes(name, bytes, n, MNQ_WANTED_MODEL, e) != 0 || begin(g, name, arena, e) != 0) return -1;
    if (is_zip(bytes, n)) return mnq_import_zip(name, bytes, n, opts, g, e) != 0 ? -1 : mnq_graph_check(g, e);
    struct mnq_h5 *h = mnq_h5_open_bytes(name, bytes, n, arena, e);
    return h == NULL ? -1 : import_h5(h, opts, g, e);
}

int mnq_import(const char *path, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_arena *arena,
               struct mnq_err *e)
{
    enum { MAX_ZIP = 512 << 20 };
    uint8_t head[4] = {0}, *bytes;
    struct stat st;
    if (mnq_filekind_explain(path, MNQ_WANTED_MODEL, e) != 0) return -1;
    size_t n;
    int fd = mnq_file_open(path, &st, e);
    if (fd < 0) return -1;
    ssize_t got = pread(fd, head, sizeof head, 0);
    close(fd);
    if (got == (ssize_t)sizeof head && is_zip(head, sizeof head)) {
        if (mnq_file_read(path, MAX_ZIP, arena, &bytes, &n, e) != 0) return -1;
        return mnq_import_bytes(path, bytes, n, opts, g, arena, e);
    }
    if (begin(g, path, arena, e) != 0) return -1;
    struct mnq_h5 *h = mnq_h5_open(path, arena, e);
    return h == NULL ? -1 : import_h5(h, opts != NULL ? opts : &none, g, e);
}
