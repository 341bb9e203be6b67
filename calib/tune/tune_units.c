/* SPDX-License-Identifier: Apache-2.0
 * The units of training: what one step moves a parameter by, per output channel. */
#include "tune_units.h"

#include "graph/float_worker.h"

#include <math.h>

/* A channel's unit is at least this share of the layer's mean one. */
static const double LEAST_UNIT = 0.05;

static void lift(float *unit, size_t c)
{
    double mean = 0;
    for (size_t k = 0; k < c; k++) mean += (double)unit[k] / (double)c;
    for (size_t k = 0; k < c; k++) unit[k] = (float)fmax((double)unit[k], LEAST_UNIT * mean);
}

void mnq_tune_weight_units(const struct mnq_graph *g, const struct mnq_node *nd, float *unit)
{
    size_t n = mnq_node_weights(g, nd), c = (size_t)nd->out.c;
    for (size_t o = 0; o < c; o++) {
        double sum = 0, count = 0;
        for (size_t k = o; k < n; k += c) {
            sum += (double)nd->w[k] * (double)nd->w[k];
            count += nd->w[k] != 0.0f;
        }
        unit[o] = (float)sqrt(sum / fmax(count, 1));
    }
    lift(unit, c);
}

struct moments {
    const struct mnq_graph *g;
    double **sum; /* [g->n][2][channels] */
    double count;
};

static void add_moments(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    const struct moments *m = ctx;
    const struct mnq_node *nd = &m->g->node[node];
    size_t c = (size_t)nd->out.c, n = mnq_elements(nd->out);
    double *sum = m->sum[node];
    if (sum == NULL || (kind == MNQ_TAP_OUT && nd->act != MNQ_ACT_NONE)) return;
    for (size_t i = 0; i < n; i += c)
        for (size_t k = 0; k < c; k++) {
            double v = (double)data[i + k], share = (double)c / (double)n;
            sum[k] += share * v;
            sum[c + k] += share * v * v;
        }
}

int mnq_tune_bias_units(const struct mnq_graph *teacher, const struct mnq_pictures *p, const int *picture, int n,
                        float *const *unit, struct mnq_err *e)
{
    enum { PICTURES = 16 };
    const struct mnq_graph *g = teacher;
    struct mnq_arena scratch = {0};
    struct mnq_float_worker net = {0};
    struct moments m = {g, mnq_arena_array(&scratch, (size_t)g->n, sizeof *m.sum), 0};
    int rc = m.sum == NULL ? mnq_fail_nomem(e) : mnq_float_worker_init(&net, g, false, e);
    for (int i = 0; rc == 0 && i < g->n; i++)
        if (unit[i] != NULL && (m.sum[i] = mnq_arena_array(&scratch, 2 * (size_t)g->node[i].out.c, sizeof **m.sum)) == NULL)
            rc = mnq_fail_nomem(e);
    for (int i = 0; rc == 0 && i < PICTURES && i < n; i++, m.count++)
        mnq_float_worker_run(&net, g, &p->preprocess,
                             p->pixels + (size_t)picture[(size_t)i * (size_t)n / PICTURES % (size_t)n] * p->bytes, add_moments,
                             &m);
    for (int i = 0; rc == 0 && i < g->n; i++) {
        if (m.sum[i] == NULL) continue;
        size_t c = (size_t)g->node[i].out.c;
        for (size_t k = 0; k < c; k++) {
            double a = m.sum[i][k] / m.count, v = m.sum[i][c + k] / m.count - a * a;
            unit[i][k] = (float)sqrt(fmax(v, 0));
        }
        lift(unit[i], c);
    }
    mnq_float_worker_free(&net);
    mnq_arena_free(&scratch);
    return rc;
}
