/* SPDX-License-Identifier: Apache-2.0
 * mnquant prune: weights of 1x1 and dense layers become zero, in the file's own layout. */
#include "command.h"
#include "commands.h"
#include "drop_text.h"
#include "outputs.h"
#include "pack/h5patch.h"
#include "pack/restore.h"
#include "passes/passes.h"
#include "prune.h"
#include "prune_learn.h"
#include "prune_narrow.h"
#include "recipe_read.h"
#include "share.h"
#include "tried.h"
#include "tune_print.h"
#include "util/file.h"
#include "util/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_MAX = 1 << 30 };

struct prune_opts {
    struct mnq_model_opts model;
    struct mnq_data_opts from;
    struct mnq_opt_list data;
    const char *pattern, *recipe, *output;
    double ratio, channels;
    int scope, method, samples, use_labels;
    bool force, tune;
};

static const struct mnq_option options[] = {
    {"ratio", 'R', MNQ_OPT_DOUBLE, offsetof(struct prune_opts, ratio), "R",
     "share of all 1x1 and dense weights that become zero, between 0 and 1", 0, 1, NULL},
    {"channels", 'C', MNQ_OPT_DOUBLE, offsetof(struct prune_opts, channels), "R",
     "instead: take whole channels out until this share of the multiplications is gone, between 0 and 1", 0, 1, NULL},
    {"output", 'o', MNQ_OPT_STRING, offsetof(struct prune_opts, output), "FILE",
     "the float model to write, in MODEL's layout; with --channels a full Keras model", 0, 0, NULL},
    {"force", 'f', MNQ_OPT_FLAG, offsetof(struct prune_opts, force), NULL, "overwrite FILE", 0, 0, NULL},
    {"data", 'd', MNQ_OPT_LIST, offsetof(struct prune_opts, data), "PATH",
     "sample pictures: folder, CSV, HDF5 file with images; may be repeated", 0, 0, NULL},
    {"method", 'm', MNQ_OPT_CHOICE, offsetof(struct prune_opts, method), "NAME",
     "magnitude; obs, which lets the remaining weights make up for the others and needs --data; auto: obs with --data", 0, 0,
     mnq_method_words},
    {"scope", 's', MNQ_OPT_CHOICE, offsetof(struct prune_opts, scope), "WHAT",
     "what the ratio holds for: each layer, or all together, where it hurts least", 0, 0, mnq_scope_words},
    {"pattern", 0, MNQ_OPT_STRING, offsetof(struct prune_opts, pattern), "P",
     "zeros in groups along the inputs: none; N:M, at most N of every M are used; blockN, N = 2, 4, 8, 16 together", 0, 0,
     NULL},
    {"recipe", 'r', MNQ_OPT_STRING, offsetof(struct prune_opts, recipe), "FILE",
     "YAML file with any of the options below as keys, and rules for single layers; the command line wins", 0, 0, NULL},
    {"samples", 'n', MNQ_OPT_INT, offsetof(struct prune_opts, samples), "N",
     "use at most N samples, evenly spaced (512 if not given)", 1, MNQ_PRUNE_SAMPLES, NULL},
    {"tune", 0, MNQ_OPT_FLAG, offsetof(struct prune_opts, tune), NULL,
     "then let the result learn from MODEL, as `mnquant tune` does; needs --data", 0, 0, NULL},
    {"use-labels", 0, MNQ_OPT_CHOICE, offsetof(struct prune_opts, use_labels), "ON|OFF",
     "--tune: learn from the labels of the data too, where they are the classes that MODEL tells apart", 0, 0,
     mnq_switch_words},
    MNQ_DATA_OPTIONS(struct prune_opts),
    MNQ_MODEL_OPTIONS(struct prune_opts),
};
enum { OPTIONS = sizeof options / sizeof *options };

static void init(void *opts)
{
    *(struct prune_opts *)opts = (struct prune_opts){.ratio = (double)NAN,
                                                     .channels = (double)NAN,
                                                     .scope = MNQ_PRUNE_GLOBAL,
                                                     .method = MNQ_PRUNE_AUTO,
                                                     .pattern = "none"};
}

/* What one run holds. */
struct pruned {
    struct mnq_subject subject;
    struct mnq_prune_opts o;
    struct mnq_prune_report report;
    bool tunes, labels;
    struct mnq_tune_report tuned; /* with --tune */
    uint8_t *source, *bytes;
    size_t n_source, n;
    int64_t params;
};

static const char *pattern_text(const struct mnq_pattern *p, char text[24])
{
    mnq_pattern_text(p, text, 24);
    return text;
}

