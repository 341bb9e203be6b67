/* SPDX-License-Identifier: Apache-2.0
 * How weights are fitted: each step is tried on the samples that it may fit and judged on those held back. */
#include "calib_run.h"

#include <string.h>

void mnq_calib_pass(struct mnq_calib_run *c, const char *name, double before, double after, bool kept)
{
    c->report->pass[c->report->n_passes++] = (struct mnq_calib_pass){name, before, after, kept};
}

int mnq_calib_lower(struct mnq_calib_run *c, const struct mnq_fit *fit, struct mnq_split split,
                    const struct mnq_probe *probe, const char *phase, struct mnq_arena *arena, struct mnq_qmodel *q,
                    double *error, struct mnq_err *e)
{
    struct mnq_seq_opts s = {.rounding = fit->rounding,
                             .refit = fit->refit,
                             .bias_correction = fit->bias,
                             .format = c->format,
                             .level = c->level,
                             .stride = 1,
                             .split = split,
                             .probe = probe,
                             .threads = c->threads};
    if (split.every > 1 && !fit->refit && !fit->bias && fit->rounding == MNQ_ROUND_NEAREST && probe == NULL) {
        s.stride = split.every; /* nothing is fitted: the samples held back suffice */
        s.first = split.at;
        s.split = (struct mnq_split){0};
    }
    c->lowering.arena = arena;
    return mnq_sequential(&c->lowering, &c->stats, &s, q, error, c->progress, c->progress_ctx, phase, e);
}

int mnq_calib_error(struct mnq_calib_run *c, const struct mnq_fit *fit, const struct mnq_probe *probe, const char *phase,
                    double *error, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_qmodel q;
    int rc = mnq_calib_lower(c, fit, c->judged, probe, phase, &scratch, &q, error, e);
    mnq_arena_free(&scratch);
    return rc;
}

/* Share of the noise that a step has to leave at most: one that changes every weight must earn it, unless few bits do. */
static const double ANY_GAIN = 1, CLEAR_GAIN = 0.9;

static bool any_few_bits(const struct mnq_calib_run *c)
{
    for (int i = 0; i < c->g->n; i++)
        if (c->format[i].bits < 8) return true;
    return false;
}

/* Tries a fit, notes it, and takes it if the noise falls enough. */
static int try_fit(struct mnq_calib_run *c, const struct mnq_fit *tried, double most, const char *name, const char *phase,
                   struct mnq_fit *fit, double *error, struct mnq_err *e)
{
    double after;
    if (mnq_calib_error(c, tried, NULL, phase, &after, e) != 0) return -1;
    bool kept = after <= most * *error;
    mnq_calib_pass(c, name, *error, after, kept);
    if (!kept) return 0;
    *fit = *tried;
    *error = after;
    return 0;
}

int mnq_calib_choose_fit(struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    *fit = (struct mnq_fit){MNQ_ROUND_NEAREST, false, false};
    if (o->rounding == MNQ_ROUND_SECOND_ORDER) {
        struct mnq_fit tried = {MNQ_ROUND_SECOND_ORDER, false, false};
        if (try_fit(c, &tried, ANY_GAIN, "second-order rounding", "round", fit, error, e) != 0) return -1;
    }
    if (o->bias_correction) {
        struct mnq_fit tried = {fit->rounding, false, true};
        if (try_fit(c, &tried, ANY_GAIN, "bias correction", "correct", fit, error, e) != 0) return -1;
    }
    if (o->refit) { /* the means move with the weights, so biases follow */
        struct mnq_fit tried = {o->rounding, true, true};
        if (try_fit(c, &tried, any_few_bits(c) ? ANY_GAIN : CLEAR_GAIN, "re-fit to the float layers", "re-fit", fit, error,
                    e) != 0)
            return -1;
    }
    return 0;
}

int mnq_calib_refit(struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e)
{
    static const struct mnq_fit nearest = {MNQ_ROUND_NEAREST, false, false};
    if (mnq_calib_error(c, &nearest, NULL, "formats", error, e) != 0) return -1;
    return mnq_calib_choose_fit(c, fit, error, e);
}
