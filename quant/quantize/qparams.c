/* SPDX-License-Identifier: Apache-2.0
 * Activation scales: which real range each tensor's eight bits cover, channel by channel.
 *
 * For every tensor the candidates (observer x stretch exponent x zero point) are compared by the noise they put into the
 * layers that read it, estimated from the histograms and the float weights:
 *
 *     sum_c n_c(s_c) |W_c|^2 / P  +  weight_noise * sum_o D_o^2 / 12 * sum_c E[x_c^2] / s_c^2 / P
 *
 * n_c is the activation's own error, D_o the step of output channel o's weights once they have absorbed the scales
 * (max_c |W_co| s_c / 127), P the power of that layer's output. The first term wants each channel at its own range, the
 * second wants all alike. */
#include "quantize/qparams.h"

#include "quantize/observer.h"

#include <math.h>
#include <string.h>

bool mnq_node_nonnegative(const struct mnq_graph *g, int i)
{
    const struct mnq_node *nd = &g->node[i];
    switch (nd->act) {
    case MNQ_ACT_RELU:
    case MNQ_ACT_RELU_MAX:
    case MNQ_ACT_HSIGMOID:
    case MNQ_ACT_HARD_SIGMOID_02:
    case MNQ_ACT_SIGMOID:
        return true;
    case MNQ_ACT_HSWISH:
        return false;
    case MNQ_ACT_NONE:
        break;
    }
    if (nd->op == MNQ_OP_SOFTMAX) return true;
    if (nd->op == MNQ_OP_AVGPOOL) return mnq_node_nonnegative(g, nd->in[0]);
    if (nd->op == MNQ_OP_MUL || nd->op == MNQ_OP_ADD)
        return mnq_node_nonnegative(g, nd->in[0]) && mnq_node_nonnegative(g, nd->in[1]);
    return false;
}

int mnq_logits_node(const struct mnq_graph *g)
{
    const struct mnq_node *nd = &g->node[g->output];
    return nd->op == MNQ_OP_SOFTMAX || nd->op == MNQ_OP_ACT ? nd->in[0] : g->output;
}

/* ---- what a tensor's readers make of its noise ---- */

struct readers {
    double *gain;                 /* [c]: noise power at the readers' outputs per noise power in channel c, relative */
    const struct mnq_node *pw[8]; /* 8-bit 1x1 and dense readers, whose weights absorb the scales */
    double pw_power[8];
    int n_pw;
};

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
static void add_conv_reader(struct readers *r, const struct mnq_node *nd, int channels, double power,
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
    size_t cin = (size_t)channels;
    for (size_t t = 0; t < taps; t++)
        for (size_t c = 0; c < cin; c++)
            for (size_t k = 0; k < cout; k++) {
                double w = (double)nd->w[(t * cin + c) * cout + k];
                r->gain[c] += w * w / power;
            }
    if (taps * cin * cout >= (size_t)o->small_layer && r->n_pw < 8) {
        r->pw[r->n_pw] = nd;
        r->pw_power[r->n_pw++] = power;
    }
}

static int find_readers(const struct mnq_graph *g, int t, const struct mnq_hist *hist, const struct mnq_range_opts *o,
                        struct readers *r, struct mnq_arena *arena)
{
    int channels = g->node[t].out.c;
    *r = (struct readers){.gain = mnq_arena_array(arena, (size_t)channels, sizeof *r->gain)};
    if (r->gain == NULL) return -1;
    for (int i = t + 1; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        for (int k = 0; k < nd->n_in; k++) {
            if (nd->in[k] != t) continue;
            double power = output_power(&hist[i]), gain = 1 / power;
            if (nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DENSE || nd->op == MNQ_OP_DWCONV) {
                add_conv_reader(r, nd, channels, power, o);
                continue;
            }
            if (nd->op == MNQ_OP_AVGPOOL) gain /= (double)nd->kh * nd->kw;
            for (int c = 0; c < channels; c++) r->gain[c] += gain;
        }
    }
    return 0;
}

/* Noise that the readers' 8-bit weights add once they have absorbed the scales. */
static double weight_noise(const struct readers *r, const struct mnq_hist_sums *s, const double *scale)
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

/* ---- candidates ---- */

/* scale[c] = own^alpha * max^(1 - alpha). A channel that saw nothing takes the largest scale; none falls below 2^-12 of it:
 * below that a channel is noise beside its tensor. */
