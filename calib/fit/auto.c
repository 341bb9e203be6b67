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
 * what the other folds would have chosen. */
#include "afford.h"
#include "assign.h"
#include "calib_run.h"
#include "pack/stage.h"
#include "quantize/shrink.h"

#include <math.h>
#include <string.h>

static const struct mnq_wformat probed[] = {{8, 0, 8}, {4, 0, 8}, {1, 3, 8}, {1, 2, 8}, {2, 0, 8}, {1, 1, 8}};
enum { PROBED_FORMATS = sizeof probed / sizeof *probed };
/* Default of --max-drop, points. */
static const double MAX_DROP = 1;

enum { PLACES = 16, POINTS_MAX = 16 };

/* A place on the path, or one format for all layers that may have it, and what pictures said of it. */
struct point {
    int steps, uniform; /* the latter an index of probed[], -1: on the path */
    double bytes;
    bool paid;    /* within the budgets of the core */
    double *loss; /* [pictures] */
    struct mnq_bound bound;
};

struct search {
    struct mnq_calib_run *c;
    const struct mnq_fit *fit;
    struct mnq_choices *choices;
    int n, formats;        /* formats: of probed[], from the first on */
    struct mnq_xbill bill; /* of the formats that were asked about last */
    struct mnq_step_down *step;
    bool *taken; /* [steps] */
    int steps;
    double bytes; /* of the weights before the first step */
    struct point point[POINTS_MAX];
    int points;
    double max_drop;
    struct mnq_arena *arena;
};

static bool may_choose(const struct mnq_calib_run *c, int i)
{
    if (!mnq_lower_has_weights(c->g, i) || c->weights[i] == 0) return false;
    return c->o->choice == NULL || c->o->choice[i].weights < 0;
}

static bool may_compress(const struct mnq_calib_run *c, int i)
{
    const struct mnq_node *nd = &c->g->node[i];
    return mnq_lower_is_pointwise(c->g, i) && c->qp[nd->in[0]].dtype != MNQ_U8 &&
           mnq_node_weights(c->g, nd) >= (size_t)c->o->small_layer;
}

static void add_candidate(const struct mnq_calib_run *c, struct mnq_choices *x, struct mnq_wformat f, double noise)
{
    double bytes = mnq_wformat_bytes(&f, c->weights[x->node], c->g->node[x->node].out.c);
    x->candidate[x->n++] = (struct mnq_candidate){f, bytes, noise};
}

static int list_choices(struct search *s, const struct mnq_probe *p)
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
        bool measured = may_compress(c, i) && p->nearest[i] > 0;
        if (c->format[i].bits == 16) add_candidate(c, x, c->format[i], 0);
        if (!measured) {
            add_candidate(c, x, MNQ_WFORMAT_INT8, c->sensitivity[i]);
            continue;
        }
        for (int k = 0; k < s->formats; k++)
            add_candidate(c, x, probed[k], gain * p->noise[(size_t)i * PROBED_FORMATS + (size_t)k]);
    }
    for (int k = 0; k < s->n; k++) s->bytes += s->choices[k].candidate[0].bytes;
    s->steps = mnq_assign_path(s->choices, s->n, s->step);
    return s->steps;
}

/* The formats after the steps taken; returns the bytes of weights. */
static double apply_taken(const struct search *s)
{
    double bytes = s->bytes;
    for (int k = 0; k < s->n; k++) s->c->format[s->choices[k].node] = s->choices[k].candidate[0].format;
    for (int i = 0; i < s->steps; i++) {
        if (!s->taken[i]) continue;
        const struct mnq_choices *x = &s->choices[s->step[i].choices];
        s->c->format[x->node] = x->candidate[s->step[i].to].format;
        bytes -= s->step[i].bytes;
    }
    return bytes;
}

/* The same, after the first `steps` steps. */
static double apply(const struct search *s, int steps)
{
    for (int i = 0; i < s->steps; i++) s->taken[i] = i < steps;
    return apply_taken(s);
}

