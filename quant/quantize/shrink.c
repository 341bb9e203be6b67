/* SPDX-License-Identifier: Apache-2.0
 * Lossless shrink: channels that provably never change, or that nobody reads, leave the integer network.
 *
 * Channels of different tensors that a channelwise layer ties together form a group (union-find). A group may leave when
 * every layer that mixes channels (1x1, dense, convolution) and reads one of its members can do without: the member is
 * constant and can be folded, or all its weights in outputs that stay are zero. */
#include "quantize/shrink.h"

#include "kernels.h"
#include "quantize/interval.h"
#include "quantize/lower.h"
#include "pack/qrun.h"

#include <math.h>
#include <string.h>

struct shrink {
    struct mnq_qmodel *q;
    struct mnq_interval *iv;
    int *first;  /* [n_tensors] number of the tensor's channel 0 */
    int *parent; /* union-find over all channels */
    bool *stay;  /* [channels], by root */
    int **kept;  /* [n_tensors] indices of the channels that stay */
    int *n_kept;
    int channels;
};

static int root(struct shrink *s, int i)
{
    while (s->parent[i] != i) i = s->parent[i] = s->parent[s->parent[i]];
    return i;
}

static void tie(struct shrink *s, int ta, int ca, int tb, int cb)
{
    int a = root(s, s->first[ta] + ca), b = root(s, s->first[tb] + cb);
    if (a != b) s->parent[a > b ? a : b] = a < b ? a : b;
}

static bool mixes(const struct mnq_qlayer *l)
{
    return l->op == MNQ_L_CONV || l->op == MNQ_L_PW;
}

/* Layers whose channels all stay: exponentials look at each of them, the others have an order of their own. */
static bool keeps_all(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    if (l->op == MNQ_L_SOFTMAX || l->op == MNQ_L_LOGISTIC || l->op == MNQ_L_SELECT || l->op == MNQ_L_SPREAD) return true;
    if (l->in1 >= 0 && q->tensor[l->in1].shape.c != q->tensor[l->out].shape.c) return true;
    return mnq_qlayer_groups(l) > 1;
}

static void copy_weight(void *to, size_t at, const struct mnq_qlayer *l, size_t from)
{
    if (mnq_qlayer_wide(l)) ((int16_t *)to)[at] = ((const int16_t *)l->w)[from];
    else ((int8_t *)to)[at] = ((const int8_t *)l->w)[from];
}

/* ---- which groups leave ---- */

static void tie_groups(struct shrink *s)
{
    for (int k = 0; k < s->q->n_layers; k++) {
        const struct mnq_qlayer *l = &s->q->layer[k];
        int n = s->q->tensor[l->out].shape.c;
        if (mixes(l) || keeps_all(s->q, l)) continue;
        for (int c = 0; c < n; c++) {
            tie(s, l->in0, l->op == MNQ_L_DWCONV ? c / l->mult : c, l->out, c);
            if (l->in1 >= 0) tie(s, l->in1, c, l->out, c);
        }
    }
}

/* Whether no output that stays has a weight on input c. */
static bool unread_by(struct shrink *s, const struct mnq_qlayer *l, int c)
{
    size_t cin = (size_t)s->q->tensor[l->in0].shape.c, cout = (size_t)s->q->tensor[l->out].shape.c, n = l->w_count / cout;
    for (size_t o = 0; o < cout; o++) {
        if (!s->stay[root(s, s->first[l->out] + (int)o)]) continue;
        for (size_t i = (size_t)c; i < n; i += cin)
            if (mnq_qlayer_weight(l, o * n + i) != 0) return false;
    }
    return true;
}

/* What weights of XNOR are multiplied by when the input is q. */
static int32_t sign_of(const struct mnq_qlayer *l, size_t c, int32_t q)
{
    return q >= l->threshold[c] ? 256 : -256;
}

static bool foldable(const struct shrink *s, const struct mnq_qlayer *l, int c)
{
    const struct mnq_interval *iv = &s->iv[l->in0];
    if (l->wtype == MNQ_W_XNOR) return sign_of(l, (size_t)c, iv->lo[c]) == sign_of(l, (size_t)c, iv->hi[c]);
    if (iv->lo[c] != iv->hi[c]) return false;
    return l->op == MNQ_L_PW || l->pt + l->pl + l->pb + l->pr == 0 || l->pad[c] == iv->lo[c];
}

static void keep_tensor(struct shrink *s, int t)
{
    for (int c = 0; c < s->q->tensor[t].shape.c; c++) s->stay[root(s, s->first[t] + c)] = true;
}

/* Makes the inputs of a mixing layer stay that it cannot do without; returns whether there were new ones. */
static bool keep_inputs(struct shrink *s, const struct mnq_qlayer *l)
{
    bool more = false;
    for (int c = 0; c < s->q->tensor[l->in0].shape.c; c++) {
        bool *stay = &s->stay[root(s, s->first[l->in0] + c)];
        if (*stay || foldable(s, l, c) || unread_by(s, l, c)) continue;
        *stay = more = true;
    }
    return more;
}

