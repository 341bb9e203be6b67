/* SPDX-License-Identifier: Apache-2.0
 * What single samples add to the figures of a task. */
#include "measure.h"

#include <math.h>

static bool keeps_values(const struct mnq_task *t)
{
    return t->kind == MNQ_TASK_MULTILABEL && !mnq_task_is_map(t);
}

int mnq_measure_init(struct mnq_measured *m, const struct mnq_task *task, const struct mnq_task *first, int n,
                     struct mnq_arena *arena)
{
    size_t samples = (size_t)n;
    *m = (struct mnq_measured){.task = task, .first = first, .n = n};
    m->sample = mnq_arena_array(arena, samples, sizeof *m->sample);
    if (m->sample == NULL) return -1;
    if (keeps_values(task)) {
        m->value = mnq_arena_array(arena, samples * (size_t)task->out.c, sizeof *m->value);
        if (m->value == NULL) return -1;
    }
    if (mnq_task_is_map(task) && mnq_task_decides(task)) {
        m->classes = task->kind == MNQ_TASK_CLASSES ? task->out.c : 2 * task->out.c;
        m->meet = mnq_arena_array(arena, samples * (size_t)m->classes, sizeof *m->meet);
        m->join = mnq_arena_array(arena, samples * (size_t)m->classes, sizeof *m->join);
        if (m->meet == NULL || m->join == NULL) return -1;
    }
    return 0;
}

/* The answer of decision k: a class, or 1 for yes. */
static int answer(const struct mnq_task *t, const float *out, size_t k)
{
    if (t->kind != MNQ_TASK_CLASSES) return out[k] > mnq_task_cut(t);
    const float *v = out + k * (size_t)t->out.c;
    int best = 0;
    for (int c = 1; c < t->out.c; c++)
        if (v[c] > v[best] || isnan(v[best])) best = c;
    return best;
}

/* Decision k says `got`, its label `want`: counts for intersection and union. A decision of its own has the classes no, yes.
 */
static void count_cell(const struct mnq_measured *m, int i, size_t k, int got, int want)
{
    size_t base = (size_t)i * (size_t)m->classes;
    if (m->task->kind != MNQ_TASK_CLASSES) base += 2 * (k % (size_t)m->task->out.c);
    m->join[base + (size_t)want]++;
    if (got == want) m->meet[base + (size_t)got]++;
    else m->join[base + (size_t)got]++;
}

static void note_decisions(const struct mnq_measured *m, int i, const float *out, const float *first, const float *label)
{
    struct mnq_measure *s = &m->sample[i];
    size_t n = mnq_task_decisions(m->task);
    int most = m->task->kind == MNQ_TASK_CLASSES ? m->task->out.c : 2;
    for (size_t k = 0; k < n; k++) {
        int got = answer(m->task, out, k);
        s->decisions++;
        s->same += got == answer(m->first, first, k);
        if (label == NULL || !(label[k] >= 0 && label[k] < (float)most)) continue;
        int want = (int)label[k];
        s->known++;
        s->right += got == want;
        if (m->classes > 0) count_cell(m, i, k, got, want);
    }
    s->labelled = s->known > 0;
}

void mnq_measure_sample(const struct mnq_measured *m, int i, const float *out, const float *first, const float *label)
{
    struct mnq_measure *s = &m->sample[i];
    size_t n = mnq_elements(m->task->out);
    *s = (struct mnq_measure){.right = 0};
    for (size_t k = 0; k < n; k++) {
        double a = (double)out[k], b = (double)first[k], d = a - b;
        s->noise += d * d;
        s->max_noise = fmax(s->max_noise, fabs(d));
        s->signal += b * b;
        s->sum += b;
        s->own += a * a;
        s->cross += a * b;
    }
    if (m->value != NULL)
        for (size_t k = 0; k < n; k++) m->value[(size_t)i * n + k] = out[k];
    if (m->task->kind != MNQ_TASK_REGRESSION) {
        note_decisions(m, i, out, first, label);
        return;
    }
    for (size_t k = 0; label != NULL && k < n; k++) {
        if (isnan(label[k])) continue;
        double d = (double)out[k] - (double)label[k];
        s->known++;
        s->err2 += d * d;
        s->max_err = fmax(s->max_err, fabs(d));
    }
    s->labelled = s->known > 0;
}

int mnq_measure_parts(const struct mnq_measured *m, struct mnq_spread_part *part)
{
    int n = 0;
    part[n++] = (struct mnq_spread_part){m->sample, sizeof *m->sample};
    if (m->value != NULL) part[n++] = (struct mnq_spread_part){m->value, (size_t)m->task->out.c * sizeof *m->value};
    if (m->meet != NULL) part[n++] = (struct mnq_spread_part){m->meet, (size_t)m->classes * sizeof *m->meet};
    if (m->join != NULL) part[n++] = (struct mnq_spread_part){m->join, (size_t)m->classes * sizeof *m->join};
    return n;
}
