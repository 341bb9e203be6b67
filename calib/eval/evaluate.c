/* SPDX-License-Identifier: Apache-2.0
 * Accuracy and agreement over a dataset. */
#include "evaluate.h"

#include "util/spread.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether class a stands before class b. */
static bool before(const float *v, int a, int b)
{
    bool na = isnan(v[a]), nb = isnan(v[b]);
    if (na || nb) return na == nb ? a < b : nb;
    return v[a] > v[b] || (v[a] == v[b] && a < b);
}

int mnq_rank(const float *v, int n, int i)
{
    int rank = 0;
    for (int j = 0; j < n; j++) rank += j != i && before(v, j, i);
    return rank;
}

void mnq_top(const float *v, int n, int k, int *index)
{
    int m = 0;
    for (int i = 0; i < n; i++) {
        int at = m;
        while (at > 0 && before(v, i, index[at - 1])) at--;
        if (at == k) continue;
        for (int j = m < k ? m++ : m - 1; j > at; j--) index[j] = index[j - 1];
        index[at] = i;
    }
}

/* ---- the run ---- */

/* What one sample adds to a model's output differences. */
struct diff {
    double sum, square, max;
};

struct worker {
    struct mnq_runner **runner; /* [n_subjects] */
    uint8_t **pixels;           /* [n_subjects], shared between equal inputs */
    float *base, *out;
};

struct run {
    const struct mnq_subject *subject;
    int n_subjects;
    struct mnq_dataset **data; /* [n_subjects], shared between equal shapes */
    int *load_as;              /* [n_subjects] first subject that wants the very same pixels */
    struct worker *worker;
    struct mnq_evaluation *ev;
    struct diff *diff;             /* [n_subjects][n] */
    struct mnq_measured *measured; /* [n_subjects], of tasks without a first class; or NULL */
    struct mnq_measured *more;     /* [n_subjects][n_outputs - 1], of further outputs */
    atomic_int done;
    mnq_progress *progress;
    void *progress_ctx;
};

static size_t pixels_of(const struct mnq_subject *s)
{
    return mnq_elements(s->input);
}

static bool same_shape(const struct mnq_subject *a, const struct mnq_subject *b)
{
    return a->input.h == b->input.h && a->input.w == b->input.w && a->input.c == b->input.c;
}

static bool same_pixels(const struct mnq_subject *a, const struct mnq_subject *b)
{
    return same_shape(a, b) && a->preprocess.resize == b->preprocess.resize && a->preprocess.filter == b->preprocess.filter;
}

static struct diff difference(const float *base, const float *out, int n)
{
    struct diff d = {0};
    for (int i = 0; i < n; i++) {
        double v = (double)out[i] - (double)base[i];
        d.sum += v;
        d.square += v * v;
        if (fabs(v) > d.max) d.max = fabs(v);
    }
    return d;
}

/* The first class, or the one decision. */
static void note_decision(struct run *r, int s, int i, const float *out)
{
    const struct mnq_subject *sub = &r->subject[s];
    struct mnq_eval_model *m = &r->ev->model[s];
    int label = r->ev->label[i];
    m->top1[i] = -1;
    if (r->measured != NULL) return;
    if (sub->task.kind == MNQ_TASK_BINARY) {
        m->top1[i] = out[0] > mnq_task_cut(&sub->task);
        m->score[i] = out[0];
        return;
    }
    mnq_top(out, sub->outputs, 1, &m->top1[i]);
    m->score[i] = out[m->top1[i]];
    if (label >= 0 && label < sub->outputs) m->top5[i] = mnq_rank(out, sub->outputs, label) < 5;
}

/* Further outputs, against the first model's. */
static void note_more(const struct run *r, int s, int i, const float *out, const float *base)
{
    const int more = r->ev->n_outputs - 1;
    for (int k = 0; k < more; k++) {
        size_t first = mnq_subject_first(&r->subject[s], k + 1);
        mnq_measure_sample(&r->more[s * more + k], i, out + first, base + first, NULL);
    }
}

