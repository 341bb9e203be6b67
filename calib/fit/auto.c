/* SPDX-License-Identifier: Apache-2.0
 * Mixed precision by measurement: what every format costs at every layer, the path of least noise, and where to stop on it.
 *
 * A format's noise at a layer's output comes from the Gram matrix of the inputs that the layer really sees; what it becomes
 * at the logits is scaled by the float probe of the same layer (sensitivity.h). Noise powers of layers add up. The
 * prediction only orders the steps: how far to go is decided by lowering the whole network, cross-fitted, and asking
 * pictures that were not fitted to (crossfit.c).
 *
 * Choosing among estimates picks lucky ones. So there are few: some places on one path along which the loss rises, by
 * bisection, each taken only if an upper bound of its loss is small enough (fixed sequence testing needs no correction for
 * several tests on such a path: Angelopoulos et al. 2021, arXiv:2110.01052). What luck is left is measured: each fold judges
 * what the other folds would have chosen.
 *
 * If weights may learn, some places further along the path do, and are judged likewise (auto_learn.h). */
#include "auto_learn.h"
#include "auto_points.h"
#include "pack/stage.h"
#include "quantize/shrink.h"

#include <math.h>
#include <string.h>

/* Default of --max-drop, points. */
static const double MAX_DROP = 1;

static bool may_choose(const struct mnq_calib_run *c, int i)
{
    if (!mnq_lower_has_weights(c->g, i) || c->weights[i] == 0) return false;
    return c->o->choice == NULL || c->o->choice[i].weights < 0;
}

static void add_candidate(const struct mnq_calib_run *c, struct mnq_choices *x, struct mnq_wformat f, double noise)
{
    double bytes = mnq_wformat_bytes(&f, c->weights[x->node], c->g->node[x->node].out.c);
    x->candidate[x->n++] = (struct mnq_candidate){f, bytes, noise};
}

static int list_choices(struct mnq_auto *s, const struct mnq_probe *p)
{
    const struct mnq_calib_run *c = s->c;
    s->n = 0;
    s->bytes = 0;
    for (int i = 0; i < c->g->n; i++) {
        if (!may_choose(c, i)) continue;
        s->choices[s->n].n = 0;
        struct mnq_choices *x = &s->choices[s->n++];
        x->node = i;
        double gain = p->nearest[i] > 0 ? c->sensitivity[i] / p->nearest[i] : 0;
        bool measured = mnq_auto_may_compress(c, i) && p->nearest[i] > 0;
        if (c->format[i].bits == 16) add_candidate(c, x, c->format[i], 0);
        if (!measured) {
            add_candidate(c, x, MNQ_WFORMAT_INT8, c->sensitivity[i]);
            continue;
        }
        for (int k = 0; k < s->formats; k++)
            add_candidate(c, x, mnq_auto_formats[k], gain * p->noise[(size_t)i * MNQ_AUTO_FORMATS + (size_t)k]);
    }
    for (int k = 0; k < s->n; k++) s->bytes += s->choices[k].candidate[0].bytes;
    s->steps = mnq_assign_path(s->choices, s->n, s->step);
    return s->steps;
}

/* Bytes of the file beside the weights that are chosen here. */
static int find_other_bytes(struct mnq_auto *s, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_qmodel q;
    struct mnq_shrink_report r;
    struct mnq_fit plain = {MNQ_ROUND_NEAREST, false, false};
    uint8_t *packed;
    size_t n = 0;
    double error;
    mnq_auto_apply(s, 0);
    int rc = mnq_calib_lower(s->c, &plain, s->c->judged, NULL, "size", &scratch, &q, &error, e);
    if (rc == 0 && s->c->o->shrink) rc = mnq_shrink(&q, &r, e);
    if (rc == 0) rc = mnq_qmodel_plan(&q, e);
    if (rc == 0) rc = mnq_qmodel_stages(&q, &(struct mnq_stage_options){0}, e);
    if (rc == 0) rc = mnq_qmodel_pack(&q, &packed, &n, e);
    s->other = (double)n + (double)s->c->o->meta_bytes - s->bytes;
    mnq_arena_free(&scratch);
    return rc;
}

/* Steps until the file fits; *room: for the weights. */
static int steps_for_flash(struct mnq_auto *s, int *steps, double *room, struct mnq_err *e)
{
    const double limit = (double)s->c->o->flash;
    *room = limit - s->other;
    for (*steps = 0; mnq_auto_apply(s, *steps) + s->other > limit; (*steps)++)
        if (*steps == s->steps)
            return mnq_fail_unfit(
                e, MNQ_UNFIT_FLASH, MNQ_EXIT_FAILED,
                "--flash %.0f cannot be met: the smallest file of this model has about %.0f bytes, %.0f of them "
                "weights",
                limit, mnq_auto_apply(s, s->steps) + s->other, mnq_auto_apply(s, s->steps));
    return 0;
}

