/* SPDX-License-Identifier: Apache-2.0
 * Which recipes a search tries. */
#include "search.h"

#include "passes/passes.h"

/* Whether the network can have this input size. */
static bool exists(const struct mnq_search_opts *o, int size)
{
    struct mnq_arena scratch = {0};
    struct mnq_graph raw, legal;
    struct mnq_err none = {0};
    const struct mnq_import_opts io = {.arch = o->base.arch, .resolution = size};
    bool ok =
        mnq_import(o->model, &io, &raw, &scratch, &none) == 0 && mnq_graph_legalize(&raw, &legal, &scratch, &none) == 0;
    mnq_arena_free(&scratch);
    return ok;
}

int mnq_search_sizes(const struct mnq_search_opts *o, const struct mnq_subject *native, int *size)
{
    static const int eighths[MNQ_SEARCH_SIZES] = {8, 7, 6, 5, 4, 3};
    int own = native->input.h, n = 0, step = own % 32 == 0 ? 32 : own % 16 == 0 ? 16 : own % 8 == 0 ? 8 : 1;
    size[n++] = own;
    for (int k = 1; k < MNQ_SEARCH_SIZES && native->input.h == native->input.w; k++) {
        int s = own * eighths[k] / 8 / step * step;
        if (s >= 32 && s < size[n - 1] && exists(o, s)) size[n++] = s;
    }
    return n;
}

double mnq_search_cut(int k)
{
    static const double cut[MNQ_SEARCH_CUTS] = {0, 0.25, 0.45, 0.65, 0.8};
    return cut[k];
}

struct mnq_recipe mnq_search_recipe(const struct mnq_search_opts *o, const struct mnq_subject *native, int size, double cut,
                                    enum mnq_search_kind kind, bool cost)
{
    struct mnq_recipe r = o->base;
    r.resolution = size == native->input.h ? o->base.resolution : size;
    r.channels = cut;
    r.weights = MNQ_WEIGHTS_INT8;
    r.ratio = kind == MNQ_SEARCH_SPARSE ? 0.5 : 0;
    if (kind == MNQ_SEARCH_AUTO) r.weights = cost ? MNQ_WEIGHTS_INT4 : MNQ_WEIGHTS_AUTO;
    if (!cost) return r;
    r.rounding = MNQ_ROUND_NEAREST;
    r.wide = r.wide_activations = MNQ_WIDE_NONE;
    r.bias_correction = r.re_fit = 0;
    r.observer = MNQ_OBS_MINMAX;
    r.method = MNQ_PRUNE_MAGNITUDE;
    r.samples = 4;
    return r;
}
