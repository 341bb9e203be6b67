/* SPDX-License-Identifier: Apache-2.0
 * The most accurate model within a budget.
 *
 * Evidence is bought in the order of its price. First bills, made from four samples: every size is cut until the core's cost
 * model says that it fits. What fits with the least cut, of every size, whole, with zeros, with fewer bits, is then made
 * from part of the samples and judged; the best of these with less of a cut, as long as that fits, too; the best then from
 * all samples; the best of those learn from the float network too.
 */
#include "search.h"

#include "recipe_read.h"
#include "util/spread.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- one trial ---- */

/* What an unfit trial says, or -1: no recipe is to blame. */
static int unfit(struct mnq_trial_result *r, struct mnq_err *e, const struct mnq_err *why)
{
    if (why->unfit == MNQ_UNFIT_NOT) return mnq_fail(e, why->code, "%s", why->msg);
    r->state = MNQ_TRIAL_UNFIT;
    r->fault = why->unfit;
    snprintf(r->why, sizeof r->why, "%.*s", (int)sizeof r->why - 1, why->msg);
    return 0;
}

static void note_bill(const struct mnq_made *m, struct mnq_trial_result *r)
{
    r->file = (int64_t)m->n;
    r->macs = m->macs;
    r->params = m->params;
    if (m->budget.target == NULL) return;
    r->flash = m->bill.flash;
    r->ram = m->bill.ram;
    r->ram_rows = m->bill.ram_rows;
    r->cycles = m->bill.cycles;
}

static const struct mnq_jury *jury_of(const struct mnq_trial_context *x, const char *model)
{
    for (int i = 0; i < x->n; i++)
        if (strcmp(x->model[i], model) == 0) return x->jury[i];
    return NULL;
}

/* Whether a is better than b: loses less; what is told alike, in hundredths of a point, takes less. */
static bool better(const struct mnq_trial_result *a, const struct mnq_trial_result *b)
{
    const double da = round(100 * a->drop), db = round(100 * b->drop);
    if (da != db) return da < db;
    if (a->cycles != b->cycles) return a->cycles < b->cycles;
    return a->flash < b->flash;
}

static int keep(const struct mnq_trial_context *x, const struct mnq_trial *t, const struct mnq_made *m,
                const struct mnq_trial_result *r, struct mnq_err *e)
{
    struct mnq_search_kept *k = x->kept;
    if (k == NULL || isnan(r->drop) || (k->recipe != NULL && !better(r, &k->result))) return 0;
    uint8_t *bytes = mnq_arena_array(x->arena, m->n, 1);
    char *recipe = mnq_arena_strdup(x->arena, t->recipe);
    if (bytes == NULL || recipe == NULL) return mnq_fail_nomem(e);
    memcpy(bytes, m->bytes, m->n);
    *k = (struct mnq_search_kept){recipe, bytes, m->n, *r};
    return 0;
}

int mnq_trial_make(void *ctx, const struct mnq_trial *t, struct mnq_trial_result *r, struct mnq_err *e)
{
    const struct mnq_trial_context *x = ctx;
    struct mnq_arena arena = {0};
    struct mnq_recipe recipe;
    struct mnq_made *m = mnq_arena_alloc(&arena, sizeof *m);
    struct mnq_subject *packed = mnq_arena_alloc(&arena, sizeof *packed);
    struct mnq_err why = {0};
    *r = mnq_trial_nothing();
    mnq_recipe_defaults(&recipe);
    int rc = m == NULL || packed == NULL ? mnq_fail_nomem(e) : 0;
    if (rc == 0) rc = mnq_recipe_parse("recipe", t->recipe, strlen(t->recipe), &recipe, &arena, e);
    if (rc == 0 && mnq_model_make(t->model, &recipe, x->how, t->kind == MNQ_TRIAL_COST, m, &arena, &why) != 0) {
        rc = unfit(r, e, &why);
        if (m->bill.flash > 0) note_bill(m, r);
    } else if (rc == 0) {
        r->state = MNQ_TRIAL_MADE;
        note_bill(m, r);
        const struct mnq_jury *jury = jury_of(x, t->model);
        if (t->kind == MNQ_TRIAL_JUDGED && jury != NULL) {
            rc = mnq_subject_of_bytes(t->model, m->bytes, m->n, packed, &arena, e);
            if (rc == 0) rc = mnq_jury_ask(jury, packed, r, e);
            if (rc == 0) rc = keep(x, t, m, r, e);
        } else if (t->kind == MNQ_TRIAL_JUDGED && m->report.drop.pictures > 0) {
            const struct mnq_bound *b = &m->report.drop;
            r->pictures = b->pictures;
            r->drop = b->points;
            r->low = b->low;
            r->high = b->high;
            r->upper = b->upper;
        }
    }
    mnq_arena_free(&arena);
    return mnq_spread_settle(rc, e); /* what failed in another process says nothing of the recipe */
}

