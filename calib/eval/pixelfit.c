/* SPDX-License-Identifier: Apache-2.0
 * Which preprocessing fits a model. */
#include "pixelfit.h"

#include "evaluate.h"
#include "graph/exec.h"
#include "paired.h"
#include "util/pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 24, LABELLED = 96, NORMS = 2 };
/* Each STEP-th sample is asked first. They settle what is stated and fits best, and leave out what is far from all others.
 */
enum { STEP = 4 };
/* Nats a channel: what one unusual channel counts at most, how far the best may be, and what it must be ahead. */
static const double MOST = 6, FAR = 1.5, AHEAD = 0.12;
/* The second's distance over the best's from which on a choice is clear. */
static const double RATIO = 1.6;

struct norm {
    int node, from; /* the normalization, and what it reads */
    size_t at;      /* of its channels among all */
};

struct trial {
    const struct mnq_subject *s;
    const struct mnq_dataset *d;
    struct mnq_pixelfit *f;
    struct norm norm[NORMS];
    size_t channels;        /* of all norms together */
    struct mnq_graph head;  /* the raw graph up to the last of them */
    double *mean, *square;  /* [rows][samples][channels] */
    int *answer;            /* [rows][samples] first class, or decision */
    double *entropy;        /* [rows][samples] */
    struct mnq_exec **exec; /* [threads] */
    float **input;
    uint8_t **pixels;
    int samples;
    int part[SAMPLES];          /* samples that are asked now */
    bool out[MNQ_PIXELFIT_MAX]; /* rows that are not asked any more */
};

/* ---- what is looked at ---- */

static int find_norms(const struct mnq_graph *g, struct norm *norm, size_t *channels)
{
    int n = 0;
    *channels = 0;
    for (int i = 0; i < g->n && n < NORMS; i++) {
        if (g->node[i].op != MNQ_OP_BATCHNORM) continue;
        norm[n++] = (struct norm){i, g->node[i].in[0], *channels};
        *channels += (size_t)g->node[i].out.c;
    }
    return n;
}

static int sample_at(const struct trial *t, int k)
{
    return (int)((int64_t)k * mnq_dataset_count(t->d) / t->samples);
}

struct tap_ctx {
    struct trial *t;
    size_t at; /* of this row and sample */
};

static void tap(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    const struct tap_ctx *x = ctx;
    const struct trial *t = x->t;
    if (kind != MNQ_TAP_OUT) return;
    for (int k = 0; k < t->f->norms; k++) {
        const struct norm *n = &t->norm[k];
        if (n->from != node) continue;
        struct mnq_shape s = t->head.node[node].out;
        size_t pixels = (size_t)s.h * (size_t)s.w, c = (size_t)s.c;
        double *sum = t->mean + x->at + n->at, *square = t->square + x->at + n->at;
        for (size_t p = 0; p < pixels; p++, data += c) {
            for (size_t ch = 0; ch < c; ch++) {
                double v = (double)data[ch];
                sum[ch] += v;
                square[ch] += v * v;
            }
        }
        data -= pixels * c;
        for (size_t ch = 0; ch < c; ch++) {
            sum[ch] /= (double)pixels;
            square[ch] /= (double)pixels;
        }
    }
}

static int head_sample(void *ctx, int i, int w, struct mnq_err *e)
{
    struct trial *t = ctx;
    const int k = t->part[i];
    struct mnq_shape in = t->s->input;
    if (mnq_dataset_load(t->d, sample_at(t, k), &t->s->preprocess, t->pixels[w], e) != 0) return -1;
    for (int r = 0; r < t->f->n; r++) {
        if (t->out[r]) continue;
        struct tap_ctx x = {t, ((size_t)r * (size_t)t->samples + (size_t)k) * t->channels};
        mnq_preprocess_apply(&t->f->row[r].p, t->pixels[w], in.h * in.w, t->input[w]);
        tap(&x, 0, MNQ_TAP_OUT, t->input[w]); /* a normalization may stand right behind the input */
        mnq_exec_run(t->exec[w], t->input[w], tap, &x);
    }
    return 0;
}

