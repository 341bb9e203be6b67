/* SPDX-License-Identifier: Apache-2.0
 * Calibration: float graph and sample data in, integer model out.
 *
 * One float pass collects histograms; scales follow from them; a short float probe finds the layers that need 16-bit
 * weights; then the network is lowered sequentially. Steps are judged by the noise they leave at the logits of held samples,
 * and the report says what each one gained. */
#include "calibrate.h"

#include "afford.h"
#include "calib_run.h"
#include "pack/qrun.h"
#include "pack/stage.h"
#include "sensitivity.h"
#include "telling.h"
#include "wide.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HELD_MAX = 200, HELD_MIN = 24, PROBED = 16, VIEWS = 2, VIEWS_AUTO = 3, VALIDATION_MAX = 2000 };
static const double HELD_BYTES = 160e6;

/* Held samples that fit the memory set aside for their integer tensors, and for their logits and those of their views. */
static int held_limit(const struct mnq_graph *g)
{
    enum { COPIES = 1 + 2 * VIEWS_AUTO };
    double peak = 0;
    for (int k = 0; k < mnq_graph_outputs(g); k++)
        peak += COPIES * sizeof(float) * (double)mnq_elements(g->node[mnq_logits_node(g, k)].out);
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        double live = (double)nd->out.h * nd->out.w * nd->out.c;
        for (int k = 0; k < nd->n_in; k++) {
            struct mnq_shape s = g->node[nd->in[k]].out;
            live += (double)s.h * s.w * s.c;
        }
        if (live > peak) peak = live;
    }
    double n = HELD_BYTES / peak;
    return n > HELD_MAX ? HELD_MAX : n < HELD_MIN ? HELD_MIN : (int)n;
}

/* ---- scales ---- */

static const struct mnq_fit nearest = {MNQ_ROUND_NEAREST, false, false};

/* Noise of 8- and 16-bit weights as they stand, nearest rounding. Notes the weights that shrinking would leave. */
static int judge(struct mnq_calib_run *c, const char *phase, double *error, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_qmodel q;
    struct mnq_shrink_report r;
    int rc = mnq_calib_lower(c, &nearest, c->judged, NULL, phase, &scratch, &q, error, e);
    if (rc == 0) rc = mnq_shrink(&q, &r, e); /* also when the option is off: the same 16-bit layers either way */
    for (int k = 0; rc == 0 && k < q.n_layers; k++)
        if (mnq_lower_has_weights(c->g, q.layer[k].node)) c->weights[q.layer[k].node] = q.layer[k].w_count;
    mnq_arena_free(&scratch);
    return rc;
}

/* The reference every toolkit starts from: min-max ranges, one scale per tensor, 8-bit weights to the nearest. */
static int judge_plain(struct mnq_calib_run *c, double *error, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_range_opts plain = {.observer = MNQ_OBS_MINMAX, .act_scale = MNQ_SCALE_TENSOR, .weight_noise = 1};
    struct mnq_qparams *qp = mnq_arena_array(&scratch, (size_t)c->g->n, sizeof *qp);
    int rc =
        qp == NULL ? mnq_fail_nomem(e) : mnq_qparams_choose(c->g, c->stats.hist, c->wide, c->p, &plain, qp, &scratch, e);
    if (rc == 0) {
        c->lowering.qp = qp;
        rc = judge(c, "min-max", error, e);
        c->lowering.qp = c->qp;
    }
    mnq_arena_free(&scratch);
    return rc;
}

/* 16-bit activations for the tensors whose 8 bits hurt most; the ranges are chosen anew. */
static int widen_tensors(struct mnq_calib_run *c, double *error, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    double before = *error;
    if (mnq_tensor_sensitivity(&c->lowering, &c->stats, PROBED, c->threads, c->tensor_sensitivity, c->progress,
                               c->progress_ctx, e) != 0 ||
        (o->budget.target != NULL && o->wide_activations == MNQ_WIDE_AUTO
             ? mnq_calib_afford_tensors(c, e)
             : mnq_choose_wide_tensors(c->g, c->tensor_sensitivity, o->wide_activations, NULL, NULL, c->wide, e)) != 0)
        return -1;
    if (o->wide_activations == MNQ_WIDE_NONE) return 0;
    if (mnq_calib_ranges(c, c->qp, c->arena, e) != 0 || judge(c, "wide", error, e) != 0) return -1;
    mnq_calib_pass(c, "16-bit activations where they pay", before, *error, true);
    return 0;
}

/* ---- weights ---- */

