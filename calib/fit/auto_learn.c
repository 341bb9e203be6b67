/* SPDX-License-Identifier: Apache-2.0
 * `--weights auto` with tuning in mind: fewer bits than weights can have as they are, if learning makes up for it.
 *
 * Learning takes minutes where asking about untuned weights takes seconds. So the untuned losses of all places on the path,
 * times the share that learning leaves of them, say where to look; the first share is a guess, later ones are measured.
 * Whether a place is taken is decided by its own tuned weights alone: one training for each fold, which judges it. That of
 * the last fold is the one that is written; its best moment ends the others too, so that their pictures choose nothing. A
 * place is given up at the first fold by which it loses more than promised, or too much for all. */
#include "auto_learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FINALISTS = 3, FINALISTS_BY_SIZE = 2, PASSES = 8 };
/* Of the untuned loss, what learning is first expected to leave. */
static const double FIRST_SHARE = 0.7;

/* ---- one training ---- */

static void forget(struct mnq_auto_learned *l)
{
    mnq_arena_free(&l->arena);
    *l = (struct mnq_auto_learned){.error = 0};
}

/* The point's formats, fitted and trained with a fold held back. like  a training of them whose fit and moment are taken,
 * NULL: both are chosen */
static int train(struct mnq_auto *s, const struct mnq_auto_point *p, int fold, const struct mnq_auto_learned *like,
                 struct mnq_auto_learned *l, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = s->c->o;
    const size_t n = (size_t)s->c->g->n;
    forget(l);
    mnq_auto_apply_point(s, p);
    l->run = *s->c;
    l->run.arena = &l->arena;
    l->run.report = &l->report;
    l->run.learning = (struct mnq_learning){.fold = fold, .steps = like != NULL ? like->run.learning.steps : 0};
    l->run.format = mnq_arena_array(&l->arena, n, sizeof *l->run.format);
    l->report.pass = mnq_arena_array(&l->arena, PASSES, sizeof *l->report.pass);
    if (l->run.format == NULL || l->report.pass == NULL) return mnq_fail_nomem(e);
    memcpy(l->run.format, s->c->format, n * sizeof *l->run.format);
    if (like != NULL) l->fit = like->fit;
    else if (mnq_calib_refit(&l->run, &l->fit, &l->error, e) != 0) return -1;
    struct mnq_fit before = l->fit;
    if (o->learn(o->learn_ctx, &l->run, &l->fit, &l->error, e) != 0) return -1;
    if (like != NULL && !l->run.learned) l->fit = before;
    return 0;
}

/* ---- judging ---- */

/* Whether the pictures so far lose more than the promise, or break it even if no other of `all` loses anything. */
static bool hopeless(const struct mnq_auto *s, const double *loss, int n, int all, double *scratch)
{
    for (int i = 0; i < all; i++) scratch[i] = i < n ? loss[i] : 0;
    return mnq_bound_of(scratch, n).points > s->max_drop || mnq_bound_of(scratch, all).upper > s->max_drop;
}

/* Asks about what a point learned: the pictures given for it, or each fold about a training without it. main  the one with
 * the last fold held back */
static int judge(struct mnq_auto *s, struct mnq_auto_point *p, struct mnq_auto_learned *main, struct mnq_err *e)
{
    static const struct mnq_split all = {0};
    const struct mnq_calib_opts *o = s->c->o;
    const struct mnq_views *v = &s->c->views;
    struct mnq_auto_learned other = {.error = 0};
    float *got = calloc(mnq_views_floats(v), sizeof *got);
    double *scratch = calloc((size_t)v->shots.n, sizeof *scratch);
    int rc = got == NULL || scratch == NULL ? mnq_fail_nomem(e) : 0, n = 0;
    if (rc == 0 && o->validation != NULL) {
        rc = mnq_calib_ask(&main->run, &main->fit, all, all, "judge", got, e);
        n = rc == 0 ? mnq_views_losses(v, got, all, p->loss, e) : -1;
        p->complete = n > 0;
    }
    for (int k = 0; rc == 0 && o->validation == NULL && k < MNQ_SPLIT_FOLDS; k++) {
        const struct mnq_split fold = {MNQ_SPLIT_FOLDS, (MNQ_SPLIT_JUDGE + k) % MNQ_SPLIT_FOLDS};
        struct mnq_auto_learned *l = k == 0 ? main : &other;
        if (k > 0 && (rc = train(s, p, fold.at, main, l, e)) != 0) break;
        rc = mnq_calib_ask(&l->run, &l->fit, fold, fold, "judge", got, e);
        int seen = rc == 0 ? mnq_views_losses(v, got, fold, p->loss + n, e) : -1;
        n = seen < 0 ? -1 : n + seen;
        if (n < 0) break;
        p->complete = k + 1 == MNQ_SPLIT_FOLDS || o->against != NULL;
        if (o->against != NULL || l->run.learning.stopped || hopeless(s, p->loss, n, v->shots.n, scratch)) break;
    }
    if (n > 0 && p->complete && o->validation == NULL && o->against == NULL) n = mnq_views_losses(v, got, all, p->loss, e);
    if (n > 0) p->bound = mnq_bound_of(p->loss, n);
    forget(&other);
    free(got);
    free(scratch);
    return rc == 0 && n >= 0 ? 0 : -1;
}