/* One format wherever fewer bits may be chosen, the largest elsewhere. */
static double apply_uniform(const struct search *s, int uniform)
{
    double bytes = apply(s, 0);
    for (int k = 0; k < s->n; k++) {
        int i = s->choices[k].node;
        if (!may_compress(s->c, i)) continue;
        s->c->format[i] = probed[uniform];
        bytes +=
            mnq_wformat_bytes(&probed[uniform], s->c->weights[i], s->c->g->node[i].out.c) - s->choices[k].candidate[0].bytes;
    }
    return bytes;
}

static double apply_point(const struct search *s, const struct point *p)
{
    return p->uniform >= 0 ? apply_uniform(s, p->uniform) : apply(s, p->steps);
}

/* Bytes of the file beside the weights that are chosen here. */
static int other_bytes(const struct search *s, double *bytes, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_qmodel q;
    struct mnq_shrink_report r;
    struct mnq_fit plain = {MNQ_ROUND_NEAREST, false, false};
    uint8_t *packed;
    size_t n = 0;
    double error;
    apply(s, 0);
    int rc = mnq_calib_lower(s->c, &plain, s->c->judged, NULL, "size", &scratch, &q, &error, e);
    if (rc == 0 && s->c->o->shrink) rc = mnq_shrink(&q, &r, e);
    if (rc == 0) rc = mnq_qmodel_plan(&q, e);
    if (rc == 0) rc = mnq_qmodel_stages(&q, &(struct mnq_stage_options){0}, e);
    if (rc == 0) rc = mnq_qmodel_pack(&q, &packed, &n, e);
    *bytes = (double)n + (double)s->c->o->meta_bytes - s->bytes;
    mnq_arena_free(&scratch);
    return rc;
}

/* Steps until the file fits; *room: for the weights. */
static int steps_for_flash(const struct search *s, int *steps, double *room, struct mnq_err *e)
{
    double other, limit = (double)s->c->o->flash;
    if (other_bytes(s, &other, e) != 0) return -1;
    *room = limit - other;
    for (*steps = 0; apply(s, *steps) + other > limit; (*steps)++)
        if (*steps == s->steps)
            return mnq_fail_unfit(
                e, MNQ_UNFIT_FLASH, MNQ_EXIT_FAILED,
                "--flash %.0f cannot be met: the smallest file of this model has about %.0f bytes, %.0f of them "
                "weights",
                limit, apply(s, s->steps) + other, apply(s, s->steps));
    return 0;
}

/* ---- the core ---- */

/* Whether the formats in place are within the core's budgets. */
static int paid(struct search *s, bool *yes, struct mnq_err *e)
{
    const struct mnq_xbudget *b = &s->c->o->budget;
    *yes = true;
    if (b->ram <= 0 && b->flash <= 0 && b->cycles <= 0) return 0;
    if (mnq_calib_bill(s->c, &s->bill, e) != 0) return -1;
    *yes = mnq_xbudget_meets(b, &s->bill);
    return 0;
}

/* The first steps that the core's budgets allow. least  the bill that comes nearest to them so far */
static int steps_for_core(struct search *s, int *steps, bool *found, struct mnq_xbill *least, struct mnq_err *e)
{
    enum { TRIES = 32 };
    const struct mnq_xbudget *b = &s->c->o->budget;
    const int stride = s->steps / TRIES + 1;
    *found = false;
    for (int k = 0;; k = k + stride < s->steps ? k + stride : s->steps) {
        apply(s, k);
        if (paid(s, found, e) != 0) return -1;
        *steps = k;
        if (least->flash == 0 || mnq_xbudget_excess(b, &s->bill) < mnq_xbudget_excess(b, least)) *least = s->bill;
        if (*found || k == s->steps) return 0;
    }
}

/* Without a core, all formats. Cores are slow with binary and ternary weights: they are candidates only where 8 and 4 bits
 * exceed the budgets, 4 bits only where they do not exceed them. Last 16-bit activations go. */
