/* SPDX-License-Identifier: Apache-2.0
 * What `--weights auto` tried and what it can promise, as text. */
#include "auto_text.h"

#include <stdio.h>

const char *mnq_point_formats(const struct mnq_calib_point *p, char text[MNQ_POINT_TEXT])
{
    if (p->format.bits == 0) return "mixed";
    if (p->format.bits == 1) snprintf(text, MNQ_POINT_TEXT, "binary x%d", p->format.bases);
    else if (p->format.bits == 2) snprintf(text, MNQ_POINT_TEXT, "ternary");
    else snprintf(text, MNQ_POINT_TEXT, "int%d", p->format.bits);
    return text;
}

const char *mnq_point_weights(const struct mnq_calib_point *p)
{
    return p->tuned ? "tuned" : "as they are";
}

const char *mnq_point_note(const struct mnq_calib_point *p)
{
    if (p->chosen) return "chosen";
    if (!p->fits) return "over the budgets";
    return !p->complete ? "given up" : p->vain ? "tuning brought nothing" : "";
}

bool mnq_promise_text(const struct mnq_calib_report *r, char *text, size_t n)
{
    if (!(r->asked_drop > 0)) return false;
    if (r->promised)
        snprintf(text, n, "no more than %g points are lost with %.0f %% confidence", r->asked_drop,
                 100 * MNQ_PROMISE_CONFIDENCE);
    else if (r->pictures_wanted < 0)
        snprintf(text, n, "%d pictures cannot promise a drop of at most %g points: written is the safest choice",
                 r->drop.pictures, r->asked_drop);
    else
        snprintf(text, n,
                 "%d pictures cannot promise a drop of at most %g points with %.0f %% confidence, about %ld would do: "
                 "written is the safest choice",
                 r->drop.pictures, r->asked_drop, 100 * MNQ_PROMISE_CONFIDENCE, r->pictures_wanted);
    return true;
}
