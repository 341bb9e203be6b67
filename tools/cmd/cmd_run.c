/* SPDX-License-Identifier: Apache-2.0
 * mnquant run: a model on pictures, the top classes of each. */
#include "command.h"
#include "commands.h"
#include "dataset.h"
#include "evaluate.h"
#include "run_stream.h"
#include "share.h"
#include "task_text.h"
#include "util/file.h"
#include "util/json.h"
#include "util/pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct run_opts {
    struct mnq_model_opts model;
    struct mnq_data_opts from;
    int top;
    const char *verify;
    bool stream;
};

static const struct mnq_option options[] = {
    {"top", 'k', MNQ_OPT_INT, offsetof(struct run_opts, top), "N", "classes to print per input", 1, 16384, NULL},
    {"verify", 0, MNQ_OPT_STRING, offsetof(struct run_opts, verify), "CRC",
     "fail with exit code 3 unless the CRC-32 of all raw outputs is this (8 hex digits)", 0, 0, NULL},
    {"stream", 0, MNQ_OPT_FLAG, offsetof(struct run_opts, stream), NULL,
     "INPUT is a file of raw pictures, or - for standard input, pushed row by row", 0, 0, NULL},
    MNQ_DATA_OPTIONS(struct run_opts),
    MNQ_MODEL_OPTIONS(struct run_opts),
};

static void init(void *opts)
{
    *(struct run_opts *)opts = (struct run_opts){.top = 5};
}

struct job {
    const struct mnq_subject *s;
    struct mnq_dataset *data; /* NULL: a stream */
    const char *stream;
    struct mnq_arena *arena;
    struct mnq_runner **runner; /* per worker */
    uint8_t **pixels;
    float *value; /* [n][s->values] */
    uint8_t *raw; /* [n][raw_size] */
    size_t raw_size;
    int n;
    atomic_int done;
    struct mnq_term *term;
};

/* Input i, for people; NULL without memory. */
static const char *name_of(const struct job *j, int i)
{
    if (j->data != NULL) return mnq_dataset_name(j->data, i);
    size_t n = strlen(j->stream) + 16;
    char *name = mnq_arena_alloc(j->arena, n);
    if (name != NULL) snprintf(name, n, "%s[%d]", j->stream, i);
    return name;
}

static int one(void *ctx, int i, int w, struct mnq_err *e)
{
    struct job *j = ctx;
    if (mnq_dataset_load(j->data, i, &j->s->preprocess, j->pixels[w], e) != 0) return -1;
    if (mnq_runner_run(j->runner[w], j->pixels[w], j->value + (size_t)i * (size_t)j->s->values, e) != 0) return -1;
    uint8_t *to = j->raw + (size_t)i * j->raw_size;
    for (int k = 0; k < j->s->n_outputs; k++) {
        size_t size;
        const void *raw = mnq_runner_raw(j->runner[w], k, &size);
        memcpy(to, raw, size);
        to += size;
    }
    int done = atomic_fetch_add(&j->done, 1) + 1;
    if (w == 0) mnq_term_progress(j->term, "run", done, j->n);
    return 0;
}

static int run_all(struct job *j, int threads, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_subject *s = j->s;
    size_t pixels = mnq_elements(s->input);
    if (threads > j->n) threads = j->n;
    j->runner = mnq_arena_array(arena, (size_t)threads, sizeof(struct mnq_runner *));
    j->pixels = mnq_arena_array(arena, (size_t)threads, sizeof *j->pixels);
    j->value = mnq_arena_array(arena, (size_t)j->n * (size_t)s->values, sizeof *j->value);
    j->raw_size = s->illegal.code == 0 ? mnq_subject_raw_bytes(s) : 0;
    j->raw = mnq_arena_array(arena, (size_t)j->n, j->raw_size);
    if (j->runner == NULL || j->pixels == NULL || j->value == NULL || j->raw == NULL) return mnq_fail_nomem(e);
    int rc = 0;
    for (int w = 0; w < threads && rc == 0; w++) {
        j->pixels[w] = mnq_arena_alloc(arena, pixels);
        j->runner[w] = mnq_runner_new(s, e);
        if (j->runner[w] == NULL || j->pixels[w] == NULL) rc = mnq_fail_nomem(e);
    }
    if (rc == 0) rc = mnq_pool_for(j->n, threads, one, j, e);
    for (int w = 0; w < threads; w++) mnq_runner_free(j->runner[w]);
    mnq_term_clear(j->term);
    return rc;
}

/* One checksum over all outputs in order, as firmware can compute it too. */
static uint32_t checksum(const struct job *j)
{
    return mnq_bytes_crc32(0, j->raw, (size_t)j->n * j->raw_size);
}

