/* SPDX-License-Identifier: Apache-2.0
 * mnquant export: a packed model as a C library for one core. */
#include "calibrate_make.h"
#include "commands.h"
#include "export/export.h"
#include "export/xfolder.h"
#include "export/xplan.h"
#include "export/xreport.h"
#include "figures.h"
#include "outputs.h"
#include "recipe_read.h"
#include "share.h"
#include "util/file.h"

#include <string.h>

struct export_opts {
    const char *target, *output, *name, *load, *report, *recipe_file, *preprocess;
    struct mnq_opt_list data;
    int format, plan, input, storage, samples;
    int64_t ram;
    bool force;
};

static const char *const storage_words[] = {"file", "speed", NULL};

static const struct mnq_option options[] = {
    {"target", 't', MNQ_OPT_STRING, offsetof(struct export_opts, target), "CORE",
     "the core: cortex-m0, -m3, -m4, -m7, -m33, -m55, -m85, rv32imc, rv64gcv, aarch64, -dotprod, -i8mm, hexagon, or generic",
     0, 0, NULL},
    {"output", 'o', MNQ_OPT_STRING, offsetof(struct export_opts, output), "DIR", "the folder to write, absent or empty", 0,
     0, NULL},
    {"format", 0, MNQ_OPT_CHOICE, offsetof(struct export_opts, format), "NAME", "how the folder is laid out", 0, 0,
     mnq_xformat_words},
    {"name", 0, MNQ_OPT_STRING, offsetof(struct export_opts, name), "NAME",
     "prefix of files and functions, if not the model's file name", 0, 0, NULL},
    {"load", 0, MNQ_OPT_STRING, offsetof(struct export_opts, load), "HOW",
     "what the target does at start: trusted (checksums; all was proved here) or full (prove all of it again)", 0, 0, NULL},
    {"plan", 0, MNQ_OPT_CHOICE, offsetof(struct export_opts, plan), "HOW",
     "bands of rows for the least RAM with 3 % more work (balanced), for the least RAM (ram), or layers at once (speed)", 0,
     0, mnq_xplan_words},
    {"ram", 0, MNQ_OPT_SIZE, offsetof(struct export_opts, ram), "BYTES",
     "the fastest plan that takes at most this much RAM, stack and all; fail if none does even with rows pushed", 1,
     UINT32_MAX, NULL},
    {"input", 0, MNQ_OPT_CHOICE, offsetof(struct export_opts, input), "HOW",
     "plans for pictures in memory and for rows that are pushed (both), or one of them: picture, rows", 0, 0,
     mnq_xinput_words},
    {"storage", 0, MNQ_OPT_CHOICE, offsetof(struct export_opts, storage), "HOW",
     "compressed weights as the file has them, or decoded where the core is faster with them (speed)", 0, 0, storage_words},
    {"report", 0, MNQ_OPT_STRING, offsetof(struct export_opts, report), "FILE",
     "what `eval --json` said of the model: the header states its figures", 0, 0, NULL},
    {"data", 'd', MNQ_OPT_LIST, offsetof(struct export_opts, data), "PATH",
     "MODEL is a float one: calibrate it for the core on these sample pictures, as `calibrate --target` does", 0, 0, NULL},
    {"preprocess", 'p', MNQ_OPT_STRING, offsetof(struct export_opts, preprocess), "NAME",
     "--data: how pixels become inputs, as `calibrate` takes it", 0, 0, NULL},
    {"recipe", 'r', MNQ_OPT_STRING, offsetof(struct export_opts, recipe_file), "FILE",
     "--data: YAML file with any other option of `calibrate`", 0, 0, NULL},
    {"samples", 'n', MNQ_OPT_INT, offsetof(struct export_opts, samples), "N", "--data: use at most N samples, evenly spaced",
     1, MNQ_SAMPLES_MAX, NULL},
    {"force", 'f', MNQ_OPT_FLAG, offsetof(struct export_opts, force), NULL, "replace DIR if it holds an export", 0, 0, NULL},
};

static void init(void *opts)
{
    *(struct export_opts *)opts = (struct export_opts){.load = "trusted"};
}

static int settle(struct mnq_cli *cli, struct mnq_xopts *xo)
{
    const struct export_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;

    if (o->target == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--target is missing: the core to write for");
    if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the folder to write");
    if (strcmp(o->output, "-") == 0)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--output: a folder is written, which standard output cannot take");
    *xo = (struct mnq_xopts){
        .target = mnq_xtarget_named(o->target, e), .format = (enum mnq_xformat)o->format, .name = o->name};
    xo->plan = o->plan;
    xo->input = o->input;
    xo->fast = o->storage;
    xo->ram = o->ram == 0 ? 0 : o->ram > MNQ_XSTACK ? o->ram - MNQ_XSTACK : 1;
    if (xo->target == NULL) return -1;
    xo->full = strcmp(o->load, "full") == 0;
    if (!xo->full && strcmp(o->load, "trusted") != 0)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--load: expected trusted or full, got '%s'", o->load);
    return mnq_xfolder_check(o->output, o->force, e);
}

/* Calibrates the float model of the command line for the core. */
static int calibrate(struct mnq_cli *cli, struct mnq_calibrate_result *x)
{
    const struct export_opts *o = cli->opts;
    static const struct mnq_data_opts as_it_is;
    struct mnq_recipe r;

    mnq_recipe_defaults(&r);
    if (o->recipe_file != NULL && mnq_recipe_read(o->recipe_file, &r, &cli->arena, &cli->err) != 0) return -1;
    if (r.target != NULL && strcmp(r.target, o->target) != 0)
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "%s: target: is %s, but --target is %s", o->recipe_file, r.target,
                        o->target);
    r.target = o->target;
    if (o->preprocess != NULL) r.preprocess = o->preprocess;
    if (o->samples > 0) r.samples = o->samples;
    if (mnq_calibrate_check(&r, &cli->err) != 0) return -1;
    const struct mnq_data data = mnq_cli_data(cli, &o->data, &as_it_is);
    if (mnq_calibrate_open(cli, &r, &data, x) != 0) return -1;
    return mnq_calibrate_make(cli, &r, &data, NULL, NULL, x);
}

