/* SPDX-License-Identifier: Apache-2.0
 * mnquant calibrate: a float model and sample data in, an integer model out. */
#include "auto_page.h"
#include "calibrate_make.h"
#include "commands.h"
#include "outputs.h"
#include "recipe_read.h"
#include "share.h"
#include "util/json.h"
#include "util/ydoc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct calibrate_opts {
    struct mnq_recipe recipe;
    struct mnq_opt_list data, val;
    const char *against;
    struct mnq_data_opts from;
    const char *recipe_file, *output, *save_recipe, *html;
    double time_limit;
    bool force, print_recipe, tune;
};

#define R(member) offsetof(struct calibrate_opts, recipe.member)
static const struct mnq_option options[] = {
    {"data", 'd', MNQ_OPT_LIST, offsetof(struct calibrate_opts, data), "PATH",
     "sample pictures: folder, CSV, HDF5 file with images; may be repeated", 0, 0, NULL},
    {"output", 'o', MNQ_OPT_STRING, offsetof(struct calibrate_opts, output), "FILE", "the .mnq to write", 0, 0, NULL},
    {"force", 'f', MNQ_OPT_FLAG, offsetof(struct calibrate_opts, force), NULL, "overwrite FILE", 0, 0, NULL},
    {"recipe", 'r', MNQ_OPT_STRING, offsetof(struct calibrate_opts, recipe_file), "FILE",
     "YAML file with any of the options below as keys; the command line wins", 0, 0, NULL},
    {"print-recipe", 0, MNQ_OPT_FLAG, offsetof(struct calibrate_opts, print_recipe), NULL,
     "print the effective recipe and stop", 0, 0, NULL},
    {"save-recipe", 0, MNQ_OPT_STRING, offsetof(struct calibrate_opts, save_recipe), "FILE",
     "write the recipe that repeats this result, with the formats that --weights auto chose", 0, 0, NULL},
    {"html", 0, MNQ_OPT_STRING, offsetof(struct calibrate_opts, html), "FILE",
     "--weights auto: also write a page, expected loss against bytes of what was tried", 0, 0, NULL},
    {"preprocess", 'p', MNQ_OPT_STRING, R(preprocess), "NAME",
     "how pixels become inputs: tf, torch, caffe, unit, none, or SCALE:OFFSET with one number or one per channel on each "
     "side",
     0, 0, NULL},
    {"resize", 0, MNQ_OPT_CHOICE, R(resize), "HOW", "stretch the picture, or crop its centre square", 0, 0,
     mnq_resize_words},
    {"filter", 0, MNQ_OPT_CHOICE, R(filter), "NAME",
     "resizing: bilinear as PIL (antialiased) or TensorFlow does it; nearest, bicubic as PIL", 0, 0, mnq_filter_words},
    {"arch", 0, MNQ_OPT_STRING, R(arch), "NAME|FILE", "weights-only files: the architecture, by name or as a YAML file", 0,
     0, NULL},
    {"resolution", 0, MNQ_OPT_INT, R(resolution), "N", "input height and width, if not the file's own", 1,
     MNQ_RESOLUTION_MAX, NULL},
    MNQ_TASK_OPTIONS(R(task), R(threshold)),
    MNQ_DATA_OPTIONS(struct calibrate_opts),
    {"observer", 0, MNQ_OPT_CHOICE, R(observer), "NAME",
     "how activation ranges are chosen: auto, minmax, percentile, mse, kl", 0, 0, mnq_observer_words},
    {"percentile", 0, MNQ_OPT_DOUBLE, R(percentile), "P", "share of values kept by the percentile observer",
     MNQ_PERCENTILE_MIN, MNQ_PERCENTILE_MAX, NULL},
    {"act-scale", 0, MNQ_OPT_CHOICE, R(act_scale), "HOW", "activation scales: one per channel, or one per tensor", 0, 0,
     mnq_act_scale_words},
    {"rounding", 0, MNQ_OPT_CHOICE, R(rounding), "HOW", "of 1x1 and dense weights: second-order or nearest", 0, 0,
     mnq_rounding_words},
    {"wide", 0, MNQ_OPT_CHOICE, R(wide), "WHICH", "layers with 16-bit weights: auto, none, all", 0, 0, mnq_wide_words},
    {"wide-activations", 0, MNQ_OPT_CHOICE, R(wide_activations), "WHICH",
     "tensors with 16-bit activations: auto (never more RAM), none, all", 0, 0, mnq_wide_words},
    {"wide-budget", 0, MNQ_OPT_DOUBLE, R(wide_budget), "SHARE", "extra weight bytes that --wide auto may spend, as a share",
     0, MNQ_WIDE_BUDGET_MAX, NULL},
    {"bias-correction", 0, MNQ_OPT_CHOICE, R(bias_correction), "ON|OFF",
     "correct biases where that lowers the measured error", 0, 0, mnq_switch_words},
    {"weights", 'w', MNQ_OPT_CHOICE, R(weights), "FORMAT",
     "of 1x1 and dense layers: int8, int4, ternary, binary, or auto (chosen by measurement)", 0, 0, mnq_weights_words},
    {"bases", 0, MNQ_OPT_INT, R(bases), "M", "binary weights: sign vectors per output channel", 1, MNQ_BASES_MAX, NULL},
    {"small-layer", 0, MNQ_OPT_INT, R(small_layer), "N", "layers with fewer weights keep 8 or 16 bits", 0,
     MNQ_SMALL_LAYER_MAX, NULL},
    {"max-drop", 0, MNQ_OPT_DOUBLE, R(max_drop), "POINTS",
     "--weights auto: the smallest file that with 90 % confidence loses no more accuracy than this (1 unless --flash is "
     "given)",
     MNQ_MAX_DROP_MIN, MNQ_MAX_DROP_MAX, NULL},
    {"flash", 0, MNQ_OPT_SIZE, R(flash), "BYTES",
     "--weights auto: the best model in a file of at most this size (k, M, KiB, MiB may follow); with --target, any "
     "weights: "
     "of at most so much flash in all",
     1, MNQ_FLASH_MAX, NULL},
    {"against", 0, MNQ_OPT_STRING, offsetof(struct calibrate_opts, against), "FLOAT",
     "the float model that MODEL was pruned or tuned from: the expected drop counts from it", 0, 0, NULL},
    {"val", 0, MNQ_OPT_LIST, offsetof(struct calibrate_opts, val), "PATH",
     "pictures that tell the expected drop and nothing else, instead of parts of the samples; may be repeated", 0, 0, NULL},
    {"re-fit", 0, MNQ_OPT_CHOICE, R(re_fit), "ON|OFF",
     "re-fit weights to the float layers' outputs where that lowers the measured error", 0, 0, mnq_switch_words},
    {"tune", 0, MNQ_OPT_FLAG, offsetof(struct calibrate_opts, tune), NULL, "the same as --tune-weights on", 0, 0, NULL},
    {"tune-weights", 0, MNQ_OPT_CHOICE, R(tune_weights), "ON|OFF",
     "weights of few bits, and what comes behind, learn from the float model; kept where that clearly helps", 0, 0,
     mnq_switch_words},
    {"use-labels", 0, MNQ_OPT_CHOICE, R(use_labels), "ON|OFF",
     "--tune: learn from the labels of the data too, where they are the classes that MODEL tells apart", 0, 0,
     mnq_switch_words},
    {"time-limit", 0, MNQ_OPT_DOUBLE, offsetof(struct calibrate_opts, time_limit), "SECONDS",
     "stop tuning after this time with the best weights so far", 1, 1e6, NULL},
    {"storage", 0, MNQ_OPT_CHOICE, R(storage), "HOW",
     "weights with zeros: sparse where that takes fewer bytes, only where it is faster too (speed), or dense", 0, 0,
     mnq_storage_words},
    {"plan", 0, MNQ_OPT_CHOICE, R(plan), "HOW", "bands of rows for the least RAM (ram), or layers at once (speed)", 0, 0,
     mnq_plan_words},
    {"ram", 0, MNQ_OPT_SIZE, R(ram), "BYTES",
     "the fastest plan whose arena has at most this size; fail if none fits even with the picture pushed by rows; with "
     "--target: of at most so much RAM, stack and all",
     1, MNQ_FLASH_MAX, NULL},
    {"target", 0, MNQ_OPT_STRING, R(target), "CORE",
     "the core that the model is for, as export has them: its cost model chooses widths and storage, and judges --flash, "
     "--ram and --cycles",
     0, 0, NULL},
    {"cycles", 0, MNQ_OPT_SIZE, R(cycles), "N",
     "--target: at most so many instructions for a picture, as the core's cost model counts them (k, M may follow)", 1,
     MNQ_CYCLES_MAX, NULL},
    {"shrink", 0, MNQ_OPT_CHOICE, R(shrink), "ON|OFF", "remove channels that provably never change", 0, 0, mnq_switch_words},
    {"samples", 'n', MNQ_OPT_INT, R(samples), "N", "use at most N samples, evenly spaced", 1, MNQ_SAMPLES_MAX, NULL},
};
enum { OPTIONS = sizeof options / sizeof *options };

