/* SPDX-License-Identifier: Apache-2.0
 * Figures of every kind of task, from what the single samples added. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>

struct list {
    struct mnq_figure *figure;
    int n;
};

static void add(struct list *l, const char *key, const char *title, enum mnq_figure_form form, bool first,
                struct mnq_estimate of)
{
    l->figure[l->n++] = (struct mnq_figure){key, title, form, first, of};
}

static struct mnq_estimate value_only(double v)
{
    return (struct mnq_estimate){v, (double)NAN, (double)NAN};
}

static struct mnq_estimate of_share(struct mnq_share s)
{
    return (struct mnq_estimate){s.percent, s.lo, s.hi};
}

static int estimate(mnq_statistic *f, const struct mnq_measured *m, double work, struct mnq_estimate *out)
{
    return mnq_bootstrap(f, m, m->n, work, out);
}

/* ---- shares of decisions ---- */

static int add_share(struct list *l, const struct mnq_measured *m, bool first, const char *key, const char *title)
{
    int64_t *hit = malloc(2 * (size_t)m->n * sizeof *hit), *of = hit == NULL ? NULL : hit + m->n;
    if (hit == NULL) return -1;
    for (int i = 0; i < m->n; i++) {
        hit[i] = first ? m->sample[i].same : m->sample[i].right;
        of[i] = first ? m->sample[i].decisions : m->sample[i].known;
    }
    add(l, key, title, MNQ_FIGURE_PERCENT, first, of_share(mnq_share_of_groups(hit, of, m->n)));
    free(hit);
    return 0;
}

/* Mean over the classes that occur of intersection over union, in percent. */
static double mean_iou(const void *ctx, const int *weight, int n)
{
    const struct mnq_measured *m = ctx;
    double sum = 0;
    int classes = 0, step = m->task->kind == MNQ_TASK_CLASSES ? 1 : 2; /* of decisions only the answer yes */
    for (int c = step - 1; c < m->classes; c += step) {
        double meet = 0, join = 0;
        for (int i = 0; i < n; i++) {
            meet += (double)weight[i] * m->meet[(size_t)i * (size_t)m->classes + (size_t)c];
            join += (double)weight[i] * m->join[(size_t)i * (size_t)m->classes + (size_t)c];
        }
        if (!(join > 0)) continue;
        sum += meet / join;
        classes++;
    }
    return classes > 0 ? 100 * sum / classes : (double)NAN;
}

/* ---- mean average precision ---- */

struct ranked {
    float score;
    int sample;
    bool yes;
};

struct ranking {
    struct ranked *rank; /* [c][n] by falling score, those without a label left out */
    int *length;         /* [c] */
    int c, n;
};

static int by_falling_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) return x->score > y->score ? -1 : 1;
    return x->sample - y->sample;
}

/* Area under precision over recall, steps as scikit-learn's average_precision_score; equal scores count at once. */
static double average_precision(const struct ranked *r, int n, const int *weight)
{
    double yes = 0, all = 0, total = 0, sum = 0;
    for (int i = 0; i < n; i++) total += r[i].yes ? weight[r[i].sample] : 0;
    if (!(total > 0)) return (double)NAN;
    for (int i = 0, end; i < n; i = end) {
        double before = yes;
        for (end = i; end < n && !(r[end].score < r[i].score); end++) {
            yes += r[end].yes ? weight[r[end].sample] : 0;
            all += weight[r[end].sample];
        }
        if (all > 0) sum += (yes - before) / total * (yes / all);
    }
    return sum;
}

static double mean_average_precision(const void *ctx, const int *weight, int n)
{
    const struct ranking *r = ctx;
    double sum = 0;
    int classes = 0;
    for (int c = 0; c < r->c; c++) {
        double ap = average_precision(r->rank + (size_t)c * (size_t)n, r->length[c], weight);
        if (isnan(ap)) continue;
        sum += ap;
        classes++;
    }
    return classes > 0 ? 100 * sum / classes : (double)NAN;
}