/* ---- report ---- */

struct totals {
    int64_t weights, zeros, dense, best;
};

static int64_t best_bytes(const struct mnq_prune_layer *l)
{
    int64_t dense = mnq_prune_bytes_dense(l), sparse = mnq_prune_bytes_sparse(l);
    return sparse < dense ? sparse : dense;
}

static struct totals add_up(const struct mnq_prune_report *r)
{
    struct totals t = {0};
    for (int l = 0; l < r->n_layers; l++) {
        t.weights += r->layer[l].weights;
        t.zeros += r->layer[l].zeros;
        t.dense += mnq_prune_bytes_dense(&r->layer[l]);
        t.best += best_bytes(&r->layer[l]);
    }
    return t;
}

static void print_text(const struct pruned *x, struct mnq_cli *cli, const char *output)
{
    const struct mnq_prune_report *r = &x->report;
    struct totals t = add_up(r);
    struct mnq_table table;
    char a[32], b[32], c[32], pattern[24];
    const char *head = mnq_term_bold(cli->term.color_out), *plain = mnq_term_plain(cli->term.color_out);
    mnq_table_init(&table, &cli->arena, "lrrrrrrr");
    mnq_table_row(&table, "layer", "in", "out", "weights", "zeros", "%", "error", "int8 bytes");
    for (int i = 0; i < r->n_layers; i++) {
        const struct mnq_prune_layer *l = &r->layer[i];
        mnq_table_cell(&table, "%s", l->name);
        mnq_table_cell(&table, "%d", l->inputs);
        mnq_table_cell(&table, "%d", l->outputs);
        mnq_table_cell(&table, "%s", mnq_text_count(a, l->weights));
        mnq_table_cell(&table, "%s", mnq_text_count(a, l->zeros));
        mnq_table_cell(&table, "%.1f", 100.0 * (double)l->zeros / (double)l->weights);
        mnq_table_cell(&table, "%.2e", l->error);
        mnq_table_cell(&table, "%s", mnq_text_count(a, best_bytes(l)));
    }
    mnq_table_print(&table, stdout, head, plain);
    mnq_passes_print(r->pass, r->n_passes, cli);
    printf("\n");
    mnq_text_put(stdout, output, false);
    printf(": %s, scope %s, pattern %s", mnq_method_words[x->o.method], mnq_scope_words[x->o.scope],
           pattern_text(&x->o.pattern, pattern));
    if (r->samples > 0) printf(", %d samples", r->samples);
    printf("\n1x1 weights   %12s   zeros %s (%.2f %%)\n", mnq_text_count(a, t.weights), mnq_text_count(b, t.zeros),
           100.0 * (double)t.zeros / (double)t.weights);
    printf("parameters    %12s   of them zeros that pruning made %s\n", mnq_text_count(a, x->params),
           mnq_text_count(b, t.zeros));
    printf("1x1 bytes     %12s   expected as int8; dense %s (%.1f %%)\n", mnq_text_bytes(a, t.best),
           mnq_text_bytes(c, t.dense), 100.0 * (double)t.best / (double)t.dense);
    if (x->tunes) mnq_tune_print(&x->tuned);
    if (r->drop.pictures > 0) mnq_drop_print(&r->drop, &x->subject, x->subject.file, true);
    else if (r->no_estimate != NULL && !x->tunes) mnq_drop_print_none(r->no_estimate);
    if (!isnan(r->error)) printf("logits             %.1e   noise over signal on held-back samples\n", r->error);
}

