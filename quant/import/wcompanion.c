/* SPDX-License-Identifier: Apache-2.0
 * What other datasets of a layer say about its weights.
 *
 * Wrappers of TensorFlow's model optimization toolkit keep their variables beside those of the layer inside: in the same
 * HDF5 group, under names that carry the weight's. Keras 3's quantized layers have a scale per output, w = stored / scale;
 * two integers of 4 bits share a byte along the input or (later releases) the output axis, the even one in the low half. */
#include "import/wcompanion.h"

#include <math.h>
#include <string.h>

/* ---- names ---- */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

bool mnq_found_is_aside(const struct mnq_found *f)
{
    static const char *const name[] = {"seed_generator_state", "pruning_step", "optimizer_step", "count",
                                       "kernel_scale",         "kernel_zero",  "g_idx",          "kernel_amax_history",
                                       "inputs_scale"};
    static const char *const end[] = {"mask", "threshold", "_min", "_max"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (strcmp(f->var, name[i]) == 0) return true;
    for (size_t i = 0; i < sizeof end / sizeof *end; i++)
        if (ends_with(f->var, end[i])) return true;
    return strncmp(f->var, "cluster_centroids", 17) == 0 || strncmp(f->var, "pulling_indices", 15) == 0;
}

bool mnq_found_is_nibbles(const struct mnq_found *f, int64_t in, int64_t out)
{
    if (!f->bytes || f->rank != 2) return false;
    return (f->dim[0] == (in + 1) / 2 && f->dim[1] == out) || (f->dim[0] == in && f->dim[1] == (out + 1) / 2);
}

static bool continues(const char *longer, const char *shorter)
{
    size_t n = strlen(longer), m = strlen(shorter);
    return n > m && strncmp(longer, shorter, m) == 0 && longer[m] == '/';
}

static bool wraps(const char *longer, const char *shorter)
{
    size_t n = strlen(longer), m = strlen(shorter);
    return m > 0 && n > m && longer[n - m - 1] == '_' && ends_with(longer, shorter);
}

/* The variable is its group's own: of the wrapper that the group is named after. */
static bool is_outer(const struct mnq_found *f)
{
    return f->group[0] != '\0' && strcmp(f->layer, f->group) == 0;
}

/* How surely both belong to one layer: 3 the same path, 2 one inside the other's, 1 "prune_low_magnitude_x" and "x", 0. */
static int kinship(const struct mnq_found *a, const struct mnq_found *b)
{
    if (strcmp(a->group, b->group) != 0) return 0;
    if (strcmp(a->layer, b->layer) == 0) return 3;
    if (continues(a->layer, b->layer) || continues(b->layer, a->layer)) return 2;
    return wraps(a->layer, b->layer) || wraps(b->layer, a->layer) || is_outer(a) || is_outer(b);
}

/* The kernel's companion under this name (its beginning or end), of the kernel's shape if that is wanted; or NULL. */
static const struct mnq_found *companion(const struct mnq_founds *found, int item, const char *name, bool like_kernel)
{
    const struct mnq_found *kernel = &found->item[item], *best = NULL;
    int surest = 0;
    for (int i = 0; i < found->n; i++) {
        const struct mnq_found *f = &found->item[i];
        int sure = i == item ? 0 : kinship(f, kernel);
        if (sure <= surest || (!ends_with(f->var, name) && strncmp(f->var, name, strlen(name)) != 0)) continue;
        if (like_kernel && (f->rank != kernel->rank || memcmp(f->dim, kernel->dim, (size_t)f->rank * sizeof *f->dim) != 0))
            continue;
        surest = sure;
        best = f;
    }
    return best;
}

/* ---- values ---- */

static int apply_mask(struct mnq_h5 *h, const struct mnq_found *mask, struct mnq_h5_data *d, struct mnq_err *e)
{
    struct mnq_h5_data m;
    if (mnq_h5_read(h, mask->path, &m, e) != 0) return -1;
    for (size_t i = 0; i < d->n; i++) d->v[i] *= m.v[i];
    return 0;
}

static float nearest(const struct mnq_h5_data *centroids, float w)
{
    float best = centroids->v[0];
    for (size_t k = 1; k < centroids->n; k++)
        if (fabsf(centroids->v[k] - w) < fabsf(best - w)) best = centroids->v[k];
    return best;
}

static int apply_clusters(struct mnq_h5 *h, const struct mnq_found *centroids, const struct mnq_found *indices,
                          struct mnq_h5_data *d, struct mnq_err *e)
{
    struct mnq_h5_data c, at = {.n = 0};
    if (mnq_h5_read(h, centroids->path, &c, e) != 0 || (indices != NULL && mnq_h5_read(h, indices->path, &at, e) != 0))
        return -1;
    if (c.n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: no centroids", mnq_h5_name(h), c.path);
    for (size_t i = 0; i < d->n; i++) {
        if (indices == NULL) {
            d->v[i] = nearest(&c, d->v[i]);
            continue;
        }
        if (!(at.v[i] >= 0.0f && at.v[i] < (float)c.n))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: index %g of %zu centroids", mnq_h5_name(h), at.path,
                            (double)at.v[i], c.n);
        d->v[i] = c.v[(size_t)at.v[i]];
    }
    return 0;
}

/* Two signed integers of 4 bits a byte: [ceil(in/2)][out] or [in][ceil(out/2)]. */
static int unpack_nibbles(struct mnq_h5_data *d, int64_t in, int64_t out, struct mnq_arena *arena, struct mnq_err *e)
{
    float *v = mnq_arena_array(arena, (size_t)in * (size_t)out, sizeof *v);
    bool rows = d->dim[0] != in;
    if (v == NULL) return mnq_fail_nomem(e);
    for (int64_t i = 0; i < in; i++)
        for (int64_t o = 0; o < out; o++) {
            int64_t r = rows ? i / 2 : i, c = rows ? o : o / 2;
            int byte = (int)d->v[r * d->dim[1] + c] & 255, half = (rows ? i : o) % 2 == 0 ? byte & 15 : byte >> 4;
            v[i * out + o] = (float)(half >= 8 ? half - 16 : half);
        }
    d->v = v;
    d->dim[0] = in;
    d->dim[1] = out;
    d->n = (size_t)in * (size_t)out;
    return 0;
}

static int apply_scale(struct mnq_h5 *h, const struct mnq_found *scale, struct mnq_h5_data *d, struct mnq_err *e)
{
    struct mnq_h5_data s;
    size_t c = (size_t)d->dim[d->rank - 1];
    if (scale == NULL)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: integers without a kernel_scale; save the float model",
                        mnq_h5_name(h), d->path);
    if (mnq_h5_read(h, scale->path, &s, e) != 0) return -1;
    if (s.n != c && s.n != 1)
        return mnq_fail(
            e, MNQ_EXIT_FAILED,
            "%s: %.200s: %zu scales for %zu outputs; weights quantized in groups are not supported, save the float "
            "model",
            mnq_h5_name(h), s.path, s.n, c);
    for (size_t i = 0; i < d->n; i++) {
        float v = s.v[s.n == 1 ? 0 : i % c];
        if (v == 0.0f) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: a scale is 0", mnq_h5_name(h), s.path);
        d->v[i] = (float)((double)d->v[i] / (double)v);
    }
    return 0;
}

int mnq_companions_apply(struct mnq_h5 *h, const struct mnq_founds *found, int item, int64_t in, int64_t out,
                         struct mnq_h5_data *d, bool *changed, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_found *kernel = &found->item[item], *mask = companion(found, item, "mask", true),
                           *centroids = companion(found, item, "cluster_centroids", false),
                           *indices = companion(found, item, "pulling_indices", true);
    *changed = false;
    if (centroids != NULL) {
        *changed = true;
        if (apply_clusters(h, centroids, indices, d, e) != 0) return -1;
    }
    if (mask != NULL && apply_mask(h, mask, d, e) != 0) return -1;
    if (!kernel->bytes) return 0;
    *changed = true;
    bool nibbles = mnq_found_is_nibbles(kernel, in, out) && !(kernel->dim[0] == in && kernel->dim[1] == out);
    if (nibbles && unpack_nibbles(d, in, out, arena, e) != 0) return -1;
    return apply_scale(h, companion(found, item, "kernel_scale", false), d, e);
}
