/* SPDX-License-Identifier: Apache-2.0
 * Pruning: which layers, how many zeros, by which method. */
#include "prune.h"

#include "prune_parts.h"

#include <math.h>
#include <string.h>

/* ---- layers ---- */

static int list_layers(struct mnq_pruning *p, struct mnq_err *e)
{
    const struct mnq_graph *g = p->legal;
    struct mnq_prune_report *r = p->r;
    r->layer = mnq_arena_array(p->arena, (size_t)g->n, sizeof *r->layer);
    p->fixed = mnq_arena_array(p->arena, (size_t)g->n, sizeof *p->fixed);
    p->want_here = mnq_arena_array(p->arena, (size_t)g->n, sizeof *p->want_here);
    if (r->layer == NULL || p->fixed == NULL || p->want_here == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) {
        if (!mnq_prune_can(g, i)) continue;
        const struct mnq_layer_choice *c = p->o->choice != NULL ? &p->o->choice[i] : NULL;
        p->fixed[r->n_layers] = c != NULL && c->ratio >= 0 ? c->ratio : -1;
        r->layer[r->n_layers++] =
            (struct mnq_prune_layer){.name = g->node[i].name,
                                     .node = i,
                                     .inputs = g->node[g->node[i].in[0]].out.c,
                                     .outputs = g->node[i].out.c,
                                     .pattern = c != NULL && c->pattern.m >= 0 ? c->pattern : p->o->pattern,
                                     .weights = (int64_t)mnq_node_weights(g, &g->node[i])};
    }
    if (r->n_layers > 0) return 0;
    return mnq_fail_unfit(
        e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
        "%s: nothing to prune: no 1x1 or dense layer behind the first layer (a dense one on a flattened map is a "
        "convolution over all of it)",
        g->file != NULL ? g->file : "graph");
}

/* ---- how many ---- */

/* N:M settles a layer's zeros; a ratio beside it must agree, or leave some layers dense. */
static int settle_n_m(struct mnq_pruning *p, int l, struct mnq_err *e)
{
    const double close = 0.005;
    const struct mnq_prune_layer *layer = &p->r->layer[l];
    double implied = 1 - (double)layer->pattern.n / layer->pattern.m;
    bool ruled = p->fixed[l] >= 0;
    double ratio = ruled ? p->fixed[l] : p->o->ratio;
    char text[24];
    if (ruled && ratio == 0) {
        p->want_here[l] = 0;
    } else if (isnan(ratio) || fabs(ratio - implied) <= close) {
        p->want_here[l] = mnq_prune_implied(layer);
    } else if (ratio > implied || ruled || p->o->scope == MNQ_PRUNE_LAYER) {
        mnq_pattern_text(&layer->pattern, text, sizeof text);
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE, "ratio %g: pattern %s makes %g of a layer's weights zero",
                              ratio, text, implied);
    }
    return 0;
}

static int settle_amounts(struct mnq_pruning *p, struct mnq_err *e)
{
    const struct mnq_prune_opts *o = p->o;
    int64_t all = 0, most = 0, fixed = 0;
    bool exact = false; /* every free layer has its own number */
    for (int l = 0; l < p->r->n_layers; l++) {
        const struct mnq_prune_layer *layer = &p->r->layer[l];
        double ratio = p->fixed[l] >= 0 ? p->fixed[l] : o->scope == MNQ_PRUNE_LAYER ? o->ratio : -1;
        p->want_here[l] = -1;
        if (layer->pattern.kind == MNQ_PATTERN_N_M) {
            if (settle_n_m(p, l, e) != 0) return -1;
        } else if (isnan(o->ratio) && p->fixed[l] < 0) {
            return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE, "a ratio is missing: only a pattern N:M implies one");
        } else if (ratio >= 0) {
            p->want_here[l] = llround(ratio * (double)layer->weights);
            int64_t limit = mnq_prune_limit(layer);
            if (p->want_here[l] > limit && ratio > MNQ_PRUNE_MOST)
                return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE,
                                      "layer '%s': ratio %g cannot be reached, at most %g of it may become zero",
                                      layer->name, ratio, (double)limit / (double)layer->weights);
            if (p->want_here[l] > limit) p->want_here[l] = limit;
        }
        exact = exact || p->want_here[l] >= 0;
        all += layer->weights;
        most += p->want_here[l] >= 0 ? p->want_here[l] : mnq_prune_limit(layer);
        if (p->want_here[l] >= 0) fixed += p->want_here[l];
    }
    p->want = isnan(o->ratio) || o->scope == MNQ_PRUNE_LAYER ? fixed : llround(o->ratio * (double)all);
    if (o->scope == MNQ_PRUNE_LAYER || isnan(o->ratio) || p->want <= most) return 0;
    return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                          "ratio %g cannot be reached: at most %g of the 1x1 weights may become zero%s", o->ratio,
                          (double)most / (double)all, exact ? " under these rules" : "");
}

/* ---- parts ---- */