static int print_json(const struct pruned *x, const char *output, struct mnq_err *e)
{
    const struct mnq_prune_report *r = &x->report;
    struct totals t = add_up(r);
    struct mnq_json w = {.indent = 2};
    char pattern[24];
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.prune/1");
    mnq_json_string(&w, "source", x->subject.file);
    mnq_json_string(&w, "output", output);
    mnq_json_string(&w, "method", mnq_method_words[x->o.method]);
    mnq_json_string(&w, "scope", mnq_scope_words[x->o.scope]);
    mnq_json_string(&w, "pattern", pattern_text(&x->o.pattern, pattern));
    mnq_json_int(&w, "samples", r->samples);
    mnq_json_object(&w, "totals");
    mnq_json_double(&w, "ratio", (double)t.zeros / (double)t.weights);
    mnq_json_int(&w, "weights_1x1", t.weights);
    mnq_json_int(&w, "zeros_1x1", t.zeros);
    mnq_json_int(&w, "params", x->params);
    mnq_json_int(&w, "int8_bytes_1x1", t.best);
    mnq_json_int(&w, "int8_bytes_1x1_dense", t.dense);
    mnq_json_double(&w, "error", r->error);
    mnq_json_end(&w);
    mnq_drop_json(&w, r->drop.pictures > 0 ? &r->drop : NULL, &x->subject, x->subject.file);
    mnq_json_array(&w, "layers");
    for (int i = 0; i < r->n_layers; i++) {
        const struct mnq_prune_layer *l = &r->layer[i];
        mnq_json_object(&w, NULL);
        mnq_json_string(&w, "name", l->name);
        mnq_json_int(&w, "inputs", l->inputs);
        mnq_json_int(&w, "outputs", l->outputs);
        mnq_json_int(&w, "weights", l->weights);
        mnq_json_int(&w, "zeros", l->zeros);
        mnq_json_double(&w, "error", l->error);
        mnq_json_string(&w, "pattern", pattern_text(&l->pattern, pattern));
        mnq_json_int(&w, "int8_bytes", best_bytes(l));
        mnq_json_int(&w, "int8_bytes_sparse", mnq_prune_bytes_sparse(l));
        mnq_json_int(&w, "int8_bytes_dense", mnq_prune_bytes_dense(l));
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    mnq_passes_json(&w, r->pass, r->n_passes);
    if (x->tunes) {
        mnq_json_object(&w, "tune");
        mnq_tune_json(&w, &x->tuned);
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

/* ---- work ---- */

/* What was given on the command line, then the recipe file, then the defaults. */
static int settle(struct mnq_cli *cli, struct prune_opts *o, struct mnq_recipe *r)
{
    *o = *(const struct prune_opts *)cli->opts;
    mnq_recipe_defaults(r);
    if (o->recipe == NULL) return 0;
    if (mnq_recipe_read(o->recipe, r, &cli->arena, &cli->err) != 0) return -1;
    struct prune_opts from = *o;
    from.model = (struct mnq_model_opts){.preprocess = r->preprocess,
                                         .arch = r->arch,
                                         .resize = r->resize,
                                         .filter = r->filter,
                                         .resolution = r->resolution,
                                         .task = r->task,
                                         .threshold = r->threshold};
    from.ratio = r->ratio > 0 ? r->ratio : (double)NAN;
    from.channels = r->channels > 0 ? r->channels : (double)NAN;
    from.tune = r->tune != 0;
    from.use_labels = r->use_labels;
    from.scope = r->scope;
    from.method = r->method;
    from.samples = r->samples < MNQ_PRUNE_SAMPLES ? r->samples : MNQ_PRUNE_SAMPLES;
    if (r->pattern != NULL) from.pattern = r->pattern;
    for (int i = 0; i < OPTIONS; i++) {
        size_t at = options[i].offset;
        if ((cli->given >> i & 1) == 0) memcpy((char *)o + at, (const char *)&from + at, mnq_option_size(options[i].type));
    }
    return 0;
}

static bool rules_prune(const struct mnq_recipe *r)
{
    for (int i = 0; i < r->n_rules; i++)
        if (r->rule[i].set.ratio > 0) return true;
    return false;
}

/* What --channels goes with. */
static int check_channels(struct mnq_cli *cli, const struct prune_opts *o, const struct mnq_recipe *r, struct mnq_err *e)
{
    if (o->channels == 0 || o->channels == 1)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--channels: expected a number between 0 and 1, both excluded, got %g",
                        o->channels);
    if (!isnan(o->ratio) || strcmp(o->pattern, "none") != 0 || rules_prune(r))
        return mnq_fail(e, MNQ_EXIT_USAGE,
                        "--channels takes whole channels: prune single weights (--ratio, --pattern, rules) "
                        "of the model that it writes");
    if (o->method == MNQ_PRUNE_OBS && o->data.n == 0)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--method obs needs --data: the sample pictures to prune on");
    if (o->tune && o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--tune needs --data: the pictures to learn from");
    if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the float model to write");
    return mnq_cli_output(cli, o->output, o->force, true) < 0 ? -1 : 0;
}

static int check_options(struct mnq_cli *cli, const struct prune_opts *o, const struct mnq_recipe *r,
                         struct mnq_prune_opts *po, struct mnq_err *e)
{
    *po = (struct mnq_prune_opts){.ratio = o->ratio,
                                  .scope = (enum mnq_prune_scope)o->scope,
                                  .method = o->data.n > 0 ? MNQ_PRUNE_OBS : MNQ_PRUNE_MAGNITUDE,
                                  .samples = o->samples,
                                  .threads = cli->global.threads};
    if (o->method != MNQ_PRUNE_AUTO) po->method = (enum mnq_prune_method)o->method;
    if (o->use_labels && !o->tune && !r->tune_weights)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--use-labels needs --tune: nothing else learns from labels");
    if (mnq_prune_pattern(o->pattern, "--pattern", &po->pattern, e) != 0) return -1;
    if (!isnan(o->channels)) return check_channels(cli, o, r, e);
    if (isnan(o->ratio) && po->pattern.kind != MNQ_PATTERN_N_M && !rules_prune(r))
        return mnq_fail(e, MNQ_EXIT_USAGE, "--ratio is missing: the share of 1x1 weights that become zero");
    if (o->ratio == 0 || o->ratio == 1)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--ratio: expected a number between 0 and 1, both excluded, got %g", o->ratio);
    if (o->data.n == 0 && o->method == MNQ_PRUNE_AUTO && o->recipe != NULL &&
        (r->ratio > 0 || r->pattern != NULL || rules_prune(r)))
        return mnq_fail(e, MNQ_EXIT_USAGE, "--data is missing: %s prunes; without pictures only --method magnitude is left",
                        o->recipe);
    if (po->method == MNQ_PRUNE_OBS && o->data.n == 0)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--method obs needs --data: the sample pictures to prune on");
    if (o->tune && o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--tune needs --data: the pictures to learn from");
    if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the float model to write");
    return mnq_cli_output(cli, o->output, o->force, true) < 0 ? -1 : 0;
}

/* The recipe's rules for this model. */
static int settle_rules(struct mnq_cli *cli, const struct mnq_recipe *r, struct pruned *x)
{
    const struct mnq_graph *legal = &x->subject.legal;
    struct mnq_layer_choice *choice = mnq_arena_array(&cli->arena, (size_t)legal->n, sizeof *choice);
    if (choice == NULL) return mnq_fail_nomem(&cli->err);
    if (mnq_rules_resolve(r->rule, r->n_rules, legal, choice, &cli->err) != 0) return -1;
    x->o.choice = choice;
    return mnq_prune_rules(legal, choice, &cli->err);
}

static int open_source(struct mnq_cli *cli, struct pruned *x, const struct mnq_model_opts *m)
{
    struct mnq_err *e = &cli->err;
    if (mnq_cli_open(cli, m, cli->input[0], &x->subject) != 0) return -1;
    const struct mnq_subject *s = &x->subject;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: is an integer model; prune takes the float one", s->file);
    if (s->illegal.code != 0) return mnq_fail(e, s->illegal.code, "%s", s->illegal.msg);
    if (mnq_file_read(s->file, SOURCE_MAX, &cli->arena, &x->source, &x->n_source, e) != 0) return -1;
    if (mnq_bytes_crc32(0, x->source, x->n_source) != s->file_crc)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: changed while it was read", s->file);
    return 0;
}

/* Reads back what will be written: the report counts what is there. */
static int read_back(struct mnq_cli *cli, struct pruned *x, const struct mnq_graph *wanted, const struct mnq_model_opts *m)
{
    const struct mnq_subject *s = &x->subject;
    struct mnq_import_opts io = {.arch = m->arch, .resolution = m->resolution};
    struct mnq_graph raw, legal;
    if (mnq_import_bytes(s->file, x->bytes, x->n, &io, &raw, &cli->arena, &cli->err) != 0 ||
        mnq_graph_legalize(&raw, &legal, &cli->arena, &cli->err) != 0)
        return -1;
    for (int l = 0; l < x->report.n_layers; l++) {
        const struct mnq_prune_layer *layer = &x->report.layer[l];
        for (int64_t k = 0; k < layer->weights; k++)
            if (wanted->node[layer->node].w[k] == 0.0f && legal.node[layer->node].w[k] != 0.0f)
                return mnq_fail(&cli->err, MNQ_EXIT_FAILED,
                                "%s: layer '%s' shares its weights with another, pruning cannot change it", s->file,
                                layer->name);
    }
    mnq_prune_count(&legal, &x->report);
    return 0;
}

static int prune(struct mnq_cli *cli, struct pruned *x, const struct mnq_dataset *d, const struct mnq_model_opts *m)
{
    const struct mnq_subject *s = &x->subject;
    struct mnq_err *e = &cli->err;
    struct mnq_graph out;
    struct mnq_restored restored;
    mnq_prune_plan(cli, x->tunes);
    if (mnq_prune(&s->legal, d, &s->preprocess, &x->o, &out, &x->report, &cli->arena, mnq_term_progress, &cli->term, e) != 0)
        return -1;
    if (x->tunes && mnq_prune_learn(cli, s, d, false, x->o.samples, x->labels, x->o.task, &out, &x->tuned, &x->report.drop) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    if (mnq_restore(&s->raw, &s->legal, &out, &restored, &cli->arena, e) != 0) return mnq_fail_in(e, s->file);
    if (mnq_h5_patch(s->file, x->source, x->n_source, restored.patch, restored.n_patches, &x->bytes, &x->n, e) != 0)
        return -1;
    x->params = s->params;
    return read_back(cli, x, &out, m);
}

static int run(struct mnq_cli *cli)
{
    struct prune_opts settled, *o = &settled;
    struct mnq_recipe recipe;
    struct mnq_err *e = &cli->err;
    struct mnq_dataset *d = NULL;
    struct pruned *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    if (x == NULL) return mnq_fail_nomem(e);
    struct mnq_data data = {.n = 0};
    if (settle(cli, o, &recipe) != 0) return -1;
    data = mnq_cli_data(cli, &o->data, &o->from);
    o->model.pictures = &data;
    if (check_options(cli, o, &recipe, &x->o, e) != 0 || open_source(cli, x, &o->model) != 0 ||
        settle_rules(cli, &recipe, x) != 0)
        return -1;
    struct mnq_shape in = x->subject.input;
    if (x->subject.resolution > 0) o->model.resolution = x->subject.resolution; /* for reading back */
    if (o->data.n > 0) {
        d = mnq_dataset_open_as(&data, &x->subject.task, in.h, in.w, in.c, e);
        if (d == NULL) return -1;
        if (mnq_cli_settle(cli, &x->subject, d) != 0) {
            mnq_dataset_close(d);
            return -1;
        }
        mnq_cli_say(cli, &x->subject, 1);
        mnq_cli_say_left_out(cli, d);
    }
    if (x->o.method == MNQ_PRUNE_MAGNITUDE && isnan(o->channels))
        mnq_term_note(
            &cli->term, 0,
            "by magnitude alone nothing makes up for the weights that go; half of them cost a V1 0.25 of five classes "
            "42 points of top-1, with --data and the default method 1 point");
    x->o.task = x->subject.tasks;
    x->tunes = o->tune;
    x->labels = o->use_labels != 0;
    if (!isnan(o->channels)) {
        struct mnq_narrow_job job = {.subject = &x->subject,
                                     .data = d,
                                     .by_magnitude = x->o.method == MNQ_PRUNE_MAGNITUDE,
                                     .o = {o->channels, o->samples, cli->global.threads, x->subject.tasks},
                                     .tunes = o->tune,
                                     .labels = o->use_labels != 0,
                                     .output = o->output,
                                     .resolution = o->model.resolution};
        int rc = mnq_prune_narrow(cli, &job);
        mnq_dataset_close(d);
        return rc;
    }
    int rc = prune(cli, x, d, &o->model);
    mnq_dataset_close(d);
    if (rc == 0) rc = mnq_cli_write(cli, x->bytes, x->n);
    cli->owned = x->bytes;
    if (rc != 0) return -1;
    if (cli->global.json) return print_json(x, o->output, e);
    if (!cli->global.quiet) print_text(x, cli, o->output);
    return 0;
}

const struct mnq_command mnq_cmd_prune = {
    .name = "prune",
    .summary = "make 1x1 and dense weights zero, the others make up for them",
    .usage = "MODEL --ratio R|--channels R [--data PATH] -o FILE",
    .about = "Makes a share of the 1x1 and dense weights of the float MODEL zero and writes it in\n"
             "the layout it was read in, so that Keras can load it: the file differs in nothing\n"
             "but the weights and biases that were touched. With --data the weights that hurt\n"
             "least go, and those that remain are fitted anew to what the whole model computes\n"
             "(no labels are needed). The first layer and depthwise layers stay. With --channels\n"
             "whole channels leave instead, depthwise filters with them, and the network is\n"
             "narrower: a full Keras model of smaller layers.",
    .examples = "  mnquant prune model.h5 --ratio 0.5 --data calib/ -o pruned.h5\n"
                "  mnquant prune model.h5 --pattern 2:4 --data calib/ -o pruned.h5\n"
                "  mnquant prune model.h5 --ratio 0.3 --method magnitude --scope layer -o pruned.h5\n"
                "  mnquant prune model.h5 --channels 0.5 --data calib/ --tune -o narrow.h5\n",
    .option = options,
    .n_options = OPTIONS,
    .opts_size = sizeof(struct prune_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = 1,
    .run = run,
};
