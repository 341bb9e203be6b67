/* SPDX-License-Identifier: Apache-2.0
 * mnquant tune: a pruned model learns from the float model that it was made from, in the file's own layout. */
#include "command.h"
#include "commands.h"
#include "drop_text.h"
#include "outputs.h"
#include "pack/h5patch.h"
#include "pack/restore.h"
#include "passes/passes.h"
#include "share.h"
#include "tune_print.h"
#include "util/file.h"
#include "util/json.h"
#include "util/outfile.h"

#include <stdlib.h>
#include <string.h>

enum { SOURCE_MAX = 1 << 30, SAMPLES_MAX = 512, EPOCHS_MAX = 10000 };

struct tune_opts {
    struct mnq_model_opts model;
    struct mnq_data_opts from;
    struct mnq_opt_list data;
    const char *teacher, *output, *journal;
    int epochs, samples;
    double time_limit, rate;
    int use_labels;
    bool force;
};

static const struct mnq_option options[] = {
    {"teacher", 't', MNQ_OPT_STRING, offsetof(struct tune_opts, teacher), "FLOAT",
     "the float model that MODEL was made from: the same layers, other weights", 0, 0, NULL},
    {"data", 'd', MNQ_OPT_LIST, offsetof(struct tune_opts, data), "PATH",
     "sample pictures: folder, CSV, HDF5 file with images; may be repeated", 0, 0, NULL},
    {"output", 'o', MNQ_OPT_STRING, offsetof(struct tune_opts, output), "FILE",
     "the float model to write, in MODEL's layout", 0, 0, NULL},
    {"force", 'f', MNQ_OPT_FLAG, offsetof(struct tune_opts, force), NULL, "overwrite FILE", 0, 0, NULL},
    {"epochs", 0, MNQ_OPT_INT, offsetof(struct tune_opts, epochs), "N", "passes over the pictures, each in another view", 1,
     EPOCHS_MAX, NULL},
    {"rate", 0, MNQ_OPT_DOUBLE, offsetof(struct tune_opts, rate), "R",
     "how far a step moves weights at most, as a share of their row's root mean square", 1e-6, 0.1, NULL},
    {"time-limit", 0, MNQ_OPT_DOUBLE, offsetof(struct tune_opts, time_limit), "SECONDS",
     "stop after this time with the best weights so far", 1, 1e6, NULL},
    {"use-labels", 0, MNQ_OPT_CHOICE, offsetof(struct tune_opts, use_labels), "ON|OFF",
     "learn from the labels of the data too, where they are the classes that MODEL tells apart", 0, 0, mnq_switch_words},
    {"journal", 0, MNQ_OPT_STRING, offsetof(struct tune_opts, journal), "FILE",
     "keep in FILE where the training stands: after an interruption or --time-limit the same command goes on, to the same "
     "bytes; removed at the end", 0, 0, NULL},
    {"samples", 'n', MNQ_OPT_INT, offsetof(struct tune_opts, samples), "N",
     "use at most N samples, evenly spaced (512 if not given)", 1, SAMPLES_MAX, NULL},
    MNQ_DATA_OPTIONS(struct tune_opts),
    MNQ_MODEL_OPTIONS(struct tune_opts),
};
enum { OPTIONS = sizeof options / sizeof *options };

static void init(void *opts)
{
    struct mnq_tune_opts d;
    mnq_tune_defaults(&d);
    *(struct tune_opts *)opts = (struct tune_opts){.epochs = d.epochs, .rate = d.rate};
}

/* What one run holds. */
struct tuned {
    struct mnq_subject subject, teacher;
    struct mnq_tune_report report;
    uint8_t *source, *bytes;
    size_t n_source, n;
};

/* ---- report ---- */

static void print_text(const struct tuned *x, const char *output, const char *journal)
{
    const struct mnq_tune_report *r = &x->report;
    mnq_text_put(stdout, output, false);
    printf(": %d layers from %s on, %d samples in %d views, %d held back, %d steps\n", r->layers, r->from, r->samples,
           r->views, r->held, r->steps);
    mnq_tune_print(r);
    if (r->resumed > 0) printf("resumed       behind step %d, as the journal had it\n", r->resumed);
    if (r->stopped && journal != NULL) printf("journal       kept: the same command with -f goes on\n");
    if (r->drop.pictures > 0) mnq_drop_print(&r->drop, &x->subject, x->teacher.file, true);
}