/* A point like `like`, tuned: *p, NULL if it learned nothing that is better. */
static int learn_point(struct mnq_auto *s, struct mnq_auto_point *like, struct mnq_auto_point **p,
                       struct mnq_auto_learned *l, struct mnq_err *e)
{
    const int steps = like->steps, uniform = like->uniform;
    *p = NULL;
    if (train(s, like, MNQ_SPLIT_JUDGE, NULL, l, e) != 0) return -1;
    like->vain = !l->run.learned;
    if (like->vain) return 0;
    struct mnq_auto_point *x = mnq_auto_add(s, steps, uniform, e);
    if (x == NULL) return -1;
    x->tuned = true;
    *p = x;
    return judge(s, x, l, e);
}

/* ---- by a promise ---- */

/* Whether a place would keep the promise with a share of its loss. */
static int looks_good(struct mnq_auto *s, int place, double share, bool *yes, struct mnq_err *e)
{
    const struct mnq_auto_point *p = mnq_auto_measure(s, mnq_auto_steps_at(s, place), -1, e);
    double *scaled = p == NULL ? NULL : calloc((size_t)p->bound.pictures, sizeof *scaled);
    if (p == NULL) return -1;
    if (scaled == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < p->bound.pictures; i++) scaled[i] = share * p->loss[i];
    *yes = p->paid && mnq_bound_of(scaled, p->bound.pictures).upper <= s->max_drop;
    free(scaled);
    return 0;
}

/* The last place between the two that looks good; `good` if none does. */
static int look(struct mnq_auto *s, int good, int bad, double share, int *place, struct mnq_err *e)
{
    while (bad - good > 1) {
        const int middle = (good + bad) / 2;
        bool yes = false;
        if (looks_good(s, middle, share, &yes, e) != 0) return -1;
        if (yes) good = middle;
        else bad = middle;
    }
    *place = good;
    return 0;
}

/* Mean loss of the untuned point over the pictures that judged the tuned one. */
static double untuned_loss(const struct mnq_auto_point *untuned, const struct mnq_auto_point *tuned)
{
    double sum = 0;
    int n = 0;
    const int all = untuned->bound.pictures;
    const int folds = tuned->complete ? MNQ_SPLIT_FOLDS : (MNQ_SPLIT_FOLDS * tuned->bound.pictures + all / 2) / all;
    for (int i = 0; i < all; i++) {
        if ((i % MNQ_SPLIT_FOLDS + 1) % MNQ_SPLIT_FOLDS >= folds) continue; /* folds judge from the last one on */
        sum += untuned->loss[i];
        n++;
    }
    return n > 0 ? sum / n : 0;
}

/* The last place that takes at least so many bytes. */
static int place_of(const struct mnq_auto *s, double bytes)
{
    int place = 0;
    while (place < MNQ_AUTO_PLACES && mnq_auto_apply(s, mnq_auto_steps_at(s, place + 1)) >= bytes) place++;
    return place;
}

/* Whether they are the same formats. */
static bool same_place(const struct mnq_auto *s, int a, int b)
{
    return b <= MNQ_AUTO_PLACES && mnq_auto_steps_at(s, a) == mnq_auto_steps_at(s, b);
}

static void keep(struct mnq_auto_learned *best, struct mnq_auto_learned *l)
{
    mnq_arena_free(&best->arena);
    *best = *l;
    best->run.report = &best->report;
    best->run.arena = &best->arena;
    *l = (struct mnq_auto_learned){.error = 0};
}