/* ---- stages ---- */

struct search {
    const struct mnq_search_opts *o;
    const struct mnq_subject *native;
    struct mnq_trial_context context;
    struct mnq_search_report *r;
    struct mnq_arena *arena;
};

/* Adds a point unless there is the same. */
static int add(struct search *s, enum mnq_search_stage stage, const struct mnq_recipe *recipe, struct mnq_err *e)
{
    struct mnq_search_report *r = s->r;
    const struct mnq_trial t = {stage == MNQ_SEARCH_COSTS ? MNQ_TRIAL_COST : MNQ_TRIAL_JUDGED, s->o->model,
                                mnq_recipe_text(recipe, s->arena)};
    if (t.recipe == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < r->n; i++) {
        if (!mnq_trial_same(&r->point[i].trial, &t)) continue;
        r->point[i].stage = stage;
        return 0;
    }
    if (r->n == MNQ_SEARCH_POINTS) return 0;
    r->point[r->n++] = (struct mnq_search_point){.stage = stage, .recipe = *recipe, .trial = t};
    return 0;
}

/* Runs the points from `first` on. */
static int run(struct search *s, int first, struct mnq_err *e)
{
    struct mnq_search_report *r = s->r;
    size_t n = (size_t)(r->n - first);
    struct mnq_trial *t = mnq_arena_array(s->arena, n, sizeof *t);
    struct mnq_trial_result *result = mnq_arena_array(s->arena, n, sizeof *result);
    if (t == NULL || result == NULL) return mnq_fail_nomem(e);
    for (size_t i = 0; i < n; i++) t[i] = r->point[(size_t)first + i].trial;
    if (mnq_trials_run(t, (int)n, result, s->o->journal, s->o->engine, mnq_trial_make, &s->context, s->o->deadline, e) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        r->point[(size_t)first + i].result = result[i];
        r->open += result[i].state == MNQ_TRIAL_OPEN;
    }
    return 0;
}

/* The bill of a place: the point, or NULL. */
static const struct mnq_search_point *at(const struct search *s, int size, int cut, int kind)
{
    struct mnq_recipe want = mnq_search_recipe(s->o, s->native, size, mnq_search_cut(cut), (enum mnq_search_kind)kind, true);
    const char *text = mnq_recipe_text(&want, s->arena);
    for (int i = 0; text != NULL && i < s->r->n; i++)
        if (strcmp(s->r->point[i].trial.recipe, text) == 0) return &s->r->point[i];
    return NULL;
}

static bool fits(const struct search *s, int size, int cut, int kind)
{
    const struct mnq_search_point *p = at(s, size, cut, kind);
    return p != NULL && p->result.state == MNQ_TRIAL_MADE;
}

static int add_bill(struct search *s, int size, int cut, enum mnq_search_kind kind, struct mnq_err *e)
{
    struct mnq_recipe r = mnq_search_recipe(s->o, s->native, size, mnq_search_cut(cut), kind, true);
    return add(s, MNQ_SEARCH_COSTS, &r, e);
}

/* Whether 8-bit weights failed for their bytes, which zeros and fewer bits save. */
static bool too_large(const struct search *s, int size, int cut)
{
    const struct mnq_search_point *p = at(s, size, cut, MNQ_SEARCH_INT8);
    return p != NULL && p->result.state == MNQ_TRIAL_UNFIT && p->result.fault == MNQ_UNFIT_FLASH;
}

/* Whether the network cannot be cut so far, which no budget is to blame for. */
static bool too_far(const struct mnq_search_point *p)
{
    return p != NULL && p->result.state == MNQ_TRIAL_UNFIT && p->result.fault == MNQ_UNFIT_CUT;
}

/* Bills the least there is of a size; *some: it fits, or there was no time to ask. */
static int bill_least(struct search *s, int size, bool *some, struct mnq_err *e)
{
    int c = MNQ_SEARCH_CUTS, first;
    do {
        first = s->r->n;
        if (add_bill(s, size, --c, MNQ_SEARCH_INT8, e) != 0 || run(s, first, e) != 0) return -1;
    } while (c > 0 && too_far(at(s, size, c, MNQ_SEARCH_INT8)));
    first = s->r->n;
    if (too_large(s, size, c) && (add_bill(s, size, c, MNQ_SEARCH_AUTO, e) != 0 || run(s, first, e) != 0)) return -1;
    s->r->nearest = &s->r->point[s->r->n - 1];
    *some = s->r->open > 0 || s->r->nearest->result.state == MNQ_TRIAL_MADE;
    return 0;
}