/* The packed model: as it is, or made of a float one. */
static int open_model(struct mnq_cli *cli, struct mnq_package **p)
{
    const struct export_opts *o = cli->opts;
    const char *lonely = o->preprocess != NULL ? "--preprocess" : o->recipe_file != NULL ? "--recipe" : "--samples";

    if (o->data.n > 0) {
        struct mnq_calibrate_result *x = mnq_arena_alloc(&cli->arena, sizeof *x);
        if (x == NULL) return mnq_fail_nomem(&cli->err);
        *p = &x->package;
        return calibrate(cli, x);
    }
    if (o->preprocess != NULL || o->recipe_file != NULL || o->samples > 0)
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE,
                        "%s needs --data, the sample pictures that a float model is calibrated on", lonely);
    *p = mnq_arena_alloc(&cli->arena, sizeof **p);
    return *p == NULL ? mnq_fail_nomem(&cli->err) : mnq_package_open(cli->input[0], *p, &cli->arena, &cli->err);
}

static void print_text(const struct mnq_export *x, const char *dir)
{
    const struct mnq_xcosts *c = &x->costs;
    char a[32];

    printf("%s: %d files for %s\n", dir, x->files.n, x->o->target->name);
    printf("flash           %8zu bytes   code %zu, weights %zu, tables %zu\n",
           c->flash_code + c->flash_weights + c->flash_tables, c->flash_code, c->flash_weights, c->flash_tables);
    printf("RAM             %8zu bytes   arena %zu, stack %zu\n", c->arena + c->stack, c->arena, c->stack);
    printf("RAM, rows       %8zu bytes   the picture pushed row by row\n", c->arena_rows + c->stack);
    printf("instructions  %12s\n", mnq_text_count(a, (int64_t)c->instructions));
    if (x->slower > 0 && !x->o->fast)
        printf("note: compressed weights of %d layer%s take %s instructions more than decoded ones; --storage speed decodes "
               "them\n",
               x->slower, x->slower > 1 ? "s" : "", mnq_text_count(a, x->slower_by));
    for (int i = 0; i < x->image.n_layers; i++) {
        const struct mnq_xlayer *l = &x->image.layer[i];
        printf("%12s  %-18s ", mnq_text_count(a, (int64_t)l->instructions), l->kernel->symbol);
        mnq_text_put(stdout, x->p->q.layer[i].name, false);
        printf("\n");
    }
}

static int run(struct mnq_cli *cli)
{
    const struct export_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    struct mnq_package *p = NULL;
    struct mnq_export *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    struct mnq_xopts xo;

    if (x == NULL) return mnq_fail_nomem(e);
    if (settle(cli, &xo) != 0 || open_model(cli, &p) != 0) return -1;
    xo.model = o->data.n > 0;
    if (o->report != NULL &&
        mnq_xreport_read(o->report, mnq_bytes_crc32(0, p->bytes, p->n_bytes), &xo.measured, &cli->arena, e) != 0)
        return -1;
    int rc = mnq_export_make(x, p, &xo, &cli->arena, e);
    if (rc == 0 && cli->global.json) {
        const char *json = mnq_export_json(x, &cli->arena);
        if (json == NULL) rc = mnq_fail_nomem(e);
        else printf("%s\n", json);
    } else if (rc == 0 && !cli->global.quiet) {
        print_text(x, o->output);
    }
    if (rc == 0) mnq_cli_folder(cli, o->output, o->force, &x->files);
    mnq_export_end(x);
    return rc;
}

const struct mnq_command mnq_cmd_export = {
    .name = "export",
    .summary = "write a packed model as a C library for one core",
    .usage = "MODEL --target CORE -o DIR",
    .about = "Writes a folder with everything that firmware needs of a model: weights in the order\n"
             "of the core's kernels, the kernels and the runtime that it calls and no others, a\n"
             "header that says what goes in and comes out, a self-test, build files. Flash, RAM\n"
             "and instructions are foretold before anything is flashed. MODEL is an .mnq, or with\n"
             "--data a float model, which is calibrated for the core first.",
    .examples = "  mnquant export model.mnq --target cortex-m4 -o firmware\n"
                "  mnquant export model.h5 --data calib/ --target cortex-m4 -o firmware\n"
                "  mnquant export model.mnq --target cortex-m0 --format arduino --name eye -o eye\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct export_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = 1,
    .run = run,
};
