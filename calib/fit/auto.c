/* SPDX-License-Identifier: Apache-2.0
 * Mixed precision by measurement: what every format costs at every layer, the path of least noise, and where to stop on it.
 *
 * A format's noise at a layer's output comes from the Gram matrix of the inputs that the layer really sees; what it becomes
 * at the logits is scaled by the float probe of the same layer (sensitivity.h). Noise powers of layers add up. The
 * prediction only orders the steps: how far to go is decided by lowering the whole network and measuring (views.h). */
#include "assign.h"
#include "calib_run.h"
#include "pack/stage.h"
#include "quantize/shrink.h"

#include <math.h>
#include <string.h>

static const struct mnq_wformat probed[] = {{8, 0, 8}, {4, 0, 8}, {1, 3, 8}, {1, 2, 8}, {1, 1, 8}};
enum { PROBED_FORMATS = sizeof probed / sizeof *probed };
/* Default of --max-drop, points. */
static const double MAX_DROP = 1;

struct search {
    struct mnq_calib_run *c;
    const struct mnq_fit *fit;
    struct mnq_choices *choices;
    int n;
    struct mnq_step_down *step;
    bool *taken; /* [steps] */
    int steps;
    double bytes; /* of the weights before the first step */
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
    for (int i = 0; i < c->g->n; i++) {
        if (!may_choose(c, i)) continue;
        struct mnq_choices *x = &s->choices[s->n++];
        x->node = i;
        double gain = p->nearest[i] > 0 ? c->sensitivity[i] / p->nearest[i] : 0;
        bool measured = may_compress(c, i) && p->nearest[i] > 0;
        if (c->format[i].bits == 16) add_candidate(c, x, c->format[i], 0);
        if (!measured) {
            add_candidate(c, x, MNQ_WFORMAT_INT8, c->sensitivity[i]);
            continue;
        }
        for (int k = 0; k < PROBED_FORMATS; k++)
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
    int rc = mnq_calib_lower(s->c, &plain, true, NULL, "size", &scratch, &q, &error, e);
    if (rc == 0 && s->c->o->shrink) rc = mnq_shrink(&q, &r, e);
    if (rc == 0) rc = mnq_qmodel_plan(&q, e);
    if (rc == 0) rc = mnq_qmodel_stages(&q, &(struct mnq_stage_options){0}, e);
    if (rc == 0) rc = mnq_qmodel_pack(&q, &packed, &n, e);
    *bytes = (double)n + (double)s->c->o->meta_bytes - s->bytes;
    mnq_arena_free(&scratch);
    return rc;
}

/* Steps until the file fits. */
static int steps_for_flash(const struct search *s, int *steps, struct mnq_err *e)
{
    double other, limit = (double)s->c->o->flash;
    if (other_bytes(s, &other, e) != 0) return -1;
    for (*steps = 0; apply(s, *steps) + other > limit; (*steps)++)
        if (*steps == s->steps)
            return mnq_fail(e, MNQ_EXIT_FAILED,
                            "--flash %.0f cannot be met: the smallest file of this model has about %.0f bytes, %.0f of them "
                            "weights",
                            limit, apply(s, s->steps) + other, apply(s, s->steps));
    return 0;
}

/* Expected drop of the steps taken: of the very model that would be written, fitted to all samples. */
static int measure_taken(const struct search *s, double *drop, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_qmodel q;
    double ignored;
    apply_taken(s);
    int rc = mnq_calib_lower(s->c, s->fit, false, NULL, "formats", &scratch, &q, &ignored, e);
    if (rc == 0) rc = mnq_views_drop(&s->c->views, &q, drop, e);
    mnq_arena_free(&scratch);
    return rc;
}

static int measure(const struct search *s, int steps, double *drop, struct mnq_err *e)
{
    apply(s, steps);
    return measure_taken(s, drop, e);
}

/* Whether step i may be taken: the layer's step before it was. */
static bool reachable(const struct search *s, int i)
{
    for (int k = 0; k < i; k++)
        if (s->step[k].choices == s->step[i].choices && !s->taken[k]) return false;
    return true;
}

/* Behind the first step that costs too much others may still be affordable: takes the next ones one at a time. */
static int take_single_steps(const struct search *s, int from, double max_drop, struct mnq_err *e)
{
    enum { TRIALS = 6 };
    for (int i = from, trials = 0; i < s->steps && trials < TRIALS; i++) {
        double drop;
        if (!reachable(s, i)) continue;
        trials++;
        s->taken[i] = true;
        if (measure_taken(s, &drop, e) != 0) return -1;
        s->taken[i] = drop <= max_drop;
    }
    return 0;
}

/* Takes as many steps as are expected to cost no more than max_drop. `from` are taken already, for --flash. */
static int take_steps(const struct search *s, int from, double max_drop, struct mnq_err *e)
{
    int good = from, bad = s->steps + 1;
    double drop;
    if (measure(s, from, &drop, e) != 0) return -1;
    if (drop > max_drop)
        return mnq_fail(e, MNQ_EXIT_FAILED, "--max-drop %g cannot be met: %s expected to lose %.2f points", max_drop,
                        from > 0 ? "the formats that --flash leaves are" : "8- and 16-bit weights are", drop);
    if (s->c->o->flash > 0) return 0; /* the file fits: no further */
    while (bad - good > 1) {
        int middle = (good + bad) / 2;
        if (measure(s, middle, &drop, e) != 0) return -1;
        if (drop <= max_drop) good = middle;
        else bad = middle;
    }
    apply(s, good);
    return take_single_steps(s, bad, max_drop, e);
}

int mnq_calib_auto(struct mnq_calib_run *c, double *error, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    size_t n = (size_t)c->g->n;
    struct mnq_probe p = {.candidate = probed, .n = PROBED_FORMATS};
    /* What did not pay at 8 bits does at fewer. */
    struct mnq_fit fit = {MNQ_ROUND_SECOND_ORDER, c->o->refit, c->o->refit || c->o->bias_correction};
    struct search s = {.c = c, .fit = &fit};
    int steps = 0, rc = -1;
    double before = *error, max_drop = c->o->max_drop > 0 ? c->o->max_drop : c->o->flash > 0 ? 100 : MAX_DROP;
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
    list_choices(&s, &p);
    if (c->o->flash > 0 && steps_for_flash(&s, &steps, e) != 0) goto done;
    if (take_steps(&s, steps, max_drop, e) != 0) goto done;
    apply_taken(&s);
    if (mnq_calib_error(c, &fit, NULL, "formats", error, e) != 0) goto done;
    mnq_calib_pass(c, "formats chosen by measurement", before, *error, true);
    rc = 0;
done:
    mnq_arena_free(&arena);
    return rc;
}
