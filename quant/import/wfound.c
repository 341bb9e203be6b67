/* SPDX-License-Identifier: Apache-2.0
 * Which weights a Keras file holds: by layer_names and weight_names, or by Keras 3's tree of vars. */
#include "import/wmatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FOUND = 1 << 15, MAX_DEPTH = 24, MAX_GROUPS = 1 << 14 };

struct finder {
    struct mnq_h5 *h;
    struct mnq_arena *arena;
    struct mnq_founds *f;
    int cap, groups;
    struct mnq_err *e;
};

/* ---- the list ---- */

/* Splits a weight's name "a/b/kernel:0" into layer "a/b" and variable "kernel". */
static int split_name(struct finder *x, const char *name, struct mnq_found *out)
{
    char *layer = mnq_arena_strdup(x->arena, name), *slash = layer == NULL ? NULL : strrchr(layer, '/');
    if (layer == NULL) return mnq_fail_nomem(x->e);
    char *var = mnq_arena_strdup(x->arena, slash != NULL ? slash + 1 : layer);
    if (var == NULL) return mnq_fail_nomem(x->e);
    char *colon = strrchr(var, ':'); /* "kernel:0_mask:0" is another variable than "kernel:0" */
    if (colon != NULL && strspn(colon + 1, "0123456789") == strlen(colon + 1)) *colon = '\0';
    if (slash != NULL) *slash = '\0';
    else layer[0] = '\0';
    out->layer = layer;
    out->var = var;
    return 0;
}

/* Without its shape; see measure(). */
static int push(struct finder *x, struct mnq_found item)
{
    if ((item.path = mnq_arena_strdup(x->arena, item.path)) == NULL) return mnq_fail_nomem(x->e);
    if (x->f->n == x->cap) {
        if (x->cap >= MAX_FOUND)
            return mnq_fail(x->e, MNQ_EXIT_FAILED, "%s: more than %d weights", mnq_h5_name(x->h), (int)MAX_FOUND);
        int cap = x->cap == 0 ? 64 : 2 * x->cap;
        struct mnq_found *more = mnq_arena_array(x->arena, (size_t)cap, sizeof *more);
        if (more == NULL) return mnq_fail_nomem(x->e);
        if (x->f->n > 0) memcpy(more, x->f->item, (size_t)x->f->n * sizeof *more);
        x->f->item = more;
        x->cap = cap;
    }
    x->f->item[x->f->n++] = item;
    return 0;
}

/* Shapes of the items from `first` on. */
static int measure(struct finder *x, int first)
{
    int n = x->f->n - first;
    const char **path = calloc((size_t)n + 1, sizeof *path);
    struct mnq_h5_data *d = calloc((size_t)n + 1, sizeof *d);
    int rc = path == NULL || d == NULL ? mnq_fail_nomem(x->e) : 0;
    for (int i = 0; rc == 0 && i < n; i++) path[i] = x->f->item[first + i].path;
    if (rc == 0) rc = mnq_h5_shapes(x->h, path, n, d, x->e);
    for (int i = 0; rc == 0 && i < n; i++) {
        struct mnq_found *item = &x->f->item[first + i];
        item->rank = d[i].rank;
        item->bytes = d[i].bytes;
        memcpy(item->dim, d[i].dim, sizeof item->dim);
    }
    free(path);
    free(d);
    return rc;
}

/* ---- Keras 1 and 2, and Keras 3's legacy form ---- */

static int push_layer(struct finder *x, const char *layer, const char *group, const struct mnq_h5_texts *weights)
{
    char path[2040];
    for (int i = 0; i < weights->n; i++) {
        struct mnq_found item = {.group = layer, .path = path};
        snprintf(path, sizeof path, "%s/%.400s", group, weights->text[i]);
        if (split_name(x, weights->text[i], &item) != 0 || push(x, item) != 0) return -1;
    }
    return 0;
}

