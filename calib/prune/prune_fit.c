/* SPDX-License-Identifier: Apache-2.0
 * One layer's weights, fitted anew to what the dense network computes, with some of them zero.
 *
 * The layer reads the outputs of layers that are pruned already and aims at the dense network's pre-activations Y. With the
 * centred covariances C = cov(x, x), c = cov(x, y), damping d and dense weights w0:
 *     w = (C + D)^-1 (c + D w0),    H = C + D,    bias = mean(y) - w' mean(x)
 * where D = damping * (0.9 diag(C) + 0.1 mean(diag(C)) I) draws the weights toward the dense ones, and w' is found from w
 * and H by the optimal brain surgeon (obs.h), output by output. */
#include "prune_fit.h"

#include "graph/fkernel/fkernel.h"
#include "quantize/linalg.h"
#include "util/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Share of an input's own variance in its damping; the rest is the layer's mean, for inputs that hardly move. */
static const double OWN = 0.9;

/* ---- sums over rows ---- */

struct sums {
    const struct mnq_rows *r;
    const struct mnq_fit_opts *o;
    struct mnq_fit *f;
    const float *w0;
    double *cross; /* [outputs][inputs] cov(x, y) */
    float *x;      /* [rows][stride] centred inputs of the rows that count */
    float *part;   /* [threads][TILE][stride] sums of SLICE rows */
    size_t rows, stride;
    double *drawn; /* [inputs] diagonal of D */
};

static bool counts(const struct mnq_rows *r, const struct mnq_fit_opts *o, size_t row)
{
    return o->holdout <= 0 || (row / (size_t)r->per) % (size_t)o->holdout != (size_t)o->holdout - 1;
}

/* Rows of covariances that a task makes; rows of samples whose products are summed in single precision, before these sums
 * are in double. */
enum { TILE = 32, SLICE = 64 };

static int center(struct sums *s, struct mnq_arena *scratch, struct mnq_err *e)
{
    const struct mnq_rows *r = s->r;
    size_t in = (size_t)r->inputs, out = (size_t)r->outputs, all = (size_t)r->per * (size_t)r->samples;
    struct mnq_fit *f = s->f;
    s->stride = mnq_obs_stride(r->inputs);
    s->x = mnq_arena_array(scratch, all * s->stride, sizeof *s->x);
    s->part = mnq_arena_array(scratch, (size_t)f->threads * TILE * s->stride, sizeof *s->part);
    if (s->x == NULL || s->part == NULL) return mnq_fail_nomem(e);
    for (size_t row = 0; row < all; row++) {
        if (!counts(r, s->o, row)) continue;
        float *to = s->x + s->rows * s->stride;
        for (size_t i = 0; i < in; i++) f->mean_x[i] += (double)(to[i] = r->x[row * in + i]);
        for (size_t j = 0; j < out; j++) f->mean_y[j] += (double)r->y[row * out + j];
        s->rows++;
    }
    if (s->rows == 0) return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "too few samples to prune on");
    double n = (double)s->rows;
    for (size_t i = 0; i < in; i++) f->mean_x[i] = s->o->fixed_bias == NULL ? f->mean_x[i] / n : 0;
    for (size_t j = 0; j < out; j++)
        f->mean_y[j] = s->o->fixed_bias == NULL ? f->mean_y[j] / n : (double)s->o->fixed_bias[j];
    for (size_t row = 0; row < s->rows; row++)
        for (size_t i = 0; i < in; i++) s->x[row * s->stride + i] -= (float)f->mean_x[i];
    return 0;
}

/* to += the outer products of a slice of rows, which o tells. */
static void add_slice(const struct sums *s, const struct mnq_fouter *o, const float *u, const float *v, float *part,
                      double *to, size_t apart)
{
    for (int i = 0; i < o->rows; i++) memset(part + (size_t)i * s->stride, 0, (size_t)o->cols * sizeof *part);
    mnq_fkernels_best()->outer_f(o, part, u, v);
    for (int i = 0; i < o->rows; i++)
        for (int k = 0; k < o->cols; k++)
            to[(size_t)i * apart + (size_t)k] += (double)part[(size_t)i * s->stride + (size_t)k];
}

