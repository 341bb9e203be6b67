/* SPDX-License-Identifier: Apache-2.0
 * mnquant fit: budgets in, firmware out. */
#include "command.h"
#include "commands.h"
#include "export/export.h"
#include "export/xfolder.h"
#include "export/xplan.h"
#include "front_page.h"
#include "outputs.h"
#include "recipe_read.h"
#include "search.h"
#include "search_folder.h"
#include "share.h"
#include "trial_text.h"
#include "util/json.h"
#include "util/spread.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fit_opts {
    struct mnq_model_opts model;
    struct mnq_data_opts from;
    struct mnq_opt_list data, val;
    const char *target, *output, *recipe;
    int64_t flash, ram, cycles;
    double ms, mhz, max_drop, time_limit;
    int samples, part, finalists, tuned;
    bool force;
};

#define O(member) offsetof(struct fit_opts, member)
static const struct mnq_option options[] = {
    {"data", 'd', MNQ_OPT_LIST, O(data), "PATH", "sample pictures: folder, CSV, HDF5 file with images; may be repeated", 0,
     0, NULL},
    {"val", 0, MNQ_OPT_LIST, O(val), "PATH",
     "pictures that judge and do nothing else, instead of every fourth sample; may be repeated", 0, 0, NULL},
    {"target", 't', MNQ_OPT_STRING, O(target), "CORE", "the core, as export has them", 0, 0, NULL},
    {"flash", 0, MNQ_OPT_SIZE, O(flash), "BYTES", "flash at most, code, weights and tables (k, M, KiB, MiB may follow)", 1,
     MNQ_FLASH_MAX, NULL},
    {"ram", 0, MNQ_OPT_SIZE, O(ram), "BYTES", "RAM at most, stack and all, the picture in memory or pushed by rows", 1,
     MNQ_FLASH_MAX, NULL},
    {"cycles", 0, MNQ_OPT_SIZE, O(cycles), "N", "instructions of one picture at most, as the core's cost model counts them",
     1, MNQ_CYCLES_MAX, NULL},
    {"ms", 0, MNQ_OPT_DOUBLE, O(ms), "T", "milliseconds of one picture at most, an instruction a cycle; needs --mhz", 0, 1e9,
     NULL},
    {"mhz", 0, MNQ_OPT_DOUBLE, O(mhz), "F", "the core's clock, for --ms", 0, 1e6, NULL},
    {"max-drop", 0, MNQ_OPT_DOUBLE, O(max_drop), "POINTS", "refuse a model that is expected to lose more accuracy than this",
     MNQ_MAX_DROP_MIN, MNQ_MAX_DROP_MAX, NULL},
    {"output", 'o', MNQ_OPT_STRING, O(output), "DIR",
     "the folder to write: firmware, model.mnq, recipe.yaml, report.html, journal.jsonl", 0, 0, NULL},
    {"force", 'f', MNQ_OPT_FLAG, O(force), NULL, "begin anew where DIR holds another search", 0, 0, NULL},
    {"recipe", 'r', MNQ_OPT_STRING, O(recipe), "FILE",
     "no search: make what this recipe.yaml says, with its target and budgets", 0, 0, NULL},
    {"time-limit", 0, MNQ_OPT_DOUBLE, O(time_limit), "S",
     "begin no trial after so many seconds: the best so far is written, the same command goes on", 0, 1e9, NULL},
    {"samples", 'n', MNQ_OPT_INT, O(samples), "N", "use at most N samples, evenly spaced", 1, MNQ_SAMPLES_MAX, NULL},
    {"part", 0, MNQ_OPT_INT, O(part), "N", "samples of the first round (48)", 4, MNQ_SAMPLES_MAX, NULL},
    {"finalists", 0, MNQ_OPT_INT, O(finalists), "N", "how many of the first round all samples judge", 1, 16, NULL},
    {"tune", 0, MNQ_OPT_INT, O(tuned), "N", "how many of those also learn from the float network", 0, 16, NULL},
    MNQ_DATA_OPTIONS(struct fit_opts),
    MNQ_MODEL_OPTIONS(struct fit_opts),
};
enum { OPTIONS = sizeof options / sizeof *options };

static void init(void *opts)
{
    *(struct fit_opts *)opts = (struct fit_opts){
        .part = MNQ_SEARCH_PART, .finalists = MNQ_SEARCH_FINALISTS, .tuned = MNQ_SEARCH_TUNED, .ms = -1, .mhz = -1};
}

