/* SPDX-License-Identifier: Apache-2.0
 * Pictures that judge models of any input size against one float network.
 *
 * As in views.h, a changed answer costs what the float network's own probabilities say: |p(its answer) - p(the new one)|, in
 * full also where a threshold chose against likelihood (drop.h).
 * Every picture is shown whole and in five parts of 5/6 of each side, the same parts at every input size, so that models of
 * another resolution than the float network's pay for what they do not see. The parts of one picture are one event of the
 * interval (bound.h). */
#include "jury.h"

#include "util/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 6 }; /* the whole picture first */

struct mnq_jury {
    const struct mnq_making *how;
    struct mnq_subject subject; /* of the float network */
    int pictures, columns;
    bool labelled;
    int *label;    /* [pictures] */
    double *p;     /* [pictures][PARTS][columns] */
    int *decision; /* [pictures][PARTS] */
};

/* A model answering all pictures. */
struct asking {
    const struct mnq_jury *j;
    const struct mnq_subject *s;
    struct mnq_dataset *whole, *large;
    int h, w, large_h, large_w;
    struct mnq_runner **runner; /* [threads] */
    uint8_t *pixels;            /* [threads] of a large picture and a part */
    float *out;                 /* [threads][values] */
    double *p;                  /* [pictures][PARTS][columns] or NULL */
    int *decision;              /* [pictures][PARTS] */
};

static int columns_of(const struct mnq_task *t)
{
    return t->kind == MNQ_TASK_BINARY ? 2 : t->out.c;
}

/* ---- answers ---- */

static int decide(const struct mnq_task *t, const float *v)
{
    int best = 0;
    if (t->kind == MNQ_TASK_BINARY) return v[0] > mnq_task_cut(t);
    for (int k = 1; k < t->out.c; k++)
        if (v[k] > v[best]) best = k;
    return best;
}

static void probabilities(const struct mnq_task *t, const float *v, double *p)
{
    int n = columns_of(t);
    if (t->kind == MNQ_TASK_BINARY) {
        p[1] = t->link == MNQ_LINK_SIGMOID ? (double)v[0] : 1 / (1 + exp(-(double)v[0]));
        p[0] = 1 - p[1];
        return;
    }
    double sum = 0, most = (double)v[decide(t, v)];
    for (int k = 0; k < n; k++) sum += p[k] = t->link == MNQ_LINK_SOFTMAX ? (double)v[k] : exp((double)v[k] - most);
    for (int k = 0; k < n && sum > 0; k++) p[k] /= sum;
}

/* Where part k of a picture lies in the large one. */
static void place_of(const struct asking *a, int k, int *y, int *x)
{
    static const double at[PARTS][2] = {{0, 0}, {0.5, 0.5}, {0, 0}, {0, 1}, {1, 0}, {1, 1}};
    *y = (int)(at[k][0] * (a->large_h - a->h));
    *x = (int)(at[k][1] * (a->large_w - a->w));
}

static int ask_one(void *ctx, int i, int worker, struct mnq_err *e)
{
    const struct asking *a = ctx;
    const struct mnq_jury *j = a->j;
    size_t c = (size_t)a->s->input.c, small = (size_t)a->h * (size_t)a->w * c;
    size_t large = (size_t)a->large_h * (size_t)a->large_w * c;
    uint8_t *from = a->pixels + (size_t)worker * (small + large), *part = from + large;
    float *out = a->out + (size_t)worker * (size_t)a->s->values;
    for (int k = 0; k < PARTS; k++) {
        size_t at = (size_t)i * PARTS + (size_t)k;
        int y, x;
        place_of(a, k, &y, &x);
        if (k == 0 && mnq_dataset_load(a->whole, i, &a->s->preprocess, part, e) != 0) return -1;
        if (k == 1 && mnq_dataset_load(a->large, i, &a->s->preprocess, from, e) != 0) return -1;
        for (int row = 0; k > 0 && row < a->h; row++)
            memcpy(part + (size_t)row * (size_t)a->w * c, from + ((size_t)(y + row) * (size_t)a->large_w + (size_t)x) * c,
                   (size_t)a->w * c);
        if (mnq_runner_run(a->runner[worker], part, out, e) != 0) return -1;
        a->decision[at] = decide(&a->s->task, out);
        if (a->p != NULL) probabilities(&a->s->task, out, a->p + at * (size_t)j->columns);
    }
    return 0;
}