static double entropy_of(const struct mnq_task *task, const float *v)
{
    int n = task->out.c;
    double sum = 0, h = 0, top = (double)v[0];
    if (task->kind != MNQ_TASK_CLASSES || mnq_task_is_map(task)) return (double)NAN;
    for (int c = 1; c < n; c++) top = fmax(top, (double)v[c]);
    for (int c = 0; c < n; c++) sum += task->link == MNQ_LINK_SOFTMAX ? (double)v[c] : exp((double)v[c] - top);
    for (int c = 0; c < n; c++) {
        double p = (task->link == MNQ_LINK_SOFTMAX ? (double)v[c] : exp((double)v[c] - top)) / sum;
        if (p > 0) h -= p * log(p);
    }
    return h;
}

static int whole_sample(void *ctx, int k, int w, struct mnq_err *e)
{
    struct trial *t = ctx;
    const struct mnq_task *task = &t->s->task;
    struct mnq_shape in = t->s->input;
    if (mnq_dataset_load(t->d, sample_at(t, k), &t->s->preprocess, t->pixels[w], e) != 0) return -1;
    for (int r = 0; r < t->f->n; r++) {
        size_t at = (size_t)r * (size_t)t->samples + (size_t)k;
        mnq_preprocess_apply(&t->f->row[r].p, t->pixels[w], in.h * in.w, t->input[w]);
        const float *y = mnq_exec_run(t->exec[w], t->input[w], NULL, NULL);
        t->answer[at] = -1;
        if (mnq_task_is_vector_decision(task)) {
            if (task->kind == MNQ_TASK_BINARY) t->answer[at] = y[0] > mnq_task_cut(task);
            else mnq_top(y, task->out.c, 1, &t->answer[at]);
        }
        t->entropy[at] = entropy_of(task, y);
    }
    return 0;
}

static int over_samples(struct trial *t, int many, const struct mnq_graph *g, mnq_work *work, int threads, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    size_t n = (size_t)threads, size = mnq_elements(t->s->input);
    t->exec = mnq_arena_array(&arena, n, sizeof *t->exec);
    t->input = mnq_arena_array(&arena, n, sizeof *t->input);
    t->pixels = mnq_arena_array(&arena, n, sizeof *t->pixels);
    int rc = t->exec == NULL || t->input == NULL || t->pixels == NULL ? mnq_fail_nomem(e) : 0;
    for (int w = 0; rc == 0 && w < threads; w++) {
        t->input[w] = mnq_arena_array(&arena, size, sizeof **t->input);
        t->pixels[w] = mnq_arena_alloc(&arena, size);
        if (t->input[w] == NULL || t->pixels[w] == NULL) rc = mnq_fail_nomem(e);
        else if ((t->exec[w] = mnq_exec_new(g, false, e)) == NULL) rc = -1;
    }
    if (rc == 0) rc = mnq_pool_for(many, threads, work, t, e);
    for (int w = 0; t->exec != NULL && w < threads; w++) mnq_exec_free(t->exec[w]);
    mnq_arena_free(&arena);
    return rc;
}

/* ---- judging ---- */