/* Cut by cut, for the sizes that do not fit yet; nothing if the least of all does not. */
static int bills(struct search *s, const int *size, int n, struct mnq_err *e)
{
    bool some;
    if (bill_least(s, size[n - 1], &some, e) != 0) return -1;
    if (!some) return 0;
    for (int c = 0; c < MNQ_SEARCH_CUTS; c++) {
        int first = s->r->n;
        for (int i = 0; i < n; i++) {
            bool fitted = false;
            for (int k = 0; k < c; k++) fitted = fitted || fits(s, size[i], k, MNQ_SEARCH_INT8);
            if (!fitted && add_bill(s, size[i], c, MNQ_SEARCH_INT8, e) != 0) return -1;
        }
        if (run(s, first, e) != 0) return -1;
        first = s->r->n;
        for (int i = 0; i < n; i++)
            for (int k = MNQ_SEARCH_SPARSE; too_large(s, size[i], c) && k <= MNQ_SEARCH_AUTO; k++)
                if (add_bill(s, size[i], c, (enum mnq_search_kind)k, e) != 0) return -1;
        if (run(s, first, e) != 0) return -1;
    }
    return 0;
}

/* Of every size the least cut that fits, of each kind that fits with less of it than 8 bits do. */
static int parts(struct search *s, const int *size, int n, struct mnq_err *e)
{
    int first = s->r->n;
    for (int i = 0; i < n; i++) {
        int least = MNQ_SEARCH_CUTS;
        for (int k = 0; k < MNQ_SEARCH_KINDS; k++) {
            int c = 0;
            while (c < MNQ_SEARCH_CUTS && !fits(s, size[i], c, k)) c++;
            if (c >= least) continue;
            if (k == MNQ_SEARCH_INT8) least = c;
            struct mnq_recipe r =
                mnq_search_recipe(s->o, s->native, size[i], mnq_search_cut(c), (enum mnq_search_kind)k, false);
            r.samples = s->o->part > 0 ? s->o->part : MNQ_SEARCH_PART;
            r.wide_activations = MNQ_WIDE_NONE; /* choosing them takes longer than all the rest */
            if (add(s, MNQ_SEARCH_PARTS, &r, e) != 0) return -1;
        }
    }
    return run(s, first, e);
}

/* The best of the made points from this stage on that are not among the n taken; -1: none. */
static int best_of(const struct mnq_search_report *r, enum mnq_search_stage least, const int *taken, int n)
{
    int best = -1;
    for (int i = 0; i < r->n; i++) {
        const struct mnq_trial_result *x = &r->point[i].result;
        bool has = r->point[i].stage < least || x->state != MNQ_TRIAL_MADE || isnan(x->drop);
        for (int k = 0; k < n; k++) has = has || taken[k] == i;
        if (!has && (best < 0 || better(x, &r->point[best].result))) best = i;
    }
    return best;
}

enum { MOST = 16 };

/* The cut before this one, on the way to none; what has no place on it goes to the next. */
static double less_cut(double cut)
{
    double less = 0;
    for (int k = 0; k < MNQ_SEARCH_CUTS; k++)
        if (mnq_search_cut(k) < cut) less = mnq_search_cut(k);
    return less;
}

/* Adds the best of the parts with cuts that go less far: bills do not know the channels that calibration finds dead, nor
 * what bits `auto` saves. between: halfway to the cut before. */
static int add_wider(struct search *s, bool between, struct mnq_err *e)
{
    struct mnq_search_report *r = s->r;
    int taken[MOST], n = 0, most = s->o->finalists + 1 < MOST ? s->o->finalists + 1 : MOST;
    for (; n < most; n++) {
        taken[n] = best_of(r, MNQ_SEARCH_PARTS, taken, n);
        if (taken[n] < 0) break;
    }
    for (int k = 0; k < n; k++) {
        struct mnq_recipe recipe = r->point[taken[k]].recipe;
        if (!(recipe.channels > 0)) continue;
        const double less = less_cut(recipe.channels);
        recipe.channels = between ? (recipe.channels + less) / 2 : less;
        if (add(s, MNQ_SEARCH_PARTS, &recipe, e) != 0) return -1;
    }
    return 0;
}

/* As long as networks that are cut less fit, too; then half a step further. */
static int wider(struct search *s, struct mnq_err *e)
{
    for (int round = 0, from = -1; round < MNQ_SEARCH_CUTS && from != s->r->n && s->r->open == 0; round++) {
        from = s->r->n;
        if (add_wider(s, false, e) != 0 || run(s, from, e) != 0) return -1;
    }
    const int from = s->r->n;
    if (s->r->open > 0) return 0;
    return add_wider(s, true, e) != 0 ? -1 : run(s, from, e);
}

