/* SPDX-License-Identifier: Apache-2.0
 * The weights of one layer on their way to integers: one row per output channel.
 *
 * With a Gram matrix the row is first re-fitted to what the float layer makes of the same samples (ridge regression toward
 * the row itself), which also undoes what earlier layers lost; then it is rounded second order. */
#include "quantize/rows.h"

#include "quantize/wbinary.h"
#include "quantize/wgrid.h"
#include "quantize/wround.h"
#include "quantize/wternary.h"
#include "util/pool.h"

#include <math.h>
#include <string.h>

/* Largest accumulator the host allows; the runtime refuses more than 2^31 - 1. */
static const double ACC_LIMIT = 2147483647.0;
/* Bias in accumulator units stays below this, so that weights keep their share of the 31 bits. */
static const double BIAS_LIMIT = 1073741824.0;
/* Layers with more zeros than this were re-fitted when they were pruned; a dense re-fit would only be cut off again. */
static const double PRUNED_SHARE = 0.05;
/* XNOR counts in 256ths, NUMERICS.md section 4. */
static const double XNOR_UNIT = 256;

enum { TRIES = 64 }; /* of larger units for a binary row whose accumulator could overflow */

enum { TOGETHER = 4 }; /* rows rounded side by side */

enum { STEPS = 8 }; /* steps tried for few-bit rows: the largest weight over qmax, then 1/16 less each */

int mnq_rows_absorb(const struct mnq_lowering *l, int i, const struct mnq_wformat *f, struct mnq_rows *r,
                    struct mnq_arena *arena)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    bool image = in->dtype == MNQ_U8;
    int groups = mnq_node_groups(nd), cin = l->g->node[nd->in[0]].out.c / groups, taps = nd->kh * nd->kw, cout = nd->out.c;
    *r = (struct mnq_rows){
        .depthwise = nd->op == MNQ_OP_DWCONV, .rows = cout, .n = nd->op == MNQ_OP_DWCONV ? taps : taps * cin};
    size_t total = (size_t)r->n * (size_t)cout, pruned = 0;
    r->w = mnq_arena_array(arena, total, sizeof *r->w);
    r->q = mnq_arena_array(arena, total, sizeof *r->q);
    r->pruned = mnq_arena_array(arena, total, sizeof *r->pruned);
    r->step = mnq_arena_array(arena, (size_t)cout, sizeof *r->step);
    r->zero = mnq_arena_array(arena, r->depthwise ? total : (size_t)r->n, sizeof *r->zero);
    r->coef = mnq_arena_array(arena, (size_t)cout * (size_t)(f->bases + 1), sizeof *r->coef);
    if (r->w == NULL || r->q == NULL || r->pruned == NULL || r->step == NULL || r->zero == NULL || r->coef == NULL)
        return -1;

    for (int t = 0; t < taps; t++) {
        if (r->depthwise) {
            for (int o = 0; o < cout; o++) {
                int c = o / nd->mult;
                r->w[(size_t)o * (size_t)taps + (size_t)t] =
                    (double)nd->w[(size_t)t * (size_t)cout + (size_t)o] * in->scale[c];
                r->zero[(size_t)o * (size_t)taps + (size_t)t] = in->zero[c];
            }
            continue;
        }
        for (int c = 0; c < cin; c++) {
            int k = t * cin + (image ? l->p->source[c] : c); /* the picture's channel order */
            r->zero[k] = in->zero[c];                        /* that of any channel: groups read no picture */
            for (int o = 0; o < cout; o++) {
                size_t at = (size_t)o * (size_t)r->n + (size_t)k;
                double w = (double)nd->w[((size_t)t * (size_t)cin + (size_t)c) * (size_t)cout + (size_t)o];
                r->w[at] = w * in->scale[o / (cout / groups) * cin + c];
                r->pruned[at] = w == 0;
                pruned += w == 0;
            }
        }
    }
    r->zeros = (double)pruned / (double)total;
    return 0;
}

/* ---- one row ---- */

struct work {
    struct mnq_rows *r;
    const float *b;
    const struct mnq_rounding_job *job;
    double in_max;
    int32_t *bias;
    double *bound;   /* [rows] */
    double *mean;    /* [rows] of the outputs without bias, real; XNOR */
    double *scratch; /* [threads][scratch_size] */
    size_t scratch_size;
};

static bool second_order(const struct mnq_rounding_job *job)
{
    return job->gram != NULL && job->gram->u != NULL;
}