static int list_for_core(struct search *s, const struct mnq_probe *p, int *steps, struct mnq_err *e)
{
    static const int formats[] = {2, 1, PROBED_FORMATS};
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

/* ---- points ---- */

/* Asks the pictures about a point; NULL with e. */
static struct point *measure(struct search *s, int steps, int uniform, struct mnq_err *e)
{
    struct point *p = &s->point[s->points];
    *p = (struct point){.steps = steps, .uniform = uniform};
    p->loss = mnq_arena_array(s->arena, (size_t)s->c->views.shots.n, sizeof *p->loss);
    if (p->loss == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    p->bytes = apply_point(s, p);
    if (paid(s, &p->paid, e) != 0) return NULL;
    int n = mnq_calib_losses(s->c, s->fit, "formats", p->loss, e);
    if (n < 0) return NULL;
    p->bound = mnq_bound_of(p->loss, n);
    s->points++;
    return p;
}

static bool promises(const struct search *s, const struct point *p)
{
    return p->paid && p->bound.upper + s->c->optimism <= s->max_drop;
}

/* Losses of a point in one fold, or in all others. */
static int losses_in(const struct point *p, int fold, bool inside, double *loss)
{
    int n = 0;
    for (int i = 0; i < p->bound.pictures; i++)
        if ((i % MNQ_SPLIT_FOLDS == fold) == inside) loss[n++] = p->loss[i];
    return n;
}

/* Points by which the choice on the path is too good: what the other folds would have chosen, judged by each fold. */
static double optimism(const struct search *s, double *scratch)
{
    double sum = 0;
    for (int f = 0; f < MNQ_SPLIT_FOLDS; f++) {
        const struct point *best = &s->point[0];
        for (int k = 0; k < s->points; k++) {
            int n = losses_in(&s->point[k], f, false, scratch);
            if (n == 0) return 0;
            if (s->point[k].steps > best->steps && mnq_bound_of(scratch, n).upper <= s->max_drop) best = &s->point[k];
        }
        int n = losses_in(best, f, false, scratch);
        double chosen_by = mnq_bound_of(scratch, n).points;
        n = losses_in(best, f, true, scratch);
        if (n == 0) return 0;
        sum += mnq_bound_of(scratch, n).points - chosen_by;
    }
    return fmax(0, sum / MNQ_SPLIT_FOLDS);
}

/* ---- the search ---- */

/* Steps until a share of what the path can save is saved. */
static int steps_at(const struct search *s, int place)
{
    double all = 0, saved = 0;
    int steps = 0;
    for (int i = 0; i < s->steps; i++) all += s->step[i].bytes;
    while (steps < s->steps && saved < all * place / PLACES) saved += s->step[steps++].bytes;
    return steps;
}

/* The last place on the path that keeps the promise: its index among the points. Point 0 is the start. */
static int last_on_path(struct search *s, struct mnq_err *e)
{
    int good = 0, bad = PLACES + 1, found = 0;
    while (bad - good > 1) {
        int middle = (good + bad) / 2;
        const struct point *p = measure(s, steps_at(s, middle), -1, e);
        if (p == NULL) return -1;
        if (promises(s, p)) good = middle;
        else bad = middle;
    }
    double *scratch = mnq_arena_array(s->arena, (size_t)s->c->views.shots.n, sizeof *scratch);
    if (scratch == NULL) return mnq_fail_nomem(e);
    s->c->optimism = optimism(s, scratch);
    for (int k = 1; k < s->points; k++)
        if (s->point[k].steps > s->point[found].steps && promises(s, &s->point[k])) found = k;
    return found;
}

/* One format for all that is as small as the choice, or smaller, and better by its own estimate takes its place. */
static int try_uniform(struct search *s, int *chosen, double room, struct mnq_err *e)
{
    static const double SAME = 1.02; /* of the bytes */
    bool by_size = s->c->o->flash > 0 || s->c->o->budget.flash > 0;
    for (int u = 1; u < s->formats && s->points < POINTS_MAX; u++) {
        const struct point *best = &s->point[*chosen];
        double bytes = apply_uniform(s, u);
        if (by_size ? bytes > room : bytes > SAME * best->bytes) continue;
        const struct point *p = measure(s, 0, u, e);
        if (p == NULL) return -1;
        if (!p->paid) continue;
        bool smaller = bytes * SAME < best->bytes, better = p->bound.points < best->bound.points;
        if (by_size ? better : promises(s, p) && (smaller || better)) *chosen = s->points - 1;
        else if (!by_size && !promises(s, p) && smaller) break; /* fewer bits still lose more */
    }
    return 0;
}

/* Chooses a point; `from` steps are taken in any case, for --flash. */
static int choose(struct search *s, int from, double room, struct mnq_err *e)
{
    struct mnq_calib_report *r = s->c->report;
    bool by_size = s->c->o->flash > 0 || s->c->o->budget.flash > 0, limited = s->c->o->max_drop > 0 || !by_size;
    const struct point *start = measure(s, from, -1, e);
    int chosen = 0;
    if (start == NULL) return -1;
    if (limited && start->bound.points > s->max_drop)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "--max-drop %g cannot be met: %s expected to lose %.2f points", s->max_drop,
                              from > 0 ? "the formats that --flash leaves are" : "8- and 16-bit weights are",
                              start->bound.points);
    if (!by_size && promises(s, start) && (chosen = last_on_path(s, e)) < 0) return -1;
    if (try_uniform(s, &chosen, room, e) != 0) return -1;
    const struct point *p = &s->point[chosen];
    if (limited) {
        r->asked_drop = s->max_drop;
        r->promised = promises(s, p);
        r->pictures_wanted = r->promised ? 0 : mnq_bound_pictures(p->loss, p->bound.pictures, s->max_drop);
    }
    apply_point(s, p);
    return 0;
}

int mnq_calib_auto(struct mnq_calib_run *c, double *error, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    size_t n = (size_t)c->g->n;
    struct mnq_probe p = {.candidate = probed, .n = PROBED_FORMATS};
    /* What did not pay at 8 bits does at fewer. */
    struct mnq_fit fit = {MNQ_ROUND_SECOND_ORDER, c->o->refit, c->o->refit || c->o->bias_correction};
    struct search s = {.c = c, .fit = &fit, .arena = &arena};
    int steps = 0, rc = -1;
    double before = *error, room = 0;
    s.max_drop = c->o->max_drop > 0 ? c->o->max_drop : c->o->flash > 0 || c->o->budget.flash > 0 ? 100 : MAX_DROP;
    s.formats = PROBED_FORMATS;
    p.noise = mnq_arena_array(&arena, n * PROBED_FORMATS, sizeof *p.noise);
    p.nearest = mnq_arena_array(&arena, n, sizeof *p.nearest);
    s.choices = mnq_arena_array(&arena, n, sizeof *s.choices);
    s.step = mnq_arena_array(&arena, n * MNQ_FORMATS_MAX, sizeof *s.step);
    s.taken = mnq_arena_array(&arena, n * MNQ_FORMATS_MAX, sizeof *s.taken);
    if (p.noise == NULL || p.nearest == NULL || s.choices == NULL || s.step == NULL || s.taken == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (mnq_calib_error(c, &fit, &p, "probe", error, e) != 0) goto done;
    if (list_for_core(&s, &p, &steps, e) != 0) goto done;
    if (c->o->budget.flash > 0) room = HUGE_VAL; /* the bill says what fits */
    if (c->o->flash > 0 && steps_for_flash(&s, &steps, &room, e) != 0) goto done;
    if (choose(&s, steps, room, e) != 0) goto done;
    if (mnq_calib_error(c, &fit, NULL, "formats", error, e) != 0) goto done;
    mnq_calib_pass(c, "formats chosen by measurement", before, *error, true);
    rc = 0;
done:
    mnq_arena_free(&arena);
    return rc;
}