/* 16-bit weights for the layers whose 8 bits hurt most. */
static int widen_weights(struct mnq_calib_run *c, double *error, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    double before = *error;
    if (mnq_sensitivity(&c->lowering, &c->stats, PROBED, c->threads, c->sensitivity, c->progress, c->progress_ctx, e) != 0)
        return -1;
    mnq_choose_wide(c->g, c->sensitivity, c->weights, o->wide, o->wide_budget, c->format);
    bool any = o->wide != MNQ_WIDE_NONE;
    for (int i = 0; o->choice != NULL && i < c->g->n; i++) { /* rules have the last word */
        if (o->choice[i].weights == MNQ_WEIGHTS_INT8) c->format[i].bits = 8;
        if (o->choice[i].weights == MNQ_WEIGHTS_INT16) c->format[i].bits = 16;
        any = any || o->choice[i].weights == MNQ_WEIGHTS_INT16;
    }
    if (!any) return 0;
    if (judge(c, "wide", error, e) != 0) return -1;
    mnq_calib_pass(c, "16-bit weights where they pay", before, *error, true);
    return 0;
}

/* Formats of fewer bits that the options and rules name. True if there are any. */
static bool few_bits(struct mnq_calib_run *c)
{
    const struct mnq_calib_opts *o = c->o;
    bool any = false;
    for (int i = 0; i < c->g->n; i++) {
        struct mnq_layer_choice rule = {.weights = -1};
        if (!mnq_lower_is_pointwise(c->g, i) || c->qp[c->g->node[i].in[0]].dtype == MNQ_U8) continue;
        if (o->choice != NULL) rule = o->choice[i];
        int weights = rule.weights >= 0                                                  ? rule.weights
                      : mnq_node_weights(c->g, &c->g->node[i]) >= (size_t)o->small_layer ? (int)o->weights
                                                                                         : MNQ_WEIGHTS_INT8;
        int bases = rule.bases > 0 ? rule.bases : o->bases;
        bool signs = rule.inputs == 1;
        if (weights == MNQ_WEIGHTS_INT4) c->format[i] = (struct mnq_wformat){4, 0, 8};
        if (weights == MNQ_WEIGHTS_TERNARY) c->format[i] = (struct mnq_wformat){2, 0, 8};
        if (weights == MNQ_WEIGHTS_BINARY)
            c->format[i] = (struct mnq_wformat){1, (uint8_t)(signs ? 1 : bases), (uint8_t)(signs ? 1 : 8)};
        any = any || c->format[i].bits < 8;
    }
    return any;
}

static int reduce_bits(struct mnq_calib_run *c, double *error, struct mnq_err *e)
{
    double before = *error;
    if (!few_bits(c)) return 0;
    if (mnq_calib_error(c, &nearest, NULL, "formats", error, e) != 0) return -1;
    mnq_calib_pass(c, "fewer bits where asked for", before, *error, true);
    return 0;
}

/* What the core's budgets cannot pay is given up. `--weights auto` chooses within them itself. */
static int afford(struct mnq_calib_run *c, double *error, struct mnq_err *e)
{
    double before = *error;
    bool changed;
    if (c->o->weights == MNQ_WEIGHTS_AUTO) return 0;
    if (mnq_calib_afford(c, &changed, e) != 0) return -1;
    if (!changed) return 0;
    if (mnq_calib_error(c, &nearest, NULL, "formats", error, e) != 0) return -1;
    mnq_calib_pass(c, "16 bits given up for the core's budgets", before, *error, true);
    return 0;
}

/* ---- the estimate ---- */

/* Whether the picture is one of n others. */
static bool is_there(const uint8_t *picture, const uint8_t *pixels, int n, size_t bytes)
{
    for (int k = 0; k < n; k++)
        if (memcmp(pixels + (size_t)k * bytes, picture, bytes) == 0) return true;
    return false;
}

