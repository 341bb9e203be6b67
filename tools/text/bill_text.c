/* SPDX-License-Identifier: Apache-2.0
 * What a model takes on a core, foretold, as text and JSON. */
#include "bill_text.h"

#include "table.h"

#include <stdio.h>

void mnq_bill_print(const struct mnq_xtarget *target, const struct mnq_xbill *b)
{
    char a[32];
    printf("on %s, as export%s foretells it\n", target->name, b->at_once ? " --plan speed" : "");
    printf("  flash       %12s   code %lld, weights %lld, tables %lld\n", mnq_text_count(a, b->flash), (long long)b->code,
           (long long)b->weights, (long long)b->tables);
    printf("  RAM         %12s   with the picture in memory, stack and all\n", mnq_text_count(a, b->ram));
    printf("  RAM, pushed %12s\n", mnq_text_count(a, b->ram_rows));
    printf("  instructions%12s\n", mnq_text_count(a, b->cycles));
}

void mnq_bill_json(struct mnq_json *w, const struct mnq_xtarget *target, const struct mnq_xbill *b)
{
    mnq_json_object(w, "on_target");
    mnq_json_string(w, "target", target->name);
    mnq_json_string(w, "plan", b->at_once ? "speed" : "balanced");
    mnq_json_object(w, "flash");
    mnq_json_int(w, "code", b->code);
    mnq_json_int(w, "weights", b->weights);
    mnq_json_int(w, "tables", b->tables);
    mnq_json_int(w, "total", b->flash);
    mnq_json_end(w);
    mnq_json_object(w, "ram");
    mnq_json_int(w, "total", b->ram);
    mnq_json_int(w, "total_pushed_rows", b->ram_rows);
    mnq_json_end(w);
    mnq_json_int(w, "instructions", b->cycles);
    mnq_json_end(w);
}