/* Divergence of a normal distribution with mean and variance of the data from the one that the normalization remembers. */
static double divergence(double mean, double variance, double mu, double remembered)
{
    double v = fmax(variance / remembered, 1e-4), d = mean - mu;
    return fmin(0.5 * (v + d * d / remembered - 1 - log(v)), MOST);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median over the channels of all normalizations: those that are dead, or see what is rare, do not count.
 * Each step-th sample was asked. */
static double distance(const struct trial *t, int r, int step, double *part)
{
    const int many = (t->samples + step - 1) / step;
    for (int k = 0; k < t->f->norms; k++) {
        const struct mnq_node *nd = &t->s->raw.node[t->norm[k].node];
        for (int c = 0; c < nd->out.c; c++) {
            size_t channel = t->norm[k].at + (size_t)c;
            double mean = 0, square = 0;
            for (int i = 0; i < t->samples; i += step) {
                size_t at = ((size_t)r * (size_t)t->samples + (size_t)i) * t->channels + channel;
                mean += t->mean[at] / many;
                square += t->square[at] / many;
            }
            part[channel] =
                divergence(mean, square - mean * mean, (double)nd->mean[c], (double)nd->var[c] + (double)nd->eps);
        }
    }
    qsort(part, t->channels, sizeof *part, by_value);
    return part[t->channels / 2];
}

/* Best and second by a value of which less is better. */
static void rank(struct mnq_pixelfit *f, double (*value)(const struct mnq_pixelfit_row *))
{
    f->best = 0;
    f->second = -1;
    for (int r = 1; r < f->n; r++)
        if (value(&f->row[r]) < value(&f->row[f->best])) f->best = r;
    for (int r = 0; r < f->n; r++)
        if (r != f->best && (f->second < 0 || value(&f->row[r]) < value(&f->row[f->second]))) f->second = r;
}

static double by_distance(const struct mnq_pixelfit_row *r)
{
    return r->distance;
}

static int ask_part(struct trial *t, int many, int step, int threads, double *part, struct mnq_err *e)
{
    struct mnq_pixelfit *f = t->f;
    if (many > 0 && over_samples(t, many, &t->head, head_sample, threads < many ? threads : many, e) != 0) return -1;
    for (int r = 0; r < f->n; r++)
        if (!t->out[r]) f->row[r].distance = distance(t, r, step, part);
    rank(f, by_distance);
    return 0;
}

/* Asks a few samples, and all others only as far as they matter: of what is stated, whether another fits better. */
static int ask_in_turn(struct trial *t, bool stated, int threads, double *part, struct mnq_err *e)
{
    struct mnq_pixelfit *f = t->f;
    const int step = t->samples == SAMPLES ? STEP : 1;
    int many = 0;
    for (int k = 0; k < t->samples; k += step) t->part[many++] = k;
    if (ask_part(t, many, step, threads, part, e) != 0) return -1;
    f->samples = many;
    if (step == 1 || (stated && f->best == f->own)) return 0;
    for (int r = 0; r < f->n; r++) t->out[r] = f->row[r].distance > 2 * f->row[f->second].distance + AHEAD && r != f->own;
    many = 0;
    for (int k = 0; k < t->samples; k++)
        if (k % step != 0) t->part[many++] = k;
    f->samples = t->samples;
    return ask_part(t, many, 1, threads, part, e);
}

static int ask_norms(struct trial *t, bool stated, int threads, struct mnq_err *e)
{
    struct mnq_pixelfit *f = t->f;
    const struct mnq_graph *raw = &t->s->raw;
    f->norms = find_norms(raw, t->norm, &t->channels);
    if (f->norms == 0) return 0;
    t->head = *raw;
    t->head.n = t->norm[f->norms - 1].node + 1;
    t->head.output = t->head.n - 1;
    t->head.n_more = 0;
    size_t n = (size_t)f->n * (size_t)t->samples * t->channels;
    t->mean = calloc(2 * n + t->channels, sizeof *t->mean);
    t->square = t->mean == NULL ? NULL : t->mean + n;
    int rc = t->mean == NULL ? mnq_fail_nomem(e) : ask_in_turn(t, stated, threads, t->mean + 2 * n, e);
    free(t->mean);
    return rc;
}

static int ask_answers(struct trial *t, int threads, struct mnq_err *e)
{
    struct mnq_pixelfit *f = t->f;
    int count = mnq_dataset_count(t->d), classes = t->s->task.kind == MNQ_TASK_BINARY ? 2 : t->s->outputs;
    bool labels = mnq_task_is_vector_decision(&t->s->task) && mnq_dataset_classes(t->d) > 0 &&
                  (mnq_dataset_class(t->d, 0) == NULL || mnq_dataset_classes(t->d) == classes);
    t->samples = count < LABELLED ? count : LABELLED;
    size_t n = (size_t)f->n * (size_t)t->samples;
    t->answer = calloc(n, sizeof *t->answer);
    t->entropy = calloc(n, sizeof *t->entropy);
    int rc = t->answer == NULL || t->entropy == NULL ? mnq_fail_nomem(e)
                                                     : over_samples(t, t->samples, &t->s->legal, whole_sample, threads, e);
    for (int r = 0; rc == 0 && r < f->n; r++) {
        double h = 0;
        f->row[r].right = labels ? 0 : -1;
        f->labelled = 0;
        for (int i = 0; i < t->samples; i++) {
            int label = mnq_dataset_label(t->d, sample_at(t, i));
            size_t at = (size_t)r * (size_t)t->samples + (size_t)i;
            h += t->entropy[at] / t->samples;
            if (!labels || label < 0) continue;
            f->labelled++;
            f->row[r].right += t->answer[at] == label;
        }
        f->row[r].entropy = h;
    }
    return rc;
}

static double by_right(const struct mnq_pixelfit_row *r)
{
    return -(double)r->right;
}

static double by_entropy(const struct mnq_pixelfit_row *r)
{
    return r->entropy;
}

static const char *name_of(const struct mnq_pixelfit *f, int r)
{
    return f->row[r].p.name;
}

static void judge_norms(struct mnq_pixelfit *f)
{
    double best = f->row[f->best].distance, second = f->row[f->second].distance;
    f->by = MNQ_BY_NORMALIZATION;
    f->margin = second / fmax(best, 1e-6);
    f->clear = best < FAR && second - best > AHEAD && f->margin > RATIO;
    snprintf(f->text, sizeof f->text, "%s: the first normalization%s %.2f nats from %s, %.2f from %s", name_of(f, f->best),
             f->norms > 1 ? "s are" : " is", best, name_of(f, f->best), second, name_of(f, f->second));
}

static void judge_answers(struct mnq_pixelfit *f)
{
    static const double SURE = 0.05, LESS = 0.6;
    if (f->labelled > 0) {
        rank(f, by_right);
        int best = f->row[f->best].right, second = f->row[f->second].right;
        f->by = MNQ_BY_LABELS;
        f->margin = best - second;
        /* the second may be right where the best is not: judged as if it never were, which only makes this stricter */
        f->clear = mnq_mcnemar(0, best - second) < SURE;
        snprintf(f->text, sizeof f->text, "%s: right on %d of %d samples, %s on %d", name_of(f, f->best), best, f->labelled,
                 name_of(f, f->second), second);
        if (f->clear) return;
    }
    if (isnan(f->row[0].entropy)) return;
    rank(f, by_entropy);
    double best = f->row[f->best].entropy, second = f->row[f->second].entropy;
    f->by = MNQ_BY_ENTROPY;
    f->margin = second / fmax(best, 1e-6);
    /* pixels that are far too large make any network sure: low entropy speaks for small ones only */
    bool small = fabs((double)f->row[f->best].p.scale[0]) < 0.1;
    f->clear = small && best < LESS * second;
    snprintf(f->text, sizeof f->text, "%s: entropy of the answers %.2f nats, with %s %.2f", name_of(f, f->best), best,
             name_of(f, f->second), second);
}

/* ---- the first layer's own scaling ---- */

/* The affine node that reads the input, if there is one. */
static const struct mnq_node *front(const struct mnq_graph *g)
{
    int i = 0;
    for (int k = 1; k < g->n; k++) {
        const struct mnq_node *nd = &g->node[k];
        if (nd->n_in == 0 || nd->in[0] != i) continue;
        if (nd->op == MNQ_OP_AFFINE) return nd;
        if (nd->op != MNQ_OP_RESHAPE && nd->op != MNQ_OP_PAD && nd->op != MNQ_OP_CROP) return NULL;
        i = k;
    }
    return NULL;
}

/* How far what such a layer makes of pixels is from the ranges that networks are given: a width of 1 to 6 around zero. */
static double strangeness(const struct mnq_node *nd, const struct mnq_preprocess *p)
{
    double worst = 0;
    for (int c = 0; c < nd->out.c; c++) {
        double a = (double)nd->scale[c] * (double)p->offset[c] + (double)nd->offset[c];
        double width = fabs((double)nd->scale[c] * 255 * (double)p->scale[c]);
        double middle = fabs(a + (double)nd->scale[c] * 127.5 * (double)p->scale[c]);
        double s = fabs(log2(width / 2)) + 2 * middle / width;
        worst = fmax(worst, s);
    }
    return worst;
}

static void judge_range(struct mnq_pixelfit *f, const struct mnq_node *nd)
{
    double v[MNQ_PIXELFIT_MAX];
    f->best = f->second = -1;
    for (int r = 0; r < f->n; r++) {
        v[r] = strangeness(nd, &f->row[r].p);
        if (f->best < 0 || v[r] < v[f->best]) {
            f->second = f->best;
            f->best = r;
        } else if (f->second < 0 || v[r] < v[f->second]) {
            f->second = r;
        }
    }
    f->by = MNQ_BY_RANGE;
    f->margin = v[f->second] - v[f->best];
    f->clear = v[f->best] < 2.2 && f->margin > 0.4;
    snprintf(f->text, sizeof f->text, "%s: of it the layer '%.60s' makes a usual range of inputs, of %s it does not",
             name_of(f, f->best), nd->name, name_of(f, f->second));
}

/* ---- public ---- */

static int list(const struct mnq_subject *s, struct mnq_pixelfit *f, struct mnq_err *e)
{
    static const char *const name[] = {"tf", "unit", "none", "torch", "caffe"};
    f->own = -1;
    for (int i = 0; i < 5; i++) {
        struct mnq_pixelfit_row *r = &f->row[f->n];
        *r = (struct mnq_pixelfit_row){.distance = (double)NAN, .right = -1, .entropy = (double)NAN};
        if (i > 2 && s->input.c != 3) continue;
        if (mnq_preprocess_named(&r->p, name[i], s->input.c, e) != 0) return -1;
        if (strcmp(name[i], s->preprocess.name) == 0) f->own = f->n;
        f->n++;
    }
    if (f->own >= 0) return 0;
    f->own = f->n;
    f->row[f->n++] = (struct mnq_pixelfit_row){s->preprocess, (double)NAN, -1, (double)NAN};
    return 0;
}

int mnq_pixelfit(const struct mnq_subject *s, const struct mnq_dataset *d, bool ask, int threads, struct mnq_pixelfit *f,
                 struct mnq_err *e)
{
    int count = mnq_dataset_count(d);
    *f = (struct mnq_pixelfit){.best = 0};
    struct trial t = {.s = s, .d = d, .f = f, .samples = count < SAMPLES ? count : SAMPLES};
    const struct mnq_node *affine = front(&s->raw);
    if (threads > t.samples) threads = t.samples;
    if (list(s, f, e) != 0) return -1;
    f->samples = t.samples;
    if (ask_norms(&t, s->preprocess_from != MNQ_FROM_NOWHERE, threads, e) != 0) return -1;
    if (f->norms > 0) judge_norms(f);
    if (!f->clear && affine != NULL && s->preprocess_from == MNQ_FROM_NOWHERE) judge_range(f, affine);
    if (f->clear || !ask) return 0;
    int rc = ask_answers(&t, threads, e);
    free(t.answer);
    free(t.entropy);
    if (rc == 0) judge_answers(f);
    return rc;
}

bool mnq_pixelfit_contradicts(const struct mnq_pixelfit *f)
{
    static const double BY_FAR = 8; /* what is stated stands unless the normalizations are as sure as real networks' are */
    if (!f->clear || f->own < 0 || f->best == f->own) return false;
    return f->by != MNQ_BY_NORMALIZATION || f->row[f->own].distance > BY_FAR * f->row[f->best].distance;
}

int mnq_pixelfit_settle(struct mnq_subject *s, const struct mnq_dataset *d, int threads, struct mnq_pixelfit *f,
                        struct mnq_err *e)
{
    bool open = s->preprocess_from == MNQ_FROM_NOWHERE;
    if (mnq_pixelfit(s, d, open, threads, f, e) != 0) return -1;
    snprintf(s->preprocess_why, sizeof s->preprocess_why, "%s", f->text);
    if (!open && (s->preprocess_from != MNQ_FROM_FAMILY || !mnq_pixelfit_contradicts(f))) return 0;
    if (!f->clear)
        return mnq_fail(e, MNQ_EXIT_USAGE,
                        "%s: preprocessing is not stated, and the data does not tell it (%s); give --preprocess", s->file,
                        f->text[0] != '\0' ? f->text : "the network has no normalization to compare with");
    struct mnq_preprocess p = f->row[f->best].p;
    p.resize = s->preprocess.resize;
    p.filter = s->preprocess.filter;
    s->preprocess = p;
    s->preprocess_from = MNQ_FROM_DATA;
    f->own = f->best;
    return 1;
}
