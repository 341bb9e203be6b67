/* SPDX-License-Identifier: Apache-2.0
 * Rows for a layer's regression: inputs of the network under work beside outputs of the dense one, at the same pixels. */
#include "prune_fit.h"

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
    if (mnq_stream_run(dense, i, i - 1, visit, &ga, e) != 0) return -1;
    if (now == NULL) return 0;
    ga.x = true;
    ga.y = false;
    return mnq_stream_run(now, i, settled, visit, &ga, e);
}

void mnq_rows_error(const struct mnq_rows *r, const float *w, const float *b, int holdout, double *noise, double *signal)
{
    size_t in = (size_t)r->inputs, out = (size_t)r->outputs, per = (size_t)r->per;
    *noise = *signal = 0;
    for (size_t o = 0; o < out; o++) {
        double sum = 0, squares = 0, errors = 0, n = 0;
        for (size_t row = 0; row < per * (size_t)r->samples; row++) {
            if (holdout > 0 && (row / per) % (size_t)holdout != (size_t)holdout - 1) continue;
            const float *x = r->x + row * in;
            double y = (double)r->y[row * out + o], made = b != NULL ? (double)b[o] : 0;
            for (size_t i = 0; i < in; i++) made += (double)x[i] * (double)w[i * out + o];
            sum += y;
            squares += y * y;
            errors += (y - made) * (y - made);
            n += 1;
        }
        *noise += errors;
        if (n > 0) *signal += squares - sum * sum / n;
    }
}
