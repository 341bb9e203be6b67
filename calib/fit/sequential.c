/* SPDX-License-Identifier: Apache-2.0
 * Sequential lowering: layer after layer becomes integers, and each sees the integer outputs of the ones before it. */
#include "sequential.h"

#include "host.h"
#include "logits.h"
#include "quantize/gram.h"
#include "quantize/lower_trial.h"
#include "pack/qrun.h"
#include "util/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fewer rows than this per input would fit noise. */
enum { REFIT_ROWS_PER_INPUT = 8 };

struct run {
    const struct mnq_lowering *l;
    const struct mnq_stats *stats;
    const struct mnq_seq_opts *o;
    struct mnq_qmodel *q;
    int samples;                    /* in this run */
    int fitted;                     /* those that are not held back */
    int *start;                     /* [processes + 1] whose fitted samples are whose */
    struct mnq_targets *targets;    /* NULL without re-fit */
    uint8_t **tensor;               /* [n_tensors]: [samples] tensors, NULL while not alive */
    int *last_use;                  /* [n_tensors] layer index after which it is freed */
    const struct mnq_qlayer *layer; /* at work */
    const struct mnq_qready *ready; /* the same */
    int64_t *taps;                  /* [threads][kh * kw * C_in] sums of its inputs */
    int32_t *scratch;               /* [threads] of mnq_qlayer_tap_scratch() */
};