static void init(void *opts)
{
    struct calibrate_opts *o = opts;
    *o = (struct calibrate_opts){.recipe_file = NULL};
    mnq_recipe_defaults(&o->recipe);
}

/* Precedence: what was given on the command line, then the recipe file, then the defaults. */
static int settle_recipe(struct mnq_cli *cli, struct mnq_recipe *r)
{
    const struct calibrate_opts *o = cli->opts;
    mnq_recipe_defaults(r);
    if (o->recipe_file != NULL && mnq_recipe_read(o->recipe_file, r, &cli->arena, &cli->err) != 0) return -1;
    for (int i = 0; i < OPTIONS; i++) {
        size_t size = mnq_option_size(options[i].type), at = options[i].offset;
        size_t base = offsetof(struct calibrate_opts, recipe);
        bool inside = at >= base && at + size <= base + sizeof *r;
        if (inside && (cli->given >> i & 1) != 0) memcpy((char *)r + (at - base), (const char *)o + at, size);
    }
    if (o->tune) r->tune_weights = 1;
    return 0;
}

/* The model, its recipe and its page, or nothing. */
static int write_files(struct mnq_cli *cli, const struct mnq_recipe *r, const struct mnq_calibrate_result *x)
{
    const struct calibrate_opts *o = cli->opts;
    struct mnq_cli_bytes b[MNQ_CLI_OUTPUTS] = {{x->bytes, x->n}};
    int n = 1;
    if (o->save_recipe != NULL) b[n++] = (struct mnq_cli_bytes){x->recipe, strlen(x->recipe)};
    if (o->html != NULL) {
        const char *text;
        size_t size;
        int64_t flash = r->target == NULL ? r->flash : 0; /* with a core it counts more than the file */
        if (mnq_auto_page_make(x, flash, &text, &size, &cli->arena, &cli->err) != 0) return -1;
        b[n++] = (struct mnq_cli_bytes){text, size};
    }
    return mnq_cli_write_all(cli, b, n);
}