static void stretch(const double *own, int n, double alpha, double *scale)
{
    double top = 0;
    for (int c = 0; c < n; c++) top = fmax(top, own[c]);
    if (!(top > 0)) top = 1.0 / 128;
    for (int c = 0; c < n; c++) {
        double s = own[c] > 0 ? pow(own[c], alpha) * pow(top, 1 - alpha) : top;
        scale[c] = fmax(s, ldexp(top, -12));
    }
}

static double activation_noise(const struct readers *r, const struct mnq_hist_sums *s, const double *scale, int zp)
{
    double e = 0;
    for (int c = 0; c < s->hist->channels; c++) e += r->gain[c] * mnq_hist_noise(s, c, scale[c], -128 - zp, 127 - zp);
    return e;
}

/* Zero point with the least noise when every channel has its own range. */
static int best_zero_point(const struct readers *r, const struct mnq_hist_sums *s, enum mnq_observer kind, double percentile,
                           double *own)
{
    int n = s->hist->channels, best = -128;
    float lowest = 0;
    for (int c = 0; c < n; c++) lowest = fminf(lowest, s->hist->lo[c]);
    if (lowest >= 0) return best;
    double best_e = HUGE_VAL;
    for (int zp = -124; zp <= 124; zp += 4) {
        for (int c = 0; c < n; c++) own[c] = mnq_observe(s, c, kind, percentile, -128 - zp, 127 - zp);
        double e = 0;
        for (int c = 0; c < n; c++)
            if (own[c] > 0) e += r->gain[c] * mnq_hist_noise(s, c, own[c], -128 - zp, 127 - zp);
        if (e < best_e) {
            best_e = e;
            best = zp;
        }
    }
    return best;
}

struct choice {
    double cost, alpha;
    int zp;
    enum mnq_observer observer;
};

/* Tries one observer with every stretch exponent; improves `best` and its scales. */
static void try_observer(const struct readers *r, const struct mnq_hist_sums *s, enum mnq_observer kind,
                         const struct mnq_range_opts *o, double *own, double *scale, struct choice *best, double *best_scale)
{
    int n = s->hist->channels;
    int zp = best_zero_point(r, s, kind == MNQ_OBS_KL ? MNQ_OBS_MINMAX : kind, o->percentile, own);
    for (int c = 0; c < n; c++) own[c] = mnq_observe(s, c, kind, o->percentile, -128 - zp, 127 - zp);
    for (int i = 0; i <= 8; i++) {
        double alpha = i / 8.0;
        stretch(own, n, alpha, scale);
        double cost = activation_noise(r, s, scale, zp) + o->weight_noise * weight_noise(r, s, scale);
        if (cost < best->cost) {
            *best = (struct choice){cost, alpha, zp, kind};
            memcpy(best_scale, scale, (size_t)n * sizeof *scale);
        }
    }
}

/* One scale for the whole tensor, from the histogram of all channels together. */
static int choose_per_tensor(const struct mnq_hist *h, const struct mnq_range_opts *o, struct mnq_qparams *qp,
                             struct mnq_arena *arena)
{
    struct mnq_hist one;
    struct mnq_hist_sums s;
    if (mnq_hist_collapse(h, &one, arena) != 0 || mnq_hist_sums_init(&s, &one, arena) != 0) return -1;
    enum mnq_observer kind = o->observer == MNQ_OBS_AUTO ? MNQ_OBS_MSE : o->observer;
    double lo = (double)one.lo[0], hi = (double)one.hi[0];
    int zp = -128;
    if (lo < 0) zp = (int)fmin(fmax(round(-128 - lo / ((hi - lo) / 255)), -128), 127);
    double step = mnq_observe(&s, 0, kind, o->percentile, -128 - zp, 127 - zp);
    if (!(step > 0)) step = 1.0 / 128;
    qp->zp = zp;
    qp->observer = kind;
    for (int c = 0; c < h->channels; c++) qp->scale[c] = step;
    return 0;
}