static int by_promise(struct mnq_auto *s, int *chosen, struct mnq_auto_learned *best, struct mnq_err *e)
{
    struct mnq_auto_learned l = {.error = 0};
    const int untuned = *chosen;
    int good = place_of(s, s->point[untuned].bytes), bad = MNQ_AUTO_PLACES + 1, place, rc = 0;
    double share = FIRST_SHARE;
    const double optimism = s->c->optimism;
    const bool promised = mnq_auto_promises(s, &s->point[untuned]);
    bool stopped = false;
    struct mnq_auto_point *p;
    for (int k = 0; k < FINALISTS && promised && !stopped && bad - good > 1; k++) {
        if ((rc = look(s, good, bad, share, &place, e)) != 0) break;
        if (place == good && best->run.learned) break;          /* nothing smaller looks good */
        if (place == good) place = good + (bad - good + 3) / 4; /* a share told by a few pictures may be wrong */
        struct mnq_auto_point *like = mnq_auto_measure(s, mnq_auto_steps_at(s, place), -1, e);
        if (like == NULL || (rc = learn_point(s, like, &p, &l, e)) != 0) {
            rc = -1;
            break;
        }
        stopped = l.run.learning.stopped;
        if (p != NULL && untuned_loss(like, p) > 0) share = fmin(1, p->bound.points / untuned_loss(like, p));
        if (p != NULL && p->complete && (rc = mnq_auto_find_optimism(s, e)) != 0) break;
        if (p != NULL && mnq_auto_promises(s, p)) {
            good = place;
            *chosen = (int)(p - s->point);
            keep(best, &l);
        } else {
            bad = place;
        }
        while (bad - good > 1 && same_place(s, good, good + 1)) good++;
        while (bad - good > 1 && same_place(s, bad - 1, bad)) bad--;
    }
    if (!best->run.learned) s->c->optimism = optimism;
    if (rc == 0 && !stopped && !best->run.learned) { /* then at least the choice itself */
        rc = learn_point(s, &s->point[untuned], &p, &l, e);
        if (rc == 0 && p != NULL && (mnq_auto_promises(s, p) || (!promised && p->complete))) {
            *chosen = (int)(p - s->point);
            keep(best, &l);
        }
    }
    forget(&l);
    return rc;
}

/* ---- by size ---- */

/* The point that comes after `first` by its own estimate, among those that fit. */
static int next_best(const struct mnq_auto *s, int first)
{
    int next = -1;
    for (int k = 0; k < s->points; k++) {
        const struct mnq_auto_point *p = &s->point[k];
        if (k != first && p->paid && !p->tuned && (next < 0 || p->bound.points < s->point[next].bound.points)) next = k;
    }
    return next;
}

static int by_size_alone(struct mnq_auto *s, bool limited, int *chosen, struct mnq_auto_learned *best, struct mnq_err *e)
{
    const int finalist[FINALISTS_BY_SIZE] = {*chosen, next_best(s, *chosen)};
    struct mnq_auto_learned l = {.error = 0};
    double least = 0;
    int rc = 0;
    bool goes_on = true;
    for (int k = 0; k < FINALISTS_BY_SIZE && rc == 0 && finalist[k] >= 0 && goes_on; k++) {
        if ((rc = train(s, &s->point[finalist[k]], MNQ_SPLIT_JUDGE, NULL, &l, e)) != 0) break;
        goes_on = !l.run.learning.stopped;
        if (k > 0 && !(l.run.learned && l.run.learning.divergence < least)) continue;
        least = l.run.learning.divergence;
        *chosen = finalist[k];
        keep(best, &l);
    }
    forget(&l);
    if (rc != 0 || !best->run.learned) return rc;
    struct mnq_auto_point *p = mnq_auto_add(s, s->point[*chosen].steps, s->point[*chosen].uniform, e);
    if (p == NULL) return -1;
    p->tuned = true;
    *chosen = (int)(p - s->point);
    if (limited) return judge(s, p, best, e);
    int n = mnq_calib_losses(&best->run, &best->fit, "judge", p->loss, e);
    if (n < 0) return -1;
    p->bound = mnq_bound_of(p->loss, n);
    p->complete = true;
    return 0;
}

int mnq_auto_learn(struct mnq_auto *s, bool by_size, bool limited, int *chosen, struct mnq_auto_learned *best,
                   struct mnq_err *e)
{
    return by_size ? by_size_alone(s, limited, chosen, best, e) : by_promise(s, chosen, best, e);
}

int mnq_auto_adopt(struct mnq_auto *s, const struct mnq_auto_point *p, struct mnq_auto_learned *l, struct mnq_fit *fit,
                   double *error, struct mnq_err *e)
{
    struct mnq_calib_run *c = s->c;
    struct mnq_arena *arena = c->arena;
    struct mnq_calib_report *r = c->report;
    const double optimism = c->optimism;
    double *told = mnq_arena_array(arena, (size_t)p->bound.pictures, sizeof *told);
    if (told == NULL) return mnq_fail_nomem(e);
    memcpy(told, p->loss, (size_t)p->bound.pictures * sizeof *told);
    for (int i = 0; i < l->report.n_passes; i++) r->pass[r->n_passes++] = l->report.pass[i];
    *c = l->run;
    c->arena = c->lowering.arena = arena;
    c->report = r;
    c->optimism = optimism;
    c->told = told;
    c->n_told = p->bound.pictures;
    r->tuned = l->report.tuned;
    *fit = l->fit;
    *error = l->error;
    mnq_arena_take(arena, &l->arena);
    *l = (struct mnq_auto_learned){.error = 0};
    return 0;
}