static int one_sample(void *ctx, int i, int w, struct mnq_err *e)
{
    struct run *r = ctx;
    struct worker *me = &r->worker[w];
    for (int s = 0; s < r->n_subjects; s++) {
        const struct mnq_subject *sub = &r->subject[s];
        float *out = s == 0 ? me->base : me->out;
        if (r->load_as[s] == s && mnq_dataset_load(r->data[s], i, &sub->preprocess, me->pixels[s], e) != 0) return -1;
        if (mnq_runner_run(me->runner[s], me->pixels[r->load_as[s]], out, e) != 0) return -1;
        if (r->measured != NULL) {
            size_t values = mnq_task_label_values(&sub->task);
            const float *label = r->ev->values == NULL ? NULL : r->ev->values + (size_t)i * values;
            mnq_measure_sample(&r->measured[s], i, out, me->base, label);
        }
        note_decision(r, s, i, out);
        note_more(r, s, i, out, me->base);
        if (sub->outputs == r->subject[0].outputs)
            r->diff[(size_t)s * (size_t)r->ev->n + (size_t)i] = difference(me->base, out, sub->outputs);
    }
    int done = atomic_fetch_add(&r->done, 1) + 1;
    if (w == 0 && r->progress != NULL) r->progress(r->progress_ctx, "eval", mnq_spread_done(done, r->ev->n), r->ev->n);
    return 0;
}

static int open_data(struct run *r, const struct mnq_data *data, struct mnq_err *e)
{
    for (int s = 0; s < r->n_subjects; s++) {
        const struct mnq_subject *sub = &r->subject[s];
        r->load_as[s] = s;
        for (int k = s - 1; k >= 0; k--) {
            if (same_shape(&r->subject[k], sub)) r->data[s] = r->data[k];
            if (same_pixels(&r->subject[k], sub)) r->load_as[s] = k;
        }
        if (r->data[s] == NULL)
            r->data[s] = mnq_dataset_open_as(data, &r->ev->task, sub->input.h, sub->input.w, sub->input.c, e);
        if (r->data[s] == NULL) return -1;
    }
    return 0;
}

static void close_data(struct run *r)
{
    for (int s = 0; s < r->n_subjects; s++) {
        bool last = true;
        for (int k = s + 1; k < r->n_subjects; k++) last = last && r->data[k] != r->data[s];
        if (last && r->data[s] != NULL) mnq_dataset_close(r->data[s]);
    }
}

/* Labels that are no class numbers. */
static int copy_values(struct run *r, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_evaluation *ev = r->ev;
    size_t values = mnq_task_label_values(&ev->task);
    bool known = false;
    for (int i = 0; i < ev->n; i++) known = known || mnq_dataset_values(r->data[0], i) != NULL;
    if (values == 0 || !known) return 0;
    ev->values = mnq_arena_array(arena, (size_t)ev->n * values, sizeof *ev->values);
    if (ev->values == NULL) return mnq_fail_nomem(e);
    ev->labelled = 0;
    for (int i = 0; i < ev->n; i++) {
        float *to = ev->values + (size_t)i * values;
        const float *from = mnq_dataset_values(r->data[0], i);
        bool any = false;
        for (size_t k = 0; k < values; k++) {
            to[k] = from == NULL ? (float)NAN : from[k];
            any = any || !isnan(to[k]);
        }
        ev->labelled += any;
    }
    return 0;
}

static int copy_names(struct run *r, struct mnq_arena *arena)
{
    struct mnq_evaluation *ev = r->ev;
    const struct mnq_dataset *d = r->data[0];
    ev->label = mnq_arena_array(arena, (size_t)ev->n, sizeof *ev->label);
    ev->name = mnq_arena_array(arena, (size_t)ev->n, sizeof *ev->name);
    ev->class_name = NULL;
    if (ev->label == NULL || ev->name == NULL) return -1;
    for (int i = 0; i < ev->n; i++) {
        ev->label[i] = mnq_dataset_label(d, i);
        ev->labelled += ev->label[i] >= 0;
        const char *name = mnq_dataset_name(d, i);
        if (name == NULL || (ev->name[i] = mnq_arena_strdup(arena, name)) == NULL) return -1;
    }
    if (ev->classes == 0 || mnq_dataset_class(d, 0) == NULL) return 0;
    ev->class_name = mnq_arena_array(arena, (size_t)ev->classes, sizeof *ev->class_name);
    if (ev->class_name == NULL) return -1;
    for (int i = 0; i < ev->classes; i++) {
        const char *name = mnq_dataset_class(d, i);
        ev->class_name[i] = name == NULL ? NULL : mnq_arena_strdup(arena, name);
    }
    return 0;
}