static int choose_tensor(const struct mnq_graph *g, int t, const struct mnq_hist *hist, const struct mnq_range_opts *o,
                         struct mnq_qparams *qp)
{
    struct mnq_arena scratch = {0};
    const struct mnq_hist *h = &hist[t];
    size_t n = (size_t)h->channels;
    int rc = -1;
    struct mnq_hist_sums s;
    struct readers r;
    double *own = mnq_arena_array(&scratch, n, sizeof *own), *scale = mnq_arena_array(&scratch, n, sizeof *scale);
    if (own == NULL || scale == NULL || mnq_hist_sums_init(&s, h, &scratch) != 0) goto done;
    if (o->act_scale == MNQ_SCALE_TENSOR) {
        if (choose_per_tensor(h, o, qp, &scratch) != 0) goto done;
    } else {
        if (find_readers(g, t, hist, o, &r, &scratch) != 0) goto done;
        struct choice best = {.cost = HUGE_VAL, .zp = -128, .alpha = 1, .observer = MNQ_OBS_MINMAX};
        static const enum mnq_observer automatic[] = {MNQ_OBS_MINMAX, MNQ_OBS_MSE};
        if (o->observer != MNQ_OBS_AUTO) {
            try_observer(&r, &s, o->observer, o, own, scale, &best, qp->scale);
        } else {
            for (size_t k = 0; k < sizeof automatic / sizeof automatic[0]; k++)
                try_observer(&r, &s, automatic[k], o, own, scale, &best, qp->scale);
        }
        if (!isfinite(best.cost)) stretch(own, (int)n, 1, qp->scale);
        qp->zp = best.zp;
        qp->stretch = best.alpha;
        qp->observer = best.observer;
    }
    double out = 0;
    for (int c = 0; c < h->channels; c++) {
        qp->zero[c] = qp->zp;
        out += mnq_hist_outside(&s, c, qp->scale[c] * (-128 - qp->zp), qp->scale[c] * (127 - qp->zp));
    }
    qp->clipped = out / (double)n;
    rc = 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- tensors whose scales are given ---- */

static void input_qparams(const struct mnq_graph *g, const struct mnq_preprocess *p, struct mnq_qparams *qp)
{
    const struct mnq_node *affine = g->n > 1 && g->node[1].op == MNQ_OP_AFFINE ? &g->node[1] : NULL;
    qp->dtype = MNQ_U8;
    for (int c = 0; c < g->node[0].out.c; c++) {
        double s = (double)p->scale[c], z = (double)p->offset[c];
        if (affine != NULL) {
            z = z * (double)affine->scale[c] + (double)affine->offset[c];
            s *= (double)affine->scale[c];
        }
        qp->scale[c] = s; /* real = s (q + 128) + z; may be negative, the first layer's weights absorb it */
        qp->zero[c] = s == 0 ? 0 : -128 - z / s;
    }
    qp->zp = (int32_t)fmin(fmax(round(qp->zero[0]), -128), 127);
}

static void logits_qparams(const struct mnq_hist *h, struct mnq_qparams *qp)
{
    double top = 0;
    for (int c = 0; c < h->channels; c++) top = fmax(top, fmax((double)h->hi[c], -(double)h->lo[c]));
    double step = top > 0 ? top * 1.5 / 32767 : 1.0 / 32767; /* room for pictures outside the sample */
    qp->dtype = MNQ_S16;
    for (int c = 0; c < h->channels; c++) qp->scale[c] = step;
}

int mnq_qparams_choose(const struct mnq_graph *g, const struct mnq_hist *hist, const struct mnq_preprocess *p,
                       const struct mnq_range_opts *o, struct mnq_qparams *qp, struct mnq_arena *arena, struct mnq_err *e)
{
    int logits = mnq_logits_node(g);
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        size_t n = (size_t)nd->out.c;
        qp[i] = (struct mnq_qparams){.dtype = MNQ_S8, .stretch = 0};
        qp[i].scale = mnq_arena_array(arena, n, sizeof *qp[i].scale);
        qp[i].zero = mnq_arena_array(arena, n, sizeof *qp[i].zero);
        if (qp[i].scale == NULL || qp[i].zero == NULL) return mnq_fail_nomem(e);
        if (nd->op == MNQ_OP_INPUT || nd->op == MNQ_OP_AFFINE) {
            input_qparams(g, p, &qp[i]);
        } else if (i == logits) {
            logits_qparams(&hist[i], &qp[i]);
        } else if (i == g->output) { /* softmax, sigmoid */
            qp[i].dtype = MNQ_S16;
            for (size_t c = 0; c < n; c++) qp[i].scale[c] = 1.0 / 32768;
        } else if (choose_tensor(g, i, hist, o, &qp[i]) != 0) {
            return mnq_fail_nomem(e);
        }
    }
    return 0;
}
