/* SPDX-License-Identifier: Apache-2.0
 * Calibration: float graph and sample data in, integer model out.
 *
 * One float pass collects histograms; scales follow from them; a short float probe finds the layers that need 16-bit
 * weights; then the network is lowered sequentially. Steps are judged by the noise they leave at the logits of held samples,
 * and the report says what each one gained. */
#include "calibrate.h"

#include "observe.h"
#include "quantize/qrun.h"
#include "sensitivity.h"
#include "sequential.h"
#include "wide.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_MAX = 200, HELD_MIN = 24, JUDGED = 40, PROBED = 16, SMALL_LAYER = 3000 };
static const double HELD_BYTES = 160e6;
/* Share of nearest rounding's noise that second-order rounding leaves, for the choice of scales. */
static const double SECOND_ORDER_NOISE = 0.4;

void mnq_calib_defaults(struct mnq_calib_opts *o)
{
    *o = (struct mnq_calib_opts){.observer = MNQ_OBS_AUTO,
                                 .percentile = 99.99,
                                 .act_scale = MNQ_SCALE_CHANNEL,
                                 .rounding = MNQ_ROUND_SECOND_ORDER,
                                 .wide = MNQ_WIDE_AUTO,
                                 .wide_budget = 0.10,
                                 .bias_correction = true,
                                 .shrink = true,
                                 .samples = 0,
                                 .threads = 1};
}

struct calib {
    const struct mnq_graph *g;
    const struct mnq_calib_opts *o;
    struct mnq_stats stats;
    struct mnq_lowering lowering;
    struct mnq_qparams *qp;
    struct mnq_wformat *format;
    double *sensitivity, *tensor_sensitivity;
    uint8_t *wide;   /* tensors with 16 bits */
    size_t *weights; /* per node, what remains of them after shrinking */
    struct mnq_calib_report *report;
    struct mnq_arena *arena;
    mnq_progress *progress;
    void *progress_ctx;
    int judge;
};

