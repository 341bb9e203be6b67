/* SPDX-License-Identifier: Apache-2.0
 * What a layer in integers computes, in real numbers again. */
#include "quantize/lower_real.h"

void mnq_lower_real(const struct mnq_lowering *l, int i, const struct mnq_qlayer *y, float *w, float *cell, float *b)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    const bool depthwise = nd->op == MNQ_OP_DWCONV;
    const int groups = mnq_node_groups(nd), taps = nd->kh * nd->kw, cout = nd->out.c;
    const int cin = depthwise ? 1 : l->g->node[nd->in[0]].out.c / groups, n = taps * cin;
    for (int o = 0; o < cout; o++) {
        double sum = y->bias[o];
        for (int t = 0; t < taps; t++)
            for (int c = 0; c < cin; c++) {
                const int k = t * cin + (in->dtype == MNQ_U8 ? l->p->source[c] : c);
                const int channel = depthwise ? o / nd->mult : o / (cout / groups) * cin + c;
                const double q = mnq_qlayer_weight(y, depthwise ? (size_t)t * (size_t)cout + (size_t)o
                                                                : (size_t)o * (size_t)n + (size_t)k);
                const size_t to = ((size_t)t * (size_t)cin + (size_t)c) * (size_t)cout + (size_t)o;
                const double back = in->scale[channel] > 0 ? y->acc_step[o] / in->scale[channel] : 0;
                w[to] = (float)(q * back);
                if (cell != NULL) cell[to] = (float)back;
                sum += q * in->zero[channel];
            }
        b[o] = (float)(sum * y->acc_step[o]);
    }
}