/* TILE rows of the covariance of inputs, sums in the order of the samples' rows. */
static int sum_inputs(void *ctx, int tile, int w, struct mnq_err *e)
{
    (void)e;
    struct sums *s = ctx;
    size_t in = (size_t)s->r->inputs, first = (size_t)tile * TILE, n = in - first < TILE ? in - first : TILE;
    struct mnq_fouter o = {.rows = (int)n, .cols = (int)(first + n), .plus = true, .lower = true};
    o.a_stride = o.u_stride = o.v_stride = s->stride;
    for (size_t row = 0; row < s->rows; row += SLICE) {
        const float *x = s->x + row * s->stride;
        o.k = (int)(s->rows - row < SLICE ? s->rows - row : SLICE);
        add_slice(s, &o, x + first, x, s->part + (size_t)w * TILE * s->stride, s->f->h + first * in, in);
    }
    for (size_t i = first; i < first + n; i++)
        for (size_t k = 0; k <= i; k++) s->f->h[i * in + k] /= (double)s->rows;
    return 0;
}

/* The same for the covariances of TILE outputs with all inputs. */
static int sum_outputs(void *ctx, int tile, int w, struct mnq_err *e)
{
    (void)e;
    struct sums *s = ctx;
    const struct mnq_rows *r = s->r;
    size_t in = (size_t)r->inputs, out = (size_t)r->outputs, all = (size_t)r->per * (size_t)r->samples;
    size_t first = (size_t)tile * TILE, n = out - first < TILE ? out - first : TILE, at = 0;
    float y[SLICE * TILE];
    double *to = s->cross + first * in;
    struct mnq_fouter o = {.rows = (int)n, .cols = (int)in, .u_stride = TILE, .plus = true};
    o.a_stride = o.v_stride = s->stride;
    for (size_t row = 0; row < all; row++) {
        if (!counts(r, s->o, row)) continue;
        for (size_t j = 0; j < n; j++)
            y[(size_t)o.k * TILE + j] = r->y[row * out + first + j] - (float)s->f->mean_y[first + j];
        at++;
        if (++o.k < SLICE && at < s->rows) continue;
        add_slice(s, &o, y, s->x + (at - (size_t)o.k) * s->stride, s->part + (size_t)w * TILE * s->stride, to, in);
        o.k = 0;
    }
    for (size_t i = 0; i < n * in; i++) to[i] /= (double)s->rows;
    return 0;
}

/* ---- regression and traces ---- */

struct tracing {
    struct mnq_fit *f;
    const float *inverse; /* [n][stride] of f->h, lower triangle */
    float *h, *w;         /* [threads][n][stride], [threads][stride] */
    uint8_t *work;        /* [threads] */
};

static int trace_output(void *ctx, int j, int worker, struct mnq_err *e)
{
    (void)e;
    struct tracing *t = ctx;
    struct mnq_fit *f = t->f;
    size_t n = (size_t)f->inputs, stride = mnq_obs_stride(f->inputs);
    float *h = t->h + (size_t)worker * n * stride, *w = t->w + (size_t)worker * stride;
    for (size_t i = 0; i < n; i++) memcpy(h + i * stride, t->inverse + i * stride, (i + 1) * sizeof *h);
    for (size_t i = 0; i < n; i++) w[i] = (float)f->w[(size_t)j * n + i];
    struct mnq_obs_pattern p = {1, 0, 0};
    if (f->pattern.kind == MNQ_PATTERN_BLOCK) p.block = f->pattern.m;
    if (f->pattern.kind == MNQ_PATTERN_N_M) p.group = f->pattern.m, p.most = f->pattern.m - f->pattern.n;
    f->removable[j] = mnq_obs_trace(h, w, f->inputs, p, f->order + (size_t)j * n, f->error + (size_t)j * n,
                                    t->work + (size_t)worker * mnq_obs_work(f->inputs));
    return 0;
}

