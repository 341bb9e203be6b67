/* SPDX-License-Identifier: Apache-2.0
 * Runs of layers without data, row by row, deepest layer first: a row is used as soon as it is there, so that rings are as
 * short as they can be. */
#include "pack/stage_net.h"

#include "kernels.h"

#include <stdlib.h>
#include <string.h>

uint64_t mnq_stage_round(uint64_t n)
{
    return (n + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN;
}

bool mnq_stage_sums(const struct mnq_stage_net *n, int a, int k)
{
    const struct mnq_stage_layer *l = &n->layer[k];
    int writer = n->tensor[l->in0].writer;
    return l->global && l->h > 1 && (writer < 0 ? n->pushed && a == 0 : writer >= a);
}

int mnq_stage_total(const struct mnq_stage_net *n, int a, int k)
{
    return mnq_stage_sums(n, a, k) ? n->layer[k].h : n->layer[k].oh;
}

int mnq_stage_band(const struct mnq_stage_net *n, int a, int k, int y)
{
    int left = mnq_stage_total(n, a, k) - y;
    return n->layer[k].band < left ? n->layer[k].band : left;
}

int64_t mnq_stage_work(const struct mnq_stage_net *n, int a, int k)
{
    int total = mnq_stage_total(n, a, k), band = n->layer[k].band < total ? n->layer[k].band : total;
    if (n->target == NULL) return total;
    int64_t work = total / band > 0 ? n->target->work(n->target->context, k, total / band, band) : 0;
    return total % band == 0 ? work : work + n->target->work(n->target->context, k, 1, total % band);
}

void mnq_stage_reach(const struct mnq_stage_net *n, int a, int k, int y, int rows, int *f, int *e)
{
    const struct mnq_stage_layer *l = &n->layer[k];
    bool window = l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV || l->op == MNQ_L_AVGPOOL || l->op == MNQ_L_MAXPOOL;
    bool blocks = l->op == MNQ_L_UPSAMPLE || l->op == MNQ_L_SPREAD;
    *f = y;
    *e = y + rows;
    if (mnq_stage_sums(n, a, k)) return;
    if (blocks) {
        int last = (y + rows - 1) / l->kh + 1 + l->margin;
        *f = y / l->kh - l->margin < 0 ? 0 : y / l->kh - l->margin;
        *e = last > l->h ? l->h : last;
    }
    if (!window) return;
    *f = y * l->sh - l->pt < 0 ? 0 : y * l->sh - l->pt;
    *e = (y + rows - 1) * l->sh - l->pt + l->kh;
    if (*e > l->h) *e = l->h;
}

/* Rows that tensor t has. */
static int available(const struct mnq_stage_sim *s, const struct mnq_stage_net *n, int t)
{
    const struct mnq_stage_tensor *x = &n->tensor[t];
    if (x->writer < 0) return n->pushed && s->a == 0 ? s->arrived : x->h;
    if (x->writer < s->a) return x->h;
    int made = s->made[x->writer - s->a];
    return mnq_stage_sums(n, s->a, x->writer) ? made == n->layer[x->writer].h : made;
}

/* Reads rows f .. e - 1 of tensor t if they are there; notes how long a ring that takes. */
static bool there(struct mnq_stage_sim *s, const struct mnq_stage_net *n, int t, int f, int e, int *need)
{
    int rows = available(s, n, t);
    if (e > rows) return false;
    if (need != NULL && rows - f > *need) *need = rows - f;
    return true;
}

static bool can_run(struct mnq_stage_sim *s, const struct mnq_stage_net *n, int k, bool note)
{
    const struct mnq_stage_layer *l = &n->layer[k];
    int y = s->made[k - s->a], rows = mnq_stage_band(n, s->a, k, y), f, e, *need = s->need[k - s->a];
    if (rows == 0) return false;
    mnq_stage_reach(n, s->a, k, y, rows, &f, &e);
    if (!there(s, n, l->in0, f, e, note ? &need[0] : NULL)) return false;
    if (l->in1 < 0) return true;
    return l->rows1 ? there(s, n, l->in1, y, y + rows, note ? &need[1] : NULL)
                    : there(s, n, l->in1, 0, 1, note ? &need[1] : NULL);
}

/* The last layer of the run that reads tensor t; -1: none. */
static int deepest_reader(const struct mnq_stage_sim *s, const struct mnq_stage_net *n, int t)
{
    int k = n->tensor[t].last < s->end ? n->tensor[t].last : s->end - 1;
    while (k >= s->a && n->layer[k].in0 != t && n->layer[k].in1 != t) k--;
    return k >= s->a ? k : -1;
}

static int note(struct mnq_stage_sim *s, int k)
{
    if (s->n_events == s->cap) {
        size_t cap = s->cap * 2 + 256;
        uint16_t *p = realloc(s->event, cap * sizeof *p);
        if (p == NULL) return -1;
        s->event = p;
        s->cap = cap;
    }
    s->event[s->n_events++] = (uint16_t)k;
    return 0;
}

int mnq_stage_sim_run(struct mnq_stage_sim *s, const struct mnq_stage_net *n, int a)
{
    memset(s, 0, sizeof *s);
    s->a = a;
    s->end = n->n_layers - a > MNQ_STAGE_MOST ? a + MNQ_STAGE_MOST : n->n_layers;
    s->made = calloc((size_t)(s->end - a), sizeof *s->made);
    s->need = calloc((size_t)(s->end - a), sizeof *s->need);
    if (s->made == NULL || s->need == NULL) return -1;
    for (int k = s->end - 1;;) {
        while (k >= a && !can_run(s, n, k, false)) k--;
        if (k >= a) {
            can_run(s, n, k, true);
            if (note(s, k) != 0) return -1;
            s->made[k - a] += mnq_stage_band(n, a, k, s->made[k - a]);
            int next = deepest_reader(s, n, n->layer[k].out);
            if (next > k) k = next;
        } else if (n->pushed && a == 0 && s->arrived < n->tensor[n->input].h) {
            s->arrived++;
            k = deepest_reader(s, n, n->input);
        } else {
            return 0;
        }
    }
}

void mnq_stage_sim_free(struct mnq_stage_sim *s)
{
    free(s->made);
    free(s->need);
    free(s->event);
}