/* Gives an empty tensor its first channel; returns whether one was empty. */
static bool fill_empty(struct shrink *s)
{
    for (int t = 0; t < s->q->n_tensors; t++) {
        bool any = false;
        for (int c = 0; c < s->q->tensor[t].shape.c; c++) any = any || s->stay[root(s, s->first[t] + c)];
        if (any) continue;
        s->stay[root(s, s->first[t])] = true;
        return true;
    }
    return false;
}

/* Channels that stay keep inputs, which are outputs of earlier layers, and so on. */
static void find_stayers(struct shrink *s)
{
    const struct mnq_qmodel *q = s->q;
    bool more = true;
    keep_tensor(s, q->input);
    for (int k = 0; k < mnq_qmodel_outputs(q); k++) keep_tensor(s, mnq_qmodel_output(q, k));
    for (int k = 0; k < q->n_layers; k++) {
        if (!keeps_all(q, &q->layer[k])) continue;
        keep_tensor(s, q->layer[k].in0);
        if (q->layer[k].in1 >= 0) keep_tensor(s, q->layer[k].in1);
        keep_tensor(s, q->layer[k].out);
    }
    while (more) {
        more = false;
        for (int k = q->n_layers - 1; k >= 0; k--)
            if (mixes(&q->layer[k]) && !keeps_all(q, &q->layer[k])) more = keep_inputs(s, &q->layer[k]) || more;
        if (!more) more = fill_empty(s);
    }
}

static int list_kept(struct shrink *s, struct mnq_arena *arena)
{
    for (int t = 0; t < s->q->n_tensors; t++) {
        int n = s->q->tensor[t].shape.c;
        s->kept[t] = mnq_arena_array(arena, (size_t)n, sizeof **s->kept);
        if (s->kept[t] == NULL) return -1;
        for (int c = 0; c < n; c++)
            if (s->stay[root(s, s->first[t] + c)]) s->kept[t][s->n_kept[t]++] = c;
    }
    return 0;
}

/* ---- removal ---- */

/* Moves the kept entries of a per-channel array of elements of `size` bytes to its front. */
static void select_array(void *array, const int *kept, int n, size_t size)
{
    unsigned char *p = array;
    if (p == NULL) return;
    for (int i = 0; i < n; i++) memmove(p + (size_t)i * size, p + (size_t)kept[i] * size, size);
}

/* Adds the constants of leaving inputs to the bias: exact, and within the accumulator's bound. */
static void fold_constants(const struct shrink *s, struct mnq_qlayer *l)
{
    size_t cin = (size_t)s->q->tensor[l->in0].shape.c, cout = (size_t)s->q->tensor[l->out].shape.c, n = l->w_count / cout;
    const struct mnq_interval *iv = &s->iv[l->in0];
    int next = 0;
    for (size_t c = 0; c < cin; c++) {
        if (next < s->n_kept[l->in0] && s->kept[l->in0][next] == (int)c) {
            next++;
            continue;
        }
        int32_t x = l->wtype == MNQ_W_XNOR ? sign_of(l, c, iv->lo[c]) : iv->lo[c];
        for (size_t o = 0; o < cout; o++)
            for (size_t i = c; i < n; i += cin) l->bias[o] += mnq_qlayer_weight(l, o * n + i) * x;
    }
}

/* Weights of a mixing layer: kept rows, kept columns. */
static void *select_matrix(const struct shrink *s, struct mnq_qlayer *l, struct mnq_arena *arena)
{
    const int *in = s->kept[l->in0], *out = s->kept[l->out];
    size_t cin = (size_t)s->q->tensor[l->in0].shape.c, taps = (size_t)(l->kh * l->kw), at = 0;
    size_t n = (size_t)s->n_kept[l->out] * taps * (size_t)s->n_kept[l->in0];
    void *w = mnq_arena_array(arena, n, mnq_qlayer_wide(l) ? 2 : 1);
    if (w == NULL) return NULL;
    for (int o = 0; o < s->n_kept[l->out]; o++)
        for (size_t t = 0; t < taps; t++)
            for (int c = 0; c < s->n_kept[l->in0]; c++)
                copy_weight(w, at++, l, ((size_t)out[o] * taps + t) * cin + (size_t)in[c]);
    l->w_count = n;
    return w;
}

/* Weights of a channelwise layer, [rows][C_out]. */
static void *select_columns(const struct shrink *s, struct mnq_qlayer *l, struct mnq_arena *arena)
{
    size_t cout = (size_t)s->q->tensor[l->out].shape.c, rows = l->w_count / cout, n = rows * (size_t)s->n_kept[l->out],
           at = 0;
    void *w = mnq_arena_array(arena, n, mnq_qlayer_wide(l) ? 2 : 1);
    if (w == NULL) return NULL;
    for (size_t r = 0; r < rows; r++)
        for (int o = 0; o < s->n_kept[l->out]; o++) copy_weight(w, at++, l, r * cout + (size_t)s->kept[l->out][o]);
    l->w_count = n;
    return w;
}