/* Held samples that fit the memory set aside for their integer tensors. */
static int held_limit(const struct mnq_graph *g)
{
    double peak = 1;
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

static void add_pass(struct calib *c, const char *name, double before, double after, bool kept)
{
    c->report->pass[c->report->n_passes++] = (struct mnq_calib_pass){name, before, after, kept};
}

/* Lowers with the current scales and bits; stride > 1 for a quick judgement. */
static int lower(struct calib *c, enum mnq_rounding rounding, bool bias, int stride, struct mnq_arena *arena,
                 const char *phase, struct mnq_qmodel *q, double *error, struct mnq_err *e)
{
    struct mnq_seq_opts s = {.rounding = rounding,
                             .bias_correction = bias,
                             .refit = getenv("REFIT") != NULL, .holdout = getenv("HOLD") ? 4 : 0,
                             .format = c->format,
                             .stride = stride,
                             .judge = c->judge,
                             .threads = c->o->threads > 0 ? c->o->threads : 1};
    c->lowering.arena = arena;
    return mnq_sequential(&c->lowering, &c->stats, &s, q, error, c->progress, c->progress_ctx, phase, e);
}

/* Noise of the model as it stands, nearest rounding, on the judged samples only. Notes the weights that shrinking would
 * leave. */
static int judge(struct calib *c, const char *phase, double *error, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_qmodel q;
    struct mnq_shrink_report r;
    int rc = lower(c, MNQ_ROUND_NEAREST, false, c->judge, &scratch, phase, &q, error, e);
    if (rc == 0) rc = mnq_shrink(&q, &r, e); /* also when the option is off: the same 16-bit layers either way */
    for (int k = 0; rc == 0 && k < q.n_layers; k++)
        if (mnq_lower_has_weights(c->g, q.layer[k].node)) c->weights[q.layer[k].node] = q.layer[k].w_count;
    mnq_arena_free(&scratch);
    return rc;
}

/* The reference every toolkit starts from: min-max ranges, one scale per tensor, 8-bit weights to the nearest. */
static int judge_plain(struct calib *c, const struct mnq_preprocess *p, double *error, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_range_opts plain = {.observer = MNQ_OBS_MINMAX, .act_scale = MNQ_SCALE_TENSOR, .weight_noise = 1};
    struct mnq_qparams *qp = mnq_arena_array(&scratch, (size_t)c->g->n, sizeof *qp);
    int rc = qp == NULL ? mnq_fail_nomem(e) : mnq_qparams_choose(c->g, c->stats.hist, c->wide, p, &plain, qp, &scratch, e);
    if (rc == 0) {
        c->lowering.qp = qp;
        rc = judge(c, "min-max", error, e);
        c->lowering.qp = c->qp;
    }
    mnq_arena_free(&scratch);
    return rc;
}

static int choose_ranges(struct calib *c, const struct mnq_preprocess *p, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    struct mnq_range_opts ro = {.observer = o->observer,
                                .percentile = o->percentile,
                                .act_scale = o->act_scale,
                                .weight_noise = o->rounding == MNQ_ROUND_SECOND_ORDER ? SECOND_ORDER_NOISE : 1,
                                .small_layer = o->wide == MNQ_WIDE_NONE ? 0 : SMALL_LAYER};
    return mnq_qparams_choose(c->g, c->stats.hist, c->wide, p, &ro, c->qp, c->arena, e);
}

/* 16-bit activations for the tensors whose 8 bits hurt most; the ranges are chosen anew. */
static int widen_tensors(struct calib *c, const struct mnq_preprocess *p, double *error, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    double before = *error;
    if (mnq_tensor_sensitivity(&c->lowering, &c->stats, PROBED, o->threads > 0 ? o->threads : 1, c->tensor_sensitivity,
                               c->progress, c->progress_ctx, e) != 0 ||
        mnq_choose_wide_tensors(c->g, c->tensor_sensitivity, o->wide_activations, c->wide, e) != 0)
        return -1;
    if (o->wide_activations == MNQ_WIDE_NONE) return 0;
    if (choose_ranges(c, p, e) != 0 || judge(c, "wide", error, e) != 0) return -1;
    add_pass(c, "16-bit activations where they pay", before, *error, true);
    return 0;
}

/* 16-bit weights for the layers whose 8 bits hurt most. */
static int widen_weights(struct calib *c, double before, double *error, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    *error = before;
    if (mnq_sensitivity(&c->lowering, &c->stats, PROBED, o->threads > 0 ? o->threads : 1, c->sensitivity, c->progress,
                        c->progress_ctx, e) != 0)
        return -1;
    mnq_choose_wide(c->g, c->sensitivity, c->weights, o->wide, o->wide_budget, c->format);
    if (o->wide == MNQ_WIDE_NONE) return 0;
    if (judge(c, "wide", error, e) != 0) return -1;
    add_pass(c, "16-bit weights where they pay", before, *error, true);
    return 0;
}

/* Second-order rounding, then bias correction, over all held samples; each is kept only if the noise falls. */
static int refine(struct calib *c, double plain, struct mnq_qmodel *q, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    enum mnq_rounding rounding = MNQ_ROUND_NEAREST;
    struct mnq_qmodel tried;
    double best = plain, error;
    bool done = false; /* q holds the best so far */
    if (o->rounding == MNQ_ROUND_SECOND_ORDER) {
        if (lower(c, MNQ_ROUND_SECOND_ORDER, false, 1, c->arena, "round", &tried, &error, e) != 0) return -1;
        done = error <= best;
        add_pass(c, "second-order rounding", best, error, done);
        if (done) {
            rounding = MNQ_ROUND_SECOND_ORDER;
            best = error;
            *q = tried;
        }
    }
    if (o->bias_correction) {
        if (lower(c, rounding, true, 1, c->arena, "correct", &tried, &error, e) != 0) return -1;
        add_pass(c, "bias correction", best, error, error <= best);
        if (error <= best) {
            *q = tried;
            done = true;
        }
    }
    return done ? 0 : lower(c, rounding, false, 1, c->arena, "round", q, &error, e);
}

static int fill_report(struct calib *c, const struct mnq_qmodel *q, struct mnq_err *e)
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
    enum { PASSES = 8 };
    size_t n = (size_t)legal->n;
    struct calib c = {.g = legal, .o = o, .report = r, .arena = arena, .progress = progress, .progress_ctx = progress_ctx};
    double plain, scaled, wide;
    *r = (struct mnq_calib_report){.pass = mnq_arena_array(arena, PASSES, sizeof *r->pass)};
    c.qp = mnq_arena_array(arena, n, sizeof *c.qp);
    c.format = mnq_arena_array(arena, n, sizeof *c.format);
    c.wide = mnq_arena_array(arena, n, sizeof *c.wide);
    c.weights = mnq_arena_array(arena, n, sizeof *c.weights);
    c.sensitivity = mnq_arena_array(arena, n, sizeof *c.sensitivity);
    c.tensor_sensitivity = mnq_arena_array(arena, n, sizeof *c.tensor_sensitivity);
    if (r->pass == NULL || c.qp == NULL || c.format == NULL || c.wide == NULL || c.weights == NULL || c.sensitivity == NULL ||
        c.tensor_sensitivity == NULL)
        return mnq_fail_nomem(e);
    if (mnq_observe_run(legal, data, p, o, held_limit(legal), &c.stats, arena, progress, progress_ctx, e) != 0) return -1;
    c.judge = c.stats.held > JUDGED ? c.stats.held / JUDGED : 1;
    c.lowering = (struct mnq_lowering){.g = legal, .qp = c.qp, .p = p, .pre_max = c.stats.pre_max, .arena = arena};
    for (size_t i = 0; i < n; i++) c.format[i] = MNQ_WFORMAT_INT8;
    if (getenv("FMT")) for (size_t i = 0; i < n; i++) if (mnq_lower_is_pointwise(legal,(int)i) && mnq_node_weights(legal,&legal->node[i])>=3000) c.format[i] = (struct mnq_wformat){(uint8_t)atoi(getenv("FMT")), (uint8_t)(getenv("BASES")?atoi(getenv("BASES")):0), (uint8_t)(getenv("XN")?1:8)};

    if (judge_plain(&c, p, &plain, e) != 0 || choose_ranges(&c, p, e) != 0 || judge(&c, "scales", &scaled, e) != 0)
        return -1;
    add_pass(&c, o->act_scale == MNQ_SCALE_CHANNEL ? "activation ranges, a scale per channel" : "activation ranges", plain,
             scaled, true);
    if (widen_tensors(&c, p, &scaled, e) != 0 || widen_weights(&c, scaled, &wide, e) != 0) return -1;
    if (refine(&c, wide, q, e) != 0 || fill_report(&c, q, e) != 0) return -1;
    for (int k = 0; k < q->n_layers; k++) q->layer[k].macs = mnq_qlayer_macs(q, &q->layer[k]);
    if (o->shrink && mnq_shrink(q, &r->shrink, e) != 0) return -1;
    return mnq_qmodel_plan(q, e);
}