static int trace_all(struct mnq_fit *f, struct mnq_err *e)
{
    size_t n = (size_t)f->inputs, threads = (size_t)f->threads, stride = mnq_obs_stride(f->inputs);
    float *inverse = malloc(n * stride * sizeof *inverse);
    struct tracing t = {.f = f, .inverse = inverse};
    t.h = malloc(threads * n * stride * sizeof *t.h);
    t.w = malloc(threads * stride * sizeof *t.w);
    t.work = aligned_alloc(64, (threads * mnq_obs_work(f->inputs) + 63) / 64 * 64);
    const struct mnq_spread_part part[] = {
        {f->removable, sizeof *f->removable}, {f->order, n * sizeof *f->order}, {f->error, n * sizeof *f->error}};
    struct mnq_spread_job job = {
        .n = f->outputs, .threads = f->threads, .work = trace_output, .ctx = &t, .part = part, .n_parts = 3};
    int rc = inverse == NULL || t.h == NULL || t.w == NULL || t.work == NULL ? mnq_fail_nomem(e) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        for (size_t k = 0; k <= i; k++) inverse[i * stride + k] = (float)f->hinv[i * n + k];
    if (rc == 0) rc = mnq_spread_for(&job, e);
    free(inverse);
    free(t.h);
    free(t.w);
    free(t.work);
    return rc;
}

struct solving_dense {
    const struct sums *s;
    const double *l; /* factor of f->h */
    double *room;    /* [threads][inputs][TILE] */
};

static int solve_dense(void *ctx, int tile, int worker, struct mnq_err *e)
{
    (void)e;
    const struct solving_dense *d = ctx;
    const struct sums *s = d->s;
    struct mnq_fit *f = s->f;
    size_t in = (size_t)f->inputs, out = (size_t)f->outputs;
    size_t first = (size_t)tile * TILE, n = out - first < TILE ? out - first : TILE;
    double *b = d->room + (size_t)worker * in * TILE;
    for (size_t i = 0; i < in; i++)
        for (size_t j = 0; j < n; j++)
            b[i * n + j] = s->cross[(first + j) * in + i] + s->drawn[i] * (double)s->w0[i * out + first + j];
    mnq_cholesky_solve_many(d->l, f->inputs, b, (int)n);
    for (size_t i = 0; i < in; i++)
        for (size_t j = 0; j < n; j++) f->w[(first + j) * in + i] = b[i * n + j];
    return 0;
}

/* w = (C + D)^-1 (c + D w0), H and its inverse. */
static int regress(struct sums *s, double *scratch, double *panel, double *room, struct mnq_err *e)
{
    struct mnq_fit *f = s->f;
    size_t in = (size_t)f->inputs;
    double mean = 0;
    for (size_t i = 0; i < in; i++) mean += f->h[i * in + i] / (double)in;
    for (size_t i = 0; i < in; i++) {
        s->drawn[i] = s->o->damping * (mean > 0 ? OWN * f->h[i * in + i] + (1 - OWN) * mean : 1);
        f->h[i * in + i] += s->drawn[i];
    }
    for (size_t i = 0; i < in; i++)
        for (size_t k = 0; k < i; k++) f->h[k * in + i] = f->h[i * in + k];
    memcpy(f->hinv, f->h, in * in * sizeof *f->hinv);
    if (mnq_obs_invert(f->hinv, f->inputs, scratch) != 0)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "the inputs of a layer have no usable covariance");
    for (size_t i = 0; i < in; i++)
        for (size_t k = 0; k < i; k++) f->hinv[k * in + i] = f->hinv[i * in + k];
    memcpy(scratch, f->h, in * in * sizeof *scratch);
    if (mnq_cholesky_panels(scratch, f->inputs, panel) != 0)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "the inputs of a layer have no usable covariance");
    struct solving_dense d = {s, scratch, room};
    return mnq_pool_for((f->outputs + TILE - 1) / TILE, f->threads, solve_dense, &d, e);
}

