/* SPDX-License-Identifier: Apache-2.0
 * Help as a JSON document, for scripts that look at the options. */
#include "help_json.h"

#include "globals.h"

#include <stdlib.h>

static void put_options(struct mnq_json *w, const char *key, const struct mnq_option *o, int n, const void *defaults)
{
    mnq_json_array(w, key);
    for (int i = 0; i < n; i++) {
        char letter[2] = {o[i].letter, '\0'}, value[80];
        mnq_option_default(&o[i], defaults, value, sizeof value);
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", o[i].name);
        mnq_json_string(w, "letter", o[i].letter != 0 ? letter : NULL);
        mnq_json_string(w, "argument", o[i].arg);
        mnq_json_string(w, "help", o[i].help);
        mnq_json_string(w, "default", value[0] != '\0' ? value : NULL);
        if (o[i].type == MNQ_OPT_CHOICE) {
            mnq_json_array(w, "choices");
            for (int k = 0; o[i].word[k] != NULL; k++) mnq_json_string(w, NULL, o[i].word[k]);
            mnq_json_end(w);
        }
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void put_command(struct mnq_json *w, const struct mnq_command *c)
{
    void *defaults = calloc(1, c->opts_size);
    if (defaults == NULL) {
        w->failed = true;
        return;
    }
    c->init(defaults);
    mnq_json_object(w, NULL);
    mnq_json_string(w, "name", c->name);
    mnq_json_string(w, "summary", c->summary);
    mnq_json_string(w, "usage", c->usage);
    mnq_json_string(w, "about", c->about);
    put_options(w, "options", c->option, c->n_options, defaults);
    mnq_json_end(w);
    free(defaults);
}

void mnq_help_json(struct mnq_json *w, const struct mnq_program *p, const struct mnq_command *c)
{
    struct mnq_globals g;
    mnq_globals_init(&g);
    mnq_json_object(w, NULL);
    mnq_json_string(w, "schema", "mnquant.help/1");
    mnq_json_array(w, "commands");
    for (int i = 0; i < p->n; i++)
        if (c == NULL || c == p->command[i]) put_command(w, p->command[i]);
    mnq_json_end(w);
    put_options(w, "global_options", mnq_global_options, mnq_n_global_options, &g);
    mnq_json_end(w);
}
