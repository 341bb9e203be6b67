/* SPDX-License-Identifier: Apache-2.0
 * What tuning came to, for tune and prune. */
#include "tune_print.h"

#include "drop_text.h"

#include <math.h>
#include <stdio.h>

void mnq_tune_print(const struct mnq_tune_report *r)
{
    printf("divergence    %11.4f   before %.4f, on held-back samples\n", r->after.kl, r->before.kl);
    printf("agreement     %11.2f %% with the teacher, before %.2f %%\n", r->after.agreement, r->before.agreement);
    if (!isnan(r->after.right))
        printf("right         %11.2f %% of the labels of held-back samples, before %.2f %%\n", r->after.right, r->before.right);
    if (!r->kept) printf("kept          what came in: the divergence did not fall by 5 %%, or the agreement fell\n");
    if (r->no_estimate != NULL) mnq_drop_print_none(r->no_estimate);
    if (r->stopped) printf("stopped       by --time-limit, with the best weights so far\n");
}

void mnq_tune_json(struct mnq_json *w, const struct mnq_tune_report *r)
{
    mnq_json_int(w, "held", r->held);
    mnq_json_int(w, "views", r->views);
    mnq_json_int(w, "layers", r->layers);
    mnq_json_string(w, "from", r->from);
    mnq_json_object(w, "heldout");
    mnq_json_double(w, "kl_before", r->before.kl);
    mnq_json_double(w, "kl_after", r->after.kl);
    mnq_json_double(w, "agreement_before", r->before.agreement);
    mnq_json_double(w, "agreement_after", r->after.agreement);
    mnq_json_double(w, "right_before", r->before.right);
    mnq_json_double(w, "right_after", r->after.right);
    mnq_json_end(w);
    mnq_json_bool(w, "kept", r->kept);
    mnq_json_bool(w, "stopped", r->stopped);
    mnq_json_int(w, "steps", r->steps);
    mnq_json_int(w, "resumed", r->resumed);
    mnq_json_double(w, "seconds", r->seconds);
}