static int add_map(struct list *l, const struct mnq_measured *m, const float *label)
{
    int c = m->task->out.c;
    struct ranking r = {.c = c, .n = m->n};
    struct mnq_estimate of;
    r.rank = malloc((size_t)c * (size_t)m->n * sizeof *r.rank);
    r.length = calloc((size_t)c, sizeof *r.length);
    int rc = r.rank == NULL || r.length == NULL ? -1 : 0;
    for (int k = 0; rc == 0 && k < c; k++) {
        struct ranked *to = r.rank + (size_t)k * (size_t)m->n;
        for (int i = 0; i < m->n; i++) {
            size_t at = (size_t)i * (size_t)c + (size_t)k;
            if (isnan(label[at])) continue;
            float v = m->value[at];
            to[r.length[k]++] = (struct ranked){isnan(v) ? -INFINITY : v, i, label[at] > 0.5F};
        }
        qsort(to, (size_t)r.length[k], sizeof *to, by_falling_score);
    }
    if (rc == 0) rc = mnq_bootstrap(mean_average_precision, &r, m->n, 3.0 * c * m->n, &of);
    if (rc == 0) add(l, "mean_average_precision", "mAP %", MNQ_FIGURE_PERCENT, false, of);
    free(r.rank);
    free(r.length);
    return rc;
}

/* ---- numbers ---- */

static double rmse(const void *ctx, const int *weight, int n)
{
    const struct mnq_measured *m = ctx;
    double sum = 0, count = 0;
    for (int i = 0; i < n; i++) {
        sum += weight[i] * m->sample[i].err2;
        count += (double)weight[i] * (double)m->sample[i].known;
    }
    return count > 0 ? sqrt(sum / count) : (double)NAN;
}

/* Squares of each sample's labels around their means, which are taken over all samples, channel by channel. */
struct explained {
    const struct mnq_measured *m;
    double *total; /* [n] */
};

/* Coefficient of determination, all channels together. */
static double r2(const void *ctx, const int *weight, int n)
{
    const struct explained *x = ctx;
    double left = 0, total = 0;
    for (int i = 0; i < n; i++) {
        left += weight[i] * x->m->sample[i].err2;
        total += weight[i] * x->total[i];
    }
    return total > 0 ? 1 - left / total : (double)NAN;
}

static int add_r2(struct list *l, const struct mnq_measured *m, const float *label)
{
    size_t c = (size_t)m->task->out.c, values = mnq_task_label_values(m->task);
    struct explained x = {m, calloc((size_t)m->n, sizeof *x.total)};
    double *sum = calloc(2 * c, sizeof *sum);
    struct mnq_estimate of;
    int rc = x.total == NULL || sum == NULL ? -1 : 0;
    for (int i = 0; rc == 0 && i < m->n; i++)
        for (size_t k = 0; k < values; k++) {
            double v = (double)label[(size_t)i * values + k];
            if (isnan(v)) continue;
            sum[k % c] += v;
            sum[c + k % c]++;
        }
    for (int i = 0; rc == 0 && i < m->n; i++)
        for (size_t k = 0; k < values; k++) {
            double v = (double)label[(size_t)i * values + k];
            if (isnan(v)) continue;
            double d = v - sum[k % c] / sum[c + k % c];
            x.total[i] += d * d;
        }
    if (rc == 0) rc = mnq_bootstrap(r2, &x, m->n, 2.0 * m->n, &of);
    if (rc == 0) add(l, "r2", "R2", MNQ_FIGURE_NUMBER, false, of);
    free(x.total);
    free(sum);
    return rc;
}

static double largest_error(const struct mnq_measured *m)
{
    double most = 0;
    for (int i = 0; i < m->n; i++) most = fmax(most, m->sample[i].max_err);
    return most;
}

/* ---- against the first model ---- */

static double sqnr(const void *ctx, const int *weight, int n)
{
    const struct mnq_measured *m = ctx;
    double noise = 0, signal = 0;
    for (int i = 0; i < n; i++) {
        noise += weight[i] * m->sample[i].noise;
        signal += weight[i] * m->sample[i].signal;
    }
    if (!(noise > 0)) return signal > 0 ? (double)INFINITY : (double)NAN;
    return 10 * log10(signal / noise);
}

static double cosine(const void *ctx, const int *weight, int n)
{
    const struct mnq_measured *m = ctx;
    double sum = 0, count = 0;
    for (int i = 0; i < n; i++) {
        const struct mnq_measure *s = &m->sample[i];
        double both = sqrt(s->signal * s->own);
        sum += weight[i] * (both > 0 ? s->cross / both : s->signal <= 0 && s->own <= 0);
        count += weight[i];
    }
    return count > 0 ? sum / count : (double)NAN;
}

static double difference(const void *ctx, const int *weight, int n)
{
    const struct mnq_measured *m = ctx;
    double noise = 0, count = 0;
    for (int i = 0; i < n; i++) {
        noise += weight[i] * m->sample[i].noise;
        count += weight[i] * (double)mnq_elements(m->task->out);
    }
    return count > 0 ? sqrt(noise / count) : (double)NAN;
}

