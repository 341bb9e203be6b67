/* SPDX-License-Identifier: Apache-2.0
 * How logits differ, as decisions see it. */
#include "logits.h"

#include "quantize/qparams.h"

struct mnq_logits mnq_logits_of(const struct mnq_graph *legal, const struct mnq_task *task)
{
    struct mnq_logits l = {.task = task != NULL ? *task : mnq_task_infer(legal, NULL), .node = mnq_logits_node(legal)};
    l.task.out = legal->node[l.node].out;
    l.n = mnq_elements(l.task.out);
    if (l.node != legal->output) l.task.link = MNQ_LINK_NONE;
    return l;
}

int mnq_logits_set_mean(struct mnq_logits *l, const float *value, int samples, struct mnq_arena *arena, struct mnq_err *e)
{
    l->mean = NULL;
    if (l->task.kind == MNQ_TASK_CLASSES || l->task.kind == MNQ_TASK_FEATURES || samples < 2) return 0;
    float *mean = mnq_arena_array(arena, l->n, sizeof *mean);
    if (mean == NULL) return mnq_fail_nomem(e);
    for (size_t i = 0; i < l->n; i++) {
        double sum = 0;
        for (int s = 0; s < samples; s++) sum += (double)value[(size_t)s * l->n + i];
        mean[i] = (float)(sum / samples);
    }
    l->mean = mean;
    return 0;
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

static double power(const struct mnq_logits *l, const float *a, const float *b)
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

double mnq_logits_noise(const struct mnq_logits *l, const float *a, const float *b)
{
    return power(l, a, b);
}

double mnq_logits_signal(const struct mnq_logits *l, const float *a)
{
    return power(l, a, l->mean);
}
