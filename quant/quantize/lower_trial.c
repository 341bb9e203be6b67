/* SPDX-License-Identifier: Apache-2.0
 * What rounding a node's weights would do, without a layer made of it. */
#include "quantize/lower_trial.h"

#include "quantize/rows.h"

int mnq_lower_fake_quantize(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job, float *w,
                            struct mnq_err *e)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    struct mnq_arena scratch = {0};
    struct mnq_rows r;
    int groups = mnq_node_groups(nd), taps = nd->kh * nd->kw, cin = l->g->node[nd->in[0]].out.c / groups, cout = nd->out.c,
        rc = -1;
    int32_t *bias = mnq_arena_array(&scratch, (size_t)cout, sizeof *bias);
    double worst;
    if (bias == NULL || mnq_rows_absorb(l, i, &job->format, &r, &scratch) != 0) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (mnq_rows_round(&r, NULL, job, 1, bias, &worst, e) != 0) goto done;
    for (int t = 0; t < taps; t++)
        for (int c = 0; c < (r.depthwise ? 1 : cin); c++) {
            int k = r.depthwise ? t : t * cin + (in->dtype == MNQ_U8 ? l->p->source[c] : c);
            for (int o = 0; o < cout; o++) {
                double s = in->scale[r.depthwise ? o / nd->mult : o / (cout / groups) * cin + c];
                size_t to = r.depthwise ? (size_t)t * (size_t)cout + (size_t)o
                                        : ((size_t)t * (size_t)cin + (size_t)c) * (size_t)cout + (size_t)o;
                w[to] = s == 0 ? nd->w[to] : (float)(r.q[(size_t)o * (size_t)r.n + (size_t)k] * r.step[o] / s);
            }
        }
    rc = 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}

int mnq_lower_weight_noise(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job,
                           const struct mnq_gram *gram, double *noise, struct mnq_err *e)
{
    const struct mnq_node *nd = &l->g->node[i];
    struct mnq_arena scratch = {0};
    struct mnq_rows r;
    int32_t *bias = mnq_arena_array(&scratch, (size_t)nd->out.c, sizeof *bias);
    double worst;
    int rc = -1;
    if (bias == NULL || mnq_rows_absorb(l, i, &job->format, &r, &scratch) != 0) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (mnq_rows_round(&r, NULL, job, 1, bias, &worst, e) != 0) goto done;
    rc = mnq_rows_noise(&r, job, gram, noise, e);
done:
    mnq_arena_free(&scratch);
    return rc;
}