/* How much of the first model's numbers, all values together, is explained. */
static double r2_from_first(const void *ctx, const int *weight, int n)
{
    const struct mnq_measured *m = ctx;
    double noise = 0, square = 0, sum = 0, count = 0;
    for (int i = 0; i < n; i++) {
        noise += weight[i] * m->sample[i].noise;
        square += weight[i] * m->sample[i].signal;
        sum += weight[i] * m->sample[i].sum;
        count += weight[i] * (double)mnq_elements(m->task->out);
    }
    double total = count > 0 ? square - sum * sum / count : 0;
    return total > 0 ? 1 - noise / total : noise > 0 ? (double)NAN : 1;
}

static int add_number_figures(struct list *l, const struct mnq_measured *m)
{
    struct mnq_estimate of;
    double most = 0;
    if (estimate(difference, m, m->n, &of) != 0) return -1;
    add(l, "rms_from_first", "rms from first", MNQ_FIGURE_NUMBER, true, of);
    for (int i = 0; i < m->n; i++) most = fmax(most, m->sample[i].max_noise);
    add(l, "max_from_first", "max from first", MNQ_FIGURE_NUMBER, true, value_only(most));
    if (m->task->kind == MNQ_TASK_REGRESSION) {
        if (estimate(r2_from_first, m, m->n, &of) != 0) return -1;
        add(l, "r2_from_first", "R2 with first", MNQ_FIGURE_NUMBER, true, of);
    }
    if (estimate(sqnr, m, m->n, &of) != 0) return -1;
    add(l, "sqnr_db", "SQNR dB", MNQ_FIGURE_DB, true, of);
    return 0;
}

/* ---- the kinds ---- */

static int label_figures(struct list *l, const struct mnq_measured *m, const float *label)
{
    const struct mnq_task *t = m->task;
    struct mnq_estimate of;
    if (t->kind == MNQ_TASK_REGRESSION) {
        if (estimate(rmse, m, m->n, &of) != 0) return -1;
        add(l, "rmse", "RMSE", MNQ_FIGURE_NUMBER, false, of);
        if (add_r2(l, m, label) != 0) return -1;
        add(l, "max_error", "max error", MNQ_FIGURE_NUMBER, false, value_only(largest_error(m)));
        return 0;
    }
    if (m->value != NULL && add_map(l, m, label) != 0) return -1;
    if (!mnq_task_is_map(t)) return add_share(l, m, false, "label_accuracy", "labels right %");
    if (add_share(l, m, false, "cell_accuracy", "cells right %") != 0) return -1;
    if (estimate(mean_iou, m, (double)m->n * m->classes, &of) != 0) return -1;
    add(l, "mean_iou", "mIoU %", MNQ_FIGURE_PERCENT, false, of);
    return 0;
}

int mnq_measure_figures(const struct mnq_measured *m, const float *label, struct mnq_figure *figure)
{
    struct list l = {figure, 0};
    struct mnq_estimate of;
    bool labelled = false, same = m->task->kind == m->first->kind && m->task->link == m->first->link;
    for (int i = 0; i < m->n; i++) labelled = labelled || m->sample[i].labelled;
    if (labelled && label != NULL && label_figures(&l, m, label) != 0) return -1;
    if (mnq_task_decides(m->task)) return add_share(&l, m, true, "agreement", "agree %") == 0 ? l.n : -1;
    if (m->task->kind == MNQ_TASK_FEATURES) {
        if (estimate(cosine, m, m->n, &of) != 0) return -1;
        add(&l, "cosine", "cosine", MNQ_FIGURE_NUMBER, true, of);
    }
    if (same && add_number_figures(&l, m) != 0) return -1;
    return l.n;
}

int mnq_binary_figures(const struct mnq_task *task, const float *score, const int *label, int n, struct mnq_figure *figure)
{
    struct list l = {figure, 0};
    struct mnq_estimate auc, none = {(double)NAN, (double)NAN, (double)NAN};
    int64_t yes = 0, said = 0, both = 0;
    if (mnq_auc(score, label, n, &auc) != 0) return -1;
    for (int i = 0; i < n; i++) {
        bool positive = label[i] == 1, answer = score[i] > mnq_task_cut(task);
        if (label[i] != 0 && label[i] != 1) continue;
        yes += positive;
        said += answer;
        both += positive && answer;
    }
    add(&l, "auc", "AUC", MNQ_FIGURE_NUMBER, false, auc);
    add(&l, "precision", "precision %", MNQ_FIGURE_PERCENT, false, said > 0 ? of_share(mnq_wilson(both, said)) : none);
    add(&l, "recall", "recall %", MNQ_FIGURE_PERCENT, false, yes > 0 ? of_share(mnq_wilson(both, yes)) : none);
    return l.n;
}
