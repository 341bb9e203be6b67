/* SPDX-License-Identifier: Apache-2.0
 * mnquant calibrate: a float model and sample data in, an integer model out. */
#include "command.h"

#include "calibrate.h"
#include "util/file.h"
#include "util/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct calibrate_opts {
    struct mnq_recipe recipe;
    struct mnq_opt_list data;
    const char *recipe_file, *output;
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
    {"preprocess", 'p', MNQ_OPT_STRING, R(preprocess), "NAME",
     "how pixels become inputs: tf, torch, caffe, unit, none, or SCALE:OFFSET with one number or one per channel on each "
     "side",
     0, 0, NULL},
    {"resize", 0, MNQ_OPT_CHOICE, R(resize), "HOW", "stretch the picture, or crop its centre square", 0, 0,
     mnq_resize_words},
    {"filter", 0, MNQ_OPT_CHOICE, R(filter), "NAME", "bilinear resizing as PIL (antialiased) or as TensorFlow does it", 0, 0,
     mnq_filter_words},
    {"arch", 0, MNQ_OPT_STRING, R(arch), "NAME|FILE", "weights-only files: the architecture, by name or as a YAML file", 0,
     0, NULL},
    {"resolution", 0, MNQ_OPT_INT, R(resolution), "N", "input height and width, if not the file's own", 1,
     MNQ_RESOLUTION_MAX, NULL},
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
     "--weights auto: the smallest file expected to lose no more accuracy than this (1 unless --flash is given)", 0.01,
     MNQ_MAX_DROP_MAX, NULL},
    {"flash", 0, MNQ_OPT_SIZE, R(flash), "BYTES",
     "--weights auto: the best model in a file of at most this size (k, M, KiB, MiB may follow)", 1, MNQ_FLASH_MAX, NULL},
    {"re-fit", 0, MNQ_OPT_CHOICE, R(re_fit), "ON|OFF",
     "re-fit weights to the float layers' outputs where that lowers the measured error", 0, 0, mnq_switch_words},
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

/* ---- report ---- */

struct result {
    struct mnq_subject subject;
    struct mnq_qmodel q;
    struct mnq_calib_report report;
    struct mnq_package package; /* what was written, read back */
    uint8_t *bytes;
    size_t n;
    const char *recipe;
    struct mnq_layer_choice *choice; /* of each node of the legal graph */
};

static int most_acc_bits(const struct mnq_qmodel *q)
{
    int most = 0;
    for (int i = 0; i < q->n_layers; i++)
        if (q->layer[i].acc_bits > most) most = q->layer[i].acc_bits;
    return most;
}

/* Accumulator bits of a layer as it was written (shrinking may have lowered them). */
static int acc_bits(const struct result *x, const struct mnq_calib_layer *l)
{
    const struct mnq_qmodel *q = &x->package.q;
    for (int i = 0; i < q->n_layers; i++)
        if (q->layer[i].name != NULL && strcmp(q->layer[i].name, l->name) == 0) return q->layer[i].acc_bits;
    return l->acc_bits;
}

