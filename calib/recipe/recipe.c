/* SPDX-License-Identifier: Apache-2.0
 * Recipes: defaults, reading a file. */
#include "recipe_key.h"

#include "util/file.h"

#include <string.h>

enum { RECIPE_MAX = 1 << 20 }; /* bytes of a recipe file */

void mnq_recipe_defaults(struct mnq_recipe *r)
{
    struct mnq_calib_opts o;
    mnq_calib_defaults(&o);
    *r = (struct mnq_recipe){.resize = MNQ_RESIZE_STRETCH,
                             .filter = MNQ_FILTER_PIL,
                             .observer = (int)o.observer,
                             .act_scale = (int)o.act_scale,
                             .rounding = (int)o.rounding,
                             .wide = (int)o.wide,
                             .wide_activations = (int)o.wide_activations,
                             .bias_correction = o.bias_correction,
                             .shrink = o.shrink,
                             .percentile = o.percentile,
                             .wide_budget = o.wide_budget,
                             .samples = o.samples,
                             .weights = (int)o.weights,
                             .bases = o.bases,
                             .small_layer = o.small_layer,
                             .re_fit = o.refit,
                             .storage = MNQ_STORAGE_BYTES,
                             .scope = MNQ_PRUNE_GLOBAL,
                             .method = MNQ_PRUNE_AUTO};
}

struct mnq_calib_opts mnq_recipe_calib(const struct mnq_recipe *r, int threads)
{
    struct mnq_calib_opts o;
    mnq_calib_defaults(&o);
    o.observer = (enum mnq_observer)r->observer;
    o.percentile = r->percentile;
    o.act_scale = (enum mnq_act_scale)r->act_scale;
    o.rounding = (enum mnq_rounding)r->rounding;
    o.wide = (enum mnq_wide)r->wide;
    o.wide_activations = (enum mnq_wide)r->wide_activations;
    o.wide_budget = r->wide_budget;
    o.bias_correction = r->bias_correction != 0;
    o.shrink = r->shrink != 0;
    o.refit = r->re_fit != 0;
    o.weights = (enum mnq_weights)r->weights;
    o.bases = r->bases;
    o.small_layer = r->small_layer;
    o.max_drop = r->max_drop;
    o.flash = r->flash;
    o.storage = (enum mnq_storage_mode)r->storage;
    o.samples = r->samples;
    o.threads = threads;
    return o;
}

int mnq_recipe_parse(const char *name, const char *text, size_t n, struct mnq_recipe *r, struct mnq_arena *arena,
                     struct mnq_err *e)
{
    enum { MAX_KEYS = 64 };
    const char *known[MAX_KEYS];
    int n_known = 0;
    while (n_known < MAX_KEYS && mnq_recipe_key(n_known) != NULL) {
        known[n_known] = mnq_recipe_key(n_known);
        n_known++;
    }
    const struct mnq_ynode *root = mnq_ydoc_parse(name, MNQ_EXIT_USAGE, text, n, arena, e);
    if (root == NULL) return -1;
    if (mnq_y_null(root)) return 0; /* an empty recipe changes nothing */
    if (mnq_y_want(root, MNQ_Y_MAP, e) != 0 || mnq_y_only(root, known, n_known, e) != 0) return -1;
    for (const struct mnq_ynode *v = root->first; v != NULL; v = v->next) {
        if (strcmp(v->key, "layers") == 0 && mnq_recipe_read_rules(v, r, arena, e) != 0) return -1;
        for (int i = 0; i < mnq_n_recipe_keys; i++)
            if (strcmp(mnq_recipe_keys[i].name, v->key) == 0 && mnq_key_read(&mnq_recipe_keys[i], v, r, arena, e) != 0)
                return -1;
    }
    return 0;
}

int mnq_recipe_read(const char *path, struct mnq_recipe *r, struct mnq_arena *arena, struct mnq_err *e)
{
    uint8_t *text;
    size_t n;
    if (mnq_file_read(path, RECIPE_MAX, arena, &text, &n, e) != 0) return -1;
    return mnq_recipe_parse(path, (const char *)text, n, r, arena, e);
}