static int copy_left_out(struct run *r, struct mnq_arena *arena)
{
    struct mnq_evaluation *ev = r->ev;
    const struct mnq_dataset *d = r->data[0];
    char text[400];
    int n = mnq_dataset_damaged(d);
    if (!mnq_dataset_left_out(d, text, sizeof text)) return 0;
    ev->left_out = mnq_arena_strdup(arena, text);
    ev->damaged = mnq_arena_array(arena, (size_t)n + 1, sizeof *ev->damaged);
    if (ev->left_out == NULL || ev->damaged == NULL) return -1;
    for (int i = 0; i < n; i++)
        if ((ev->damaged[ev->n_damaged++] = mnq_arena_strdup(arena, mnq_dataset_damaged_as(d, i))) == NULL) return -1;
    return 0;
}

/* Decides whether labels are the models' classes. */
static int check_labels(struct run *r, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_evaluation *ev = r->ev;
    ev->accuracy = ev->labelled > 0 && mnq_task_is_vector_decision(&ev->task);
    for (int s = 0; s < r->n_subjects && ev->accuracy; s++) {
        int outputs = mnq_eval_columns(ev, s);
        if (ev->class_name != NULL && ev->class_name[ev->classes - 1] != NULL) { /* each class has a name */
            if (ev->classes == outputs) continue;
            char text[600];
            snprintf(text, sizeof text, "%d named classes, but %s has %d %s: no accuracy, agreement only", ev->classes,
                     r->subject[s].file, outputs, ev->task.kind == MNQ_TASK_BINARY ? "answers" : "outputs");
            ev->note = mnq_arena_strdup(arena, text);
            ev->accuracy = false;
            break;
        }
        for (int i = 0; i < ev->n; i++)
            if (ev->label[i] >= outputs)
                return mnq_fail(e, MNQ_EXIT_FAILED, "%s: label %d, but %s has only %d %s (0..%d)", ev->name[i], ev->label[i],
                                r->subject[s].file, outputs, ev->task.kind == MNQ_TASK_BINARY ? "answers" : "outputs",
                                outputs - 1);
    }
    return 0;
}

static int alloc_more(struct run *r, struct mnq_arena *arena)
{
    struct mnq_evaluation *ev = r->ev;
    const int more = ev->n_outputs - 1;
    r->more = mnq_arena_array(arena, (size_t)(r->n_subjects * more), sizeof *r->more);
    if (r->more == NULL) return -1;
    for (int s = 0; s < r->n_subjects; s++) {
        ev->model[s].part = mnq_arena_array(arena, (size_t)more, sizeof *ev->model[s].part);
        if (ev->model[s].part == NULL) return -1;
        for (int k = 0; k < more; k++)
            if (mnq_measure_init(&r->more[s * more + k], &r->subject[s].tasks[k + 1], &r->subject[0].tasks[k + 1], ev->n,
                                 arena) != 0)
                return -1;
    }
    return 0;
}