/* ---- the core ---- */

/* The first steps that the core's budgets allow. least  the bill that comes nearest to them so far */
static int steps_for_core(struct mnq_auto *s, int *steps, bool *found, struct mnq_xbill *least, struct mnq_err *e)
{
    enum { TRIES = 32 };
    const struct mnq_xbudget *b = &s->c->o->budget;
    const int stride = s->steps / TRIES + 1;
    *found = false;
    for (int k = 0;; k = k + stride < s->steps ? k + stride : s->steps) {
        mnq_auto_apply(s, k);
        if (mnq_auto_paid(s, found, e) != 0) return -1;
        *steps = k;
        if (least->flash == 0 || mnq_xbudget_excess(b, &s->bill) < mnq_xbudget_excess(b, least)) *least = s->bill;
        if (*found || k == s->steps) return 0;
    }
}

/* Without a core, all formats. Cores are slow with binary and ternary weights: they are candidates only where 8 and 4 bits
 * exceed the budgets, 4 bits only where they do not exceed them. Last 16-bit activations go. */
static int list_for_core(struct mnq_auto *s, const struct mnq_probe *p, int *steps, struct mnq_err *e)
{
    static const int formats[] = {2, 1, MNQ_AUTO_FORMATS};
    const bool core = s->c->o->budget.target != NULL;
    struct mnq_xbill least = {0};
    bool found, any;
    for (;;) {
        for (int k = core ? 0 : 2; k < 3; k++) {
            s->formats = formats[k];
            list_choices(s, p);
            if (steps_for_core(s, steps, &found, &least, e) != 0) return -1;
            if (found) return 0;
        }
        if (mnq_calib_narrow_tensors(s->c, &any, e) != 0) return -1;
        if (!any) return mnq_xbudget_require(&s->c->o->budget, &least, "the model", e);
    }
}

/* ---- the search ---- */

/* The last place on the path that keeps the promise: its index among the points. Point 0 is the start. */
static int last_on_path(struct mnq_auto *s, struct mnq_err *e)
{
    int good = 0, bad = MNQ_AUTO_PLACES + 1, found = 0;
    while (bad - good > 1) {
        int middle = (good + bad) / 2;
        const struct mnq_auto_point *p = mnq_auto_measure(s, mnq_auto_steps_at(s, middle), -1, e);
        if (p == NULL) return -1;
        if (mnq_auto_promises(s, p)) good = middle;
        else bad = middle;
    }
    if (mnq_auto_find_optimism(s, e) != 0) return -1;
    for (int k = 1; k < s->points; k++)
        if (s->point[k].steps > s->point[found].steps && mnq_auto_promises(s, &s->point[k])) found = k;
    return found;
}

/* One format for all that is as small as the choice, or smaller, and better by its own estimate takes its place. */
static int try_uniform(struct mnq_auto *s, int *chosen, double room, struct mnq_err *e)
{
    static const double SAME = 1.02; /* of the bytes */
    bool by_size = s->c->o->flash > 0 || s->c->o->budget.flash > 0;
    for (int u = 1; u < s->formats && s->points < MNQ_AUTO_POINTS; u++) {
        const struct mnq_auto_point *best = &s->point[*chosen];
        double bytes = mnq_auto_apply_uniform(s, u);
        if (by_size ? bytes > room : bytes > SAME * best->bytes) continue;
        const struct mnq_auto_point *p = mnq_auto_measure(s, 0, u, e);
        if (p == NULL) return -1;
        if (!p->paid) continue;
        bool smaller = bytes * SAME < best->bytes, better = p->bound.points < best->bound.points;
        if (by_size ? better : mnq_auto_promises(s, p) && (smaller || better)) *chosen = (int)(p - s->point);
        else if (!by_size && !mnq_auto_promises(s, p) && smaller) break; /* fewer bits still lose more */
    }
    return 0;
}

/* Whether no layer has fewer than 8 bits. */
static bool alike(const struct mnq_auto *s, const struct mnq_auto_point *p)
{
    mnq_auto_apply_point(s, p);
    for (int i = 0; i < s->c->g->n; i++)
        if (s->c->format[i].bits < 8) return false;
    return true;
}

/* What the report tells of the points. */
static int tell(const struct mnq_auto *s, int chosen, bool limited, struct mnq_err *e)
{
    struct mnq_calib_report *r = s->c->report;
    r->point = mnq_arena_array(s->c->arena, (size_t)s->points, sizeof *r->point);
    if (r->point == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < s->points; k++) {
        const struct mnq_auto_point *p = &s->point[k];
        r->point[r->n_points++] =
            (struct mnq_calib_point){.bytes = p->bytes + s->other,
                                     .format = p->uniform >= 0 ? mnq_auto_formats[p->uniform] : alike(s, p) ? mnq_auto_formats[0] : (struct mnq_wformat){0},
                                     .drop = mnq_logits_decide(&s->c->stats.judge) ? mnq_bound_told(p->bound) : p->bound,
                                     .vain = p->vain,
                                     .tuned = p->tuned,
                                     .complete = p->complete,
                                     .fits = p->paid,
                                     .promised = limited && mnq_auto_promises(s, p),
                                     .chosen = k == chosen};
    }
    return 0;
}

