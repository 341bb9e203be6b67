/* SPDX-License-Identifier: Apache-2.0
 * What was tried and what it gained. */
#include "tried.h"

#include "util/json.h"

#include <stdio.h>

void mnq_passes_print(const struct mnq_calib_pass *pass, int n, struct mnq_cli *cli)
{
    struct mnq_table t;
    if (n == 0) return;
    mnq_table_init(&t, &cli->arena, "lrrl");
    mnq_table_row(&t, "pass", "error before", "after", "");
    for (int i = 0; i < n; i++) {
        mnq_table_cell(&t, "%s", pass[i].name);
        mnq_table_cell(&t, "%.3e", pass[i].before);
        mnq_table_cell(&t, "%.3e", pass[i].after);
        mnq_table_cell(&t, "%s", pass[i].kept ? "kept" : "dropped");
    }
    printf("\n");
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

void mnq_passes_json(struct mnq_json *w, const struct mnq_calib_pass *pass, int n)
{
    mnq_json_array(w, "passes");
    for (int i = 0; i < n; i++) {
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", pass[i].name);
        mnq_json_double(w, "before", pass[i].before);
        mnq_json_double(w, "after", pass[i].after);
        mnq_json_bool(w, "kept", pass[i].kept);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}
