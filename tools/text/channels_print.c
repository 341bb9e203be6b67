/* SPDX-License-Identifier: Apache-2.0
 * What structured pruning came to, as text and as JSON. */
#include "channels_print.h"

#include "drop_text.h"
#include "share.h"
#include "tried.h"
#include "tune_print.h"
#include "util/json.h"

#include <math.h>

static void add_up(const struct mnq_channel_report *r, int *before, int *after)
{
    *before = *after = 0;
    for (int l = 0; l < r->n_groups; l++) {
        *before += r->group[l].channels;
        *after += r->group[l].left;
    }
}

void mnq_channels_print(const struct mnq_channels_result *x, struct mnq_cli *cli)
{
    const struct mnq_channel_report *r = x->report;
    struct mnq_table table;
    char a[32], b[32];
    int before, after;
    const char *head = mnq_term_bold(cli->term.color_out), *plain = mnq_term_plain(cli->term.color_out);
    mnq_table_init(&table, &cli->arena, "lrrrr");
    mnq_table_row(&table, "channels made by", "layers", "channels", "left", "MACs each");
    for (int l = 0; l < r->n_groups; l++) {
        const struct mnq_channel_group *gr = &r->group[l];
        mnq_table_cell(&table, "%s", gr->name);
        mnq_table_cell(&table, "%d", gr->writers);
        mnq_table_cell(&table, "%d", gr->channels);
        mnq_table_cell(&table, "%d", gr->left);
        mnq_table_cell(&table, "%s", mnq_text_count(a, gr->saves));
    }
    mnq_table_print(&table, stdout, head, plain);
    mnq_passes_print(r->pass, r->n_passes, cli);
    add_up(r, &before, &after);
    printf("\n");
    mnq_text_put(stdout, x->output, false);
    printf(": channels, %s", r->samples > 0 ? "obs" : "magnitude");
    if (r->samples > 0) printf(", %d samples", r->samples);
    printf("\nMACs          %12s   of %s (%.1f %% left)\n", mnq_text_count(a, r->macs_after),
           mnq_text_count(b, r->macs_before), 100.0 * (double)r->macs_after / (double)r->macs_before);
    printf("channels      %12s   of %s that could leave (%.1f %% left)\n", mnq_text_count(a, after),
           mnq_text_count(b, before), 100.0 * after / before);
    printf("parameters    %12s   of %s (%.1f %% left)\n", mnq_text_count(a, x->params_after),
           mnq_text_count(b, x->params_before), 100.0 * (double)x->params_after / (double)x->params_before);
    if (x->tuned != NULL) mnq_tune_print(x->tuned);
    if (r->drop.pictures > 0) mnq_drop_print(&r->drop, x->subject, x->subject->file, true);
    else if (r->no_estimate != NULL && x->tuned == NULL) mnq_drop_print_none(r->no_estimate);
    if (!isnan(r->error)) printf("logits             %.1e   noise over signal on held-back samples\n", r->error);
}

int mnq_channels_json(const struct mnq_channels_result *x, struct mnq_cli *cli)
{
    const struct mnq_channel_report *r = x->report;
    struct mnq_json w = {.indent = 2};
    int before, after;
    add_up(r, &before, &after);
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.prune-channels/1");
    mnq_json_string(&w, "source", x->subject->file);
    mnq_json_string(&w, "output", x->output);
    mnq_json_double(&w, "asked", x->ratio);
    mnq_json_int(&w, "samples", r->samples);
    mnq_json_int(&w, "macs_before", r->macs_before);
    mnq_json_int(&w, "macs", r->macs_after);
    mnq_json_int(&w, "channels_before", before);
    mnq_json_int(&w, "channels", after);
    mnq_json_int(&w, "params_before", x->params_before);
    mnq_json_int(&w, "params", x->params_after);
    mnq_json_double(&w, "error", r->error);
    mnq_drop_json(&w, r->drop.pictures > 0 ? &r->drop : NULL, x->subject, x->subject->file);
    mnq_json_array(&w, "groups");
    for (int l = 0; l < r->n_groups; l++) {
        const struct mnq_channel_group *gr = &r->group[l];
        mnq_json_object(&w, NULL);
        mnq_json_string(&w, "name", gr->name);
        mnq_json_int(&w, "layers", gr->writers);
        mnq_json_int(&w, "channels_before", gr->channels);
        mnq_json_int(&w, "channels", gr->left);
        mnq_json_int(&w, "macs_each", gr->saves);
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    mnq_passes_json(&w, r->pass, r->n_passes);
    if (x->tuned != NULL) {
        mnq_json_object(&w, "tune");
        mnq_tune_json(&w, x->tuned);
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, &cli->err);
}