/* Names of the data are the model's, if it has none or they were stated. */
static int name_classes(struct mnq_subject *s, const struct mnq_dataset *d, bool stated, struct mnq_arena *arena)
{
    int n = mnq_dataset_classes(d);
    if (s->tasks[0].kind != MNQ_TASK_CLASSES || (s->classes != NULL && !stated) || n != s->outputs ||
        mnq_dataset_class(d, 0) == NULL)
        return 0;
    const char **name = mnq_arena_array(arena, (size_t)n, sizeof *name);
    if (name == NULL) return -1;
    for (int i = 0; i < n; i++) name[i] = mnq_dataset_class(d, i);
    s->classes = name;
    s->n_classes = n;
    return 0;
}

/* Whether output o is one vector of classes, of which the first ones are told. */
static bool is_classes(const struct mnq_subject *s, int o)
{
    return s->tasks[o].kind == MNQ_TASK_CLASSES && !mnq_task_is_map(&s->tasks[o]);
}

/* Names of classes belong to the first output. */
static const char *class_name(const struct mnq_subject *s, int o, int i)
{
    return o == 0 && s->classes != NULL && i < s->n_classes ? s->classes[i] : NULL;
}

/* How many of the k first classes output o has. */
static int first_few(const struct mnq_subject *s, int o, int k)
{
    return k < s->tasks[o].out.c ? k : s->tasks[o].out.c;
}

static void print_output(const struct job *j, int o, const float *v, int k, int *top)
{
    const struct mnq_subject *s = j->s;
    if (!is_classes(s, o)) {
        mnq_task_print_output(&s->tasks[o], v, o == 0 ? s->classes : NULL, o == 0 ? s->n_classes : 0, k);
        return;
    }
    k = first_few(s, o, k);
    mnq_top(v, s->tasks[o].out.c, k, top);
    for (int t = 0; t < k; t++) {
        const char *name = class_name(s, o, top[t]);
        printf("  %5d  %9.6f%s", top[t], (double)v[top[t]], name == NULL ? "" : "  ");
        mnq_text_put(stdout, name == NULL ? "" : name, false);
        printf("\n");
    }
}

static int print_text(const struct job *j, int k, int *top, bool color, struct mnq_err *e)
{
    for (int i = 0; i < j->n; i++) {
        const char *input = name_of(j, i);
        if (input == NULL) return mnq_fail_nomem(e);
        fputs(mnq_term_bold(color), stdout);
        mnq_text_put(stdout, input, false);
        printf("%s\n", mnq_term_plain(color));
        const float *v = j->value + (size_t)i * (size_t)j->s->values;
        for (int o = 0; o < j->s->n_outputs; o++) {
            if (j->s->n_outputs > 1) {
                printf(" ");
                mnq_text_put(stdout, j->s->output_name[o], false);
                printf("\n");
            }
            print_output(j, o, v, k, top);
            v += mnq_elements(j->s->tasks[o].out);
        }
    }
    return 0;
}