static size_t bytes_of(const struct run *r, int t)
{
    size_t n = mnq_qtensor_bytes(&r->q->tensor[t]);
    return (n + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN;
}

static uint8_t *at(const struct run *r, int t, int sample)
{
    return t < 0 ? NULL : r->tensor[t] + (size_t)sample * bytes_of(r, t);
}

static int alloc_tensor(struct run *r, int t, struct mnq_err *e)
{
    r->tensor[t] = aligned_alloc(64, ((size_t)r->samples * bytes_of(r, t) + 63) / 64 * 64);
    return r->tensor[t] == NULL ? mnq_fail_nomem(e) : 0;
}

/* ---- work items, one held sample each ---- */

static int run_sample(void *ctx, int i, int w, struct mnq_err *e)
{
    (void)e;
    struct run *r = ctx;
    const struct mnq_qlayer *y = r->layer;
    mnq_qready_run(r->ready, w, at(r, y->out, i), at(r, y->in0, i), at(r, y->in1, i));
    return 0;
}

static size_t taps_of(const struct run *r, const struct mnq_qlayer *y)
{
    return (size_t)(y->kh * y->kw) * (size_t)r->q->tensor[y->in0].shape.c;
}

static int sum_sample(void *ctx, int i, int w, struct mnq_err *e)
{
    (void)e;
    struct run *r = ctx;
    const struct mnq_qlayer *y = r->layer;
    mnq_qlayer_tap_sums(r->q, y, at(r, y->in0, mnq_fit_sample(i, r->o->split)), r->taps + (size_t)w * taps_of(r, y),
                        r->scratch + (size_t)w * mnq_qlayer_tap_scratch(r->q, y));
    return 0;
}

/* ---- steps for one layer ---- */

static void gather(int16_t *to, const void *tensor, enum mnq_dtype dtype, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = dtype == MNQ_S16 ? ((const int16_t *)tensor)[from + i] : ((const int8_t *)tensor)[from + i];
}

/* The fitted samples that this process has. */
static void own_fitted(const struct run *r, int *first, int *end)
{
    const int rank = mnq_spread_rank();
    *first = r->start[rank];
    *end = r->start[rank + 1];
}

/* Rows of the layer's input at the sampled pixels of the fitted samples: [fitted][per][C_in]. */
static int16_t *gather_rows(const struct run *r, int node, const struct mnq_pixels *p, struct mnq_arena *arena,
                            struct mnq_err *e)
{
    int t = mnq_lower_tensor_index(r->l->g, r->l->g->node[node].in[0]);
    const struct mnq_qtensor *in = &r->q->tensor[t];
    size_t c = (size_t)in->shape.c;
    int16_t *x = mnq_arena_array(arena, p->per * (size_t)r->fitted * c, sizeof *x);
    const struct mnq_spread_part part = {x, p->per * c * sizeof *x};
    int first, end;
    if (x == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    own_fitted(r, &first, &end);
    int16_t *to = x + (size_t)first * p->per * c;
    for (int j = first; j < end; j++)
        for (size_t k = 0; k < p->per; k++, to += c)
            gather(to, at(r, t, mnq_fit_sample(j, r->o->split)), in->dtype, mnq_pixel(p, j, k) * c, c);
    return mnq_spread_gather(&part, 1, r->fitted, r->start, e) == 0 ? x : NULL;
}

/* Thresholds of binarized inputs, their means; what the signs keep of them; and the rows as signs. */
static int binarize_rows(int16_t *x, size_t rows, size_t n, int zero, struct mnq_rounding_job *job, struct mnq_arena *arena)
{
    int16_t *threshold = mnq_arena_array(arena, n, sizeof *threshold);
    struct mnq_sign_stats *s = mnq_arena_alloc(arena, sizeof *s);
    if (threshold == NULL || s == NULL) return -1;
    s->mean = mnq_arena_array(arena, n, sizeof *s->mean);
    s->amplitude = mnq_arena_array(arena, n, sizeof *s->amplitude);
    s->mean_sign = mnq_arena_array(arena, n, sizeof *s->mean_sign);
    if (s->mean == NULL || s->amplitude == NULL || s->mean_sign == NULL) return -1;
    for (size_t k = 0; k < n; k++) {
        int64_t sum = 0, signs = 0, products = 0;
        for (size_t r = 0; r < rows; r++) sum += x[r * n + k];
        double mean = (double)sum / (double)rows;
        threshold[k] = (int16_t)ceil(mean);
        for (size_t r = 0; r < rows; r++) {
            int sign = x[r * n + k] >= threshold[k] ? 1 : -1;
            signs += sign;
            products += sign * x[r * n + k];
            x[r * n + k] = (int16_t)sign;
        }
        double m = (double)signs / (double)rows, power = 1 - m * m;
        s->mean[k] = mean - zero;
        s->mean_sign[k] = m;
        s->amplitude[k] = power > 0 ? fmax(0, ((double)products / (double)rows - mean * m) / power) : 0;
    }
    job->threshold = threshold;
    job->sign = s;
    return 0;
}

/* Second-order information for a 1x1 or dense layer, and the targets of its re-fit. */
static int make_gram(const struct run *r, int node, struct mnq_rounding_job *job, struct mnq_gram *gram,
                     struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = r->l->g;
    struct mnq_pixels p = mnq_pixels_for(g, node, r->fitted);
    int n = g->node[g->node[node].in[0]].out.c, zero = r->l->qp[g->node[node].in[0]].zp, rc = -1;
    size_t rows = p.per * (size_t)r->fitted;
    bool fit = r->targets != NULL && rows >= REFIT_ROWS_PER_INPUT * (size_t)n, signs = job->format.inputs == 1;
    struct mnq_arena scratch = {0};
    int16_t *x = gather_rows(r, node, &p, &scratch, e);
    if (x == NULL) goto done;
    if (signs && binarize_rows(x, rows, (size_t)n, zero, job, arena) != 0) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (signs) zero = 0;
    if (mnq_gram_make(x, rows, n, zero, r->o->bias_correction || fit, true, r->o->threads, gram, arena, e) != 0) goto done;
    if (fit && gram->u != NULL) {
        const float *y = mnq_targets_of(r->targets, node, e);
        if (y == NULL || mnq_gram_targets(x, y, rows, zero, g->node[node].out.c, r->o->threads, gram, arena, e) != 0)
            goto done;
    }
    job->gram = gram;
    rc = 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}

/* Mean pre-activation of the float network over the fitted samples. */
static double mean_pre(const struct run *r, int node, size_t c)
{
    size_t channels = (size_t)r->l->g->node[node].out.c;
    int64_t sum = 0;
    for (int j = 0; j < r->fitted; j++)
        sum += r->stats->pre_q30[node][(size_t)mnq_fit_sample(j, r->o->split) * channels + c];
    return ldexp((double)sum, -30) / r->fitted;
}

/* Moves the bias so that the mean pre-activation over the samples equals the float graph's. */
static int correct_bias(struct run *r, int node, struct mnq_qlayer *y, struct mnq_err *e)
{
    size_t cout = (size_t)r->q->tensor[y->out].shape.c, apart = mnq_qlayer_tap_scratch(r->q, y), taps = taps_of(r, y);
    int64_t pixels = (int64_t)r->q->tensor[y->out].shape.h * r->q->tensor[y->out].shape.w * r->fitted;
    struct mnq_arena arena = {0};
    int rc = -1;
    double *delta = mnq_arena_array(&arena, cout, sizeof *delta);
    int64_t *sum = mnq_arena_array(&arena, cout, sizeof *sum);
    r->taps = mnq_arena_array(&arena, (size_t)r->o->threads * taps, sizeof *r->taps);
    r->scratch = mnq_arena_array(&arena, (size_t)r->o->threads * apart, sizeof *r->scratch);
    r->layer = y;
    if (delta == NULL || sum == NULL || r->taps == NULL || r->scratch == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    struct mnq_spread_job job = {.n = r->fitted, .threads = r->o->threads, .work = sum_sample, .ctx = r, .start = r->start};
    if (mnq_spread_for(&job, e) != 0) goto done;
    for (int t = 1; t < r->o->threads; t++)
        for (size_t k = 0; k < taps; k++) r->taps[k] += r->taps[(size_t)t * taps + k];
    const struct mnq_spread_array sums = {r->taps, taps, MNQ_SPREAD_SUM_U64};
    if (mnq_spread_sum(&sums, 1, e) != 0) goto done;
    mnq_qlayer_acc_sums(r->q, y, r->taps, pixels, sum);
    for (size_t c = 0; c < cout; c++) delta[c] = mean_pre(r, node, c) - (double)sum[c] / (double)pixels * y->acc_step[c];
    mnq_lower_shift_bias(y, delta, (int)cout);
    rc = 0;
done:
    mnq_arena_free(&arena);
    return rc;
}

/* Noise at the layer's output of every candidate format, and of plain 8-bit rounding. */
static int probe_layer(const struct run *r, int node, const struct mnq_rounding_job *job, struct mnq_err *e)
{
    const struct mnq_probe *p = r->o->probe;
    struct mnq_rounding_job other = *job, nearest = {.format = MNQ_WFORMAT_INT8, .threads = job->threads};
    for (int i = 0; i < p->n; i++) {
        other.format = p->candidate[i];
        if (mnq_lower_weight_noise(r->l, node, &other, job->gram, &p->noise[(size_t)node * (size_t)p->n + (size_t)i], e) !=
            0)
            return -1;
    }
    return mnq_lower_weight_noise(r->l, node, &nearest, job->gram, &p->nearest[node], e);
}

static int do_layer(struct run *r, int node, struct mnq_err *e)
{
    const struct mnq_graph *g = r->l->g;
    struct mnq_qlayer *y = &r->q->layer[r->q->n_layers++];
    struct mnq_arena arena = {0};
    struct mnq_gram gram;
    struct mnq_rounding_job job = {
        .format = r->o->format[node], .nearest = r->o->rounding == MNQ_ROUND_NEAREST, .threads = r->o->threads};
    job.level = r->o->level != NULL ? r->o->level[node] : NULL;
    bool few = job.format.bits <= 8 && r->o->rounding == MNQ_ROUND_SECOND_ORDER;
    int rc = -1;
    if (job.level == NULL && (few || r->targets != NULL || job.format.inputs == 1) && mnq_lower_is_pointwise(g, node) &&
        r->l->qp[g->node[node].in[0]].dtype != MNQ_U8 && make_gram(r, node, &job, &gram, &arena, e) != 0)
        goto done;
    if (r->o->probe != NULL && job.gram != NULL && job.gram->u != NULL && probe_layer(r, node, &job, e) != 0) goto done;
    if (mnq_lower_node(r->l, node, &job, y, e) != 0) goto done;
    if (r->o->bias_correction && mnq_lower_has_weights(g, node) && correct_bias(r, node, y, e) != 0) goto done;
    if (alloc_tensor(r, y->out, e) != 0) goto done;
    struct mnq_qready *ready = mnq_qready_new(r->q, y, mnq_kernels_best(), r->o->threads, e);
    if (ready == NULL) goto done;
    r->layer = y;
    r->ready = ready;
    struct mnq_spread_job samples = {.n = r->samples, .threads = r->o->threads, .work = run_sample, .ctx = r};
    rc = mnq_spread_for(&samples, e);
    mnq_qready_free(ready);
done:
    mnq_arena_free(&arena);
    return rc;
}

/* ---- the whole graph ---- */

/* A fitted sample is its process's that has the sample. */
static void deal_fitted(struct run *r)
{
    const int ranks = mnq_spread_processes();
    int j = 0;
    for (int k = 0; k <= ranks; k++) {
        while (j < r->fitted && mnq_fit_sample(j, r->o->split) < mnq_spread_start(r->samples, k)) j++;
        r->start[k] = j;
    }
}

static void find_last_uses(struct run *r)
{
    const struct mnq_graph *g = r->l->g;
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->node[i].n_in; k++) r->last_use[mnq_lower_tensor_index(g, g->node[i].in[k])] = i;
    for (int k = 0; k < r->stats->judge.n_parts; k++) /* judged at the end */
        r->last_use[mnq_lower_tensor_index(g, r->stats->judge.part[k].node)] = g->n;
}

/* Noise over signal of the judged samples' logits. */
static int logits_error(const struct run *r, double *error, struct mnq_err *e)
{
    const struct mnq_logits *judge = &r->stats->judge;
    double noise = 0, signal = 0;
    for (int k = 0; k < judge->n_parts; k++) {
        int t = mnq_lower_tensor_index(r->l->g, judge->part[k].node);
        const struct mnq_spread_part part = {r->tensor[t], bytes_of(r, t)};
        if (mnq_spread_gather(&part, 1, r->samples, NULL, e) != 0) return -1;
    }
    float *got = malloc(judge->n * sizeof *got);
    if (got == NULL) return mnq_fail_nomem(e);
    for (int s = 0; s < r->samples; s++) {
        if (r->o->split.every > 1 && !mnq_held_back(r->o->split, s)) continue;
        const float *want = r->stats->logits + (size_t)(s * r->o->stride + r->o->first) * judge->n;
        for (int k = 0; k < judge->n_parts; k++) {
            int t = mnq_lower_tensor_index(r->l->g, judge->part[k].node);
            mnq_dequantize(&r->q->tensor[t], at(r, t, s), got + judge->part[k].first);
        }
        noise += mnq_logits_noise(judge, got, want);
        signal += mnq_logits_signal(judge, want);
    }
    free(got);
    *error = signal > 0 ? noise / signal : noise;
    return 0;
}

int mnq_sequential(const struct mnq_lowering *l, const struct mnq_stats *stats, const struct mnq_seq_opts *o,
                   struct mnq_qmodel *q, double *error, mnq_progress *progress, void *progress_ctx, const char *phase,
                   struct mnq_err *e)
{
    const struct mnq_graph *g = l->g;
    struct run r = {.l = l, .stats = stats, .o = o, .q = q, .samples = (stats->held - o->first + o->stride - 1) / o->stride};
    r.fitted = mnq_fit_count(r.samples, o->split);
    if (mnq_lower_frame(l, q, e) != 0) return -1;
    r.tensor = calloc((size_t)q->n_tensors, sizeof *r.tensor);
    r.last_use = calloc((size_t)q->n_tensors, sizeof *r.last_use);
    r.start = calloc((size_t)mnq_spread_processes() + 1, sizeof *r.start);
    int rc = -1;
    if (r.tensor == NULL || r.last_use == NULL || r.start == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    find_last_uses(&r);
    deal_fitted(&r);
    if (o->refit && (r.targets = mnq_targets_new(l, stats, r.fitted, o->split, o->threads, e)) == NULL) goto done;
    if (alloc_tensor(&r, q->input, e) != 0) goto done;
    for (int s = 0; s < r.samples; s++)
        memcpy(at(&r, q->input, s), stats->input + (size_t)(s * o->stride + o->first) * stats->input_bytes,
               stats->input_bytes);
    for (int i = 0; i < g->n; i++) {
        if (!mnq_lower_is_layer(g, i)) continue;
        if (do_layer(&r, i, e) != 0) goto done;
        for (int t = 0; t < q->n_tensors; t++)
            if (r.last_use[t] == i && r.tensor[t] != NULL) {
                free(r.tensor[t]);
                r.tensor[t] = NULL;
            }
        if (progress != NULL) progress(progress_ctx, phase, i + 1, g->n);
    }
    rc = logits_error(&r, error, e);
done:
    for (int t = 0; r.tensor != NULL && t < q->n_tensors; t++) free(r.tensor[t]);
    free(r.tensor);
    free(r.last_use);
    free(r.start);
    mnq_targets_free(r.targets);
    return rc;
}
