/* SPDX-License-Identifier: Apache-2.0
 * Recipes: defaults, and their part of calibration as its options. */
#include "recipe.h"

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
    o.stages = (struct mnq_stage_options){.speed = r->plan != 0 || r->ram > 0, .ram = r->ram};
    if (r->target != NULL) { /* bytes are those of the core, and exports make plans of their own */
        o.budget = (struct mnq_xbudget){mnq_xtarget_find(r->target), r->ram, r->flash, r->cycles};
        o.flash = 0;
        o.stages = (struct mnq_stage_options){.speed = r->plan != 0};
    }
    o.samples = r->samples;
    o.threads = threads;
    return o;
}
