/* SPDX-License-Identifier: Apache-2.0
 * Activation scales: which real range each tensor's integers cover, channel by channel.
 *
 * For every tensor the candidates (observer x stretch exponent x zero point) are compared by the noise they put into the
 * layers that read it (readers.h). */
#include "quantize/qparams.h"

#include "graph/activation.h"
#include "quantize/observer.h"
#include "quantize/readers.h"

#include <math.h>
#include <string.h>

bool mnq_node_nonnegative(const struct mnq_graph *g, int i)
{
    const struct mnq_node *nd = &g->node[i];
    if (nd->act != MNQ_ACT_NONE) return mnq_act_nonnegative(nd);
    switch (nd->op) {
    case MNQ_OP_SOFTMAX:
        return true;
    case MNQ_OP_AVGPOOL:
    case MNQ_OP_MAXPOOL:
    case MNQ_OP_UPSAMPLE:
    case MNQ_OP_SPREAD:
        return mnq_node_nonnegative(g, nd->in[0]);
    case MNQ_OP_SELECT:
        return mnq_node_nonnegative(g, nd->in[0]) && (nd->n_in < 2 || mnq_node_nonnegative(g, nd->in[1]));
    case MNQ_OP_ADD:
        return nd->coef[0] >= 0 && nd->coef[1] >= 0 && mnq_node_nonnegative(g, nd->in[0]) &&
               mnq_node_nonnegative(g, nd->in[1]);
    case MNQ_OP_MUL:
        return mnq_node_nonnegative(g, nd->in[0]) && mnq_node_nonnegative(g, nd->in[1]);
    default:
        return false;
    }
}

bool mnq_node_moves(const struct mnq_graph *g, int i)
{
    const struct mnq_node *nd = &g->node[i];
    bool moves = nd->op == MNQ_OP_MAXPOOL || nd->op == MNQ_OP_SELECT || nd->op == MNQ_OP_UPSAMPLE || nd->op == MNQ_OP_SPREAD;
    return moves && nd->act == MNQ_ACT_NONE;
}

int mnq_logits_node(const struct mnq_graph *g, int k)
{
    int output = mnq_graph_output(g, k);
    const struct mnq_node *nd = &g->node[output];
    return nd->op == MNQ_OP_SOFTMAX || nd->op == MNQ_OP_ACT ? nd->in[0] : output;
}

bool mnq_node_is_logits(const struct mnq_graph *g, int i)
{
    bool is = false;
    for (int k = 0; k < mnq_graph_outputs(g); k++) is = is || mnq_logits_node(g, k) == i;
    return is;
}

/* Whether a softmax inside the network reads node i. */
static bool feeds_softmax(const struct mnq_graph *g, int i)
{
    bool feeds = false;
    for (int k = i + 1; k < g->n && !feeds; k++) feeds = g->node[k].op == MNQ_OP_SOFTMAX && g->node[k].in[0] == i;
    return feeds;
}

