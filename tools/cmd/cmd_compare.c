/* SPDX-License-Identifier: Apache-2.0
 * mnquant compare: layer by layer, an integer model against its float model. */
#include "command.h"
#include "commands.h"
#include "compare.h"
#include "figures.h"
#include "pack/weights.h"
#include "share.h"
#include "task_text.h"
#include "util/json.h"

#include <math.h>
#include <string.h>

struct compare_opts {
    struct mnq_model_opts model;
    struct mnq_data_opts from;
    struct mnq_opt_list data;
    double min_sqnr;
    bool sensitivity;
};

static const struct mnq_option options[] = {
    {"data", 'd', MNQ_OPT_LIST, offsetof(struct compare_opts, data), "PATH",
     "folder, CSV, HDF5 file with images, or pictures; may be repeated", 0, 0, NULL},
    {"min-sqnr", 0, MNQ_OPT_DOUBLE, offsetof(struct compare_opts, min_sqnr), "DB",
     "fail with exit code 3 if the last layer's SQNR is below DB", -100, 200, NULL},
    {"sensitivity", 's', MNQ_OPT_FLAG, offsetof(struct compare_opts, sensitivity), NULL,
     "also: noise at the logits that each layer causes alone, by 8-bit weights and by its output", 0, 0, NULL},
    MNQ_DATA_OPTIONS(struct compare_opts),
    MNQ_MODEL_OPTIONS(struct compare_opts),
};

static void init(void *opts)
{
    *(struct compare_opts *)opts = (struct compare_opts){.min_sqnr = (double)NAN};
}

static void cell_alone(struct mnq_table *t, double noise)
{
    if (isnan(noise)) mnq_table_cell(t, "-");
    else mnq_table_cell(t, "%.2e", noise);
}

static void print_text(const struct mnq_comparison *c, const struct mnq_qmodel *q, bool alone, struct mnq_cli *cli)
{
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, alone ? "llrrrrrrrrrr" : "llrrrrrrrr");
    static const char *const heading[] = {"layer", "op",        "output",    "channels", "bits",          "SQNR dB",
                                          "bias",  "max error", "clipped %", "cosine",   "weights alone", "output alone"};
    for (int i = 0; i < (alone ? 12 : 10); i++) mnq_table_cell(&t, "%s", heading[i]);
    for (int i = 0; i < c->n_layers; i++) {
        const struct mnq_compare_layer *l = &c->layer[i];
        const struct mnq_qlayer *ql = &q->layer[l->layer];
        mnq_table_cell(&t, "%s", l->name);
        mnq_table_cell(&t, "%s", mnq_layer_op_name(ql->op));
        mnq_table_cell(&t, "%dx%dx%d", l->out.h, l->out.w, l->out.c);
        mnq_table_cell(&t, "%d", l->channels);
        if (mnq_weights_bits(ql) > 0) mnq_table_cell(&t, "%d", mnq_weights_bits(ql));
        else mnq_table_cell(&t, "-");
        mnq_table_cell(&t, "%.2f", l->sqnr_db);
        mnq_table_cell(&t, "%+.5f", l->bias);
        mnq_table_cell(&t, "%.5f", l->max_error);
        mnq_table_cell(&t, "%.4f", 100 * l->clipped);
        mnq_table_cell(&t, "%.6f", l->cosine);
        if (!alone) continue;
        cell_alone(&t, l->weights_alone);
        cell_alone(&t, l->output_alone);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
    printf("\n%d samples, error = integer - float, over the channels that the integer model computes\n", c->samples);
    if (alone)
        printf(
            "alone: noise over signal power at the logits when one layer's weights have 8 bits, or its output is rounded\n"
            "and clipped as here, and everything else is float\n");
}