static void put_node(struct mnq_json *w, const struct mnq_ynode *v)
{
    double number;
    struct mnq_err e;
    if (v->kind == MNQ_Y_MAP) mnq_json_object(w, v->key);
    else if (v->kind == MNQ_Y_SEQ) mnq_json_array(w, v->key);
    else if (!mnq_y_is_number(v)) mnq_json_string(w, v->key, v->text);
    else if (mnq_y_double(v, -1e300, 1e300, &number, &e) == 0) mnq_json_double(w, v->key, number);
    if (v->kind == MNQ_Y_SCALAR) return;
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next) put_node(w, c);
    mnq_json_end(w);
}

/* As YAML, or the same keys and values as JSON. */
static int print_recipe(struct mnq_cli *cli, const char *text)
{
    if (!cli->global.json) {
        fputs(text, stdout);
        return 0;
    }
    const struct mnq_ynode *root = mnq_ydoc_parse("recipe", MNQ_EXIT_FAILED, text, strlen(text), &cli->arena, &cli->err);
    if (root == NULL) return -1;
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.recipe/1");
    mnq_json_object(&w, "recipe");
    for (const struct mnq_ynode *v = root->first; v != NULL; v = v->next) put_node(&w, v);
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, &cli->err);
}

static int run(struct mnq_cli *cli)
{
    const struct calibrate_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    struct mnq_recipe r;
    struct mnq_calibrate_result *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    if (x == NULL) return mnq_fail_nomem(e);
    if (settle_recipe(cli, &r) != 0 || mnq_calibrate_check(&r, e) != 0) return -1;
    if (o->html != NULL && r.weights != MNQ_WEIGHTS_AUTO)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--html needs --weights auto, whose search it shows; the weights are %s",
                        mnq_weights_words[r.weights]);
    if (!o->print_recipe) {
        if (cli->n_inputs < 1) return mnq_fail(e, MNQ_EXIT_USAGE, "the float model is missing");
        if (o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--data is missing: the sample pictures to calibrate on");
        if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the .mnq to write");
        if (mnq_cli_output(cli, o->output, o->force, true) < 0) return -1;
        if (o->save_recipe != NULL && mnq_cli_output(cli, o->save_recipe, o->force, false) < 0) return -1;
        if (o->html != NULL && mnq_cli_output(cli, o->html, o->force, false) < 0) return -1;
    }
    struct mnq_data data = mnq_cli_data(cli, &o->data, &o->from);
    if (mnq_calibrate_open(cli, &r, &data, x) != 0) return -1;
    if (o->print_recipe) return print_recipe(cli, x->recipe);
    x->time_limit = o->time_limit;
    struct mnq_data judges = mnq_cli_data(cli, &o->val, &o->from);
    if (mnq_calibrate_make(cli, &r, &data, o->val.n > 0 ? &judges : NULL, o->against, x) != 0) return -1;
    if (write_files(cli, &r, x) != 0) return -1;
    if (cli->global.json) return mnq_calibrate_json(x, o->output, e);
    if (!cli->global.quiet) mnq_calibrate_print(x, o->output, cli);
    return 0;
}

const struct mnq_command mnq_cmd_calibrate = {
    .name = "calibrate",
    .summary = "make an integer model from a float one and sample pictures",
    .usage = "MODEL --data PATH -o FILE.mnq",
    .about = "Measures the activations of the float MODEL (Keras HDF5) on sample pictures, chooses\n"
             "scales, rounds the weights, proves that no accumulator overflows and writes the\n"
             "integer model. No labels are needed; some 200 pictures are enough. The same inputs\n"
             "give the same bytes for any number of threads.",
    .examples = "  mnquant calibrate model.h5 --data calib/ --preprocess tf -o model.mnq\n"
                "  mnquant calibrate model.h5 --data calib.h5 --recipe recipe.yaml -o model.mnq -f\n"
                "  mnquant calibrate --print-recipe\n",
    .option = options,
    .n_options = OPTIONS,
    .opts_size = sizeof(struct calibrate_opts),
    .init = init,
    .min_inputs = 0,
    .max_inputs = 1,
    .run = run,
};