/* What one search holds. */
struct fitting {
    struct mnq_subject native;
    char preprocess[MNQ_PREPROCESS_TEXT]; /* the native one's */
    struct mnq_data data, val;
    struct mnq_making how;
    struct mnq_search_opts search;
    struct mnq_search_report report;
    struct mnq_made made; /* the chosen one */
    const char *firmware; /* its folder */
    bool made_dir, began; /* this run made the folder, began its journal */
};

/* ---- options ---- */

/* A recipe that says it all. */
static int settle_recipe(struct mnq_cli *cli, struct mnq_recipe *r)
{
    struct fit_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    if (o->target != NULL || o->flash > 0 || o->ram > 0 || o->cycles > 0 || o->ms >= 0 || o->mhz >= 0)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--recipe: the target and its budgets are those of %s", o->recipe);
    mnq_recipe_defaults(r);
    if (mnq_recipe_read(o->recipe, r, &cli->arena, e) != 0) return -1;
    if (r->target == NULL)
        return mnq_fail(e, MNQ_EXIT_USAGE, "%s: has no target: the core that the model is for", o->recipe);
    if (mnq_xtarget_named(r->target, e) == NULL || mnq_making_check(r, o->recipe, e) != 0) return -1;
    if (o->model.preprocess == NULL) o->model.preprocess = r->preprocess;
    o->model.resize = r->resize;
    o->model.filter = r->filter;
    o->model.arch = r->arch;
    o->model.task = r->task;
    o->model.threshold = r->threshold;
    return 0;
}