/* y[l] = U x[l] for several rows, U upper triangular; the sums of the rows go side by side. y may be x. */
static void times_upper(const double *u, const double *x, int n, int rows, double *y)
{
    for (int k = 0; k < n; k++) {
        const double *row = u + (size_t)k * (size_t)n;
        double s[TOGETHER] = {0};
        if (rows == TOGETHER)
            for (int j = k; j < n; j++)
                for (int l = 0; l < TOGETHER; l++) s[l] += row[j] * x[l * n + j];
        else
            for (int l = 0; l < rows; l++)
                for (int j = k; j < n; j++) s[l] += row[j] * x[l * n + j];
        for (int l = 0; l < rows; l++) y[l * n + k] = s[l];
    }
}

/* The real weights of rows o, o + 1 and so on in the Gram matrix's order, re-fitted if the job has targets. */
static void target_rows(const struct work *w, int o, int rows, double *to, uint8_t *pruned, double *tmp)
{
    const struct mnq_gram *gram = w->job->gram;
    const struct mnq_rows *r = w->r;
    const int n = r->n;
    const size_t first = (size_t)o * (size_t)n;
    for (int l = 0; l < rows; l++)
        for (int k = 0; k < n; k++) {
            to[l * n + k] = r->w[first + (size_t)(l * n + gram->order[k])];
            pruned[l * n + k] = r->pruned[first + (size_t)(l * n + gram->order[k])];
        }
    if (gram->cross == NULL || r->zeros > PRUNED_SHARE) return;
    /* to += inverse(H) (cross - G w), H = G + damp, inverse(H) = U^T U */
    double *rhs = tmp;
    for (int i = 0; i < rows * n; i++) rhs[i] = gram->cross[first + (size_t)i] + gram->damp * to[i];
    mnq_grid_subtract(rhs, gram->h, to, n, rows);
    times_upper(gram->u, rhs, n, rows, rhs);
    for (int i = 0; i < rows * n; i++) rhs[i] = -rhs[i];
    mnq_grid_subtract_upper(to, gram->u, rhs, n, rows);
}

/* Rounds rows to uniform grids second order: value[l] to grid[l]. */
static void round_lanes(const struct mnq_gram *gram, const double *target, const uint8_t *pruned, int n, int rows,
                        const struct mnq_grid *grid, double *tmp, double *value)
{
    double error[TOGETHER];
    memcpy(value, target, (size_t)rows * (size_t)n * sizeof *value);
    mnq_grid_sweep(value, gram->u, pruned, n, n, rows, grid, error);
    mnq_grid_descend(target, value, gram->h, pruned, n, rows, grid, tmp, error);
}

/* The step of a row for nearest rounding; importance: of each weight, or NULL. */
static double step_of(const double *row, const double *importance, int n, int bits)
{
    return bits == 2 ? mnq_wternary_step(row, importance, n) : mnq_wround_step(row, importance, n, (1 << (bits - 1)) - 1);
}

/* Values of a uniform grid: the best of a few steps, or of the one given. Returns the step. */
static double round_uniform(const struct work *w, const double *target, const uint8_t *pruned, double *tmp, double forced,
                            double *value)
{
    const struct mnq_gram *gram = w->job->gram;
    int n = w->r->n, bits = w->job->format.bits, qmax = (1 << (bits - 1)) - 1, best = 0;
    struct mnq_grid grid[STEPS] = {{.step = forced, .qmax = qmax}};
    double error[STEPS], top = 0;
    for (int k = 0; k < n; k++) top = fmax(top, fabs(target[k]));
    if (!(forced > 0) && bits == 2) {
        double *importance = tmp + (size_t)STEPS * (size_t)n;
        for (int k = 0; k < n; k++) importance[k] = gram->diag[gram->order[k]];
        return mnq_wternary_row(target, importance, gram->h, gram->u, pruned, n, value, tmp);
    }
    if (!(forced > 0) && bits <= 4 && top > 0) {
        for (int l = 0; l < STEPS; l++) grid[l] = (struct mnq_grid){.step = top / qmax * (1 - l / 16.0), .qmax = qmax};
        for (int l = 0; l < STEPS; l++) memcpy(tmp + (size_t)l * (size_t)n, target, (size_t)n * sizeof *tmp);
        mnq_grid_sweep(tmp, gram->u, pruned, 0, n, STEPS, grid, error);
        for (int l = 1; l < STEPS; l++)
            if (error[l] < error[best]) best = l;
        memcpy(value, tmp + (size_t)best * (size_t)n, (size_t)n * sizeof *value);
        mnq_grid_descend(target, value, gram->h, pruned, n, 1, &grid[best], tmp, error);
        return grid[best].step;
    }
    if (!(forced > 0)) {
        for (int k = 0; k < n; k++) tmp[k] = gram->diag[gram->order[k]];
        grid[0].step = mnq_wround_step(target, tmp, n, qmax);
    }
    round_lanes(gram, target, pruned, n, 1, grid, tmp, value);
    return grid[0].step;
}

