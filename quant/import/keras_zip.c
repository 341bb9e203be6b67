/* SPDX-License-Identifier: Apache-2.0
 * .keras archives: metadata.json, config.json and model.weights.h5 in a zip file. */
#include "import/container.h"

#include "util/zipname.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_JSON = 16 << 20, MAX_WEIGHTS = 1 << 30 };

static int fail(const char *name, const char *member, const char *what, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s: %s", name, member, what);
}

/* One member's bytes in the arena; *n is left 0 and *data NULL if it is absent. */
static int read_member(zip_t *z, const char *name, const char *member, size_t max, struct mnq_arena *arena, uint8_t **data,
                       size_t *n, struct mnq_err *e)
{
    zip_stat_t st;
    *data = NULL;
    *n = 0;
    zip_int64_t index = mnq_zip_find(z, member);
    if (index == MNQ_ZIP_TWICE) return fail(name, member, "twice in the archive", e);
    if (index < 0) return 0;
    if (zip_stat_index(z, (zip_uint64_t)index, 0, &st) != 0 || (st.valid & ZIP_STAT_SIZE) == 0)
        return fail(name, member, "the archive is damaged", e);
    if (st.size > max)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s: %llu bytes, at most %zu are read", name, member,
                        (unsigned long long)st.size, max);
    if ((st.valid & ZIP_STAT_COMP_SIZE) != 0 && st.size / 1100 > st.comp_size) /* deflate packs 1032 to 1 at most */
        return fail(name, member, "the archive is damaged", e);
    uint8_t *p = mnq_arena_alloc(arena, (size_t)st.size + 1);
    if (p == NULL) return mnq_fail_nomem(e);
    char where[400];
    snprintf(where, sizeof where, "%.300s: %.60s", name, member);
    if (mnq_zip_read(z, index, p, (size_t)st.size, where, e) != 0) return -1;
    *data = p;
    *n = (size_t)st.size;
    return 0;
}

static const struct mnq_ynode *read_json(zip_t *z, const char *name, const char *member, struct mnq_arena *arena,
                                         struct mnq_err *e)
{
    uint8_t *text;
    size_t n;
    char where[400];
    if (read_member(z, name, member, MAX_JSON, arena, &text, &n, e) != 0) return NULL;
    if (text == NULL) {
        fail(name, member, "not in the archive; a .keras file holds config.json and model.weights.h5", e);
        return NULL;
    }
    snprintf(where, sizeof where, "%.300s: %.60s", name, member);
    return mnq_ydoc_parse(where, MNQ_EXIT_FAILED, (const char *)text, n, arena, e);
}

static int read_version(zip_t *z, const char *name, struct mnq_graph *g, int *version, struct mnq_err *e)
{
    const struct mnq_ynode *metadata = read_json(z, name, "metadata.json", g->arena, e), *v;
    char text[80];
    if (metadata == NULL) return -1;
    v = mnq_y_get(metadata, "keras_version");
    *version = v != NULL && v->kind == MNQ_Y_SCALAR ? atoi(v->text) : 3;
    snprintf(text, sizeof text, "Keras %.20s .keras archive", v != NULL && v->kind == MNQ_Y_SCALAR ? v->text : "3");
    g->origin = mnq_arena_strdup(g->arena, text);
    return g->origin != NULL ? 0 : mnq_fail_nomem(e);
}

static int import_open(zip_t *z, const char *name, const struct mnq_import_opts *opts, struct mnq_graph *g,
                       struct mnq_err *e)
{
    int version;
    uint8_t *weights;
    size_t n;
    char inner[400];
    if (read_version(z, name, g, &version, e) != 0) return -1;
    const struct mnq_ynode *config = read_json(z, name, "config.json", g->arena, e);
    if (config == NULL) return -1;
    if (zip_name_locate(z, "model.weights.npz", 0) >= 0)
        return fail(name, "model.weights.npz", "weights in npz form are not supported, .h5 is", e);
    if (zip_name_locate(z, "model.weights.json", 0) >= 0)
        return fail(name, "model.weights.json", "weights in several shards are not supported, a single .h5 is", e);
    if (read_member(z, name, "model.weights.h5", MAX_WEIGHTS, g->arena, &weights, &n, e) != 0) return -1;
    if (weights == NULL) return fail(name, "model.weights.h5", "not in the archive", e);
    snprintf(inner, sizeof inner, "%.300s: model.weights.h5", name);
    struct mnq_h5 *h = mnq_h5_open_bytes(inner, weights, n, g->arena, e);
    if (h == NULL) return -1;
    int rc = mnq_import_config3(h, config, version, opts, g, e);
    rc = mnq_h5_settle(h, rc, e);
    mnq_h5_close(h);
    return rc;
}

int mnq_import_zip(const char *name, const uint8_t *bytes, size_t n, const struct mnq_import_opts *opts, struct mnq_graph *g,
                   struct mnq_err *e)
{
    zip_error_t ze;
    zip_error_init(&ze);
    zip_source_t *source = zip_source_buffer_create(bytes, n, 0, &ze);
    zip_t *z = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &ze);
    if (z == NULL) {
        if (source == NULL || zip_error_code_zip(&ze) == ZIP_ER_MEMORY) mnq_fail_nomem(e);
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: the zip archive is damaged or truncated: %s", name, zip_error_strerror(&ze));
        if (source != NULL) zip_source_free(source);
        zip_error_fini(&ze);
        return -1;
    }
    zip_error_fini(&ze);
    int rc = import_open(z, name, opts, g, e);
    zip_discard(z);
    return rc;
}