int mnq_fit_make(const struct mnq_rows *r, const float *w0, struct mnq_pattern pattern, const struct mnq_fit_opts *o,
                 struct mnq_fit *f, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    size_t in = (size_t)r->inputs, out = (size_t)r->outputs;
    *f = (struct mnq_fit){.inputs = r->inputs, .outputs = r->outputs, .threads = o->threads, .pattern = pattern};
    struct sums s = {.r = r, .o = o, .f = f, .w0 = w0};
    f->h = mnq_arena_array(arena, in * in, sizeof *f->h);
    f->hinv = mnq_arena_array(arena, in * in, sizeof *f->hinv);
    f->mean_x = mnq_arena_array(arena, in, sizeof *f->mean_x);
    f->mean_y = mnq_arena_array(arena, out, sizeof *f->mean_y);
    f->w = mnq_arena_array(arena, out * in, sizeof *f->w);
    if (!o->untraced) {
        f->error = mnq_arena_array(arena, out * in, sizeof *f->error);
        f->order = mnq_arena_array(arena, out * in, sizeof *f->order);
        f->removable = mnq_arena_array(arena, out, sizeof *f->removable);
    }
    s.cross = mnq_arena_array(&scratch, out * in, sizeof *s.cross);
    s.drawn = mnq_arena_array(&scratch, in, sizeof *s.drawn);
    double *more = mnq_arena_array(&scratch, in * in, sizeof *more);
    double *panel = mnq_arena_array(&scratch, MNQ_PANEL * mnq_panel_stride(r->inputs), sizeof *panel);
    double *room = mnq_arena_array(&scratch, (size_t)o->threads * in * TILE, sizeof *room);
    int rc = -1;
    if (f->h == NULL || f->hinv == NULL || f->mean_x == NULL || f->mean_y == NULL || f->w == NULL ||
        (!o->untraced && (f->error == NULL || f->order == NULL || f->removable == NULL)) || s.cross == NULL ||
        s.drawn == NULL || more == NULL || panel == NULL || room == NULL)
        mnq_fail_nomem(e);
    else if (center(&s, &scratch, e) == 0 &&
             mnq_pool_for((r->inputs + TILE - 1) / TILE, o->threads, sum_inputs, &s, e) == 0 &&
             mnq_pool_for((r->outputs + TILE - 1) / TILE, o->threads, sum_outputs, &s, e) == 0) {
        if (regress(&s, more, panel, room, e) == 0) rc = o->untraced ? 0 : trace_all(f, e);
    }
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- solving ---- */

struct solving {
    const struct mnq_fit *f;
    const int *per_output;
    float *w, *b;          /* w: [outputs][n] */
    double *scratch, *row; /* [threads][n][n], [threads][n] */
    uint8_t *gone, *work;
};

static int solve_output(void *ctx, int j, int worker, struct mnq_err *e)
{
    struct solving *s = ctx;
    const struct mnq_fit *f = s->f;
    size_t n = (size_t)f->inputs;
    double *w = s->row + (size_t)worker * n, shift = 0;
    uint8_t *gone = s->gone + (size_t)worker * n;
    memcpy(w, f->w + (size_t)j * n, n * sizeof *w);
    memset(gone, 0, n);
    for (int k = 0; k < s->per_output[j]; k++) gone[f->order[(size_t)j * n + (size_t)k]] = 1;
    if (s->per_output[j] > 0 && mnq_obs_refit(f->h, f->hinv, f->inputs, gone, w, s->scratch + (size_t)worker * n * n,
                                              s->work + (size_t)worker * mnq_obs_work(f->inputs)) != 0)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "the inputs of a layer have no usable covariance");
    for (size_t i = 0; i < n; i++) {
        float v = (float)w[i];
        s->w[(size_t)j * n + i] = v;
        shift += (double)v * f->mean_x[i];
    }
    if (s->b != NULL) s->b[j] = (float)(f->mean_y[j] - shift);
    return 0;
}

