/* SPDX-License-Identifier: Apache-2.0
 * An expected drop, as a line and as JSON. */
#include "drop_text.h"

#include "drop.h"
#include "command.h"

#include <stdio.h>

const char *mnq_drop_unit(const struct mnq_subject *s)
{
    return s->n_outputs > 1 ? "the output that loses most" : mnq_task_drop_unit(&s->task);
}

void mnq_drop_print(const struct mnq_bound *b, const struct mnq_subject *s, const char *against, bool parts)
{
    printf("expected drop %11.2f points of %s, %.2f to %.2f with %.0f %%, against ", b->points, mnq_drop_unit(s), b->low, b->high,
           100 * MNQ_DROP_CONFIDENCE);
    mnq_text_put(stdout, against, false);
    printf(parts ? ", by parts of %d samples\n" : ", by %d pictures\n", b->pictures);
}

void mnq_drop_print_none(const char *why)
{
    printf("expected drop not estimated: %s\n", why);
}

void mnq_drop_json(struct mnq_json *w, const struct mnq_bound *b, const struct mnq_subject *s, const char *against)
{
    if (b == NULL) {
        mnq_json_null(w, "expected_drop");
    } else {
        mnq_json_object(w, "expected_drop");
        mnq_json_double(w, "points", b->points);
        mnq_json_double(w, "low", b->low);
        mnq_json_double(w, "high", b->high);
        mnq_json_double(w, "confidence", MNQ_DROP_CONFIDENCE);
        mnq_json_int(w, "pictures", b->pictures);
        mnq_json_string(w, "against", against);
        mnq_json_end(w);
    }
    mnq_json_string(w, "expected_drop_of", mnq_drop_unit(s));
}