static int ask(const struct mnq_jury *j, const struct mnq_subject *s, double *p, int *decision, struct mnq_err *e)
{
    int threads = j->how->threads, rc = 0;
    struct mnq_arena scratch = {0};
    struct asking a = {.j = j, .s = s, .h = s->input.h, .w = s->input.w, .p = p, .decision = decision};
    const struct mnq_spread_part part[] = {{decision, PARTS * sizeof *decision},
                                           {p, PARTS * (size_t)j->columns * sizeof *p}};
    const struct mnq_spread_job job = {
        .n = j->pictures, .threads = threads, .work = ask_one, .ctx = &a, .part = part, .n_parts = p != NULL ? 2 : 1};
    a.large_h = (a.h * 6 + 4) / 5;
    a.large_w = (a.w * 6 + 4) / 5;
    size_t bytes = ((size_t)a.h * (size_t)a.w + (size_t)a.large_h * (size_t)a.large_w) * (size_t)s->input.c;
    a.runner = mnq_arena_array(&scratch, (size_t)threads, sizeof(struct mnq_runner *));
    a.pixels = mnq_arena_array(&scratch, (size_t)threads, bytes);
    a.out = mnq_arena_array(&scratch, (size_t)threads * (size_t)s->values, sizeof *a.out);
    if (a.runner == NULL || a.pixels == NULL || a.out == NULL) rc = mnq_fail_nomem(e);
    if (rc == 0 && (a.whole = mnq_making_open(j->how, s, a.h, a.w, true, e)) == NULL) rc = -1;
    if (rc == 0 && (a.large = mnq_making_open(j->how, s, a.large_h, a.large_w, true, e)) == NULL) rc = -1;
    for (int t = 0; rc == 0 && t < threads; t++)
        if ((a.runner[t] = mnq_runner_new(s, e)) == NULL) rc = -1;
    if (rc == 0) rc = mnq_spread_for(&job, e);
    for (int t = 0; a.runner != NULL && t < threads; t++) mnq_runner_free(a.runner[t]);
    mnq_dataset_close(a.whole);
    mnq_dataset_close(a.large);
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- public ---- */

bool mnq_jury_can(const struct mnq_subject *s)
{
    return s->n_outputs == 1 && !mnq_task_is_map(&s->task) &&
           (s->task.kind == MNQ_TASK_CLASSES || s->task.kind == MNQ_TASK_BINARY);
}

double mnq_jury_loss(const double *p, int want, int got)
{
    double d = fabs(p[want] - p[got]);
    return want != got && d > 0 ? 100 * d : 0;
}

struct mnq_jury *mnq_jury_new(const struct mnq_subject *s, const struct mnq_making *how, struct mnq_err *e)
{
    if (!mnq_jury_can(s)) {
        mnq_fail(e, MNQ_EXIT_FAILED,
                 "%s: models are chosen by their decisions: the network must have one output of classes or one decision",
                 s->file);
        return NULL;
    }
    struct mnq_dataset *d = mnq_making_open(how, s, s->input.h, s->input.w, true, e);
    if (d == NULL) return NULL;
    struct mnq_jury *j = calloc(1, sizeof *j);
    int rc = j == NULL ? mnq_fail_nomem(e) : 0;
    if (rc == 0) {
        *j = (struct mnq_jury){.how = how, .subject = *s, .pictures = mnq_dataset_count(d), .columns = columns_of(&s->task)};
        size_t asked = (size_t)j->pictures * PARTS;
        j->label = malloc((size_t)j->pictures * sizeof *j->label);
        j->p = malloc(asked * (size_t)j->columns * sizeof *j->p);
        j->decision = malloc(asked * sizeof *j->decision);
        j->labelled = mnq_dataset_classes(d) == j->columns;
        if (j->label == NULL || j->p == NULL || j->decision == NULL) rc = mnq_fail_nomem(e);
        for (int i = 0; rc == 0 && i < j->pictures; i++) j->label[i] = mnq_dataset_label(d, i);
    }
    mnq_dataset_close(d);
    if (rc == 0 && j->pictures < 1) rc = mnq_fail(e, MNQ_EXIT_FAILED, "no pictures to judge by");
    if (rc == 0) rc = ask(j, &j->subject, j->p, j->decision, e);
    if (rc == 0) return j;
    mnq_jury_free(j);
    return NULL;
}

void mnq_jury_free(struct mnq_jury *j)
{
    if (j == NULL) return;
    free(j->label);
    free(j->p);
    free(j->decision);
    free(j);
}

int mnq_jury_ask(const struct mnq_jury *j, const struct mnq_subject *packed, struct mnq_trial_result *r, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    int *made = mnq_arena_array(&scratch, (size_t)j->pictures * PARTS, sizeof *made);
    double *loss = mnq_arena_array(&scratch, (size_t)j->pictures, sizeof *loss);
    int rc = made == NULL || loss == NULL ? mnq_fail_nomem(e) : 0, agree = 0, right = 0, labelled = 0;
    if (rc == 0 && columns_of(&packed->task) != j->columns)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: has %d classes instead of %d", packed->file, columns_of(&packed->task),
                      j->columns);
    if (rc == 0) rc = ask(j, packed, NULL, made, e);
    for (int i = 0; rc == 0 && i < j->pictures; i++) {
        for (int k = 0; k < PARTS; k++) {
            size_t at = (size_t)i * PARTS + (size_t)k;
            const double *p = j->p + at * (size_t)j->columns;
            loss[i] += mnq_jury_loss(p, j->decision[at], made[at]) / PARTS;
        }
        agree += made[(size_t)i * PARTS] == j->decision[(size_t)i * PARTS];
        labelled += j->labelled && j->label[i] >= 0;
        right += j->labelled && j->label[i] >= 0 && made[(size_t)i * PARTS] == j->label[i];
    }
    if (rc == 0) {
        struct mnq_bound b = mnq_bound_told(mnq_bound_of(loss, j->pictures));
        r->pictures = j->pictures;
        r->labelled = labelled;
        r->drop = b.points;
        r->low = b.low;
        r->high = b.high;
        r->upper = b.upper;
        r->agreement = 100.0 * agree / j->pictures;
        r->accuracy = labelled > 0 ? 100.0 * right / labelled : (double)NAN;
    }
    mnq_arena_free(&scratch);
    return rc;
}
