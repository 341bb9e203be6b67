/* SPDX-License-Identifier: Apache-2.0
 * Leave-one-layer sensitivity of a finished integer model: its own scales, one layer at a time, in the float network. */
#include "compare.h"

#include "dataset.h"
#include "sensitivity.h"

#include <math.h>

enum { PROBED = 16 };

/* A tensor's scales as the integer model has them; removed channels get 0, which leaves them alone. */
static void take_scales(const struct mnq_qtensor *t, const struct mnq_qlayer *l, struct mnq_qparams *qp)
{
    qp->dtype = t->dtype;
    qp->qmin = l->lo;
    qp->qmax = l->hi;
    qp->zp = t->zp;
    for (int c = 0; c < t->shape.c; c++) {
        int to = t->origin == NULL ? c : t->origin[c];
        qp->scale[to] = (double)t->scale[c];
        qp->zero[to] = t->zp;
    }
}

/* Steps of the pixels, in channels of the graph. */
static void take_pixels(const struct mnq_node *nd, const struct mnq_preprocess *p, struct mnq_qparams *qp)
{
    qp->dtype = MNQ_U8;
    for (int c = 0; c < nd->out.c; c++) {
        qp->scale[c] = (double)p->scale[c];
        if (nd->op == MNQ_OP_AFFINE) qp->scale[c] *= (double)nd->scale[c];
    }
}

static struct mnq_qparams *find_scales(const struct mnq_subject *flt, const struct mnq_qmodel *q,
                                       const struct mnq_comparison *c, bool *known, struct mnq_arena *arena)
{
    const struct mnq_graph *g = &flt->legal;
    struct mnq_qparams *qp = mnq_arena_array(arena, (size_t)g->n, sizeof *qp);
    for (int i = 0; qp != NULL && i < g->n; i++) {
        qp[i].scale = mnq_arena_array(arena, (size_t)g->node[i].out.c, sizeof *qp[i].scale);
        qp[i].zero = mnq_arena_array(arena, (size_t)g->node[i].out.c, sizeof *qp[i].zero);
        if (qp[i].scale == NULL || qp[i].zero == NULL) return NULL;
        qp[i].dtype = MNQ_S8; /* of what the integer model does not have, scales of 0 */
        known[i] = !mnq_lower_is_layer(g, i);
        if (known[i]) take_pixels(&g->node[i], &flt->preprocess, &qp[i]);
    }
    for (int k = 0; qp != NULL && k < c->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[c->layer[k].layer];
        take_scales(&q->tensor[l->out], l, &qp[c->layer[k].node]);
        known[c->layer[k].node] = true;
    }
    return qp;
}

/* Pictures spread evenly over the data, and the size of what is measured. */
static int load_samples(const struct mnq_subject *flt, const struct mnq_dataset *d, struct mnq_stats *stats,
                        struct mnq_arena *arena, struct mnq_err *e)
{
    int count = mnq_dataset_count(d);
    *stats = (struct mnq_stats){.samples = count,
                                .held = count < PROBED ? count : PROBED,
                                .input_bytes = mnq_elements(flt->input),
                                .judge = mnq_logits_of(&flt->legal, flt->tasks)};
    stats->input = mnq_arena_array(arena, (size_t)stats->held, stats->input_bytes);
    if (stats->input == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < stats->held; i++) {
        int at = (int)((int64_t)i * count / stats->held);
        if (mnq_dataset_load(d, at, &flt->preprocess, stats->input + (size_t)i * stats->input_bytes, e) != 0) return -1;
    }
    return 0;
}

int mnq_compare_alone(const struct mnq_subject *flt, const struct mnq_subject *packed, const struct mnq_data *data,
                      int threads, struct mnq_comparison *c, mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    const struct mnq_graph *g = &flt->legal;
    struct mnq_arena arena = {0};
    struct mnq_stats stats;
    struct mnq_dataset *d = NULL;
    int rc = -1;
    double *weights = mnq_arena_array(&arena, (size_t)g->n, sizeof *weights),
           *output = mnq_arena_array(&arena, (size_t)g->n, sizeof *output);
    bool *known = mnq_arena_array(&arena, (size_t)g->n, sizeof *known);
    struct mnq_lowering l = {.g = g, .p = &flt->preprocess, .arena = &arena};
    l.qp = known == NULL ? NULL : find_scales(flt, &packed->package.q, c, known, &arena);
    if (weights == NULL || output == NULL || l.qp == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    d = mnq_dataset_open_as(data, &flt->task, flt->input.h, flt->input.w, flt->input.c, e);
    if (d == NULL || load_samples(flt, d, &stats, &arena, e) != 0 ||
        mnq_sensitivity(&l, &stats, PROBED, threads, weights, progress, progress_ctx, e) != 0 ||
        mnq_tensor_sensitivity(&l, &stats, PROBED, threads, output, progress, progress_ctx, e) != 0)
        goto done;
    for (int k = 0; k < c->n_layers; k++) {
        struct mnq_compare_layer *y = &c->layer[k];
        if (mnq_lower_has_weights(g, y->node) && known[g->node[y->node].in[0]]) y->weights_alone = weights[y->node];
        if (!mnq_node_is_settled(g, y->node)) y->output_alone = output[y->node];
    }
    rc = 0;
done:
    if (d != NULL) mnq_dataset_close(d);
    mnq_arena_free(&arena);
    return rc;
}