/* What the layer's weights lost, relative to what they were. */
static void weight_errors(const struct mnq_pruning *p)
{
    for (int l = 0; l < p->r->n_layers; l++) {
        struct mnq_prune_layer *layer = &p->r->layer[l];
        const float *a = p->legal->node[layer->node].w, *b = p->out->node[layer->node].w;
        double noise = 0, signal = 0;
        for (int64_t k = 0; k < layer->weights; k++) {
            double d = (double)a[k] - (double)b[k];
            noise += d * d;
            signal += (double)a[k] * (double)a[k];
        }
        layer->error = signal > 0 ? noise / signal : 0;
    }
}

/* ---- the surgeon ---- */

/* Weights drawn more or less toward the dense ones; the held-back samples decide. Of large networks only the first is tried,
 * which was the best or nearly so wherever all were. */
static const double dampings[] = {0.3, 0.1, 1.0};
enum { DAMPINGS = sizeof dampings / sizeof *dampings };

/* Judges what p->out holds and keeps the better of it and `best`. */
static int keep_better(struct mnq_pruning *p, const char *name, struct mnq_graph *best, double *layer_error,
                       struct mnq_err *e)
{
    struct mnq_prune_report *r = p->r;
    double error;
    if (mnq_prune_logits_error(p, p->out, &error, e) != 0) return -1;
    bool first = r->n_passes == 0, better = first || error < r->error;
    r->pass[r->n_passes++] = (struct mnq_calib_pass){name, first ? error : r->error, error, better};
    if (!better) return 0;
    r->error = error;
    mnq_prune_copy_weights(p->out, best);
    for (int l = 0; l < r->n_layers; l++) layer_error[l] = r->layer[l].error;
    return 0;
}

static int prune_by_obs(struct mnq_pruning *p, struct mnq_err *e)
{
    static const char *const names[DAMPINGS] = {"surgeon, damping 0.3", "surgeon, damping 0.1", "surgeon, damping 1"};
    int layers = p->r->n_layers;
    bool all_fixed = true;
    struct mnq_graph best;
    double *layer_error = mnq_arena_array(p->arena, (size_t)layers, sizeof *layer_error);
    p->zeros = mnq_arena_array(p->arena, (size_t)layers, sizeof *p->zeros);
    p->r->pass = mnq_arena_array(p->arena, DAMPINGS + 1, sizeof *p->r->pass);
    if (layer_error == NULL || p->zeros == NULL || p->r->pass == NULL) return mnq_fail_nomem(e);
    if (mnq_graph_copy(&best, p->legal, p->arena, e) != 0) return -1;
    for (int l = 0; l < layers; l++) {
        if (p->want_here[l] >= 0) p->zeros[l] = p->want_here[l];
        else all_fixed = false;
    }
    p->damping = dampings[0];
    if (!all_fixed && mnq_prune_allocate(p, e) != 0) return -1;
    if (mnq_prune_magnitude(p, e) != 0) return -1;
    weight_errors(p);
    if (keep_better(p, "magnitude", &best, layer_error, e) != 0) return -1;
    for (int k = 0; k < (mnq_prune_large(p->r) ? 1 : DAMPINGS); k++) {
        mnq_prune_copy_weights(p->legal, p->out);
        p->damping = dampings[k];
        if (mnq_prune_sequential(p, e) != 0 || keep_better(p, names[k], &best, layer_error, e) != 0) return -1;
    }
    mnq_prune_copy_weights(&best, p->out);
    for (int l = 0; l < layers; l++) p->r->layer[l].error = layer_error[l];
    return 0;
}

/* ---- public ---- */

int mnq_prune(const struct mnq_graph *legal, const struct mnq_dataset *data, const struct mnq_preprocess *pp,
              const struct mnq_prune_opts *o, struct mnq_graph *out, struct mnq_prune_report *r, struct mnq_arena *arena,
              mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    struct mnq_pruning p = {
        .legal = legal, .out = out, .o = o, .r = r, .arena = arena, .progress = progress, .progress_ctx = progress_ctx};
    *r = (struct mnq_prune_report){.error = (double)NAN};
    if (list_layers(&p, e) != 0 || settle_amounts(&p, e) != 0 || mnq_graph_copy(out, p.legal, p.arena, e) != 0) return -1;
    if (data != NULL && mnq_prune_look(&p, data, pp, e) != 0) return -1;
    if (o->method == MNQ_PRUNE_OBS) {
        if (data == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "the optimal brain surgeon needs samples");
        if (prune_by_obs(&p, e) != 0) return -1;
    } else {
        if (mnq_prune_magnitude(&p, e) != 0) return -1;
        weight_errors(&p);
        if (data != NULL && mnq_prune_logits_error(&p, out, &r->error, e) != 0) return -1;
    }
    if (data != NULL && mnq_prune_expect(&p, e) != 0) return -1;
    mnq_prune_count(out, r);
    int64_t zeros = 0;
    for (int l = 0; l < r->n_layers; l++) zeros += r->layer[l].zeros;
    if (o->scope == MNQ_PRUNE_LAYER || zeros >= p.want) return 0;
    return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                          "ratio %g cannot be reached: the pattern allows %lld zeros, %lld are wanted", o->ratio,
                          (long long)zeros, (long long)p.want);
}