static int settle(struct mnq_cli *cli, struct fitting *x)
{
    struct fit_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    struct mnq_recipe *r = &x->search.base;
    if (o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--data is missing: the sample pictures");
    if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the folder to write");
    if (o->recipe != NULL) return settle_recipe(cli, r);
    if (o->target == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--target is missing: the core that the model is for");
    if (mnq_xtarget_named(o->target, e) == NULL) return -1;
    const bool timed = o->ms >= 0;
    const double cycles = o->ms * o->mhz * 1000;
    if (timed != (o->mhz >= 0)) return mnq_fail(e, MNQ_EXIT_USAGE, "--ms and --mhz go together");
    if (timed && o->cycles > 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--cycles and --ms both limit the time: give one");
    if (timed && cycles < 1)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--ms %g --mhz %g: less than one instruction", o->ms, o->mhz);
    if (timed && cycles > MNQ_CYCLES_MAX)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--ms %g --mhz %g: more than %g instructions", o->ms, o->mhz, MNQ_CYCLES_MAX);
    if (o->flash == 0 && o->ram == 0 && o->cycles == 0 && !timed)
        return mnq_fail(e, MNQ_EXIT_USAGE, "a budget is missing: --flash, --ram, --cycles, or --ms and --mhz");
    mnq_recipe_defaults(r);
    r->resize = o->model.resize;
    r->filter = o->model.filter;
    r->arch = o->model.arch;
    r->task = o->model.task;
    r->threshold = o->model.threshold;
    r->resolution = o->model.resolution;
    r->samples = o->samples;
    r->target = o->target;
    r->flash = o->flash;
    r->ram = o->ram;
    r->cycles = timed ? (int64_t)cycles : o->cycles;
    return 0;
}

static int open_native(struct mnq_cli *cli, struct fitting *x)
{
    struct fit_opts *o = cli->opts;
    struct mnq_subject *s = &x->native;
    struct mnq_err *e = &cli->err;
    x->data = mnq_cli_data(cli, &o->data, &o->from);
    x->val = mnq_cli_data(cli, &o->val, &o->from);
    o->model.pictures = &x->data;
    if (mnq_cli_open(cli, &o->model, cli->input[0], s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: is an integer model already; fit takes the float one", s->file);
    if (s->illegal.code != 0) return mnq_fail(e, s->illegal.code, "%s", s->illegal.msg);
    if (s->resolution > 0 && o->recipe == NULL) x->search.base.resolution = s->resolution;
    struct mnq_dataset *d = mnq_dataset_open_as(&x->data, &s->task, s->input.h, s->input.w, s->input.c, e);
    if (d == NULL) return -1;
    int rc = mnq_cli_settle(cli, s, d);
    if (rc == 0) {
        mnq_cli_say(cli, s, 1);
        mnq_cli_say_left_out(cli, d);
    }
    mnq_dataset_close(d);
    mnq_preprocess_text(&s->preprocess, x->preprocess);
    x->search.base.preprocess = x->preprocess;
    x->how = (struct mnq_making){.data = &x->data,
                                 .val = o->val.n > 0 ? &x->val : NULL,
                                 .threads = cli->global.threads,
                                 .progress = mnq_term_progress,
                                 .progress_ctx = &cli->term};
    x->search.model = s->file;
    x->search.how = &x->how;
    x->search.engine = &mnq_trials_here;
    x->search.part = o->part;
    x->search.finalists = o->finalists;
    x->search.tuned = o->tuned;
    return rc;
}

/* ---- folder ---- */

enum { MODEL, RECIPE, PAGE, FILES };

/* What will be written, before any work. */
static int open_outputs(struct mnq_cli *cli, struct fitting *x)
{
    static const char *const name[FILES] = {"model.mnq", "recipe.yaml", "report.html"};
    const struct fit_opts *o = cli->opts;
    for (int i = 0; i < FILES; i++)
        if (mnq_folder_output(cli, o->output, name[i]) < 0) return -1;
    x->firmware = mnq_folder_path(cli, o->output, "firmware");
    if (x->firmware == NULL) return mnq_fail_nomem(&cli->err);
    return mnq_spread_writes() ? mnq_xfolder_check(x->firmware, true, &cli->err) : 0;
}

static int open_folder(struct mnq_cli *cli, struct fitting *x)
{
    const struct fit_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    const struct mnq_folder_inputs in = {&x->native, 1, &o->data, &o->val, &o->from, NULL};
    const char *journal = mnq_folder_path(cli, o->output, "journal.jsonl"), *text = mnq_folder_about(cli, &in);
    if (journal == NULL || text == NULL) return mnq_fail_nomem(e);
    if (mnq_spread_writes() && mnq_folder_make(cli, o->output, journal, &x->made_dir, &x->began) != 0) return -1;
    if (open_outputs(cli, x) != 0) {
        if (x->made_dir) mnq_folder_unmake(o->output, journal);
        return -1;
    }
    x->search.journal = mnq_journal_open(journal, text, o->force, e);
    if (x->search.journal == NULL) return -1;
    int held = mnq_journal_held(x->search.journal);
    if (held > 0) mnq_term_note(&cli->term, 0, "%s: goes on behind %d finished trials", o->output, held);
    return 0;
}

/* Nothing fits: of what this run began nothing stays. */
static void leave_nothing(struct mnq_cli *cli, struct fitting *x)
{
    const struct fit_opts *o = cli->opts;
    const char *journal = mnq_folder_path(cli, o->output, "journal.jsonl");
    mnq_journal_close(x->search.journal);
    x->search.journal = NULL;
    if (!x->began || journal == NULL) return;
    if (x->made_dir) mnq_folder_unmake(o->output, journal);
    else unlink(journal);
}

/* ---- result ---- */

static int write_firmware(struct mnq_cli *cli, struct fitting *x)
{
    struct mnq_err *e = &cli->err;
    struct mnq_export *ex = mnq_arena_alloc(&cli->arena, sizeof *ex);
    const struct mnq_xbudget *b = &x->made.budget;
    struct mnq_xopts xo = {.target = b->target, .name = "model"};
    if (ex == NULL) return mnq_fail_nomem(e);
    xo.ram = b->ram > MNQ_XSTACK ? b->ram - MNQ_XSTACK : b->ram > 0;
    if (x->made.bill.at_once) xo.plan = MNQ_XPLAN_SPEED;
    if (b->ram > 0 && x->made.bill.ram > b->ram) xo.input = MNQ_XINPUT_ROWS;
    int rc = mnq_export_make(ex, &x->made.package, &xo, &cli->arena, e);
    if (rc == 0) mnq_cli_folder(cli, x->firmware, true, &ex->files);
    mnq_export_end(ex);
    return rc;
}

static const char *said(struct mnq_cli *cli, const struct fitting *x)
{
    const struct mnq_search_report *r = &x->report;
    const struct mnq_trial_result *c = &r->point[r->best].result;
    char text[500], a[32], b[32];
    int64_t ram = c->ram_rows < c->ram ? c->ram_rows : c->ram;
    snprintf(text, sizeof text,
             "Of %d recipes judged, the one chosen takes %s bytes of flash, %lld of RAM and %s instructions on %s, and is "
             "expected to lose %.2f points (%.2f to %.2f with 95 %%) against the float network.",
             r->n - r->stage_n[MNQ_SEARCH_COSTS], mnq_text_count(a, c->flash), (long long)ram, mnq_text_count(b, c->cycles),
             x->search.base.target, c->drop, c->low, c->high);
    return mnq_arena_strdup(&cli->arena, text);
}

static int make_page(struct mnq_cli *cli, const struct fitting *x, struct mnq_cli_bytes *b)
{
    const struct mnq_search_report *r = &x->report;
    const char *text;
    size_t n;
    struct mnq_front_row *row = mnq_arena_array(&cli->arena, (size_t)r->n, sizeof *row);
    struct mnq_front f = {.said = said(cli, x), .command = "fit", .target = x->search.base.target, .row = row};
    char title[300];
    if (row == NULL || f.said == NULL) return mnq_fail_nomem(&cli->err);
    for (int i = r->stage_n[MNQ_SEARCH_COSTS]; i < r->n; i++) {
        const struct mnq_search_point *p = &r->point[i];
        const char *label = mnq_trial_label(&p->recipe, x->native.input.h, &cli->arena);
        if (label == NULL) return mnq_fail_nomem(&cli->err);
        row[f.n++] = (struct mnq_front_row){label, p->trial.recipe, &p->result, p->front, i == r->best};
    }
    const char *slash = strrchr(x->native.file, '/');
    snprintf(title, sizeof title, "%.200s on %s", slash != NULL ? slash + 1 : x->native.file, f.target);
    f.title = title;
    if (mnq_front_page_make(&f, &text, &n, &cli->arena, &cli->err) != 0) return -1;
    *b = (struct mnq_cli_bytes){text, n};
    return 0;
}

static int write_all(struct mnq_cli *cli, struct fitting *x)
{
    const char *recipe = x->report.point[x->report.best].trial.recipe;
    struct mnq_cli_bytes b[FILES] = {[MODEL] = {x->made.bytes, x->made.n}, [RECIPE] = {recipe, strlen(recipe)}};
    if (make_page(cli, x, &b[PAGE]) != 0 || write_firmware(cli, x) != 0) return -1;
    return mnq_cli_write_all(cli, b, FILES);
}

static int print_json(struct mnq_cli *cli, const struct fitting *x)
{
    const struct fit_opts *o = cli->opts;
    const struct mnq_search_report *r = &x->report;
    static const char *const stage[] = {"costs", "part", "full", "tuned"};
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.fit/1");
    mnq_json_string(&w, "source", x->native.file);
    mnq_json_string(&w, "output", o->output);
    mnq_json_string(&w, "target", x->search.base.target);
    mnq_json_int(&w, "flash", x->search.base.flash);
    mnq_json_int(&w, "ram", x->search.base.ram);
    mnq_json_int(&w, "cycles", x->search.base.cycles);
    mnq_json_bool(&w, "complete", r->open == 0);
    mnq_json_int(&w, "bills", r->stage_n[MNQ_SEARCH_COSTS]);
    mnq_json_string(&w, "chosen", r->point[r->best].trial.recipe);
    mnq_json_array(&w, "trials");
    for (int i = r->stage_n[MNQ_SEARCH_COSTS]; i < r->n; i++) {
        const struct mnq_search_point *p = &r->point[i];
        mnq_json_object(&w, NULL);
        mnq_json_string(&w, "stage", stage[p->stage]);
        mnq_json_bool(&w, "chosen", i == r->best);
        mnq_json_bool(&w, "front", p->front);
        mnq_json_string(&w, "recipe", p->trial.recipe);
        mnq_trial_figures(&w, &p->result);
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, &cli->err);
}

static int print_text(struct mnq_cli *cli, const struct fitting *x)
{
    const struct fit_opts *o = cli->opts;
    const struct mnq_search_report *r = &x->report;
    struct mnq_trial_line *line = mnq_arena_array(&cli->arena, (size_t)r->n, sizeof *line);
    int n = 0, fit = 0, bills = r->stage_n[MNQ_SEARCH_COSTS];
    if (line == NULL) return mnq_fail_nomem(&cli->err);
    for (int i = 0; i < bills; i++) fit += r->point[i].result.state == MNQ_TRIAL_MADE;
    for (int i = bills; i < r->n; i++) {
        const struct mnq_search_point *p = &r->point[i];
        const char *label = mnq_trial_label(&p->recipe, x->native.input.h, &cli->arena);
        if (label == NULL) return mnq_fail_nomem(&cli->err);
        line[n++] = (struct mnq_trial_line){label, i == r->best ? "chosen" : p->front ? "*" : "", &p->result};
    }
    printf("%d bills, %d within the budgets; %d recipes judged by %d pictures\n\n", bills, fit, n,
           r->point[r->best].result.pictures);
    mnq_trial_table_print(line, n, true, cli);
    printf("\n");
    mnq_text_put(stdout, o->output, false);
    printf(": firmware, model.mnq, recipe.yaml, report.html, journal.jsonl\n");
    return 0;
}

/* What stands in the way, if nothing can be written. */
static int refuse(struct mnq_cli *cli, struct fitting *x)
{
    const struct fit_opts *o = cli->opts;
    const struct mnq_search_report *r = &x->report;
    struct mnq_err *e = &cli->err;
    if (r->best < 0 && r->open > 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the time was over before a model was made; the same command goes on",
                        x->native.file);
    if (r->best >= 0) {
        double drop = r->point[r->best].result.drop;
        if (!(o->max_drop > 0) || drop <= o->max_drop) return 0;
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s: the best that fits is expected to lose %.2f points, --max-drop is %g; its search stays in %s",
                        x->native.file, drop, o->max_drop, o->output);
    }
    const struct mnq_search_point *p = r->nearest;
    for (int i = r->stage_n[MNQ_SEARCH_COSTS]; i < r->n; i++) p = &r->point[i]; /* it fitted by its bill alone */
    const char *label = p == NULL ? NULL : mnq_trial_label(&p->recipe, x->native.input.h, &cli->arena);
    leave_nothing(cli, x);
    if (label == NULL) return mnq_fail_nomem(e);
    return mnq_fail(e, MNQ_EXIT_FAILED, "nothing fits; with %s: %s", label, p->result.why);
}

/* The model of the best point: the search's own, or made again, where an earlier run or another process made it. */
static int make_best(struct mnq_cli *cli, struct fitting *x)
{
    const struct mnq_search_report *r = &x->report;
    const struct mnq_search_point *best = &r->point[r->best];
    const struct mnq_search_kept *k = &r->kept;
    const char *name = x->native.file;
    if (mnq_spread_processes() > 1 || k->recipe == NULL || strcmp(k->recipe, best->trial.recipe) != 0)
        return mnq_model_make(name, &best->recipe, &x->how, false, &x->made, &cli->arena, &cli->err);
    x->made.bytes = k->bytes;
    x->made.n = k->n;
    return mnq_made_bill(&x->made, &best->recipe, name, &cli->arena, &cli->err);
}

static int search(struct mnq_cli *cli, struct fitting *x)
{
    const struct fit_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    if (o->time_limit > 0) x->search.deadline = mnq_trials_now() + o->time_limit;
    struct mnq_jury *jury = mnq_jury_new(&x->native, &x->how, e);
    int rc = jury == NULL || open_folder(cli, x) != 0 ? -1
             : o->recipe != NULL ? mnq_search_one(&x->search, &x->native, jury, &x->report, &cli->arena, e)
                                 : mnq_search(&x->search, &x->native, jury, &x->report, &cli->arena, e);
    mnq_jury_free(jury);
    if (rc == 0) rc = mnq_journal_tidy(x->search.journal, e);
    if (rc == 0) rc = refuse(cli, x);
    if (rc == 0) rc = make_best(cli, x);
    mnq_term_clear(&cli->term);
    if (rc == 0) rc = write_all(cli, x);
    return rc;
}

static int run(struct mnq_cli *cli)
{
    struct fitting *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    if (x == NULL) return mnq_fail_nomem(&cli->err);
    int rc = settle(cli, x) != 0 || open_native(cli, x) != 0 ? -1 : search(cli, x);
    mnq_journal_close(x->search.journal);
    if (rc != 0) return -1;
    if (x->report.open > 0)
        mnq_term_note(&cli->term, 0, "the time was over with %d trials open; the same command goes on", x->report.open);
    if (cli->global.json) return print_json(cli, x);
    return cli->global.quiet ? 0 : print_text(cli, x);
}

const struct mnq_command mnq_cmd_fit = {
    .name = "fit",
    .summary = "search the most accurate model within a core's flash, RAM and time",
    .usage = "MODEL --data PATH --target CORE --flash BYTES -o DIR",
    .about = "Searches input resolution, channels, zeros and weight formats of the float MODEL for\n"
             "the most accurate integer model within the budgets of a core: first by the bills of\n"
             "the cost model, then from parts of the samples, then from all of them, the best also\n"
             "tuned. Writes firmware, the model, the recipe and a page with all that was tried.\n"
             "Finished trials are in a journal: what was interrupted goes on.",
    .examples = "  mnquant fit model.h5 --data calib/ --target cortex-m4 --flash 512k --ram 128k -o out\n"
                "  mnquant fit model.h5 --data calib/ --target cortex-m7 --ms 100 --mhz 216 -o out\n",
    .option = options,
    .n_options = OPTIONS,
    .opts_size = sizeof(struct fit_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = 1,
    .run = run,
};