static int alloc_models(struct run *r, struct mnq_arena *arena)
{
    struct mnq_evaluation *ev = r->ev;
    size_t n = (size_t)ev->n;
    for (int s = 0; s < r->n_subjects; s++) {
        struct mnq_eval_model *m = &ev->model[s];
        m->subject = &r->subject[s];
        m->top1 = mnq_arena_array(arena, n, sizeof *m->top1);
        m->score = mnq_arena_array(arena, n, sizeof *m->score);
        m->top5 = mnq_arena_array(arena, n, sizeof *m->top5);
        if (m->top1 == NULL || m->score == NULL || m->top5 == NULL) return -1;
    }
    r->diff = mnq_arena_array(arena, n * (size_t)r->n_subjects, sizeof *r->diff);
    if (r->diff == NULL || alloc_more(r, arena) != 0) return -1;
    if (mnq_task_is_vector_decision(&ev->task)) return 0;
    r->measured = mnq_arena_array(arena, (size_t)r->n_subjects, sizeof *r->measured);
    for (int s = 0; r->measured != NULL && s < r->n_subjects; s++)
        if (mnq_measure_init(&r->measured[s], &r->subject[s].task, &r->subject[0].task, ev->n, arena) != 0) return -1;
    return r->measured == NULL ? -1 : 0;
}

static int start_workers(struct run *r, int threads, struct mnq_arena *arena, struct mnq_err *e)
{
    r->worker = mnq_arena_array(arena, (size_t)threads, sizeof *r->worker);
    if (r->worker == NULL) return mnq_fail_nomem(e);
    int most = 1;
    for (int s = 0; s < r->n_subjects; s++)
        if (r->subject[s].values > most) most = r->subject[s].values;
    for (int w = 0; w < threads; w++) {
        struct worker *me = &r->worker[w];
        me->runner = mnq_arena_array(arena, (size_t)r->n_subjects, sizeof *me->runner);
        me->pixels = mnq_arena_array(arena, (size_t)r->n_subjects, sizeof *me->pixels);
        me->base = mnq_arena_array(arena, (size_t)most, sizeof *me->base);
        me->out = mnq_arena_array(arena, (size_t)most, sizeof *me->out);
        if (me->runner == NULL || me->pixels == NULL || me->base == NULL || me->out == NULL) return mnq_fail_nomem(e);
        for (int s = 0; s < r->n_subjects; s++) {
            me->pixels[s] = mnq_arena_alloc(arena, pixels_of(&r->subject[s]));
            if (me->pixels[s] == NULL) return mnq_fail_nomem(e);
            me->runner[s] = mnq_runner_new(&r->subject[s], e);
            if (me->runner[s] == NULL) return -1;
        }
    }
    return 0;
}

static void stop_workers(struct run *r, int threads)
{
    for (int w = 0; r->worker != NULL && w < threads; w++)
        for (int s = 0; r->worker[w].runner != NULL && s < r->n_subjects; s++) mnq_runner_free(r->worker[w].runner[s]);
}

/* Every sample, and what it leaves behind of every model. */
static int over_samples(struct run *r, int threads, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_evaluation *ev = r->ev;
    const int models = r->n_subjects, more = ev->n_outputs - 1;
    const size_t most = (size_t)models * (4 + MNQ_MEASURE_PARTS * (size_t)(more + 1));
    struct mnq_spread_part *part = mnq_arena_array(arena, most, sizeof *part), *p = part;
    if (part == NULL) return mnq_fail_nomem(e);
    for (int s = 0; s < models; s++) {
        struct mnq_eval_model *m = &ev->model[s];
        *p++ = (struct mnq_spread_part){m->top1, sizeof *m->top1};
        *p++ = (struct mnq_spread_part){m->score, sizeof *m->score};
        *p++ = (struct mnq_spread_part){m->top5, sizeof *m->top5};
        *p++ = (struct mnq_spread_part){r->diff + (size_t)s * (size_t)ev->n, sizeof *r->diff};
        if (r->measured != NULL) p += mnq_measure_parts(&r->measured[s], p);
        for (int k = 0; k < more; k++) p += mnq_measure_parts(&r->more[s * more + k], p);
    }
    struct mnq_spread_job job = {
        .n = ev->n, .threads = threads, .work = one_sample, .ctx = r, .part = part, .n_parts = (int)(p - part)};
    return mnq_spread_for(&job, e);
}

/* ---- totals ---- */