static void print_layers(const struct result *x, struct mnq_cli *cli)
{
    const struct mnq_calib_report *r = &x->report;
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "lrrrrrrrl");
    mnq_table_row(&t, "layer", "bits", "out bits", "acc bits", "sensitivity", "of output", "clipped %", "stretch",
                  "observer");
    for (int i = 0; i < r->n_layers; i++) {
        const struct mnq_calib_layer *l = &r->layer[i];
        mnq_table_cell(&t, "%s", l->name);
        if (l->bits > 0) mnq_table_cell(&t, "%d", l->bits);
        else mnq_table_cell(&t, "-");
        mnq_table_cell(&t, "%d", l->act_bits);
        if (acc_bits(x, l) > 0) mnq_table_cell(&t, "%d", acc_bits(x, l));
        else mnq_table_cell(&t, "-");
        if (l->sensitivity > 0) mnq_table_cell(&t, "%.2e", l->sensitivity);
        else mnq_table_cell(&t, "-");
        if (l->tensor_sensitivity > 0) mnq_table_cell(&t, "%.2e", l->tensor_sensitivity);
        else mnq_table_cell(&t, "-");
        mnq_table_cell(&t, "%.4f", 100 * l->clipped);
        mnq_table_cell(&t, "%.2f", l->stretch);
        mnq_table_cell(&t, "%s", mnq_observer_words[l->observer]);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

static void print_passes(const struct mnq_calib_report *r, struct mnq_cli *cli)
{
    if (r->n_passes == 0) return;
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "lrrl");
    mnq_table_row(&t, "pass", "error before", "after", "");
    for (int i = 0; i < r->n_passes; i++) {
        const struct mnq_calib_pass *p = &r->pass[i];
        mnq_table_cell(&t, "%s", p->name);
        mnq_table_cell(&t, "%.3e", p->before);
        mnq_table_cell(&t, "%.3e", p->after);
        mnq_table_cell(&t, "%s", p->kept ? "kept" : "dropped");
    }
    printf("\n");
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

static void print_text(const struct result *x, const char *output, struct mnq_cli *cli)
{
    const struct mnq_subject *s = &x->subject;
    char a[32], b[32];
    print_layers(x, cli);
    print_passes(&x->report, cli);
    int64_t arena = (int64_t)mnq_arena_size(&x->package.model);
    const struct mnq_shrink_report *k = &x->report.shrink;
    if (k->channels_after < k->channels_before)
        printf("\n%d of %d channels never change and were removed: %s MACs and %s of weights less, the same outputs\n",
               k->channels_before - k->channels_after, k->channels_before, mnq_text_count(a, k->macs_before - k->macs_after),
               mnq_text_bytes(b, k->weight_bytes_before - k->weight_bytes_after));
    printf("\n%s, from %d samples\n", output, x->report.samples);
    printf("file          %12s   float %s (%.1f %%)\n", mnq_text_bytes(a, (int64_t)x->n),
           mnq_text_bytes(b, (int64_t)s->file_bytes), 100.0 * (double)x->n / (double)s->file_bytes);
    printf("weights       %12s   float %s (%.1f %%)\n", mnq_text_bytes(a, x->package.weight_bytes),
           mnq_text_bytes(b, s->weight_bytes), 100.0 * (double)x->package.weight_bytes / (double)s->weight_bytes);
    printf("RAM           %12s   float %s (%.1f %%)\n", mnq_text_bytes(a, arena), mnq_text_bytes(b, s->arena_bytes),
           100.0 * (double)arena / (double)s->arena_bytes);
    printf("MACs          %12s\n", mnq_text_count(a, x->package.macs));
    printf("accumulators  %9d bits at worst, proved; 32 are there\n", most_acc_bits(&x->package.q));
}

static void json_layers(struct mnq_json *w, const struct result *x)
{
    const struct mnq_calib_report *r = &x->report;
    mnq_json_array(w, "layers");
    for (int i = 0; i < r->n_layers; i++) {
        const struct mnq_calib_layer *l = &r->layer[i];
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", l->name);
        if (l->bits > 0) mnq_json_int(w, "weight_bits", l->bits);
        else mnq_json_null(w, "weight_bits");
        mnq_json_int(w, "activation_bits", l->act_bits);
        mnq_json_int(w, "acc_bits", acc_bits(x, l));
        mnq_json_double(w, "sensitivity", l->sensitivity);
        mnq_json_double(w, "activation_sensitivity", l->tensor_sensitivity);
        mnq_json_double(w, "clipped", l->clipped);
        mnq_json_double(w, "stretch", l->stretch);
        mnq_json_string(w, "observer", mnq_observer_words[l->observer]);
        mnq_json_end(w);
    }
    mnq_json_end(w);
    mnq_json_array(w, "passes");
    for (int i = 0; i < r->n_passes; i++) {
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", r->pass[i].name);
        mnq_json_double(w, "before", r->pass[i].before);
        mnq_json_double(w, "after", r->pass[i].after);
        mnq_json_bool(w, "kept", r->pass[i].kept);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void json_shrink(struct mnq_json *w, const struct mnq_shrink_report *s)
{
    mnq_json_object(w, "shrink");
    mnq_json_int(w, "macs_before", s->macs_before);
    mnq_json_int(w, "macs_after", s->macs_after);
    mnq_json_int(w, "weight_bytes_before", s->weight_bytes_before);
    mnq_json_int(w, "weight_bytes_after", s->weight_bytes_after);
    mnq_json_int(w, "channels_before", s->channels_before);
    mnq_json_int(w, "channels_after", s->channels_after);
    mnq_json_end(w);
}

static int print_json(const struct result *x, const char *output, struct mnq_err *e)
{
    const struct mnq_subject *s = &x->subject;
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.calibrate/1");
    mnq_json_string(&w, "source", s->file);
    mnq_json_string(&w, "output", output);
    mnq_json_int(&w, "samples", x->report.samples);
    mnq_json_object(&w, "totals");
    mnq_json_int(&w, "file_bytes", (int64_t)x->n);
    mnq_json_int(&w, "weight_bytes", x->package.weight_bytes);
    mnq_json_int(&w, "arena_bytes", (int64_t)mnq_arena_size(&x->package.model));
    mnq_json_int(&w, "macs", x->package.macs);
    mnq_json_int(&w, "acc_bits", most_acc_bits(&x->package.q));
    mnq_json_end(&w);
    mnq_json_object(&w, "float");
    mnq_json_int(&w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_int(&w, "weight_bytes", s->weight_bytes);
    mnq_json_int(&w, "arena_bytes", s->arena_bytes);
    mnq_json_int(&w, "macs", s->macs);
    mnq_json_end(&w);
    json_layers(&w, x);
    json_shrink(&w, &x->report.shrink);
    mnq_json_string(&w, "recipe", x->recipe);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

/* ---- work ---- */

static int open_float(struct mnq_cli *cli, struct mnq_recipe *r, struct mnq_subject *s)
{
    struct mnq_model_opts mo = {r->preprocess, r->arch, r->resize, r->filter, r->resolution};
    if (mnq_cli_open(cli, &mo, cli->input[0], s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: is an integer model already; calibrate takes the float one",
                        s->file);
    if (s->illegal.code != 0) return mnq_fail(&cli->err, s->illegal.code, "%s", s->illegal.msg);
    if (r->preprocess == NULL) r->preprocess = s->preprocess.name;
    return 0;
}

/* What the recipe's rules say about each layer of the model. */
static int settle_rules(struct mnq_cli *cli, const struct mnq_recipe *r, struct result *x)
{
    const struct mnq_graph *legal = &x->subject.legal;
    x->choice = mnq_arena_array(&cli->arena, (size_t)legal->n, sizeof *x->choice);
    if (x->choice == NULL) return mnq_fail_nomem(&cli->err);
    return mnq_rules_resolve(r, legal, x->choice, &cli->err);
}

/* What the file's META section will hold beside names of layers, roughly from above: the recipe with a rule per layer. */
static int64_t meta_bytes(const struct result *x)
{
    const struct mnq_graph *g = &x->subject.legal;
    size_t n = strlen(x->recipe) + 512;
    for (int i = 0; i < g->n; i++) n += strlen(g->node[i].name) + 8;
    return (int64_t)n;
}

static int quantize(struct mnq_cli *cli, const struct mnq_recipe *r, const struct mnq_dataset *d, struct result *x)
{
    struct mnq_calib_opts co = mnq_recipe_calib(r, cli->global.threads);
    co.choice = x->choice;
    co.meta_bytes = meta_bytes(x);
    const struct mnq_subject *s = &x->subject;
    struct mnq_qmodel *q = &x->q;
    if (mnq_calibrate(&s->legal, d, &s->preprocess, &co, q, &x->report, &cli->arena, mnq_term_progress, &cli->term,
                      &cli->err) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    char tool[48];
    snprintf(tool, sizeof tool, "mnquant %d.%d.%d", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    q->preprocess = s->preprocess;
    q->tool = mnq_arena_strdup(&cli->arena, tool);
    q->source_name = base_name(s->file);
    q->source_crc = s->file_crc;
    q->recipe = x->recipe;
    if (q->tool == NULL || name_classes(q, d, s->outputs, &cli->arena) != 0) return mnq_fail_nomem(&cli->err);
    if (mnq_qmodel_pack(q, &x->bytes, &x->n, &cli->err) != 0) return -1;
    return mnq_package_parse(s->file, x->bytes, x->n, &x->package, &cli->arena, &cli->err);
}

static int run(struct mnq_cli *cli)
{
    const struct calibrate_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    struct mnq_recipe r;
    struct result *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    if (x == NULL) return mnq_fail_nomem(e);
    if (settle_recipe(cli, &r) != 0) return -1;
    if (!o->print_recipe) {
        if (cli->n_inputs < 1) return mnq_fail(e, MNQ_EXIT_USAGE, "the float model is missing");
        if (o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--data is missing: the sample pictures to calibrate on");
        if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the .mnq to write");
        if (mnq_file_writable(o->output, o->force, e) != 0) return -1;
    }
    if (cli->n_inputs > 0 && (open_float(cli, &r, &x->subject) != 0 || settle_rules(cli, &r, x) != 0)) return -1;
    x->recipe = mnq_recipe_text(&r, &cli->arena);
    if (x->recipe == NULL) return mnq_fail_nomem(e);
    if (o->print_recipe) {
        fputs(x->recipe, stdout);
        return 0;
    }
    mnq_term_note(&cli->term, 1, "effective recipe:\n%s", x->recipe);
    struct mnq_shape in = x->subject.input;
    struct mnq_dataset *d = mnq_dataset_open((char *const *)o->data.item, o->data.n, in.h, in.w, in.c, e);
    if (d == NULL) return -1;
    mnq_cli_say(cli, &x->subject, 1);
    int rc = quantize(cli, &r, d, x);
    mnq_dataset_close(d);
    if (rc != 0 || mnq_cli_write(cli, o->output, x->bytes, x->n, o->force) != 0) return -1;
    if (cli->global.json) return print_json(x, o->output, e);
    if (!cli->global.quiet) print_text(x, o->output, cli);
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