static int print_json(const struct tuned *x, const char *output, struct mnq_err *e)
{
    const struct mnq_tune_report *r = &x->report;
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.tune/1");
    mnq_json_string(&w, "source", x->subject.file);
    mnq_json_string(&w, "teacher", x->teacher.file);
    mnq_json_string(&w, "output", output);
    mnq_json_int(&w, "samples", r->samples);
    mnq_tune_json(&w, r);
    mnq_drop_json(&w, r->drop.pictures > 0 ? &r->drop : NULL, &x->subject, x->teacher.file);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

/* ---- work ---- */

static int open_float(struct mnq_cli *cli, const struct mnq_model_opts *m, const char *path, struct mnq_subject *s)
{
    struct mnq_err *e = &cli->err;
    if (mnq_cli_open(cli, m, path, s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: is an integer model; tune takes float ones", s->file);
    return s->illegal.code != 0 ? mnq_fail(e, s->illegal.code, "%s", s->illegal.msg) : 0;
}

static int open_models(struct mnq_cli *cli, const struct tune_opts *o, struct tuned *x)
{
    struct mnq_err *e = &cli->err;
    if (open_float(cli, &o->model, cli->input[0], &x->subject) != 0) return -1;
    const struct mnq_subject *s = &x->subject;
    if (mnq_file_read(s->file, SOURCE_MAX, &cli->arena, &x->source, &x->n_source, e) != 0) return -1;
    if (mnq_bytes_crc32(0, x->source, x->n_source) != s->file_crc)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: changed while it was read", s->file);
    return open_float(cli, &o->model, o->teacher, &x->teacher);
}

/* Before any work: it can be written, and is a file of its own. */
static int check_journal(struct mnq_cli *cli, const char *name, const struct mnq_output *output)
{
    struct mnq_err *e = &cli->err;
    struct mnq_output *j = mnq_output_begin(name, true, &cli->arena, e);
    if (j == NULL) return -1;
    int rc = 0;
    if (mnq_output_is_stream(j)) rc = mnq_fail(e, MNQ_EXIT_USAGE, "--journal %s: not a file that can be read again", name);
    else if (mnq_output_same(j, output))
        rc = mnq_fail(e, MNQ_EXIT_USAGE, "--journal and --output would be the same file, %s", name);
    mnq_output_end(j);
    return rc;
}

static int check_options(struct mnq_cli *cli, const struct tune_opts *o)
{
    struct mnq_err *e = &cli->err;
    if (o->teacher == NULL)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--teacher is missing: the float model that MODEL was made from");
    if (o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--data is missing: the sample pictures to learn from");
    if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the float model to write");
    int output = mnq_cli_output(cli, o->output, o->force, true);
    if (output < 0) return -1;
    return o->journal == NULL ? 0 : check_journal(cli, o->journal, cli->output[output]);
}

/* The file with the new weights, or the very bytes that came in. */
static int make_file(struct mnq_cli *cli, struct tuned *x, const struct mnq_graph *out)
{
    const struct mnq_subject *s = &x->subject;
    struct mnq_restored restored;
    if (!x->report.kept) {
        x->bytes = malloc(x->n_source);
        if (x->bytes == NULL) return mnq_fail_nomem(&cli->err);
        memcpy(x->bytes, x->source, x->n = x->n_source);
        return 0;
    }
    if (mnq_restore(&s->raw, &s->legal, out, &restored, &cli->arena, &cli->err) != 0) return mnq_fail_in(&cli->err, s->file);
    return mnq_h5_patch(s->file, x->source, x->n_source, restored.patch, restored.n_patches, &x->bytes, &x->n, &cli->err);
}

static const struct mnq_term_step steps[] = {{"teacher", 15}, {"tune", 85}};

static int tune(struct mnq_cli *cli, const struct tune_opts *o, struct tuned *x, const struct mnq_dataset *d)
{
    struct mnq_tune_opts to;
    struct mnq_graph out;
    mnq_tune_defaults(&to);
    to.epochs = o->epochs;
    to.rate = o->rate;
    to.time_limit = o->time_limit;
    to.journal = o->journal;
    to.samples = o->samples;
    if (o->use_labels) to.labels = mnq_tune_labels_weight;
    to.threads = cli->global.threads;
    to.task = x->subject.tasks;
    mnq_term_plan(&cli->term, steps, sizeof steps / sizeof *steps);
    if (mnq_tune(&x->subject.raw, &x->subject.legal, &x->teacher.legal, d, &x->subject.preprocess, &to, &out, &x->report,
                 &cli->arena, mnq_term_progress, &cli->term, &cli->err) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    return make_file(cli, x, &out);
}

static int run(struct mnq_cli *cli)
{
    struct tune_opts settled = *(const struct tune_opts *)cli->opts, *o = &settled;
    struct mnq_err *e = &cli->err;
    struct tuned *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    if (x == NULL) return mnq_fail_nomem(e);
    struct mnq_data data = mnq_cli_data(cli, &o->data, &o->from);
    o->model.pictures = &data;
    if (check_options(cli, o) != 0 || open_models(cli, o, x) != 0) return -1;
    struct mnq_shape in = x->subject.input;
    struct mnq_dataset *d = mnq_dataset_open_as(&data, &x->subject.task, in.h, in.w, in.c, e);
    if (d == NULL) return -1;
    int rc = mnq_cli_settle(cli, &x->subject, d);
    if (rc == 0) {
        mnq_cli_say(cli, &x->subject, 1);
        mnq_cli_say_left_out(cli, d);
        rc = tune(cli, o, x, d);
    }
    mnq_dataset_close(d);
    if (rc == 0) rc = mnq_cli_write(cli, x->bytes, x->n);
    cli->owned = x->bytes;
    if (rc != 0) return -1;
    if (!x->report.stopped) cli->spent = o->journal;
    if (cli->global.json) return print_json(x, o->output, e);
    if (!cli->global.quiet) print_text(x, o->output, o->journal);
    return 0;
}

const struct mnq_command mnq_cmd_tune = {
    .name = "tune",
    .summary = "let a pruned model learn from the float model it was made from",
    .usage = "MODEL --teacher FLOAT --data PATH -o FILE",
    .about = "Trains the weights and biases of MODEL, which `prune` made of FLOAT, to answer as FLOAT\n"
             "does (no labels are needed), and writes it in the layout it was read in. Weights\n"
             "that are exactly zero stay zero. What is written agrees clearly better with FLOAT on\n"
             "the samples held back from it, or it is MODEL itself. Look at the result on pictures\n"
             "of another origin before it is used. The same inputs give the same bytes for any\n"
             "number of threads.",
    .examples = "  mnquant prune model.h5 --ratio 0.75 --data calib/ -o pruned.h5\n"
                "  mnquant tune pruned.h5 --teacher model.h5 --data calib/ -o tuned.h5\n"
                "  mnquant calibrate tuned.h5 --against model.h5 --data calib/ -o tuned.mnq\n",
    .option = options,
    .n_options = OPTIONS,
    .opts_size = sizeof(struct tune_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = 1,
    .run = run,
};