static int finals(struct search *s, struct mnq_err *e)
{
    struct mnq_search_report *r = s->r;
    int taken[MOST], n = 0, end = r->n, most = s->o->finalists < MOST ? s->o->finalists : MOST;
    for (; n < most; n++) {
        taken[n] = best_of(r, MNQ_SEARCH_PARTS, taken, n);
        if (taken[n] < 0) break;
    }
    s->context.kept = &r->kept;
    for (int k = 0; k < n; k++) {
        struct mnq_recipe recipe = r->point[taken[k]].recipe;
        recipe.samples = s->o->base.samples;
        if (add(s, MNQ_SEARCH_FULL, &recipe, e) != 0) return -1; /* 8-bit activations may lose no more, in less flash */
        recipe.wide_activations = s->o->base.wide_activations;
        if (add(s, MNQ_SEARCH_FULL, &recipe, e) != 0) return -1;
    }
    return run(s, end, e);
}

static int tuned(struct search *s, struct mnq_err *e)
{
    struct mnq_search_report *r = s->r;
    int taken[MOST], n = 0, end = r->n, made = 0;
    for (; n < MOST && made < s->o->tuned; n++) {
        taken[n] = best_of(r, MNQ_SEARCH_FULL, taken, n);
        if (taken[n] < 0) break;
        struct mnq_recipe recipe = r->point[taken[n]].recipe;
        if (!(recipe.channels > 0) && !(recipe.ratio > 0)) continue;
        recipe.tune = 1;
        if (add(s, MNQ_SEARCH_TUNE, &recipe, e) != 0) return -1;
        made++;
    }
    return run(s, end, e);
}

/* ---- what came of it ---- */

static bool dominates(const struct mnq_trial_result *a, const struct mnq_trial_result *b)
{
    int64_t ra = a->ram < a->ram_rows ? a->ram : a->ram_rows, rb = b->ram < b->ram_rows ? b->ram : b->ram_rows;
    bool no_worse = a->drop <= b->drop && a->flash <= b->flash && a->cycles <= b->cycles && ra <= rb;
    return no_worse && (a->drop < b->drop || a->flash < b->flash || a->cycles < b->cycles || ra < rb);
}

static void mark_front(struct mnq_search_report *r)
{
    for (int i = 0; i < r->n; i++) {
        struct mnq_search_point *p = &r->point[i];
        p->front = p->stage != MNQ_SEARCH_COSTS && p->result.state == MNQ_TRIAL_MADE;
        for (int k = 0; k < r->n && p->front; k++)
            p->front = r->point[k].stage == MNQ_SEARCH_COSTS || r->point[k].result.state != MNQ_TRIAL_MADE ||
                       !dominates(&r->point[k].result, &p->result);
    }
}

int mnq_search(const struct mnq_search_opts *o, const struct mnq_subject *native, struct mnq_jury *jury,
               struct mnq_search_report *r, struct mnq_arena *arena, struct mnq_err *e)
{
    struct search s = {o, native, {o->how, 1, &o->model, &jury, NULL, arena}, r, arena};
    int size[MNQ_SEARCH_SIZES], n = mnq_search_sizes(o, native, size);
    *r = (struct mnq_search_report){.best = -1};
    r->point = mnq_arena_array(arena, MNQ_SEARCH_POINTS, sizeof *r->point);
    if (r->point == NULL) return mnq_fail_nomem(e);
    if (bills(&s, size, n, e) != 0) return -1;
    if (parts(&s, size, n, e) != 0 || wider(&s, e) != 0 || finals(&s, e) != 0 || tuned(&s, e) != 0) return -1;
    r->best = best_of(r, MNQ_SEARCH_FULL, NULL, 0);
    if (r->best < 0) r->best = best_of(r, MNQ_SEARCH_PARTS, NULL, 0); /* the deadline came first */
    for (int i = 0; i < r->n; i++) r->stage_n[r->point[i].stage]++;
    mark_front(r);
    return 0;
}

int mnq_search_one(const struct mnq_search_opts *o, const struct mnq_subject *native, struct mnq_jury *jury,
                   struct mnq_search_report *r, struct mnq_arena *arena, struct mnq_err *e)
{
    struct search s = {o, native, {o->how, 1, &o->model, &jury, NULL, arena}, r, arena};
    *r = (struct mnq_search_report){.best = -1};
    r->point = mnq_arena_array(arena, 1, sizeof *r->point);
    if (r->point == NULL) return mnq_fail_nomem(e);
    s.context.kept = &r->kept;
    if (add(&s, MNQ_SEARCH_FULL, &o->base, e) != 0 || run(&s, 0, e) != 0) return -1;
    r->best = best_of(r, MNQ_SEARCH_FULL, NULL, 0);
    r->stage_n[MNQ_SEARCH_FULL] = r->n;
    mark_front(r);
    return 0;
}