/* Whether TOGETHER rows at a time are rounded: they share what is read of the matrices. */
static bool goes_together(const struct work *w)
{
    int bits = w->job->format.bits;
    return second_order(w->job) && !w->job->nearest && bits > 4 && bits <= 8;
}

/* Rounds rows o, o + 1 and so on, each as round_row() does without a step that is forced; step: theirs. */
static void round_together(const struct work *w, int o, int rows, double *scratch, double *step)
{
    const struct mnq_gram *gram = w->job->gram;
    int n = w->r->n, qmax = (1 << (w->job->format.bits - 1)) - 1;
    struct mnq_grid grid[TOGETHER];
    double *target = scratch, *value = target + TOGETHER * n, *tmp = value + TOGETHER * n;
    uint8_t *pruned = (uint8_t *)(tmp + TOGETHER * n);
    target_rows(w, o, rows, target, pruned, tmp);
    for (int k = 0; k < n; k++) tmp[k] = gram->diag[gram->order[k]];
    for (int l = 0; l < rows; l++)
        grid[l] = (struct mnq_grid){.step = mnq_wround_step(target + l * n, tmp, n, qmax), .qmax = qmax};
    round_lanes(gram, target, pruned, n, rows, grid, tmp, value);
    for (int l = 0; l < rows; l++) {
        int16_t *q = w->r->q + (size_t)(o + l) * (size_t)n;
        for (int k = 0; k < n; k++) q[gram->order[k]] = (int16_t)lround(value[l * n + k] / grid[l].step);
        step[l] = grid[l].step;
    }
}

/* Rounds row o with a step (0: choose one); returns the step used. */
static double round_row(const struct work *w, int o, double forced, double *scratch)
{
    struct mnq_rows *r = w->r;
    int n = r->n, bits = w->job->format.bits;
    int16_t *q = r->q + (size_t)o * (size_t)n;
    const double *row = r->w + (size_t)o * (size_t)n;
    if (!second_order(w->job)) {
        int qmax = (1 << (bits - 1)) - 1;
        const double *importance = w->job->gram != NULL && bits <= 8 ? w->job->gram->diag : NULL;
        double step = forced > 0 ? forced : step_of(row, importance, n, bits);
        mnq_wround_nearest(row, n, step, qmax, q);
        return step;
    }
    double *target = scratch, *value = target + n, *tmp = value + n;
    uint8_t *pruned = (uint8_t *)(tmp + (size_t)(STEPS + 1) * (size_t)n);
    target_rows(w, o, 1, target, pruned, tmp);
    if (bits == 16 || w->job->nearest) {
        int qmax = (1 << (bits - 1)) - 1;
        int16_t *rounded = (int16_t *)(void *)(tmp + n);
        for (int k = 0; k < n; k++) {
            if (pruned[k]) target[k] = 0;
            tmp[k] = w->job->gram->diag[w->job->gram->order[k]];
        }
        double step = forced > 0 ? forced : step_of(target, bits <= 8 ? tmp : NULL, n, bits);
        mnq_wround_nearest(target, n, step, qmax, rounded);
        for (int k = 0; k < n; k++) q[w->job->gram->order[k]] = rounded[k];
        return step;
    }
    double step = round_uniform(w, target, pruned, tmp, forced, value);
    for (int k = 0; k < n; k++) q[w->job->gram->order[k]] = (int16_t)lround(value[k] / step);
    return step;
}

