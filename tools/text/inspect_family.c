/* SPDX-License-Identifier: Apache-2.0
 * `mnquant inspect --family`: costs at every width and input size. */
#include "inspect.h"

#include "cost_table.h"
#include "inspect_row.h"
#include "share.h"

int mnq_inspect_family(int family, struct mnq_cli *cli)
{
    struct mnq_cost_table t;
    const char *name = mnq_cost_families[family];
    if (mnq_cost_family(family, cli->global.threads, &t, &cli->arena, &cli->err) != 0) return -1;
    const struct mnq_cost_point *base = &t.point[t.base];
    if (cli->global.json) {
        struct mnq_json w = {.indent = 2};
        mnq_json_object(&w, NULL);
        mnq_json_string(&w, "schema", "mnquant.inspect/1");
        mnq_json_string(&w, "family", name);
        mnq_json_object(&w, "base");
        mnq_json_double(&w, "width", base->width);
        mnq_inspect_json_shape(&w, "input_shape", base->input);
        mnq_json_end(&w);
        mnq_cost_json(&t, &w, "grid");
        mnq_json_end(&w);
        return mnq_cli_print_json(&w, &cli->err);
    }
    printf("%s, 1000 classes, as int8 before choices that depend on data; x: relative to %.2f at %dx%d\n\n", name,
           base->width, base->input.h, base->input.w);
    mnq_cost_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out), &cli->arena);
    return 0;
}