/* The pictures that judge: the held samples, or those that the caller gave for it. */
static int load_shots(struct mnq_calib_run *c, struct mnq_shots *shots, struct mnq_err *e)
{
    const struct mnq_dataset *d = c->o->validation;
    *shots = (struct mnq_shots){c->stats.input, c->stats.input_bytes, c->stats.held, c->stats.label};
    if (d == NULL) return 0;
    int total = mnq_dataset_count(d), n = total < VALIDATION_MAX ? total : VALIDATION_MAX;
    bool labels = mnq_logits_are_named(&c->stats.judge, mnq_dataset_classes(d), mnq_dataset_class(d, 0) != NULL);
    if (n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "no samples to validate on");
    uint8_t *pixels = mnq_arena_array(c->arena, (size_t)n, c->stats.input_bytes);
    int *label = labels ? mnq_arena_array(c->arena, (size_t)n, sizeof *label) : NULL;
    if (pixels == NULL || (labels && label == NULL)) return mnq_fail_nomem(e);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        int index = (int)((int64_t)i * total / n);
        uint8_t *to = pixels + (size_t)kept * c->stats.input_bytes;
        if (mnq_dataset_load(d, index, c->p, to, e) != 0) return -1;
        /* Copies would promise more than they know, and what weights are fitted to promises nothing. */
        if (kept > 0 && is_there(to, pixels, kept, c->stats.input_bytes)) continue;
        const bool fitted = is_there(to, c->stats.input, c->stats.held, c->stats.input_bytes);
        c->report->validation_fitted += fitted;
        if (fitted) continue;
        if (labels) label[kept] = mnq_dataset_label(d, index);
        kept++;
    }
    if (kept == 0) { /* of the samples alone: something must be asked, and nothing is told */
        if (labels) label[0] = -1;
        kept = 1;
    }
    *shots = (struct mnq_shots){pixels, c->stats.input_bytes, kept, label};
    const char **why = &c->report->no_validation;
    if (mnq_pictures_telling(pixels, c->stats.input_bytes, c->stats.channels, kept, why, c->arena) != 0) return mnq_fail_nomem(e);
    if (*why != NULL && kept < n) {
        char text[96];
        if (c->report->validation_fitted == 0)
            snprintf(text, sizeof text, "only %d of %d pictures to validate on differ from each other", kept, n);
        else
            snprintf(text, sizeof text, "%d of %d pictures to validate on are samples", c->report->validation_fitted, n);
        if ((*why = mnq_arena_strdup(c->arena, text)) == NULL) return mnq_fail_nomem(e);
    }
    return 0;
}

/* Parts of samples that the network may have been trained on; pictures given to judge stand for themselves. */
static int make_views(struct mnq_calib_run *c, struct mnq_err *e)
{
    struct mnq_shots shots;
    int per = c->o->validation != NULL ? 0 : c->o->weights == MNQ_WEIGHTS_AUTO ? VIEWS_AUTO : VIEWS;
    if (load_shots(c, &shots, e) != 0) return -1;
    return mnq_views_make(c->o->against != NULL ? c->o->against : c->g, c->p, &shots, &c->stats.judge, per, c->threads,
                          &c->views, c->arena, c->progress, c->progress_ctx, e);
}

static int estimate(struct mnq_calib_run *c, const struct mnq_fit *fit, struct mnq_err *e)
{
    struct mnq_bound *b = &c->report->drop;
    if (c->told != NULL) {
        *b = mnq_bound_of(c->told, c->n_told);
    } else {
        double *loss = mnq_arena_array(c->arena, (size_t)c->views.shots.n, sizeof *loss);
        if (loss == NULL) return mnq_fail_nomem(e);
        int n = mnq_calib_losses(c, fit, "judge", loss, e);
        if (n < 0) return -1;
        *b = mnq_bound_of(loss, n);
    }
    struct mnq_bound plain = *b;
    b->points += c->optimism;
    b->low += c->optimism;
    b->high = fmin(100, b->high + c->optimism);
    b->upper = fmin(100, b->upper + c->optimism);
    if (mnq_logits_decide(&c->stats.judge)) {
        *b = mnq_bound_told(*b);
        plain = mnq_bound_told(plain);
    }
    c->report->optimism = b->points - plain.points;
    return 0;
}

static int fill_report(struct mnq_calib_run *c, const struct mnq_qmodel *q, struct mnq_err *e)
{
    struct mnq_calib_report *r = c->report;
    r->samples = c->stats.samples;
    r->n_layers = q->n_layers;
    r->layer = mnq_arena_array(c->arena, (size_t)q->n_layers, sizeof *r->layer);
    if (r->layer == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < q->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        r->layer[k] = (struct mnq_calib_layer){.name = l->name,
                                               .acc_bits = l->acc_bits,
                                               .bits = mnq_lower_has_weights(c->g, l->node) ? c->format[l->node].bits : 0,
                                               .bases = c->format[l->node].bases,
                                               .inputs = c->format[l->node].inputs,
                                               .sensitivity = c->sensitivity[l->node],
                                               .tensor_sensitivity = c->tensor_sensitivity[l->node],
                                               .act_bits = c->qp[l->node].dtype == MNQ_S16 ? 16 : 8,
                                               .clipped = c->qp[l->node].clipped,
                                               .stretch = c->qp[l->node].stretch,
                                               .observer = c->qp[l->node].observer};
    }
    return 0;
}