static int find_layers(struct finder *x, const char *root, char **layer, int n, const char **group,
                       struct mnq_h5_texts *weights, enum mnq_h5kind *kind)
{
    char path[1600];
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s%s%.1500s", root, root[1] == '\0' ? "" : "/", layer[i]);
        if ((group[i] = mnq_arena_strdup(x->arena, path)) == NULL) return mnq_fail_nomem(x->e);
    }
    if (mnq_h5_kinds(x->h, group, n, kind, x->e) != 0) return -1;
    for (int i = 0; i < n; i++)
        if (kind[i] != MNQ_H5_GROUP)
            return mnq_fail(x->e, MNQ_EXIT_FAILED, "%s: %.200s: no such group", mnq_h5_name(x->h), group[i]);
    if (mnq_h5_text_lists(x->h, group, n, "weight_names", weights, x->e) != 0) return -1;
    for (int i = 0; i < n; i++)
        if (push_layer(x, layer[i], group[i], &weights[i]) != 0) return -1;
    return measure(x, 0);
}

int mnq_found_keras2(struct mnq_h5 *h, const char *root, struct mnq_arena *arena, struct mnq_founds *f, struct mnq_err *e)
{
    struct finder x = {h, arena, f, 0, 0, e};
    char **layer;
    int n;
    *f = (struct mnq_founds){NULL, 0};
    if (mnq_h5_texts(h, root, "layer_names", &layer, &n, e) != 0) return -1;
    const char **group = calloc((size_t)n + 1, sizeof *group);
    struct mnq_h5_texts *weights = calloc((size_t)n + 1, sizeof *weights);
    enum mnq_h5kind *kind = calloc((size_t)n + 1, sizeof *kind);
    int rc = group == NULL || weights == NULL || kind == NULL ? mnq_fail_nomem(e)
                                                              : find_layers(&x, root, layer, n, group, weights, kind);
    free(group);
    free(weights);
    free(kind);
    return rc;
}

/* ---- Keras 3 ---- */

/* "conv2d_12": its stem's length and number (0 without one). */
static size_t stem(const char *s, long *number)
{
    size_t n = strlen(s), d = n;
    while (d > 0 && s[d - 1] >= '0' && s[d - 1] <= '9') d--;
    *number = 0;
    if (d == n || d == 0 || s[d - 1] != '_' || n - d > 8) return n;
    *number = strtol(s + d, NULL, 10);
    return d - 1;
}

/* In order of kind, then number: conv2d, conv2d_1, conv2d_2, conv2d_10. */
static int by_auto_name(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    long nx, ny;
    size_t lx = stem(x, &nx), ly = stem(y, &ny);
    int c = strncmp(x, y, lx < ly ? lx : ly);
    if (c != 0) return c;
    if (lx != ly) return lx < ly ? -1 : 1;
    return nx < ny ? -1 : nx > ny;
}

/* What Keras calls variable i of n of a layer, known by its automatic name; "" if that says nothing. */
static const char *var_name(const char *auto_name, int i, int n, bool quantized)
{
    static const char *const norm[] = {"gamma", "beta", "moving_mean", "moving_variance"}, *const separable[] = {
                                                                                               "depthwise_kernel",
                                                                                               "pointwise_kernel", "bias"};
    static const char *const scaled[] = {"kernel", "bias", "kernel_scale", "kernel_zero", "g_idx"};
    long number;
    size_t len = stem(auto_name, &number);
#define IS(s) (len == strlen(s) && strncmp(auto_name, s, len) == 0)
    if (quantized && n == 2) return scaled[2 * i]; /* without bias */
    if (quantized) return i < 5 ? scaled[i] : "";
    if (IS("prune_low_magnitude")) return n == 3 && i < 2 ? (i == 0 ? "mask" : "threshold") : "pruning_step";
    if (IS("normalization")) return i == 0 ? "mean" : i == 1 ? "variance" : "count";
    if (IS("conv2d") || IS("dense")) return i == 0 ? "kernel" : i == 1 ? "bias" : "";
    if (IS("depthwise_conv2d")) return i == 0 ? "depthwise_kernel" : i == 1 ? "bias" : "";
    if (IS("separable_conv2d")) return i < 3 ? separable[i] : "";
    if (IS("batch_normalization") && n == 4) return norm[i];
    if (IS("batch_normalization") && n == 2) return norm[i + 2];
    if (IS("batch_normalization") && n == 3) return i == 0 ? "" : norm[i + 1]; /* gamma or beta: only the order tells */
    if (strncmp(auto_name, "seed_generator", strlen("seed_generator")) == 0) return "seed_generator_state";
#undef IS
    return "";
}