static void json_output(struct mnq_json *w, const struct job *j, int o, const float *v, int k, int *top)
{
    if (!is_classes(j->s, o)) {
        mnq_task_json_output(w, &j->s->tasks[o], v);
        return;
    }
    k = first_few(j->s, o, k);
    mnq_top(v, j->s->tasks[o].out.c, k, top);
    mnq_json_array(w, "top");
    for (int t = 0; t < k; t++) {
        mnq_json_object(w, NULL);
        mnq_json_int(w, "class", top[t]);
        mnq_json_float(w, "score", v[top[t]]);
        if (class_name(j->s, o, top[t]) != NULL) mnq_json_string(w, "name", class_name(j->s, o, top[t]));
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void json_values(struct mnq_json *w, const float *v, size_t n)
{
    mnq_json_row(w, "values");
    for (size_t c = 0; c < n; c++) mnq_json_float(w, NULL, v[c]);
    mnq_json_end(w);
}

/* What the model says of one input: all values, and of several outputs each by its name. */
static void json_sample(struct mnq_json *w, const struct job *j, const float *v, int k, int *top)
{
    json_values(w, v, (size_t)j->s->values);
    if (j->s->n_outputs == 1) {
        json_output(w, j, 0, v, k, top);
        return;
    }
    mnq_json_array(w, "outputs");
    for (int o = 0; o < j->s->n_outputs; o++) {
        size_t n = mnq_elements(j->s->tasks[o].out);
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", j->s->output_name[o]);
        json_values(w, v, n);
        json_output(w, j, o, v, k, top);
        mnq_json_end(w);
        v += n;
    }
    mnq_json_end(w);
}

static int print_json(const struct job *j, int k, int *top, uint32_t crc, struct mnq_err *e)
{
    struct mnq_json w = {.indent = 2};
    char hex[16];
    snprintf(hex, sizeof hex, "%08x", crc);
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.run/1");
    mnq_json_string(&w, "file", j->s->file);
    mnq_json_string(&w, "kind", mnq_subject_kind_name(j->s->kind));
    mnq_json_string(&w, "preprocess", j->s->preprocess.name);
    mnq_tasks_json(&w, j->s);
    mnq_json_string(&w, "crc32", hex);
    mnq_json_array(&w, "outputs");
    for (int i = 0; i < j->n; i++) {
        mnq_json_object(&w, NULL);
        const char *input = name_of(j, i);
        if (input == NULL) w.failed = true;
        mnq_json_string(&w, "input", input);
        json_sample(&w, j, j->value + (size_t)i * (size_t)j->s->values, k, top);
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

static int parse_crc(const char *text, uint32_t *crc, struct mnq_err *e)
{
    if (strlen(text) != 8 || strspn(text, "0123456789abcdefABCDEF") != 8)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--verify: expected 8 hex digits, got '%s'", text);
    *crc = (uint32_t)strtoul(text, NULL, 16);
    return 0;
}

/* What was computed, and whether it is what was wanted. */
static int show(const struct job *j, struct mnq_cli *cli)
{
    const struct run_opts *o = cli->opts;
    int k = o->top < j->s->values ? o->top : j->s->values, rc;
    int *top = mnq_arena_array(&cli->arena, (size_t)k, sizeof *top);
    uint32_t crc = checksum(j), want = 0;
    if (top == NULL) return mnq_fail_nomem(&cli->err);
    mnq_cli_say(cli, j->s, 1);
    if (j->data != NULL) mnq_cli_say_left_out(cli, j->data);
    if (cli->global.json) rc = print_json(j, k, top, crc, &cli->err);
    else rc = print_text(j, k, top, cli->term.color_out, &cli->err);
    if (rc == 0 && o->verify != NULL && parse_crc(o->verify, &want, &cli->err) == 0 && crc != want)
        rc = mnq_fail(&cli->err, MNQ_EXIT_GATE, "CRC-32 of the outputs is %08x, wanted %08x", crc, want);
    return rc;
}

static int run_stream(struct mnq_cli *cli, const struct mnq_subject *s)
{
    struct mnq_streamed r;
    if (cli->n_inputs != 2) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--stream: one input, found %d", cli->n_inputs - 1);
    if (mnq_run_stream(s, cli->input[1], &r, &cli->arena, &cli->err) != 0) return -1;
    struct job j = {.s = s, .stream = cli->input[1], .arena = &cli->arena, .term = &cli->term};
    j.value = r.value, j.raw = r.raw, j.raw_size = r.raw_size, j.n = r.n;
    return show(&j, cli);
}

static int run(struct mnq_cli *cli)
{
    const struct run_opts *o = cli->opts;
    struct mnq_subject *s = mnq_arena_alloc(&cli->arena, sizeof *s);
    uint32_t want = 0;
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (o->verify != NULL && parse_crc(o->verify, &want, &cli->err) != 0) return -1;
    struct mnq_opt_list inputs = {.item = cli->input + 1, .n = cli->n_inputs - 1};
    struct mnq_data data = mnq_cli_data(cli, &inputs, &o->from);
    struct mnq_model_opts model = o->model;
    model.pictures = o->stream ? NULL : &data;
    if (mnq_cli_open(cli, &model, cli->input[0], s) != 0) return -1;
    if (o->stream) return run_stream(cli, s);
    struct job j = {.s = s, .term = &cli->term};
    j.data = mnq_dataset_open_as(&data, &s->task, s->input.h, s->input.w, s->input.c, &cli->err);
    if (j.data == NULL) return -1;
    int rc = name_classes(s, j.data, o->from.class_names != NULL, &cli->arena);
    if (rc != 0) mnq_fail_nomem(&cli->err);
    else rc = mnq_cli_settle(cli, s, j.data);
    j.n = mnq_dataset_count(j.data);
    if (rc == 0) rc = run_all(&j, cli->global.threads, &cli->arena, &cli->err);
    if (rc == 0) rc = show(&j, cli);
    mnq_dataset_close(j.data);
    return rc;
}

const struct mnq_command mnq_cmd_run = {
    .name = "run",
    .summary = "run a model on pictures and print the top classes",
    .usage = "MODEL INPUT...",
    .about = "Runs MODEL, a float model (Keras HDF5) or an integer one (.mnq), on every INPUT: a\n"
             "picture (JPEG, PNG, BMP, GIF, PNM), a folder, a CSV of path,label, or an HDF5 or\n"
             "NumPy file. Values are the model's outputs, dequantized if it is an integer model:\n"
             "the first classes, or what the output means otherwise (--task).",
    .examples = "  mnquant run model.mnq photo.jpg\n"
                "  mnquant run model.h5 photos/ --preprocess tf --top 3 --json\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct run_opts),
    .init = init,
    .min_inputs = 2,
    .max_inputs = -1,
    .run = run,
};