static void total(struct run *r, int s)
{
    struct mnq_evaluation *ev = r->ev;
    struct mnq_eval_model *m = &ev->model[s];
    const struct mnq_eval_model *base = &ev->model[0];
    bool comparable = r->subject[s].outputs == r->subject[0].outputs;
    struct diff sum = {0};
    m->hits1 = m->hits5 = ev->accuracy ? 0 : -1;
    m->agree = comparable && r->measured == NULL ? 0 : -1;
    for (int i = 0; i < ev->n; i++) {
        int label = ev->label[i];
        if (ev->accuracy && label >= 0) {
            m->hits1 += m->top1[i] == label;
            m->hits5 += m->top5[i];
        }
        if (!comparable) continue;
        const struct diff *d = &r->diff[(size_t)s * (size_t)ev->n + (size_t)i];
        if (m->agree >= 0) m->agree += m->top1[i] == base->top1[i];
        sum.sum += d->sum;
        sum.square += d->square;
        if (d->max > sum.max) sum.max = d->max;
    }
    double values = (double)ev->n * r->subject[s].outputs;
    m->mean_diff = comparable ? sum.sum / values : (double)NAN;
    m->rms_diff = comparable ? sqrt(sum.square / values) : (double)NAN;
    m->max_diff = comparable ? sum.max : (double)NAN;
}

/* The figures of the task beside those. */
static int figures(struct run *r, int s)
{
    struct mnq_evaluation *ev = r->ev;
    struct mnq_eval_model *m = &ev->model[s];
    int n = 0;
    if (r->measured != NULL) n = mnq_measure_figures(&r->measured[s], ev->values, m->figure);
    else if (ev->task.kind == MNQ_TASK_BINARY && ev->accuracy)
        n = mnq_binary_figures(&r->subject[s].task, m->score, ev->label, ev->n, m->figure);
    m->n_figures = n < 0 ? 0 : n;
    for (int k = 0; n >= 0 && k < ev->n_outputs - 1; k++) {
        struct mnq_eval_part *p = &m->part[k];
        p->n_figures = n = mnq_measure_figures(&r->more[s * (ev->n_outputs - 1) + k], NULL, p->figure);
    }
    return n < 0 ? -1 : 0;
}

static bool same_task(const struct mnq_task *a, const struct mnq_task *b)
{
    bool shape = a->out.h == b->out.h && a->out.w == b->out.w && a->out.c == b->out.c;
    return a->kind == b->kind && (shape || mnq_task_is_vector_decision(a));
}

/* The same tasks for all: nothing else can be set side by side. */
static int check_tasks(struct run *r, struct mnq_err *e)
{
    const struct mnq_subject *first = &r->subject[0];
    r->ev->task = first->task;
    r->ev->n_outputs = first->n_outputs;
    for (int s = 1; s < r->n_subjects; s++) {
        const struct mnq_subject *sub = &r->subject[s];
        const struct mnq_subject *broken = first->illegal.code != 0 ? first : sub;
        if (broken->illegal.code != 0) return mnq_fail(e, broken->illegal.code, "%s", broken->illegal.msg);
        if (sub->n_outputs != first->n_outputs)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s has %d outputs, %s has %d: evaluate them apart", first->file,
                            first->n_outputs, sub->file, sub->n_outputs);
        for (int k = 0; k < first->n_outputs; k++) {
            char a[80], b[80];
            bool shape = k == 0 || mnq_elements(sub->tasks[k].out) == mnq_elements(first->tasks[k].out);
            if (shape && same_task(&first->tasks[k], &sub->tasks[k])) continue;
            mnq_task_text(&first->tasks[k], a, sizeof a);
            mnq_task_text(&sub->tasks[k], b, sizeof b);
            if (k == 0)
                return mnq_fail(e, MNQ_EXIT_FAILED, "%s gives %s, %s gives %s: evaluate them apart, or say --task",
                                first->file, a, sub->file, b);
            return mnq_fail(e, MNQ_EXIT_FAILED, "output %d of %s is %s, of %s %s: evaluate them apart", k + 1, first->file,
                            a, sub->file, b);
        }
    }
    return 0;
}

bool mnq_task_is_vector_decision(const struct mnq_task *t)
{
    return !mnq_task_is_map(t) && (t->kind == MNQ_TASK_CLASSES || t->kind == MNQ_TASK_BINARY);
}