int mnq_calibrate(const struct mnq_graph *legal, const struct mnq_dataset *data, const struct mnq_preprocess *p,
                  const struct mnq_calib_opts *o, struct mnq_qmodel *q, struct mnq_calib_report *r, struct mnq_arena *arena,
                  mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    enum { PASSES = 16 };
    size_t n = (size_t)legal->n;
    struct mnq_calib_run c = {.g = legal,
                              .o = o,
                              .p = p,
                              .data = data,
                              .threads = o->threads > 0 ? o->threads : 1,
                              .learning = {.fold = MNQ_SPLIT_JUDGE},
                              .report = r,
                              .arena = arena,
                              .progress = progress,
                              .progress_ctx = progress_ctx};
    struct mnq_fit fit;
    double plain, error, ignored;
    if (mnq_qmodel_holds(legal, e) != 0) return -1;
    *r = (struct mnq_calib_report){.pass = mnq_arena_array(arena, PASSES, sizeof *r->pass)};
    c.qp = mnq_arena_array(arena, n, sizeof *c.qp);
    c.format = mnq_arena_array(arena, n, sizeof *c.format);
    c.wide = mnq_arena_array(arena, n, sizeof *c.wide);
    c.weights = mnq_arena_array(arena, n, sizeof *c.weights);
    c.sensitivity = mnq_arena_array(arena, n, sizeof *c.sensitivity);
    c.tensor_sensitivity = mnq_arena_array(arena, n, sizeof *c.tensor_sensitivity);
    if (r->pass == NULL || c.qp == NULL || c.format == NULL || c.wide == NULL || c.weights == NULL ||
        c.sensitivity == NULL || c.tensor_sensitivity == NULL)
        return mnq_fail_nomem(e);
    if (mnq_observe_run(legal, data, p, o, held_limit(legal), &c.stats, arena, progress, progress_ctx, e) != 0) return -1;
    if (make_views(&c, e) != 0) return -1;
    if (mnq_samples_telling(&c.stats, &r->no_estimate, arena) != 0) return mnq_fail_nomem(e);
    if (r->no_estimate == NULL && r->no_validation != NULL) r->no_estimate = r->no_validation;
    if (r->no_estimate != NULL && o->weights == MNQ_WEIGHTS_AUTO &&
        !((o->flash > 0 || o->budget.flash > 0) && !(o->max_drop > 0)))
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "--weights auto chooses by the loss that the samples tell, and these cannot tell it: %s",
                              r->no_estimate);
    if (c.stats.held >= 2 * MNQ_SPLIT_FOLDS) c.judged = (struct mnq_split){MNQ_SPLIT_FOLDS, MNQ_SPLIT_JUDGE};
    c.lowering = (struct mnq_lowering){.g = legal, .qp = c.qp, .p = p, .pre_max = c.stats.pre_max, .arena = arena};
    for (size_t i = 0; i < n; i++) c.format[i] = MNQ_WFORMAT_INT8;
    c.storage = o->storage;

    if (judge_plain(&c, &plain, e) != 0 || mnq_calib_ranges(&c, c.qp, arena, e) != 0 || judge(&c, "scales", &error, e) != 0)
        return -1;
    mnq_calib_pass(&c, o->act_scale == MNQ_SCALE_CHANNEL ? "activation ranges, a scale per channel" : "activation ranges",
                   plain, error, true);
    if (widen_tensors(&c, &error, e) != 0 || widen_weights(&c, &error, e) != 0 || reduce_bits(&c, &error, e) != 0 ||
        afford(&c, &error, e) != 0 || mnq_calib_choose_fit(&c, &fit, &error, e) != 0)
        return -1;
    if (o->weights == MNQ_WEIGHTS_AUTO ? mnq_calib_auto(&c, &fit, &error, e) != 0
                                       : o->learn != NULL && o->learn(o->learn_ctx, &c, &fit, &error, e) != 0)
        return -1;
    if (r->no_estimate == NULL && estimate(&c, &fit, e) != 0) return -1;
    if (mnq_calib_lower(&c, &fit, (struct mnq_split){0}, NULL, "write", arena, q, &ignored, e) != 0 ||
        fill_report(&c, q, e) != 0)
        return -1;
    for (int k = 0; k < q->n_layers; k++) q->layer[k].macs = mnq_qlayer_macs(q, &q->layer[k]);
    if (o->shrink && mnq_shrink(q, &r->shrink, e) != 0) return -1;
    if (mnq_calib_storage(q, c.storage, o->budget.target, &r->storage, e) != 0) return -1;
    if (mnq_qmodel_plan(q, e) != 0) return -1;
    return mnq_qmodel_stages(q, &o->stages, e);
}