static int print_json(const struct mnq_comparison *c, const struct mnq_subject *s, bool alone, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &s[1].package.q;
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.compare/1");
    mnq_json_string(&w, "float", s[0].file);
    mnq_json_string(&w, "int8", s[1].file);
    mnq_tasks_json(&w, &s[0]);
    mnq_json_int(&w, "n", c->samples);
    mnq_json_int(&w, "unmatched", c->unmatched);
    mnq_json_array(&w, "layers");
    for (int i = 0; i < c->n_layers; i++) {
        const struct mnq_compare_layer *l = &c->layer[i];
        const struct mnq_qlayer *ql = &q->layer[l->layer];
        mnq_json_object(&w, NULL);
        mnq_json_string(&w, "name", l->name);
        mnq_json_string(&w, "op", mnq_layer_op_name(ql->op));
        mnq_json_row(&w, "output_shape");
        mnq_json_int(&w, NULL, l->out.h);
        mnq_json_int(&w, NULL, l->out.w);
        mnq_json_int(&w, NULL, l->out.c);
        mnq_json_end(&w);
        mnq_json_int(&w, "channels", l->channels);
        if (mnq_weights_bits(ql) > 0) mnq_json_int(&w, "weight_bits", mnq_weights_bits(ql));
        else mnq_json_null(&w, "weight_bits");
        mnq_json_double(&w, "sqnr_db", l->sqnr_db);
        mnq_json_double(&w, "bias", l->bias);
        mnq_json_double(&w, "rms_error", l->rms_error);
        mnq_json_double(&w, "max_error", l->max_error);
        mnq_json_double(&w, "rms_float", l->rms_float);
        mnq_json_double(&w, "clipped", l->clipped);
        mnq_json_double(&w, "cosine", l->cosine);
        if (alone) {
            mnq_json_double(&w, "weights_alone", l->weights_alone);
            mnq_json_double(&w, "output_alone", l->output_alone);
        }
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

/* The two models in either order: float first afterwards. */
static int sort_pair(struct mnq_subject *s, struct mnq_err *e)
{
    if (s[0].kind == s[1].kind)
        return mnq_fail(e, MNQ_EXIT_USAGE,
                        "%s and %s are both %s models; compare needs a float one and the .mnq made from it", s[0].file,
                        s[1].file, mnq_subject_kind_name(s[0].kind));
    if (s[0].kind == MNQ_SUBJECT_INT8) {
        struct mnq_subject t = s[0];
        s[0] = s[1];
        s[1] = t;
    }
    return 0;
}

static int run(struct mnq_cli *cli)
{
    const struct compare_opts *o = cli->opts;
    struct mnq_subject *s = mnq_arena_array(&cli->arena, 2, sizeof *s);
    struct mnq_comparison c;
    struct mnq_data data = mnq_cli_data(cli, &o->data, &o->from);
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (o->data.n == 0) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--data is missing: the pictures to compare on");
    struct mnq_model_opts model = o->model;
    model.pictures = &data;
    if (mnq_cli_open_all(cli, &model, cli->input, 2, s) != 0 || sort_pair(s, &cli->err) != 0) return -1;
    if (mnq_cli_settle_all(cli, s, 1, &data) != 0) return -1;
    if (mnq_compare(&s[0], &s[1], &data, cli->global.threads, &c, &cli->arena, mnq_term_progress, &cli->term, &cli->err) !=
        0)
        return -1;
    if (o->sensitivity &&
        mnq_compare_alone(&s[0], &s[1], &data, cli->global.threads, &c, mnq_term_progress, &cli->term, &cli->err) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    mnq_cli_say(cli, s, 2);
    if (c.unmatched > 0)
        mnq_term_note(&cli->term, 0, "%d integer layers have no float layer of the same name and shape", c.unmatched);
    if (!cli->global.json) print_text(&c, &s[1].package.q, o->sensitivity, cli);
    else if (print_json(&c, s, o->sensitivity, &cli->err) != 0) return -1;
    double last = c.layer[c.n_layers - 1].sqnr_db;
    if (!isnan(o->min_sqnr) && !(last >= o->min_sqnr))
        return mnq_fail(&cli->err, MNQ_EXIT_GATE, "%s: SQNR of the last layer is %.2f dB, wanted at least %g dB", s[1].file,
                        last, o->min_sqnr);
    return 0;
}

const struct mnq_command mnq_cmd_compare = {
    .name = "compare",
    .summary = "layer by layer: SQNR, bias, error, clipping, cosine of int8 against float",
    .usage = "FLOAT INT8 --data PATH",
    .about = "Runs the float model and the .mnq made from it on the same data and prints, for\n"
             "every integer layer, how far its output is from the float layer's: signal to\n"
             "quantization noise ratio, mean error (bias), largest error, share of values outside\n"
             "what the layer can represent, and cosine. Errors of earlier layers are included,\n"
             "as they are in use. With --sensitivity also what each layer does to the result on its\n"
             "own, with everything else in float.",
    .examples = "  mnquant compare model.h5 model.mnq --data calib/\n"
                "  mnquant compare model.h5 model.mnq --data calib/ --sensitivity\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct compare_opts),
    .init = init,
    .min_inputs = 2,
    .max_inputs = 2,
    .run = run,
};
