/* SPDX-License-Identifier: Apache-2.0
 * mnquant calibrate: a float model and sample data in, an integer model out. */
#include "calibrate_result.h"
#include "commands.h"
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
    const char *recipe_file, *output, *save_recipe;
    bool force, print_recipe;
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
     "of 1x1 and dense layers: int8, int4, binary, or auto (chosen by measurement)", 0, 0, mnq_weights_words},
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
    return 0;
}

/* Options that belong together. */
static int check_weights(const struct mnq_recipe *r, struct mnq_err *e)
{
    const char *lonely = r->max_drop > 0 ? "--max-drop" : r->flash > 0 && r->target == NULL ? "--flash" : NULL;
    if (r->target != NULL && mnq_xtarget_named(r->target, e) == NULL) return -1;
    if (r->cycles > 0 && r->target == NULL)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--cycles needs --target, the core whose instructions are meant");
    if (lonely != NULL && r->weights != MNQ_WEIGHTS_AUTO)
        return mnq_fail(e, MNQ_EXIT_USAGE, "%s needs --weights auto, which chooses formats; the weights are %s", lonely,
                        mnq_weights_words[r->weights]);
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The dataset's folder names are the classes if there are as many as outputs. */
static int name_classes(struct mnq_qmodel *q, const struct mnq_dataset *d, int outputs, struct mnq_arena *arena)
{
    int n = mnq_dataset_classes(d);
    if (n != outputs || n == 0 || mnq_dataset_class(d, 0) == NULL) return 0;
    const char **name = mnq_arena_array(arena, (size_t)n, sizeof *name);
    if (name == NULL) return -1;
    for (int i = 0; i < n; i++) {
        const char *c = mnq_dataset_class(d, i);
        name[i] = mnq_arena_strdup(arena, c == NULL ? "" : c);
        if (name[i] == NULL) return -1;
    }
    q->classes = name;
    q->n_classes = n;
    return 0;
}

/* ---- work ---- */

static int open_float(struct mnq_cli *cli, struct mnq_recipe *r, const struct mnq_data *data, struct mnq_subject *s)
{
    struct mnq_model_opts mo = {.preprocess = r->preprocess,
                                .arch = r->arch,
                                .resize = r->resize,
                                .filter = r->filter,
                                .resolution = r->resolution,
                                .task = r->task,
                                .threshold = r->threshold,
                                .pictures = data};
    if (mnq_cli_open(cli, &mo, cli->input[0], s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: is an integer model already; calibrate takes the float one",
                        s->file);
    if (s->illegal.code != 0) return mnq_fail(&cli->err, s->illegal.code, "%s", s->illegal.msg);
    if (r->preprocess == NULL && s->preprocess_from != MNQ_FROM_NOWHERE) r->preprocess = s->preprocess.name;
    return 0;
}

/* What the recipe's rules say about each layer of the model. */
static int settle_rules(struct mnq_cli *cli, const struct mnq_recipe *r, struct mnq_calibrate_result *x)
{
    const struct mnq_graph *legal = &x->subject.legal;
    x->choice = mnq_arena_array(&cli->arena, (size_t)legal->n, sizeof *x->choice);
    if (x->choice == NULL) return mnq_fail_nomem(&cli->err);
    return mnq_rules_resolve(r->rule, r->n_rules, legal, x->choice, &cli->err);
}

/* What the file's META section will hold beside names of layers, roughly from above: the recipe with a rule per layer. */
static int64_t meta_bytes(const struct mnq_calibrate_result *x)
{
    const struct mnq_graph *g = &x->subject.legal;
    size_t n = strlen(x->recipe) + 512;
    for (int i = 0; i < g->n; i++) n += strlen(g->node[i].name) + 8;
    return (int64_t)n;
}

/* Shares of the time, measured on V1 and V2 with 200 pictures; the second for --weights auto. */
static const struct mnq_term_step fixed_steps[] = {
    {"observe", 14}, {"views", 5},  {"min-max", 2},  {"scales", 3},  {"sensitivity", 4}, {"wide", 2},   {"sensitivity", 4},
    {"wide", 2},     {"round", 12}, {"correct", 15}, {"re-fit", 21}, {"judge", 16},      {"judge", 16}, {"write", 16}};
static const struct mnq_term_step auto_steps[] = {
    {"observe", 5},     {"views", 2}, {"min-max", 1}, {"scales", 1},  {"sensitivity", 2}, {"wide", 1},
    {"sensitivity", 2}, {"wide", 1},  {"round", 5},   {"correct", 6}, {"re-fit", 8},      {"probe", 12},
    {"formats", 90},    {"round", 5}, {"correct", 6}, {"re-fit", 8},  {"judge", 15},      {"write", 5}};

/* What the samples could not promise, and what they are beyond. */
static void say_promise(struct mnq_cli *cli, const struct mnq_calibrate_result *x)
{
    const struct mnq_calib_report *r = &x->report;
    const char *rest = x->validated ? "" : "; pictures of another kind than these may lose more, --val takes some";
    if (!(r->asked_drop > 0)) return;
    if (r->promised)
        mnq_term_note(&cli->term, 1, "no more than %g points are lost with %.0f %% confidence%s", r->asked_drop,
                      100 * MNQ_PROMISE_CONFIDENCE, rest);
    else if (r->pictures_wanted < 0)
        mnq_term_note(&cli->term, 0, "%d pictures cannot promise a drop of at most %g points: written is the safest choice",
                      r->drop.pictures, r->asked_drop);
    else
        mnq_term_note(&cli->term, 0,
                      "%d pictures cannot promise a drop of at most %g points with %.0f %% confidence, about %ld would do: "
                      "written is the safest choice",
                      r->drop.pictures, r->asked_drop, 100 * MNQ_PROMISE_CONFIDENCE, r->pictures_wanted);
}

/* As many outputs, each of as many values. */
static bool same_outputs(const struct mnq_subject *a, const struct mnq_subject *b)
{
    bool same = a->n_outputs == b->n_outputs;
    for (int k = 0; same && k < a->n_outputs; k++) same = mnq_elements(a->tasks[k].out) == mnq_elements(b->tasks[k].out);
    return same;
}

/* The network that the expected drop counts from, if it is not MODEL itself. */
static int open_against(struct mnq_cli *cli, const struct mnq_recipe *r, struct mnq_calibrate_result *x,
                        struct mnq_calib_opts *co)
{
    const struct calibrate_opts *o = cli->opts;
    struct mnq_subject *s = mnq_arena_alloc(&cli->arena, sizeof *s);
    const struct mnq_subject *m = &x->subject;
    x->against = m->file;
    if (o->against == NULL) return 0;
    struct mnq_model_opts mo = {.preprocess = m->preprocess.name, .arch = r->arch, .resolution = m->resolution};
    if (mo.resolution == 0) mo.resolution = r->resolution;
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (mnq_cli_open(cli, &mo, o->against, s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: is an integer model; --against takes a float one", s->file);
    if (s->illegal.code != 0) return mnq_fail(&cli->err, s->illegal.code, "%s", s->illegal.msg);
    struct mnq_shape a = s->input, b = m->input;
    if (a.h != b.h || a.w != b.w || a.c != b.c || !same_outputs(s, m))
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s has %d outputs from %dx%dx%d, %s %d from %dx%dx%d", s->file,
                        s->values, a.h, a.w, a.c, m->file, m->values, b.h, b.w, b.c);
    x->against = s->file;
    co->against = &s->legal;
    return 0;
}

static int quantize(struct mnq_cli *cli, const struct mnq_recipe *r, const struct mnq_dataset *d,
                    const struct mnq_dataset *val, struct mnq_calibrate_result *x)
{
    struct mnq_calib_opts co = mnq_recipe_calib(r, cli->global.threads);
    if (open_against(cli, r, x, &co) != 0) return -1;
    co.validation = val;
    x->validated = val != NULL;
    co.choice = x->choice;
    co.task = x->subject.tasks;
    co.meta_bytes = meta_bytes(x);
    const struct mnq_subject *s = &x->subject;
    struct mnq_qmodel *q = &x->q;
    struct mnq_recipe repeat = *r;
    if (r->weights == MNQ_WEIGHTS_AUTO) mnq_term_plan(&cli->term, auto_steps, sizeof auto_steps / sizeof *auto_steps);
    else mnq_term_plan(&cli->term, fixed_steps, sizeof fixed_steps / sizeof *fixed_steps);
    if (mnq_calibrate(&s->legal, d, &s->preprocess, &co, q, &x->report, &cli->arena, mnq_term_progress, &cli->term,
                      &cli->err) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    if (x->report.no_estimate != NULL)
        mnq_term_note(&cli->term, 0, "the samples say too little for ranges to be trusted: %s", x->report.no_estimate);
    say_promise(cli, x);
    if (r->weights == MNQ_WEIGHTS_AUTO) {
        if (mnq_recipe_assign(&repeat, &x->report, &cli->arena) != 0) return mnq_fail_nomem(&cli->err);
        x->recipe = mnq_recipe_text(&repeat, &cli->arena);
        if (x->recipe == NULL) return mnq_fail_nomem(&cli->err);
    }
    char tool[48];
    snprintf(tool, sizeof tool, "mnquant %d.%d.%d", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    q->preprocess = s->preprocess;
    for (int k = 0; k < s->n_outputs; k++) mnq_qmodel_set_task(q, k, &s->tasks[k]);
    q->tool = mnq_arena_strdup(&cli->arena, tool);
    q->source_name = base_name(s->file);
    q->source_crc = s->file_crc;
    q->recipe = x->recipe;
    if (q->tool == NULL || name_classes(q, d, s->task.kind == MNQ_TASK_BINARY ? 2 : s->outputs, &cli->arena) != 0)
        return mnq_fail_nomem(&cli->err);
    if (mnq_qmodel_pack(q, &x->bytes, &x->n, &cli->err) != 0) return -1;
    if (co.flash > 0 && x->n > (size_t)co.flash)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "--flash %lld: the file would have %zu bytes", (long long)co.flash,
                        x->n);
    if (mnq_package_parse(s->file, x->bytes, x->n, &x->package, &cli->arena, &cli->err) != 0) return -1;
    x->budget = co.budget;
    if (co.budget.target == NULL) return 0;
    if (mnq_xbudget_bill(&x->package, &co.budget, &x->bill, &cli->err) != 0) return -1;
    return mnq_xbudget_require(&co.budget, &x->bill, s->file, &cli->err);
}

/* The model and the recipe, or neither. */
static int write_files(struct mnq_cli *cli, const struct mnq_calibrate_result *x)
{
    const struct calibrate_opts *o = cli->opts;
    if (o->save_recipe == NULL) return mnq_cli_write(cli, x->bytes, x->n);
    return mnq_cli_write_two(cli, x->bytes, x->n, x->recipe, strlen(x->recipe));
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

/* The preprocessing, and with it the recipe. */
static int settle_pixels(struct mnq_cli *cli, struct mnq_recipe *r, struct mnq_calibrate_result *x,
                         const struct mnq_dataset *d)
{
    if (mnq_cli_settle(cli, &x->subject, d) != 0) return -1;
    if (r->preprocess != NULL) return 0;
    r->preprocess = x->subject.preprocess.name;
    x->recipe = mnq_recipe_text(r, &cli->arena);
    return x->recipe == NULL ? mnq_fail_nomem(&cli->err) : 0;
}

static int run(struct mnq_cli *cli)
{
    const struct calibrate_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    struct mnq_recipe r;
    struct mnq_calibrate_result *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    if (x == NULL) return mnq_fail_nomem(e);
    if (settle_recipe(cli, &r) != 0 || check_weights(&r, e) != 0) return -1;
    if (!o->print_recipe) {
        if (cli->n_inputs < 1) return mnq_fail(e, MNQ_EXIT_USAGE, "the float model is missing");
        if (o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--data is missing: the sample pictures to calibrate on");
        if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the .mnq to write");
        if (mnq_cli_output(cli, o->output, o->force, true) < 0) return -1;
        if (o->save_recipe != NULL && mnq_cli_output(cli, o->save_recipe, o->force, false) < 0) return -1;
    }
    struct mnq_data data = mnq_cli_data(cli, &o->data, &o->from);
    if (cli->n_inputs > 0 && (open_float(cli, &r, &data, &x->subject) != 0 || settle_rules(cli, &r, x) != 0)) return -1;
    x->recipe = mnq_recipe_text(&r, &cli->arena);
    if (x->recipe == NULL) return mnq_fail_nomem(e);
    if (o->print_recipe) return print_recipe(cli, x->recipe);
    mnq_term_note(&cli->term, 1, "effective recipe:\n%s", x->recipe);
    struct mnq_shape in = x->subject.input;
    struct mnq_dataset *d = mnq_dataset_open_as(&data, &x->subject.task, in.h, in.w, in.c, e);
    if (d == NULL) return -1;
    if (settle_pixels(cli, &r, x, d) != 0) {
        mnq_dataset_close(d);
        return -1;
    }
    struct mnq_data judges = mnq_cli_data(cli, &o->val, &o->from);
    struct mnq_dataset *val = o->val.n > 0 ? mnq_dataset_open_as(&judges, &x->subject.task, in.h, in.w, in.c, e) : NULL;
    int rc = o->val.n > 0 && val == NULL ? -1 : quantize(cli, &r, d, val, x);
    mnq_dataset_close(val);
    if (rc == 0) {
        mnq_cli_say(cli, &x->subject, 1);
        mnq_cli_say_left_out(cli, d);
    }
    mnq_dataset_close(d);
    if (rc != 0 || write_files(cli, x) != 0) return -1;
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