/* The agreement that figures tell; NaN: none. */
static double agreement_of(const struct mnq_figure *f, int n)
{
    double r2 = (double)NAN;
    for (int i = 0; i < n; i++) {
        if (strcmp(f[i].key, "agreement") == 0) return f[i].of.value;
        if (strcmp(f[i].key, "cosine") == 0) return fmax(100 * f[i].of.value, 0);
        if (strcmp(f[i].key, "r2_from_first") == 0) r2 = fmax(100 * f[i].of.value, 0);
    }
    return r2;
}

double mnq_eval_agreement(const struct mnq_evaluation *ev, int model)
{
    const struct mnq_eval_model *m = &ev->model[model];
    double least = m->agree >= 0 ? 100.0 * m->agree / ev->n : agreement_of(m->figure, m->n_figures);
    for (int k = 0; k < ev->n_outputs - 1; k++) {
        double other = agreement_of(m->part[k].figure, m->part[k].n_figures);
        least = isnan(least) || isnan(other) ? (double)NAN : fmin(least, other);
    }
    return least;
}

int mnq_eval_columns(const struct mnq_evaluation *ev, int model)
{
    const struct mnq_subject *s = ev->model[model].subject;
    return s->task.kind == MNQ_TASK_BINARY ? 2 : s->outputs;
}

int mnq_evaluate(const struct mnq_subject *subject, int n_subjects, const struct mnq_data *data, int threads,
                 struct mnq_evaluation *ev, struct mnq_arena *arena, mnq_progress *progress, void *progress_ctx,
                 struct mnq_err *e)
{
    struct run r = {
        .subject = subject, .n_subjects = n_subjects, .ev = ev, .progress = progress, .progress_ctx = progress_ctx};
    int rc = -1;
    memset(ev, 0, sizeof *ev);
    r.data = mnq_arena_array(arena, (size_t)n_subjects, sizeof(struct mnq_dataset *));
    r.load_as = mnq_arena_array(arena, (size_t)n_subjects, sizeof *r.load_as);
    ev->model = mnq_arena_array(arena, (size_t)n_subjects, sizeof *ev->model);
    ev->n_models = n_subjects;
    if (r.data == NULL || r.load_as == NULL || ev->model == NULL) return mnq_fail_nomem(e);
    if (check_tasks(&r, e) != 0) return -1;
    for (int s = 0; s < n_subjects; s++) ev->model[s].subject = &subject[s];
    if (open_data(&r, data, e) != 0) goto done;
    ev->n = mnq_dataset_count(r.data[0]);
    ev->classes = mnq_dataset_classes(r.data[0]);
    if (threads > ev->n) threads = ev->n;
    if (threads < 1) threads = 1;
    if (copy_names(&r, arena) != 0 || copy_left_out(&r, arena) != 0 || alloc_models(&r, arena) != 0) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (copy_values(&r, arena, e) != 0 || check_labels(&r, arena, e) != 0 || start_workers(&r, threads, arena, e) != 0)
        goto done;
    if (over_samples(&r, threads, arena, e) != 0) goto done;
    if (progress != NULL) progress(progress_ctx, "eval", ev->n, ev->n);
    for (int s = 0; s < n_subjects; s++) {
        total(&r, s);
        if (figures(&r, s) != 0) {
            mnq_fail_nomem(e);
            goto done;
        }
    }
    rc = 0;
done:
    stop_workers(&r, threads);
    close_data(&r);
    return rc;
}

int *mnq_confusion(const struct mnq_evaluation *ev, int model, struct mnq_arena *arena)
{
    const struct mnq_eval_model *m = &ev->model[model];
    size_t cols = (size_t)mnq_eval_columns(ev, model);
    int *count = mnq_arena_array(arena, (size_t)ev->classes * cols, sizeof *count);
    if (count == NULL) return NULL;
    for (int i = 0; i < ev->n; i++)
        if (ev->label[i] >= 0) count[(size_t)ev->label[i] * cols + (size_t)m->top1[i]]++;
    return count;
}