/* Binary rows: signs, or sums of bases in integers. Returns the real value of one integer unit, not below `least`. */
static double round_binary_row(const struct work *w, int o, double least, double *scratch)
{
    struct mnq_rows *r = w->r;
    const struct mnq_wformat *f = &w->job->format;
    const struct mnq_gram *gram = w->job->gram;
    int n = r->n, bases = f->bases;
    double *target = scratch, *value = target + n, *tmp = value + n, coef[MNQ_WBINARY_MAX], sum = 0;
    uint8_t *pruned = (uint8_t *)(tmp + (size_t)(MNQ_WBINARY_MAX + 8) * (size_t)n);
    int16_t *q = r->q + (size_t)o * (size_t)n;
    const double *level = w->job->level;
    bool fit = level == NULL && second_order(w->job);
    if (fit) target_rows(w, o, 1, target, pruned, tmp);
    else memcpy(target, r->w + (size_t)o * (size_t)n, (size_t)n * sizeof *target);
    if (level != NULL) {
        memcpy(coef, level + (size_t)o * (size_t)bases, (size_t)bases * sizeof *coef);
        memcpy(value, target, (size_t)n * sizeof *value);
    } else {
        mnq_wbinary_row(target, fit ? gram->h : NULL, fit ? gram->u : NULL, n, bases, fit ? MNQ_BINARY_FIT : MNQ_BINARY_MEAN,
                        coef, value, tmp);
    }
    for (int m = 0; m < bases; m++) sum += coef[m];
    double real = w->b != NULL ? fabs((double)w->b[o]) : 0, unit = fmax(coef[0], fmax(least, real / BIAS_LIMIT));
    int whole[MNQ_WBINARY_MAX] = {1};
    if (bases > 1) {
        unit = fmax(fmax(sum / 32000, w->in_max * n * sum / (ACC_LIMIT / 2)), fmax(least, real / BIAS_LIMIT));
        for (int m = 0; m < bases; m++) whole[m] = (int)fmax(1, round(coef[m] / unit));
    }
    for (int k = 0; k < n; k++) {
        int v = 0;
        for (int m = 0; m < bases; m++) v += whole[m] * mnq_wbinary_sign(coef, bases, value[k], m);
        q[fit ? gram->order[k] : k] = (int16_t)v;
    }
    for (int m = 0; m < bases; m++) r->coef[(size_t)o * (size_t)bases + (size_t)m] = (int16_t)whole[m];
    return unit;
}

/* Bias in accumulator units and the worst-case accumulator of a rounded row. */
static double row_bound(const struct work *w, int o, double *bias)
{
    const struct mnq_rows *r = w->r;
    const int16_t *q = r->q + (size_t)o * (size_t)r->n;
    const double *zero = r->zero + (r->depthwise ? (size_t)o * (size_t)r->n : 0);
    const struct mnq_wformat *f = &w->job->format;
    double sum = 0, b = (w->b != NULL ? (double)w->b[o] : 0) / r->step[o];
    if (f->inputs == 1) {
        const struct mnq_sign_stats *s = w->job->sign;
        if (s != NULL) b += w->mean[o] / r->step[o]; /* the mean output is that of the activations */
        for (int k = 0; s != NULL && k < r->n; k++) b -= XNOR_UNIT * q[k] * s->mean_sign[k];
        *bias = round(b);
        return fabs(*bias) + XNOR_UNIT * r->n;
    }
    for (int k = 0; k < r->n; k++) {
        sum += fabs((double)q[k]);
        b -= q[k] * zero[k];
    }
    if (f->bits == 1) { /* what the format proves: every base with all signs alike */
        sum = 0;
        for (int m = 0; m < f->bases; m++) sum += r->n * (double)r->coef[(size_t)o * (size_t)f->bases + (size_t)m];
    }
    *bias = round(b);
    return fabs(*bias) + w->in_max * sum;
}

/* Binary rows: larger units until the accumulator fits. */
static int settle_binary(const struct work *w, int o, double *scratch, double *bias, double *bound, struct mnq_err *e)
{
    double units = w->job->format.inputs == 1 ? XNOR_UNIT : 1, least = 0;
    for (int tries = 0;; tries++) {
        double unit = round_binary_row(w, o, least, scratch);
        w->r->step[o] = unit / units;
        *bound = row_bound(w, o, bias);
        if (*bound <= ACC_LIMIT) return 0;
        if (tries == TRIES)
            return mnq_fail(e, MNQ_EXIT_FAILED, "a binary row of %d inputs needs more than 32 bits", w->r->n);
        least = unit * fmax(1.001, *bound / ACC_LIMIT);
    }
}

/* A row rounded with `step`: again with larger ones until bias and accumulator fit. */
static void settle(const struct work *w, int o, double step, double *scratch, double *bias, double *bound)
{
    double real = w->b != NULL ? fabs((double)w->b[o]) : 0;
    for (;;) {
        double forced = real / BIAS_LIMIT;
        w->r->step[o] = step;
        if (!(step < forced)) {
            *bound = row_bound(w, o, bias);
            if (*bound <= ACC_LIMIT) return;
            forced = step * fmax(1.001, *bound / ACC_LIMIT);
        }
        step = round_row(w, o, forced, scratch);
    }
}

