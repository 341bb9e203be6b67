/* SPDX-License-Identifier: Apache-2.0
 * Rows for a layer's regression: inputs of the network under work beside outputs of the dense one, at the same pixels. */
#include "prune_fit.h"

#include "graph/fkernel/fkernel.h"
#include "util/pool.h"

#include <string.h>

struct gather {
    const struct mnq_graph *g;
    struct mnq_rows *r;
    int node;
    bool x, y; /* what this pass fills */
};

/* k-th pixel of a sample; golden-section offsets decorrelate the grid from sample to sample. */
static size_t pixel_of(size_t k, int sample, size_t per, size_t pixels)
{
    return (k * pixels / per + (size_t)sample * 2654435761u % (pixels / per)) % pixels;
}

static void visit(void *ctx, int sample, int worker, const float *pre, struct mnq_exec *x)
{
    (void)worker;
    const struct gather *ga = ctx;
    struct mnq_rows *r = ga->r;
    const struct mnq_node *nd = &ga->g->node[ga->node];
    size_t pixels = (size_t)nd->out.h * (size_t)nd->out.w, per = (size_t)r->per;
    size_t in = (size_t)r->inputs, out = (size_t)r->outputs;
    const float *tensor = mnq_exec_tensor(x, nd->in[0]);
    for (size_t k = 0; k < per; k++) {
        size_t pixel = pixel_of(k, sample, per, pixels), row = (size_t)sample * per + k;
        if (ga->x) memcpy(r->x + row * in, tensor + pixel * in, in * sizeof *r->x);
        if (ga->y) memcpy(r->y + row * out, pre + pixel * out, out * sizeof *r->y);
    }
}

int mnq_rows_gather(struct mnq_stream *dense, struct mnq_stream *now, const struct mnq_graph *g, int i, int settled,
                    int samples, size_t wanted, struct mnq_rows *r, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_node *nd = &g->node[i];
    size_t pixels = (size_t)nd->out.h * (size_t)nd->out.w, per = (wanted + (size_t)samples - 1) / (size_t)samples;
    if (per > pixels) per = pixels;
    *r = (struct mnq_rows){.inputs = g->node[nd->in[0]].out.c, .outputs = nd->out.c, .per = (int)per, .samples = samples};
    size_t n = per * (size_t)samples;
    r->x = mnq_arena_array(arena, n * (size_t)r->inputs, sizeof *r->x);
    r->y = mnq_arena_array(arena, n * (size_t)r->outputs, sizeof *r->y);
    if (r->x == NULL || r->y == NULL) return mnq_fail_nomem(e);
    struct gather ga = {g, r, i, now == NULL, true};
    const struct mnq_spread_part x = {r->x, per * (size_t)r->inputs * sizeof *r->x};
    const struct mnq_spread_part both[] = {{r->y, per * (size_t)r->outputs * sizeof *r->y}, x};
    if (mnq_stream_run(dense, i, i, visit, &ga, both, now == NULL ? 2 : 1, e) != 0) return -1;
    if (now == NULL) return 0;
    ga.x = true;
    ga.y = false;
    return mnq_stream_run(now, i - 1, settled, visit, &ga, &x, 1, e); /* what the node reads is all that is asked for */
}

/* ---- errors ---- */

enum { TILE = 32 }; /* rows, and outputs, at a time */

struct judging {
    const struct mnq_rows *r;
    const double *w; /* [inputs][outputs] */
    const float *b;
    int holdout;
    double *x;              /* [threads][inputs][TILE] rows, transposed */
    double *noise, *signal; /* [outputs] */
};

/* What `n` rows' outputs, made [TILE][TILE], add to the sums of each output. */
static void add_errors(const struct judging *j, const size_t *row, int n, size_t first, int outputs, const double *made,
                       double *sum, double *squares)
{
    size_t out = (size_t)j->r->outputs;
    for (int k = 0; k < n; k++)
        for (int o = 0; o < outputs; o++) {
            double y = (double)j->r->y[row[k] * out + first + (size_t)o], d = y - made[k * TILE + o];
            sum[o] += y;
            squares[o] += y * y;
            j->noise[first + (size_t)o] += d * d;
        }
}

/* TILE outputs over all rows that count, each output's sums in the order of the rows. */
static int judge_outputs(void *ctx, int tile, int worker, struct mnq_err *e)
{
    (void)e;
    const struct judging *j = ctx;
    const struct mnq_rows *r = j->r;
    size_t in = (size_t)r->inputs, out = (size_t)r->outputs, per = (size_t)r->per, all = per * (size_t)r->samples;
    size_t first = (size_t)tile * TILE, at[TILE], count = 0;
    double made[TILE * TILE], sum[TILE] = {0}, squares[TILE] = {0}, *x = j->x + (size_t)worker * in * TILE;
    struct mnq_fouter o = {.cols = (int)(out - first < TILE ? out - first : TILE), .k = r->inputs, .plus = true};
    o.a_stride = o.u_stride = TILE;
    o.v_stride = out;
    for (size_t row = 0; row <= all; row++) {
        if (row < all && (j->holdout <= 0 || (row / per) % (size_t)j->holdout == (size_t)j->holdout - 1)) {
            for (size_t i = 0; i < in; i++) x[i * TILE + (size_t)o.rows] = (double)r->x[row * in + i];
            for (int k = 0; k < o.cols; k++) made[o.rows * TILE + k] = j->b != NULL ? (double)j->b[first + (size_t)k] : 0;
            at[o.rows++] = row;
            count++;
        }
        if (o.rows < TILE && row < all) continue;
        mnq_fkernels_best()->outer(&o, made, x, j->w + first);
        add_errors(j, at, o.rows, first, o.cols, made, sum, squares);
        o.rows = 0;
    }
    for (int k = 0; count > 0 && k < o.cols; k++)
        j->signal[first + (size_t)k] = squares[k] - sum[k] * sum[k] / (double)count;
    return 0;
}

int mnq_rows_error(const struct mnq_rows *r, const float *w, const float *b, int holdout, int threads, double *noise,
                   double *signal, struct mnq_err *e)
{
    size_t in = (size_t)r->inputs, out = (size_t)r->outputs;
    struct mnq_arena scratch = {0};
    double *wide = mnq_arena_array(&scratch, in * out, sizeof *wide);
    double *x = mnq_arena_array(&scratch, (size_t)threads * in * TILE, sizeof *x);
    double *sums = mnq_arena_array(&scratch, 2 * out, sizeof *sums);
    int rc = wide == NULL || x == NULL || sums == NULL ? mnq_fail_nomem(e) : 0;
    if (rc == 0) {
        struct judging j = {r, wide, b, holdout, x, sums, sums + out};
        for (size_t i = 0; i < in * out; i++) wide[i] = (double)w[i];
        rc = mnq_pool_for((r->outputs + TILE - 1) / TILE, threads, judge_outputs, &j, e);
    }
    *noise = *signal = 0;
    for (size_t o = 0; rc == 0 && o < out; o++) {
        *noise += sums[o];
        *signal += sums[out + o];
    }
    mnq_arena_free(&scratch);
    return rc;
}
