/* SPDX-License-Identifier: Apache-2.0
 * What the layers that read a tensor make of its quantization noise.
 *
 *     sum_c n_c(s_c) |W_c|^2 / P  +  sum_o D_o^2 / 12 * sum_c E[x_c^2] / s_c^2 / P
 *
 * n_c is the activation's own error, D_o the step of output channel o's weights once they have absorbed the scales
 * (max_c |W_co| s_c / 127), P the power of that layer's output. The first term wants each channel at its own range, the
 * second wants all alike. */
#include "quantize/readers.h"

#include <math.h>

/* Summed mean squares of a tensor's channels. */
static double output_power(const struct mnq_hist *h)
{
    double p = 0;
    for (int c = 0; c < h->channels; c++) {
        const uint32_t *n = h->count + (size_t)c * (size_t)h->bins;
        double xx = 0, total = (double)h->zeros[c];
        int zero = h->sign ? h->bins / 2 : 0;
        for (int k = 0; k < h->bins; k++) {
            double v = ldexp((double)(k - zero) + 0.5, h->exp[c]);
            xx += n[k] * v * v;
            total += n[k];
        }
        if (total > 0) p += xx / total;
    }
    return p > 0 ? p : 1;
}

/* Adds reader nd's squared weights per input channel to r->gain. */
static void add_conv_reader(struct mnq_readers *r, const struct mnq_node *nd, int channels, double power,
                            const struct mnq_range_opts *o)
{
    size_t taps = (size_t)nd->kh * (size_t)nd->kw, cout = (size_t)nd->out.c;
    if (nd->op == MNQ_OP_DWCONV) {
        size_t mult = (size_t)nd->mult;
        for (size_t t = 0; t < taps; t++)
            for (size_t c = 0; c < cout; c++) {
                double w = (double)nd->w[t * cout + c];
                r->gain[c / mult] += w * w / power;
            }
        return;
    }
    size_t groups = (size_t)mnq_node_groups(nd), cin = (size_t)channels / groups;
    for (size_t t = 0; t < taps; t++)
        for (size_t c = 0; c < cin; c++)
            for (size_t k = 0; k < cout; k++) {
                double w = (double)nd->w[(t * cin + c) * cout + k];
                r->gain[k / (cout / groups) * cin + c] += w * w / power;
            }
    if (groups == 1 && taps * cin * cout >= (size_t)o->small_layer && r->n_pw < MNQ_READERS_MAX) {
        r->pw[r->n_pw] = nd;
        r->pw_power[r->n_pw++] = power;
    }
}

enum { PASSED = 4 }; /* such nodes in a row that are looked through */

/* Whether a node hands on what it reads channel by channel, noise and all. */
static bool passes_noise(const struct mnq_node *nd)
{
    return nd->act == MNQ_ACT_NONE && (nd->op == MNQ_OP_MAXPOOL || nd->op == MNQ_OP_UPSAMPLE);
}

static void add_readers(const struct mnq_graph *g, int t, const struct mnq_hist *hist, const struct mnq_range_opts *o,
                        struct mnq_readers *r, int depth)
{
    int channels = g->node[t].out.c;
    if (mnq_graph_is_output(g, t)) { /* the application reads it */
        double gain = 1 / output_power(&hist[t]);
        for (int c = 0; c < channels; c++) r->gain[c] += gain;
    }
    for (int i = t + 1; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        for (int k = 0; k < nd->n_in; k++) {
            if (nd->in[k] != t) continue;
            if (depth < PASSED && passes_noise(nd)) {
                add_readers(g, i, hist, o, r, depth + 1);
                continue;
            }
            double power = output_power(&hist[i]), gain = 1 / power;
            if (nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DENSE || nd->op == MNQ_OP_DWCONV) {
                add_conv_reader(r, nd, channels, power, o);
                continue;
            }
            if (nd->op == MNQ_OP_AVGPOOL) gain /= (double)nd->kh * nd->kw;
            for (int c = 0; c < channels; c++) r->gain[c] += gain;
        }
    }
}

int mnq_readers_find(const struct mnq_graph *g, int t, const struct mnq_hist *hist, const struct mnq_range_opts *o,
                     struct mnq_readers *r, struct mnq_arena *arena)
{
    int channels = g->node[t].out.c;
    *r = (struct mnq_readers){.gain = mnq_arena_array(arena, (size_t)channels, sizeof *r->gain)};
    if (r->gain == NULL) return -1;
    add_readers(g, t, hist, o, r, 0);
    return 0;
}

double mnq_readers_activation_noise(const struct mnq_readers *r, const struct mnq_hist_sums *s, const double *scale, int zp,
                                    int qmin, int qmax)
{
    double e = 0;
    for (int c = 0; c < s->hist->channels; c++) e += r->gain[c] * mnq_hist_noise(s, c, scale[c], qmin - zp, qmax - zp);
    return e;
}

double mnq_readers_weight_noise(const struct mnq_readers *r, const struct mnq_hist_sums *s, const double *scale)
{
    double e = 0;
    int channels = s->hist->channels;
    for (int i = 0; i < r->n_pw; i++) {
        const struct mnq_node *nd = r->pw[i];
        size_t cout = (size_t)nd->out.c, taps = (size_t)nd->kh * (size_t)nd->kw;
        double q2 = 0, d2 = 0;
        for (int c = 0; c < channels; c++) q2 += mnq_hist_power(s, c) / (scale[c] * scale[c]);
        for (size_t k = 0; k < cout; k++) {
            double top = 0;
            for (size_t t = 0; t < taps; t++)
                for (int c = 0; c < channels; c++)
                    top = fmax(top, fabs((double)nd->w[(t * (size_t)channels + (size_t)c) * cout + k]) * scale[c]);
            d2 += top * top / (127.0 * 127.0);
        }
        e += (double)taps * q2 * d2 / 12 / r->pw_power[i];
    }
    return e;
}