static int one_group(void *ctx, int group, int thread, struct mnq_err *e)
{
    struct work *w = ctx;
    int first = group * TOGETHER, rows = w->r->rows - first < TOGETHER ? w->r->rows - first : TOGETHER;
    bool together = goes_together(w), binary = w->job->format.bits == 1;
    double *scratch = w->scratch + (size_t)thread * w->scratch_size, bias, bound, step[TOGETHER];
    if (together) round_together(w, first, rows, scratch, step);
    for (int l = 0; l < rows; l++) {
        int o = first + l;
        if (binary) {
            if (settle_binary(w, o, scratch, &bias, &bound, e) != 0) return -1;
        } else {
            double known = w->job->level != NULL ? w->job->level[o] : 0;
            settle(w, o, together ? step[l] : round_row(w, o, known, scratch), scratch, &bias, &bound);
        }
        w->bias[o] = (int32_t)bias;
        w->bound[o] = bound;
    }
    return 0;
}

int mnq_rows_round(struct mnq_rows *r, const float *b, const struct mnq_rounding_job *job, double in_max, int32_t *bias,
                   double *worst, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    int threads = job->threads > 0 ? job->threads : 1, rc = -1;
    struct work w = {.r = r, .b = b, .job = job, .in_max = in_max, .bias = bias};
    w.scratch_size = (size_t)r->n * (MNQ_WBINARY_MAX + 8 + 3) + 64;
    w.bound = mnq_arena_array(&arena, (size_t)r->rows, sizeof *w.bound);
    w.mean = mnq_arena_array(&arena, (size_t)r->rows, sizeof *w.mean);
    w.scratch = mnq_arena_array(&arena, w.scratch_size * (size_t)threads, sizeof *w.scratch);
    if (w.bound == NULL || w.mean == NULL || w.scratch == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    for (int o = 0; job->sign != NULL && job->format.inputs == 1 && o < r->rows; o++)
        for (int k = 0; k < r->n; k++) { /* from real units per integer to those per sign */
            double *x = &r->w[(size_t)o * (size_t)r->n + (size_t)k];
            w.mean[o] += *x * job->sign->mean[k];
            *x *= job->sign->amplitude[k];
        }
    if (mnq_pool_for((r->rows + TOGETHER - 1) / TOGETHER, threads, one_group, &w, e) != 0) goto done;
    *worst = 1;
    for (int o = 0; o < r->rows; o++) *worst = fmax(*worst, w.bound[o]);
    rc = 0;
done:
    mnq_arena_free(&arena);
    return rc;
}

/* ---- noise ---- */

/* (w - q)^T G (w - q) of row o, into bound[o]. */
static int one_noise(void *ctx, int o, int thread, struct mnq_err *e)
{
    (void)e;
    struct work *w = ctx;
    const struct mnq_rows *r = w->r;
    const struct mnq_gram *gram = w->job->gram;
    int n = r->n;
    double *d = w->scratch + (size_t)thread * w->scratch_size, *tmp = d + n, sum = 0, square = 0;
    target_rows(w, o, 1, d, (uint8_t *)(tmp + n), tmp);
    for (int k = 0; k < n; k++) d[k] -= r->q[(size_t)o * (size_t)n + (size_t)gram->order[k]] * r->step[o];
    for (int k = 0; k < n; k++) {
        const double *row = gram->h + (size_t)k * (size_t)n;
        double part = 0.5 * d[k] * row[k];
        for (int j = k + 1; j < n; j++) part += d[j] * row[j];
        sum += 2 * d[k] * part;
        square += d[k] * d[k];
    }
    w->bound[o] = fmax(0, sum - gram->damp * square);
    return 0;
}

int mnq_rows_noise(struct mnq_rows *r, const struct mnq_rounding_job *job, const struct mnq_gram *gram, double *noise,
                   struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_rounding_job measured = *job;
    struct mnq_gram plain = *gram;
    int threads = job->threads > 0 ? job->threads : 1, rc = -1;
    struct work w = {.r = r, .job = &measured};
    if (job->gram == NULL) plain.cross = NULL; /* rounded without targets: measured against the weights themselves */
    measured.gram = &plain;
    w.scratch_size = (size_t)r->n * 4 + 64;
    w.bound = mnq_arena_array(&arena, (size_t)r->rows, sizeof *w.bound);
    w.scratch = mnq_arena_array(&arena, w.scratch_size * (size_t)threads, sizeof *w.scratch);
    *noise = 0;
    if (w.bound == NULL || w.scratch == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (mnq_pool_for(r->rows, threads, one_noise, &w, e) != 0) goto done;
    for (int o = 0; o < r->rows; o++) *noise += w.bound[o];
    rc = 0;
done:
    mnq_arena_free(&arena);
    return rc;
}