bool mnq_node_is_settled(const struct mnq_graph *g, int i)
{
    return mnq_node_is_logits(g, i) || mnq_graph_is_output(g, i) || g->node[i].op == MNQ_OP_SOFTMAX || feeds_softmax(g, i);
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

/* One tensor at work. */
struct tensor {
    const struct mnq_node *nd;
    const struct mnq_hist *hist;
    struct mnq_hist_sums sums;
    struct mnq_readers readers;
    const struct mnq_range_opts *o;
    bool wide;
    int qmin, qmax;
    double *own, *scale; /* [channels], scratch */
};

/* Pictures outside the sample go further than those in it: room above the extremes where it costs little (16 bits) or
 * where the sample is a handful of values (1 x 1 tensors). */
static const double WIDE_MARGIN = 3, SPARSE_MARGIN = 1.25;

/* The activation's own upper limit. */
static double limit_of(const struct mnq_node *nd)
{
    return nd->act == MNQ_ACT_RELU_MAX || nd->act == MNQ_ACT_LEAKY ? (double)nd->act_max : HUGE_VAL;
}

/* The range that training found counts: 8 bits, and no observer was asked for. */
static bool is_learned(const struct tensor *t)
{
    return mnq_node_is_learned(t->nd) && t->o->observer == MNQ_OBS_AUTO && !t->wide;
}

/* Step that covers the range that training found. */
static double learned_step(const struct tensor *t, int zp)
{
    double step = zp < t->qmax ? (double)t->nd->learned[1] / (t->qmax - zp) : 0;
    return zp > t->qmin ? fmax(step, (double)t->nd->learned[0] / (t->qmin - zp)) : step;
}

/* Own step of every channel at a zero point. */
static void own_steps(struct tensor *t, enum mnq_observer kind, int zp)
{
    bool sparse = t->nd->out.h * t->nd->out.w == 1 && t->o->observer == MNQ_OBS_AUTO;
    double margin = t->wide ? WIDE_MARGIN : sparse ? SPARSE_MARGIN : 1;
    double limit = limit_of(t->nd) / (t->qmax - zp);
    if (kind == MNQ_OBS_LEARNED) limit = fmin(limit, learned_step(t, zp));
    for (int c = 0; c < t->hist->channels; c++) {
        double s = mnq_observe(&t->sums, c, kind, t->o->percentile, t->qmin - zp, t->qmax - zp) * margin;
        t->own[c] = fmin(s, limit); /* never beyond the activation's own limit: the clamp at qmax is that limit */
    }
}

/* Zero point with the least noise when every channel has its own range. */
static int best_zero_point(struct tensor *t, enum mnq_observer kind)
{
    int n = t->hist->channels, best = t->qmin;
    float lowest = 0;
    for (int c = 0; c < n; c++) lowest = fminf(lowest, t->hist->lo[c]);
    if (t->wide) return 0;
    if (lowest >= 0) return best;
    double best_e = HUGE_VAL;
    for (int zp = t->qmin + 4; zp < t->qmax; zp += 4) {
        double e = 0;
        own_steps(t, kind, zp);
        for (int c = 0; c < n; c++)
            if (t->own[c] > 0) e += t->readers.gain[c] * mnq_hist_noise(&t->sums, c, t->own[c], t->qmin - zp, t->qmax - zp);
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
static void try_observer(struct tensor *t, enum mnq_observer kind, struct choice *best, double *best_scale)
{
    int n = t->hist->channels;
    if (t->wide) kind = MNQ_OBS_MINMAX; /* nothing to gain by clipping */
    int zp = best_zero_point(t, kind == MNQ_OBS_KL ? MNQ_OBS_MINMAX : kind);
    own_steps(t, kind, zp);
    for (int i = 0; i <= 8; i++) {
        double alpha = i / 8.0;
        stretch(t->own, n, alpha, t->scale);
        double cost = mnq_readers_activation_noise(&t->readers, &t->sums, t->scale, zp, t->qmin, t->qmax) +
                      t->o->weight_noise * mnq_readers_weight_noise(&t->readers, &t->sums, t->scale);
        if (cost < best->cost) {
            *best = (struct choice){cost, alpha, zp, kind};
            memcpy(best_scale, t->scale, (size_t)n * sizeof *best_scale);
        }
    }
}

static void choose_per_channel(struct tensor *t, struct mnq_qparams *qp)
{
    struct choice best = {.cost = HUGE_VAL, .zp = t->wide ? 0 : -128, .alpha = 1, .observer = MNQ_OBS_MINMAX};
    if (is_learned(t)) {
        try_observer(t, MNQ_OBS_LEARNED, &best, qp->scale);
    } else if (t->o->observer != MNQ_OBS_AUTO) {
        try_observer(t, t->o->observer, &best, qp->scale);
    } else {
        try_observer(t, MNQ_OBS_MINMAX, &best, qp->scale);
        try_observer(t, MNQ_OBS_MSE, &best, qp->scale);
    }
    if (!isfinite(best.cost)) stretch(t->own, t->hist->channels, 1, qp->scale);
    qp->zp = best.zp;
    qp->stretch = best.alpha;
    qp->observer = best.observer;
}

/* One scale for the whole tensor, from the histogram of all channels together. */
static int choose_per_tensor(const struct tensor *t, struct mnq_qparams *qp, struct mnq_arena *arena)
{
    struct mnq_hist one;
    struct mnq_hist_sums s;
    if (mnq_hist_collapse(t->hist, &one, arena) != 0 || mnq_hist_sums_init(&s, &one, arena) != 0) return -1;
    enum mnq_observer kind = t->wide ? MNQ_OBS_MINMAX : t->o->observer == MNQ_OBS_AUTO ? MNQ_OBS_MSE : t->o->observer;
    double lo = (double)one.lo[0], hi = (double)one.hi[0];
    bool learned = is_learned(t);
    if (learned) {
        kind = MNQ_OBS_LEARNED;
        lo = (double)t->nd->learned[0];
        hi = (double)t->nd->learned[1];
    }
    int zp = t->wide ? 0 : t->qmin;
    if (lo < 0 && !t->wide) zp = (int)fmin(fmax(round(t->qmin - lo / ((hi - lo) / (t->qmax - t->qmin))), t->qmin), t->qmax);
    double step = learned
                      ? learned_step(t, zp)
                      : mnq_observe(&s, 0, kind, t->o->percentile, t->qmin - zp, t->qmax - zp) * (t->wide ? WIDE_MARGIN : 1);
    step = fmin(step, limit_of(t->nd) / (t->qmax - zp));
    if (!(step > 0)) step = 1.0 / 128;
    qp->zp = zp;
    qp->observer = kind;
    for (int c = 0; c < t->hist->channels; c++) qp->scale[c] = step;
    return 0;
}

static int choose_tensor(const struct mnq_graph *g, int i, const struct mnq_hist *hist, bool wide,
                         const struct mnq_range_opts *o, struct mnq_qparams *qp)
{
    struct mnq_arena scratch = {0};
    struct mnq_range_opts own = *o;
    struct tensor t = {.nd = &g->node[i], .hist = &hist[i], .o = &own, .wide = wide};
    if (o->observer_of != NULL && o->observer_of[i] >= 0) own.observer = (enum mnq_observer)o->observer_of[i];
    size_t n = (size_t)t.hist->channels;
    int rc = -1;
    qp->dtype = wide ? MNQ_S16 : MNQ_S8;
    qp->qmin = t.qmin = wide ? -(1 << (MNQ_WIDE_BITS - 1)) : -128;
    qp->qmax = t.qmax = wide ? (1 << (MNQ_WIDE_BITS - 1)) - 1 : 127;
    t.own = mnq_arena_array(&scratch, n, sizeof *t.own);
    t.scale = mnq_arena_array(&scratch, n, sizeof *t.scale);
    if (t.own == NULL || t.scale == NULL || mnq_hist_sums_init(&t.sums, t.hist, &scratch) != 0) goto done;
    if (o->act_scale == MNQ_SCALE_TENSOR) {
        if (choose_per_tensor(&t, qp, &scratch) != 0) goto done;
    } else {
        if (mnq_readers_find(g, i, hist, o, &t.readers, &scratch) != 0) goto done;
        choose_per_channel(&t, qp);
    }
    double out = 0;
    for (size_t c = 0; c < n; c++) {
        qp->zero[c] = qp->zp;
        out += mnq_hist_outside(&t.sums, (int)c, qp->scale[c] * (qp->qmin - qp->zp), qp->scale[c] * (qp->qmax - qp->zp));
    }
    qp->clipped = out / (double)n;
    rc = 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}

void mnq_qparams_apply(const struct mnq_qparams *qp, float *x, int n, int channels)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < channels; c++) {
            float *v = &x[(size_t)i * (size_t)channels + (size_t)c];
            if (qp->scale[c] == 0) continue;
            double q = floor((double)*v / qp->scale[c] + 0.5);
            *v = (float)(fmin(fmax(q, qp->qmin - qp->zero[c]), qp->qmax - qp->zero[c]) * qp->scale[c]);
        }
}

/* ---- tensors whose scales are given ---- */

static void input_qparams(const struct mnq_graph *g, const struct mnq_preprocess *p, struct mnq_qparams *qp)
{
    const struct mnq_node *affine = g->n > 1 && g->node[1].op == MNQ_OP_AFFINE ? &g->node[1] : NULL;
    qp->dtype = MNQ_U8;
    qp->qmin = -128;
    qp->qmax = 127;
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

/* What a node that moves values takes over from those it reads; false if they differ in type or zero point. */
static bool moved_qparams(const struct mnq_graph *g, int i, struct mnq_qparams *all)
{
    const struct mnq_node *nd = &g->node[i];
    const struct mnq_qparams *a = &all[nd->in[0]], *b = nd->n_in > 1 ? &all[nd->in[1]] : a;
    struct mnq_qparams *qp = &all[i];
    int first = g->node[nd->in[0]].out.c;
    if (a->dtype == MNQ_U8 || a->dtype != b->dtype || a->zp != b->zp || a->qmin != b->qmin) return false;
    double *scale = qp->scale, *zero = qp->zero;
    *qp = *a;
    qp->scale = scale;
    qp->zero = zero;
    qp->clipped = 0;
    for (int c = 0; c < nd->out.c; c++) {
        int from = nd->map != NULL ? nd->map[c] : c;
        qp->scale[c] = from < first ? a->scale[from] : b->scale[from - first];
        qp->zero[c] = qp->zp;
    }
    return true;
}

/* Channels that become one channel of a SPREAD need one scale. */
static void unify_phases(const struct mnq_graph *g, int i, struct mnq_qparams *qp)
{
    for (int k = i + 1; k < g->n; k++) {
        const struct mnq_node *nd = &g->node[k];
        if (nd->op != MNQ_OP_SPREAD || nd->in[0] != i) continue;
        for (int c = 0; c < nd->out.c; c++) {
            double top = 0;
            for (int j = c; j < g->node[i].out.c; j += nd->out.c) top = fmax(top, qp->scale[j]);
            for (int j = c; j < g->node[i].out.c; j += nd->out.c) qp->scale[j] = top;
        }
    }
}

static void logits_qparams(const struct mnq_hist *h, struct mnq_qparams *qp)
{
    double top = 0;
    for (int c = 0; c < h->channels; c++) top = fmax(top, fmax((double)h->hi[c], -(double)h->lo[c]));
    double step = top > 0 ? top * 1.5 / 32767 : 1.0 / 32767; /* room for pictures outside the sample */
    qp->dtype = MNQ_S16;
    qp->qmin = -32768;
    qp->qmax = 32767;
    for (int c = 0; c < h->channels; c++) qp->scale[c] = step;
}

int mnq_qparams_choose(const struct mnq_graph *g, const struct mnq_hist *hist, const uint8_t *wide,
                       const struct mnq_preprocess *p, const struct mnq_range_opts *o, struct mnq_qparams *qp,
                       struct mnq_arena *arena, struct mnq_err *e)
{
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        size_t n = (size_t)nd->out.c;
        qp[i] = (struct mnq_qparams){.dtype = MNQ_S8, .stretch = 0};
        qp[i].scale = mnq_arena_array(arena, n, sizeof *qp[i].scale);
        qp[i].zero = mnq_arena_array(arena, n, sizeof *qp[i].zero);
        if (qp[i].scale == NULL || qp[i].zero == NULL) return mnq_fail_nomem(e);
        if (nd->op == MNQ_OP_INPUT || nd->op == MNQ_OP_AFFINE) {
            input_qparams(g, p, &qp[i]);
        } else if (mnq_node_is_logits(g, i) || feeds_softmax(g, i)) {
            logits_qparams(&hist[i], &qp[i]);
        } else if (mnq_node_is_settled(g, i)) { /* softmax, sigmoid */
            qp[i].dtype = MNQ_S16;
            qp[i].qmax = 32767;
            for (size_t c = 0; c < n; c++) qp[i].scale[c] = 1.0 / 32768;
        } else if (!mnq_node_moves(g, i) || !moved_qparams(g, i, qp)) {
            bool like = mnq_node_moves(g, i) && qp[nd->in[0]].dtype == MNQ_S16;
            if (choose_tensor(g, i, hist, wide[i] != 0 || like, o, &qp[i]) != 0) return mnq_fail_nomem(e);
        }
        unify_phases(g, i, &qp[i]);
    }
    return 0;
}
