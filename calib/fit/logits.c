/* SPDX-License-Identifier: Apache-2.0
 * How logits differ, as decisions see it. */
#include "logits.h"

#include "quantize/qparams.h"

#include <stdlib.h>
#include <string.h>

struct mnq_logits mnq_logits_of(const struct mnq_graph *legal, const struct mnq_task *task)
{
    struct mnq_logits l = {.n_parts = mnq_graph_outputs(legal)};
    for (int k = 0; k < l.n_parts; k++) {
        struct mnq_logits_part *p = &l.part[k];
        int output = mnq_graph_output(legal, k);
        p->task = task != NULL ? task[k] : mnq_task_infer(legal, output, NULL);
        p->node = mnq_logits_node(legal, k);
        p->task.out = legal->node[p->node].out;
        p->first = l.n;
        p->n = mnq_elements(p->task.out);
        p->weight = 1;
        if (p->node != output) p->task.link = MNQ_LINK_NONE;
        l.n += p->n;
    }
    return l;
}

struct mnq_logits mnq_logits_alone(const struct mnq_logits *l, int k)
{
    struct mnq_logits one = {.n_parts = 1, .part = {l->part[k]}, .n = l->part[k].n};
    if (l->mean != NULL) one.mean = l->mean + l->part[k].first;
    one.part[0].first = 0;
    one.part[0].weight = 1;
    return one;
}

bool mnq_logits_are_named(const struct mnq_logits *l, int classes, bool names)
{
    const struct mnq_task *t = &l->part[0].task;
    const int answers = t->kind == MNQ_TASK_BINARY ? 2 : t->kind == MNQ_TASK_CLASSES ? t->out.c : 0;
    if (mnq_task_is_map(t) || classes == 0) return false;
    return names ? classes == answers : classes <= answers;
}

bool mnq_logits_decide(const struct mnq_logits *l)
{
    for (int k = 0; k < l->n_parts; k++)
        if (!mnq_task_decides(&l->part[k].task)) return false;
    return true;
}

int mnq_logits_last_node(const struct mnq_logits *l)
{
    int last = 0;
    for (int k = 0; k < l->n_parts; k++) last = l->part[k].node > last ? l->part[k].node : last;
    return last;
}

const float *mnq_logits_in(const struct mnq_logits *l, struct mnq_exec *x, float *room)
{
    if (l->n_parts == 1) return mnq_exec_tensor(x, l->part[0].node);
    for (int k = 0; k < l->n_parts; k++)
        memcpy(room + l->part[k].first, mnq_exec_tensor(x, l->part[k].node), l->part[k].n * sizeof *room);
    return room;
}

float *mnq_logits_column(const struct mnq_logits *l, int k, const float *value, int samples)
{
    const struct mnq_logits_part *p = &l->part[k];
    float *to = malloc(((size_t)samples * p->n + 1) * sizeof *to);
    for (int s = 0; to != NULL && s < samples; s++)
        memcpy(to + (size_t)s * p->n, value + (size_t)s * l->n + p->first, p->n * sizeof *to);
    return to;
}

void mnq_logits_keep(const struct mnq_logits *l, int node, const float *data, float *to)
{
    for (int k = 0; k < l->n_parts; k++)
        if (l->part[k].node == node) memcpy(to + l->part[k].first, data, l->part[k].n * sizeof *to);
}

/* Power of n values of a - b, their mean removed; b may be NULL. */
static double centred(const float *a, const float *b, int n)
{
    double mean = 0, p = 0;
    for (int c = 0; c < n; c++) mean += ((double)a[c] - (b == NULL ? 0 : (double)b[c])) / n;
    for (int c = 0; c < n; c++) {
        double d = (double)a[c] - (b == NULL ? 0 : (double)b[c]) - mean;
        p += d * d;
    }
    return p;
}

/* Of one part: a and b begin at its first value. */
static double part_power(const struct mnq_logits_part *l, const float *a, const float *b)
{
    double p = 0;
    if (l->task.kind == MNQ_TASK_CLASSES) {
        size_t c = (size_t)l->task.out.c;
        for (size_t i = 0; i + c <= l->n; i += c) p += centred(a + i, b == NULL ? NULL : b + i, (int)c);
        return p;
    }
    for (size_t i = 0; i < l->n; i++) {
        double d = (double)a[i] - (b == NULL ? 0 : (double)b[i]);
        p += d * d;
    }
    return p;
}

static double power(const struct mnq_logits *l, const float *a, const float *b)
{
    double p = 0;
    for (int k = 0; k < l->n_parts; k++) {
        const struct mnq_logits_part *x = &l->part[k];
        p += x->weight * part_power(x, a + x->first, b == NULL ? NULL : b + x->first);
    }
    return p;
}

static bool has_level(const struct mnq_task *t)
{
    return t->kind != MNQ_TASK_CLASSES && t->kind != MNQ_TASK_FEATURES;
}

/* Weights that give each part the same signal: 1 over that of a sample. */
static void set_weights(struct mnq_logits *l, const float *value, int samples)
{
    for (int k = 0; k < l->n_parts && l->n_parts > 1; k++) {
        struct mnq_logits_part *p = &l->part[k];
        double sum = 0;
        for (int s = 0; s < samples; s++)
            sum += part_power(p, value + (size_t)s * l->n + p->first, l->mean == NULL ? NULL : l->mean + p->first);
        p->weight = sum > 0 ? samples / sum : 1;
    }
}

int mnq_logits_set_mean(struct mnq_logits *l, const float *value, int samples, struct mnq_arena *arena, struct mnq_err *e)
{
    bool any = false;
    l->mean = NULL;
    for (int k = 0; k < l->n_parts; k++) any = any || has_level(&l->part[k].task);
    if (any && samples > 1) {
        float *mean = mnq_arena_array(arena, l->n, sizeof *mean);
        if (mean == NULL) return mnq_fail_nomem(e);
        for (int k = 0; k < l->n_parts; k++) {
            const struct mnq_logits_part *p = &l->part[k];
            for (size_t i = p->first; has_level(&p->task) && i < p->first + p->n; i++) {
                double sum = 0;
                for (int s = 0; s < samples; s++) sum += (double)value[(size_t)s * l->n + i];
                mean[i] = (float)(sum / samples);
            }
        }
        l->mean = mean;
    }
    set_weights(l, value, samples);
    return 0;
}

double mnq_logits_noise(const struct mnq_logits *l, const float *a, const float *b)
{
    return power(l, a, b);
}

double mnq_logits_signal(const struct mnq_logits *l, const float *a)
{
    return power(l, a, l->mean);
}