int mnq_fit_solve(const struct mnq_fit *f, const int *per_output, float *w, float *b, struct mnq_err *e)
{
    size_t n = (size_t)f->inputs, threads = (size_t)f->threads;
    struct solving s = {.f = f, .per_output = per_output, .w = malloc((size_t)f->outputs * n * sizeof *w), .b = b};
    s.scratch = malloc(threads * n * n * sizeof *s.scratch);
    s.row = malloc(threads * n * sizeof *s.row);
    s.gone = malloc(threads * n);
    s.work = aligned_alloc(64, (threads * mnq_obs_work(f->inputs) + 63) / 64 * 64);
    int rc = -1;
    const struct mnq_spread_part part[] = {{s.w, n * sizeof *w}, {b, sizeof *b}};
    struct mnq_spread_job job = {
        .n = f->outputs, .threads = f->threads, .work = solve_output, .ctx = &s, .part = part, .n_parts = b != NULL ? 2 : 1};
    if (s.w == NULL || s.scratch == NULL || s.row == NULL || s.gone == NULL || s.work == NULL) mnq_fail_nomem(e);
    else rc = mnq_spread_for(&job, e);
    for (size_t j = 0; rc == 0 && j < (size_t)f->outputs; j++)
        for (size_t i = 0; i < n; i++) w[i * (size_t)f->outputs + j] = s.w[j * n + i];
    free(s.w);
    free(s.scratch);
    free(s.row);
    free(s.gone);
    free(s.work);
    return rc;
}

/* ---- the same inputs gone everywhere ---- */

struct solving_without {
    const struct mnq_fit *f;
    const int *kept; /* [n] */
    int n;
    const double *l; /* factor of H over the kept inputs */
    double *room;    /* [threads][n][TILE] */
    float *w, *b;
};

/* TILE outputs: H_SS w'_S = (H w)_S. */
static int solve_tile(void *ctx, int tile, int worker, struct mnq_err *e)
{
    (void)e;
    const struct solving_without *s = ctx;
    const struct mnq_fit *f = s->f;
    size_t in = (size_t)f->inputs, out = (size_t)f->outputs, m = (size_t)s->n;
    size_t first = (size_t)tile * TILE, n = out - first < TILE ? out - first : TILE;
    double *v = s->room + (size_t)worker * m * TILE;
    for (size_t a = 0; a < m; a++) {
        const double *h = f->h + (size_t)s->kept[a] * in;
        for (size_t j = 0; j < n; j++) {
            const double *w = f->w + (first + j) * in;
            double sum = 0;
            for (size_t i = 0; i < in; i++) sum += h[i] * w[i];
            v[a * n + j] = sum;
        }
    }
    mnq_cholesky_solve_many(s->l, s->n, v, (int)n);
    for (size_t j = 0; j < n; j++) {
        double shift = 0;
        for (size_t i = 0; i < in; i++) s->w[i * out + first + j] = 0;
        for (size_t a = 0; a < m; a++) {
            float value = (float)v[a * n + j];
            s->w[(size_t)s->kept[a] * out + first + j] = value;
            shift += (double)value * f->mean_x[s->kept[a]];
        }
        if (s->b != NULL) s->b[first + j] = (float)(f->mean_y[first + j] - shift);
    }
    return 0;
}

int mnq_fit_solve_without(const struct mnq_fit *f, const unsigned char *gone, float *w, float *b, struct mnq_err *e)
{
    size_t in = (size_t)f->inputs;
    struct mnq_arena scratch = {0};
    int *kept = mnq_arena_array(&scratch, in, sizeof *kept);
    double *l = mnq_arena_array(&scratch, in * in, sizeof *l);
    double *panel = mnq_arena_array(&scratch, MNQ_PANEL * mnq_panel_stride(f->inputs), sizeof *panel);
    struct solving_without s = {.f = f, .kept = kept, .l = l, .w = w, .b = b};
    s.room = mnq_arena_array(&scratch, (size_t)f->threads * in * TILE, sizeof *s.room);
    int rc = kept == NULL || l == NULL || panel == NULL || s.room == NULL ? mnq_fail_nomem(e) : 0;
    for (int i = 0; rc == 0 && i < f->inputs; i++)
        if (!gone[i]) kept[s.n++] = i;
    for (int a = 0; rc == 0 && a < s.n; a++)
        for (int c = 0; c <= a; c++) l[(size_t)a * (size_t)s.n + (size_t)c] = f->h[(size_t)kept[a] * in + (size_t)kept[c]];
    if (rc == 0 && mnq_cholesky_panels(l, s.n, panel) != 0)
        rc = mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "the inputs of a layer have no usable covariance");
    if (rc == 0) rc = mnq_pool_for((f->outputs + TILE - 1) / TILE, f->threads, solve_tile, &s, e);
    mnq_arena_free(&scratch);
    return rc;
}