/* "0", "1", ...: their order is not that of their names from 10 on, which no layer reaches. */
static int push_vars(struct finder *x, const char *group, const char *layer_path, const char *alias, int n)
{
    char path[2040];
    int first = x->f->n;
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%.1900s/%d", group, i);
        struct mnq_found item = {
            .group = "", .layer = mnq_arena_strdup(x->arena, layer_path), .var = "", .alias = alias, .path = path};
        if (item.layer == NULL) return mnq_fail_nomem(x->e);
        if (push(x, item) != 0) return -1;
    }
    return measure(x, first);
}

static int find_vars(struct finder *x, const char *group, const char *layer_path)
{
    char **name, *alias = NULL;
    const char *slash = strrchr(layer_path, '/'), *auto_name = slash != NULL ? slash + 1 : layer_path;
    int n, first = x->f->n;
    struct mnq_err quiet = {0};
    if (mnq_h5_members(x->h, group, &name, &n, x->e) != 0) return -1;
    if (mnq_h5_has_attr(x->h, group, "name")) mnq_h5_text(x->h, group, "name", &alias, &quiet);
    if (push_vars(x, group, layer_path, alias, n) != 0) return -1;
    if (n == 0) return 0;
    struct mnq_found *item = x->f->item + first;
    bool quantized = n >= 2 && item[0].bytes && item[0].rank == 2; /* the first variable is a kernel of integers */
    for (int i = 0; i < n; i++) item[i].var = var_name(auto_name, i, n, quantized);
    return 0;
}

/* Walks groups; `shown` is the path without the root, with Keras 2.13's name for "layers" replaced. */
static int walk(struct finder *x, const char *group, const char *shown, int depth)
{
    char **name, path[1024], next[1024];
    int n;
    if (depth > MAX_DEPTH || x->groups++ > MAX_GROUPS) /* hard links may form circles */
        return mnq_fail(x->e, MNQ_EXIT_FAILED, "%s: groups are nested too deeply", mnq_h5_name(x->h));
    if (mnq_h5_members(x->h, group, &name, &n, x->e) != 0) return -1;
    qsort(name, (size_t)n, sizeof *name, by_auto_name);
    for (int i = 0; i < n; i++) {
        int len = snprintf(path, sizeof path, "%s%s%s", group, group[1] == '\0' ? "" : "/", name[i]);
        if (len < 0 || (size_t)len >= sizeof path)
            return mnq_fail(x->e, MNQ_EXIT_FAILED, "%s: a group's path is too long", mnq_h5_name(x->h));
        if (depth == 0 && (strcmp(name[i], "optimizer") == 0 || strcmp(name[i], "metrics") == 0)) continue;
        if (!mnq_h5_is_group(x->h, path)) continue;
        if (strcmp(name[i], "vars") == 0) {
            if (find_vars(x, path, shown) != 0) return -1;
            continue;
        }
        const char *part = strcmp(name[i], "_layer_checkpoint_dependencies") == 0 ? "layers" : name[i];
        snprintf(next, sizeof next, "%s%s%s", shown, shown[0] == '\0' ? "" : "/", part);
        if (walk(x, path, next, depth + 1) != 0) return -1;
    }
    return 0;
}

int mnq_found_keras3(struct mnq_h5 *h, struct mnq_arena *arena, struct mnq_founds *f, struct mnq_err *e)
{
    struct finder x = {h, arena, f, 0, 0, e};
    *f = (struct mnq_founds){NULL, 0};
    return walk(&x, "/", "", 0);
}