/* Chooses a point; `from` steps are taken in any case, for --flash. learned: what it learned, if it did */
static int choose(struct mnq_auto *s, int from, double room, int *chosen, struct mnq_auto_learned *learned,
                  struct mnq_err *e)
{
    struct mnq_calib_report *r = s->c->report;
    bool by_size = s->c->o->flash > 0 || s->c->o->budget.flash > 0, limited = s->c->o->max_drop > 0 || !by_size;
    bool learns = s->c->o->learn != NULL;
    const struct mnq_auto_point *start = mnq_auto_measure(s, from, -1, e);
    *chosen = 0;
    if (start == NULL) return -1;
    if (limited && start->bound.points > s->max_drop && !(learns && by_size))
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "--max-drop %g cannot be met: %s expected to lose %.2f points", s->max_drop,
                              from > 0 ? "the formats that --flash leaves are" : "8- and 16-bit weights are",
                              start->bound.points);
    if (!by_size && mnq_auto_promises(s, start) && (*chosen = last_on_path(s, e)) < 0) return -1;
    if (try_uniform(s, chosen, room, e) != 0) return -1;
    if (learns && mnq_auto_learn(s, by_size, limited, chosen, learned, e) != 0) return -1;
    const struct mnq_auto_point *p = &s->point[*chosen];
    if (limited && p->bound.points > s->max_drop)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "--max-drop %g cannot be met: the formats that --flash leaves are expected to lose "
                              "%.2f points",
                              s->max_drop, p->bound.points);
    if (limited) {
        r->asked_drop = s->max_drop;
        r->promised = mnq_auto_promises(s, p);
        r->pictures_wanted = r->promised ? 0 : mnq_bound_pictures(p->loss, p->bound.pictures, s->max_drop);
    }
    return tell(s, *chosen, limited, e);
}

int mnq_calib_auto(struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    size_t n = (size_t)c->g->n;
    struct mnq_probe p = {.candidate = mnq_auto_formats, .n = MNQ_AUTO_FORMATS};
    /* What did not pay at 8 bits does at fewer. */
    struct mnq_fit tried = {MNQ_ROUND_SECOND_ORDER, c->o->refit, c->o->refit || c->o->bias_correction};
    struct mnq_auto s = {.c = c, .fit = &tried, .arena = &arena};
    struct mnq_auto_learned learned = {.error = 0};
    int steps = 0, chosen, rc = -1;
    double before = *error, room = 0;
    s.max_drop = c->o->max_drop > 0 ? c->o->max_drop : c->o->flash > 0 || c->o->budget.flash > 0 ? 100 : MAX_DROP;
    s.formats = MNQ_AUTO_FORMATS;
    p.noise = mnq_arena_array(&arena, n * MNQ_AUTO_FORMATS, sizeof *p.noise);
    p.nearest = mnq_arena_array(&arena, n, sizeof *p.nearest);
    s.choices = mnq_arena_array(&arena, n, sizeof *s.choices);
    s.step = mnq_arena_array(&arena, n * MNQ_FORMATS_MAX, sizeof *s.step);
    s.taken = mnq_arena_array(&arena, n * MNQ_FORMATS_MAX, sizeof *s.taken);
    if (p.noise == NULL || p.nearest == NULL || s.choices == NULL || s.step == NULL || s.taken == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (mnq_calib_error(c, &tried, &p, "probe", error, e) != 0) goto done;
    if (list_for_core(&s, &p, &steps, e) != 0 || find_other_bytes(&s, e) != 0) goto done;
    if (c->o->budget.flash > 0) room = HUGE_VAL; /* the bill says what fits */
    if (c->o->flash > 0 && steps_for_flash(&s, &steps, &room, e) != 0) goto done;
    if (choose(&s, steps, room, &chosen, &learned, e) != 0) goto done;
    mnq_auto_apply_point(&s, &s.point[chosen]);
    if (mnq_calib_error(c, &tried, NULL, "formats", error, e) != 0) goto done;
    mnq_calib_pass(c, "formats chosen by measurement", before, *error, true);
    if (learned.run.learned) rc = mnq_auto_adopt(&s, &s.point[chosen], &learned, fit, error, e);
    else rc = mnq_calib_refit(c, fit, error, e);
done:
    mnq_arena_free(&learned.arena);
    mnq_arena_free(&arena);
    return rc;
}