static double largest_accumulator(const struct mnq_qlayer *l, int cout)
{
    double worst = 1;
    for (int o = 0; o < cout; o++) worst = fmax(worst, fabs((double)l->bias[o]) + mnq_qlayer_reach(l, o, cout));
    return worst;
}

static int shrink_layer(const struct shrink *s, struct mnq_qlayer *l, struct mnq_arena *arena)
{
    const int *out = s->kept[l->out];
    int n = s->n_kept[l->out];
    if (keeps_all(s->q, l)) return 0;
    if (mixes(l)) fold_constants(s, l);
    if (l->w != NULL) {
        l->w = mixes(l) ? select_matrix(s, l, arena) : select_columns(s, l, arena);
        if (l->w == NULL) return -1;
    }
    if (l->block > 1 && s->n_kept[l->in0] < s->q->tensor[l->in0].shape.c) l->block = 1; /* blocks hold no longer */
    select_array(l->coef, out, n, (size_t)l->bases * sizeof *l->coef);
    select_array(l->threshold, s->kept[l->in0], s->n_kept[l->in0], sizeof *l->threshold);
    select_array(l->bias, out, n, sizeof *l->bias);
    select_array(l->m, out, n, sizeof *l->m);
    select_array(l->r, out, n, sizeof *l->r);
    select_array(l->m2, out, n, sizeof *l->m2);
    select_array(l->r2, out, n, sizeof *l->r2);
    select_array(l->acc_step, out, n, sizeof *l->acc_step);
    select_array(l->pad, s->kept[l->in0], s->n_kept[l->in0], sizeof *l->pad);
    if (l->w != NULL) l->acc_bits = mnq_lower_acc_bits(largest_accumulator(l, n));
    return 0;
}

/* Remembers which channels of the float graph the kept ones are. */
static int note_origin(struct mnq_qtensor *t, const int *kept, int n, struct mnq_arena *arena)
{
    if (n == t->shape.c) return 0;
    if (t->origin == NULL) {
        t->origin = mnq_arena_array(arena, (size_t)n, sizeof *t->origin);
        if (t->origin == NULL) return -1;
        memcpy(t->origin, kept, (size_t)n * sizeof *kept);
    } else {
        select_array(t->origin, kept, n, sizeof *t->origin);
    }
    return 0;
}

static void measure(const struct mnq_qmodel *q, int64_t *macs, int64_t *bytes, int *channels)
{
    *macs = *bytes = *channels = 0;
    for (int k = 0; k < q->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        *macs += l->macs;
        *bytes += (int64_t)mnq_qlayer_weight_bytes(l, q->tensor[l->in0].shape.c, q->tensor[l->out].shape.c);
        *channels += q->tensor[l->out].shape.c;
    }
}

int mnq_shrink(struct mnq_qmodel *q, struct mnq_shrink_report *report, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct shrink s = {.q = q};
    size_t n = (size_t)q->n_tensors;
    int rc = -1;
    measure(q, &report->macs_before, &report->weight_bytes_before, &report->channels_before);
    s.iv = mnq_arena_array(&scratch, n, sizeof *s.iv);
    s.first = mnq_arena_array(&scratch, n, sizeof *s.first);
    s.kept = mnq_arena_array(&scratch, n, sizeof *s.kept);
    s.n_kept = mnq_arena_array(&scratch, n, sizeof *s.n_kept);
    if (s.iv == NULL || s.first == NULL || s.kept == NULL || s.n_kept == NULL) goto nomem;
    for (size_t t = 0; t < n; t++) {
        s.first[t] = s.channels;
        s.channels += q->tensor[t].shape.c;
    }
    s.parent = mnq_arena_array(&scratch, (size_t)s.channels, sizeof *s.parent);
    s.stay = mnq_arena_array(&scratch, (size_t)s.channels, sizeof *s.stay);
    if (s.parent == NULL || s.stay == NULL) goto nomem;
    for (int i = 0; i < s.channels; i++) s.parent[i] = i;
    if (mnq_intervals(q, s.iv, &scratch, e) != 0) goto done;
    tie_groups(&s);
    find_stayers(&s);
    if (list_kept(&s, &scratch) != 0) goto nomem;
    for (int k = 0; k < q->n_layers; k++)
        if (shrink_layer(&s, &q->layer[k], q->arena) != 0) goto nomem;
    for (size_t t = 0; t < n; t++) {
        select_array(q->tensor[t].scale, s.kept[t], s.n_kept[t], sizeof *q->tensor[t].scale);
        if (note_origin(&q->tensor[t], s.kept[t], s.n_kept[t], q->arena) != 0) goto nomem;
        q->tensor[t].shape.c = s.n_kept[t];
    }
    for (int k = 0; k < q->n_layers; k++) q->layer[k].macs = mnq_qlayer_macs(q, &q->layer[k]);
    measure(q, &report->macs_after, &report->weight_bytes_after, &report->channels_after);
    rc = 0;
    goto done;
nomem:
    mnq_fail_nomem(e);
done:
    mnq_arena_free(&scratch);
    return rc;
}
