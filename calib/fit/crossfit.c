/* SPDX-License-Identifier: Apache-2.0
 * What a calibration is expected to lose, told by pictures that its weights were not fitted to.
 *
 * The samples are split into folds. For each fold the network is lowered with weights fitted to the other folds and asked
 * about views of this one; so every picture judges, and none judges what it was fitted to. The model that is written is
 * fitted to all of them: a little better than those judged. */
#include "calib_run.h"

#include <stdlib.h>

/* Whether a lowering with this fit looks at the samples at all. */
static bool fits(const struct mnq_fit *fit)
{
    return fit->rounding != MNQ_ROUND_NEAREST || fit->refit || fit->bias;
}

int mnq_calib_ask(struct mnq_calib_run *c, const struct mnq_fit *fit, struct mnq_split fitted, struct mnq_split asked,
                  const char *phase, float *got, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_qmodel q;
    double ignored;
    int rc = mnq_calib_lower(c, fit, fitted, NULL, phase, &scratch, &q, &ignored, e);
    if (rc == 0) rc = mnq_views_ask(&c->views, c->g, &q, asked, got, e);
    mnq_arena_free(&scratch);
    return rc;
}

int mnq_calib_losses(struct mnq_calib_run *c, const struct mnq_fit *fit, const char *phase, double *loss, struct mnq_err *e)
{
    static const struct mnq_split all = {0};
    const struct mnq_split last = {MNQ_SPLIT_FOLDS, MNQ_SPLIT_JUDGE};
    bool few = false;
    for (int i = 0; i < c->g->n; i++) few = few || c->format[i].bits < 8;
    /* Half of the samples fit 8 bits as well as all do; of fewer bits the estimate would be too dark. */
    int folds = few && c->stats.held >= 2 * MNQ_SPLIT_FOLDS ? MNQ_SPLIT_FOLDS : 2, rc = 0, n = -1;
    float *got = calloc(mnq_views_floats(&c->views), sizeof *got);
    if (got == NULL) return mnq_fail_nomem(e);
    if (c->o->validation != NULL) {
        rc = mnq_calib_ask(c, fit, all, all, phase, got, e);
        if (rc == 0) n = mnq_views_losses(&c->views, got, all, loss, e);
    } else if (c->o->against != NULL || c->learned) {
        rc = mnq_calib_ask(c, fit, last, last, phase, got, e);
        if (rc == 0) n = mnq_views_losses(&c->views, got, last, loss, e);
    } else if (!fits(fit)) {
        rc = mnq_calib_ask(c, fit, all, all, phase, got, e);
        if (rc == 0) n = mnq_views_losses(&c->views, got, all, loss, e);
    } else {
        for (int f = 0; f < folds && rc == 0; f++) {
            struct mnq_split fold = {folds, f};
            rc = mnq_calib_ask(c, fit, fold, fold, phase, got, e);
        }
        if (rc == 0) n = mnq_views_losses(&c->views, got, all, loss, e);
    }
    free(got);
    return n;
}
