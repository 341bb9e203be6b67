/* SPDX-License-Identifier: Apache-2.0
 * mnquant import: any float model we read, written as a full Keras model. */
#include "command.h"
#include "commands.h"
#include "outputs.h"
#include "pack/keras_write.h"
#include "share.h"
#include "util/json.h"

#include <string.h>

struct import_opts {
    const char *arch, *output;
    int resolution;
    bool force;
};

static const struct mnq_option options[] = {
    {"output", 'o', MNQ_OPT_STRING, offsetof(struct import_opts, output), "FILE", "the HDF5 file to write", 0, 0, NULL},
    {"force", 'f', MNQ_OPT_FLAG, offsetof(struct import_opts, force), NULL, "overwrite FILE", 0, 0, NULL},
    {"arch", 0, MNQ_OPT_STRING, offsetof(struct import_opts, arch), "NAME|FILE",
     "weights-only files: the architecture, by name or as a YAML file", 0, 0, NULL},
    {"resolution", 0, MNQ_OPT_INT, offsetof(struct import_opts, resolution), "N",
     "input height and width, if not the file's own", 1, MNQ_RESOLUTION_MAX, NULL},
};

static void init(void *opts)
{
    *(struct import_opts *)opts = (struct import_opts){.arch = NULL};
}

static int report(struct mnq_cli *cli, const struct mnq_subject *s, const char *output)
{
    char a[32], b[32];
    const struct mnq_graph *g = &s->raw;
    if (!cli->global.json) {
        if (cli->global.quiet) return 0;
        mnq_text_put(stdout, output, false);
        printf(": ");
        mnq_text_put(stdout, g->origin == NULL ? "float model" : g->origin, false);
        printf(", %d layers, %s MACs, %s parameters\n", g->n, mnq_text_count(a, s->macs), mnq_text_count(b, s->params));
        for (int i = 0; i < g->n_note; i++) {
            printf("note: ");
            mnq_text_put(stdout, g->note[i], false);
            printf("\n");
        }
        return 0;
    }
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.import/1");
    mnq_json_string(&w, "source", s->file);
    mnq_json_string(&w, "origin", g->origin);
    mnq_json_string(&w, "output", output);
    mnq_json_int(&w, "layers", g->n);
    mnq_json_int(&w, "macs", s->macs);
    mnq_json_int(&w, "params", s->params);
    mnq_json_array(&w, "notes");
    for (int i = 0; i < g->n_note; i++) mnq_json_string(&w, NULL, g->note[i]);
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, &cli->err);
}

static int run(struct mnq_cli *cli)
{
    const struct import_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    struct mnq_subject *s = mnq_arena_alloc(&cli->arena, sizeof *s);
    struct mnq_subject_opts so = {.import = {.arch = o->arch, .resolution = o->resolution}};
    if (s == NULL) return mnq_fail_nomem(e);
    if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the HDF5 file to write");
    if (mnq_cli_output(cli, o->output, o->force, true) < 0) return -1;
    if (mnq_subject_open(cli->input[0], &so, s, &cli->arena, e) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: is an integer model; import takes float ones", s->file);
    uint8_t *bytes;
    size_t n;
    if (mnq_keras_make(&s->raw, &bytes, &n, e) != 0) return mnq_fail_in(e, o->output);
    cli->owned = bytes;
    if (mnq_cli_write(cli, bytes, n) != 0) return -1;
    if (s->raw.preprocess != NULL)
        mnq_term_note(&cli->term, 0, "a Keras file cannot say how pixels become inputs; this model wants --preprocess %s",
                      s->raw.preprocess);
    return report(cli, s, o->output);
}

const struct mnq_command mnq_cmd_import = {
    .name = "import",
    .summary = "read any supported float model, write it as a full Keras model",
    .usage = "MODEL -o FILE.h5",
    .about = "Reads a float model in any container we know and writes it as a Keras 2 full model\n"
             "(HDF5 with model_config and weights), which Keras and every command here read.",
    .examples = "  mnquant import weights.h5 --arch v1 -o model.h5\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct import_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = 1,
    .run = run,
};
