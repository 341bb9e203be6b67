/* SPDX-License-Identifier: Apache-2.0
 * mnquant sweep: several models by several recipes, one table. */
#include "command.h"
#include "commands.h"
#include "front_page.h"
#include "outputs.h"
#include "recipe_read.h"
#include "scatter.h"
#include "search.h"
#include "search_folder.h"
#include "share.h"
#include "trial_text.h"
#include "util/json.h"
#include "util/spread.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECIPES_MAX = 1000 };

struct sweep_opts {
    struct mnq_data_opts from;
    struct mnq_opt_list data, val, recipes;
    const char *output;
    double time_limit;
    bool force;
};

#define O(member) offsetof(struct sweep_opts, member)
static const struct mnq_option options[] = {
    {"recipes", 'r', MNQ_OPT_LIST, O(recipes), "PATH", "a recipe, or a folder of them (*.yaml); may be repeated", 0, 0,
     NULL},
    {"data", 'd', MNQ_OPT_LIST, O(data), "PATH", "sample pictures: folder, CSV, HDF5 file with images; may be repeated", 0,
     0, NULL},
    {"val", 0, MNQ_OPT_LIST, O(val), "PATH",
     "pictures that judge and do nothing else, instead of every fourth sample; may be repeated", 0, 0, NULL},
    {"output", 'o', MNQ_OPT_STRING, O(output), "DIR", "the folder to write: report.html, journal.jsonl", 0, 0, NULL},
    {"force", 'f', MNQ_OPT_FLAG, O(force), NULL, "begin anew where DIR holds another sweep", 0, 0, NULL},
    {"time-limit", 0, MNQ_OPT_DOUBLE, O(time_limit), "S", "begin no trial after so many seconds; the same command goes on",
     0, 1e9, NULL},
    MNQ_DATA_OPTIONS(struct sweep_opts),
};
enum { OPTIONS = sizeof options / sizeof *options };

static void init(void *opts)
{
    *(struct sweep_opts *)opts = (struct sweep_opts){.output = NULL};
}

struct sweeping {
    struct mnq_data data, val;
    struct mnq_making how;
    struct mnq_model_opts seen;  /* as the first recipe says */
    struct mnq_subject *subject; /* [n_inputs] */
    struct mnq_jury **jury;      /* [n_inputs] NULL: the task has no decisions */
    const char **recipe;         /* [recipes] paths */
    int recipes;
    struct mnq_trial *trial;         /* [n] models by recipes */
    struct mnq_trial_result *result; /* [n] */
    const char **label;
    bool *front, target;
    int n, open;
};

/* ---- recipes ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_recipe(struct mnq_cli *cli, struct sweeping *x, const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = mnq_arena_alloc(&cli->arena, n);
    if (path == NULL) return mnq_fail_nomem(&cli->err);
    snprintf(path, n, "%s%s%s", dir, dir[0] != '\0' ? "/" : "", name);
    if (x->recipes == RECIPES_MAX) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "more than %d recipes", RECIPES_MAX);
    x->recipe[x->recipes++] = path;
    return 0;
}

static int add_folder(struct mnq_cli *cli, struct sweeping *x, DIR *d, const char *dir)
{
    int first = x->recipes, rc = 0;
    for (struct dirent *f = readdir(d); rc == 0 && f != NULL; f = readdir(d)) {
        const char *dot = strrchr(f->d_name, '.');
        if (f->d_name[0] != '.' && dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0))
            rc = add_recipe(cli, x, dir, f->d_name);
    }
    if (rc == 0 && x->recipes == first) rc = mnq_fail(&cli->err, MNQ_EXIT_USAGE, "%s: holds no recipe (*.yaml)", dir);
    qsort(x->recipe + first, (size_t)(x->recipes - first), sizeof *x->recipe, by_name);
    return rc;
}

/* Before any model is opened. */
static int check_recipes(struct mnq_cli *cli, const struct sweeping *x)
{
    struct mnq_recipe r;
    for (int i = 0; i < x->recipes; i++) {
        mnq_recipe_defaults(&r);
        if (mnq_recipe_read(x->recipe[i], &r, &cli->arena, &cli->err) != 0 ||
            mnq_making_check(&r, x->recipe[i], &cli->err) != 0)
            return -1;
    }
    return 0;
}

static int list_recipes(struct mnq_cli *cli, struct sweeping *x)
{
    const struct sweep_opts *o = cli->opts;
    x->recipe = mnq_arena_array(&cli->arena, RECIPES_MAX, sizeof *x->recipe);
    if (x->recipe == NULL) return mnq_fail_nomem(&cli->err);
    for (int i = 0; i < o->recipes.n; i++) {
        DIR *d = opendir(o->recipes.item[i]);
        int rc = d != NULL ? add_folder(cli, x, d, o->recipes.item[i]) : add_recipe(cli, x, "", o->recipes.item[i]);
        if (d != NULL) closedir(d);
        if (rc != 0) return -1;
    }
    return check_recipes(cli, x);
}

/* ---- trials ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* The jury sees the pictures as the first recipe says; what no recipe states is the model's own, or what fits the data. */
static int open_model(struct mnq_cli *cli, struct sweeping *x, int i)
{
    struct mnq_subject *s = &x->subject[i];
    struct mnq_recipe r;
    mnq_recipe_defaults(&r);
    if (mnq_recipe_read(x->recipe[0], &r, &cli->arena, &cli->err) != 0) return -1;
    x->seen = (struct mnq_model_opts){.preprocess = r.preprocess,
                                      .resize = r.resize,
                                      .filter = r.filter,
                                      .arch = r.arch,
                                      .task = r.task,
                                      .threshold = r.threshold,
                                      .pictures = &x->data};
    if (mnq_cli_open(cli, &x->seen, cli->input[i], s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: is an integer model already; sweep takes float ones", s->file);
    if (s->illegal.code != 0) return mnq_fail(&cli->err, s->illegal.code, "%s", s->illegal.msg);
    struct mnq_dataset *d = mnq_dataset_open_as(&x->data, &s->task, s->input.h, s->input.w, s->input.c, &cli->err);
    int rc = d == NULL ? -1 : mnq_cli_settle(cli, s, d);
    if (rc == 0) mnq_cli_say(cli, s, 1);
    if (rc == 0 && i == 0) mnq_cli_say_left_out(cli, d);
    mnq_dataset_close(d);
    if (rc != 0) return -1;
    if (!mnq_jury_can(s)) return 0;
    x->jury[i] = mnq_jury_new(s, &x->how, &cli->err);
    return x->jury[i] == NULL ? -1 : 0;
}

static int add_trial(struct mnq_cli *cli, struct sweeping *x, int model, int recipe)
{
    struct mnq_recipe r;
    char text[500], preprocess[MNQ_PREPROCESS_TEXT];
    mnq_recipe_defaults(&r);
    if (mnq_recipe_read(x->recipe[recipe], &r, &cli->arena, &cli->err) != 0) return -1;
    if (r.target != NULL && mnq_xtarget_named(r.target, &cli->err) == NULL) return -1;
    x->target = x->target || r.target != NULL;
    mnq_preprocess_text(&x->subject[model].preprocess, preprocess);
    if (r.preprocess == NULL) r.preprocess = preprocess; /* until its text is made */
    snprintf(text, sizeof text, "%.200s, %.200s", base_name(cli->input[model]), base_name(x->recipe[recipe]));
    x->trial[x->n] = (struct mnq_trial){MNQ_TRIAL_JUDGED, cli->input[model], mnq_recipe_text(&r, &cli->arena)};
    x->label[x->n] = mnq_arena_strdup(&cli->arena, text);
    if (x->trial[x->n].recipe == NULL || x->label[x->n] == NULL) return mnq_fail_nomem(&cli->err);
    x->n++;
    return 0;
}

static int list_trials(struct mnq_cli *cli, struct sweeping *x)
{
    size_t models = (size_t)cli->n_inputs, n = models * (size_t)x->recipes;
    x->subject = mnq_arena_array(&cli->arena, models, sizeof *x->subject);
    x->jury = mnq_arena_array(&cli->arena, models, sizeof(struct mnq_jury *));
    x->trial = mnq_arena_array(&cli->arena, n, sizeof *x->trial);
    x->result = mnq_arena_array(&cli->arena, n, sizeof *x->result);
    x->label = mnq_arena_array(&cli->arena, n, sizeof *x->label);
    x->front = mnq_arena_array(&cli->arena, n, sizeof *x->front);
    if (x->subject == NULL || x->jury == NULL || x->trial == NULL || x->result == NULL || x->label == NULL ||
        x->front == NULL)
        return mnq_fail_nomem(&cli->err);
    for (int i = 0; i < cli->n_inputs; i++) {
        if (open_model(cli, x, i) != 0) return -1;
        for (int k = 0; k < x->recipes; k++)
            if (add_trial(cli, x, i, k) != 0) return -1;
    }
    return 0;
}

static int run_trials(struct mnq_cli *cli, struct sweeping *x)
{
    const struct sweep_opts *o = cli->opts;
    struct mnq_err *e = &cli->err;
    struct mnq_trial_context context = {&x->how, cli->n_inputs, cli->input, x->jury, NULL, NULL};
    const struct mnq_folder_inputs in = {x->subject, cli->n_inputs, &o->data, &o->val, &o->from, &x->seen};
    const char *path = mnq_folder_path(cli, o->output, "journal.jsonl"), *text = mnq_folder_about(cli, &in);
    double deadline = o->time_limit > 0 ? mnq_trials_now() + o->time_limit : 0;
    if (path == NULL || text == NULL) return mnq_fail_nomem(e);
    bool made = false, began;
    if (mnq_spread_writes() && mnq_folder_make(cli, o->output, path, &made, &began) != 0) return -1;
    if (mnq_folder_output(cli, o->output, "report.html") < 0) {
        if (made) mnq_folder_unmake(o->output, path);
        return -1;
    }
    struct mnq_journal *j = mnq_journal_open(path, text, o->force, e);
    if (j == NULL) return -1;
    if (mnq_journal_held(j) > 0)
        mnq_term_note(&cli->term, 0, "%s: goes on behind %d finished trials", o->output, mnq_journal_held(j));
    int rc = mnq_trials_run(x->trial, x->n, x->result, j, &mnq_trials_here, mnq_trial_make, &context, deadline, e);
    if (rc == 0) rc = mnq_journal_tidy(j, e);
    mnq_journal_close(j);
    mnq_term_clear(&cli->term);
    for (int i = 0; i < x->n; i++) x->open += x->result[i].state == MNQ_TRIAL_OPEN;
    return rc;
}

/* ---- result ---- */

/* Per model: bytes of the file against the loss. */
static int mark_front(struct mnq_cli *cli, struct sweeping *x)
{
    size_t n = (size_t)x->recipes;
    double *cost = mnq_arena_array(&cli->arena, n, sizeof *cost), *gain = mnq_arena_array(&cli->arena, n, sizeof *gain);
    if (cost == NULL || gain == NULL) return mnq_fail_nomem(&cli->err);
    for (int m = 0; m < cli->n_inputs; m++) {
        const struct mnq_trial_result *r = x->result + (size_t)m * n;
        bool *front = x->front + (size_t)m * n;
        for (int k = 0; k < x->recipes; k++) {
            bool made = r[k].state == MNQ_TRIAL_MADE && !isnan(r[k].drop);
            cost[k] = made ? (double)r[k].file : (double)INFINITY;
            gain[k] = made ? -r[k].drop : -(double)INFINITY;
        }
        mnq_pareto(cost, gain, x->recipes, front);
        for (int k = 0; k < x->recipes; k++) front[k] = front[k] && isfinite(cost[k]);
    }
    return 0;
}

static int write_page(struct mnq_cli *cli, const struct sweeping *x)
{
    const char *text;
    size_t n;
    char said[200];
    struct mnq_front_row *row = mnq_arena_array(&cli->arena, (size_t)x->n, sizeof *row);
    if (row == NULL) return mnq_fail_nomem(&cli->err);
    for (int i = 0; i < x->n; i++)
        row[i] = (struct mnq_front_row){x->label[i], x->trial[i].recipe, &x->result[i], x->front[i], false};
    snprintf(said, sizeof said, "%d model%s by %d recipe%s.", cli->n_inputs, cli->n_inputs > 1 ? "s" : "", x->recipes,
             x->recipes > 1 ? "s" : "");
    const struct mnq_front f = {.title = "Sweep",
                                .said = said,
                                .command = "sweep",
                                .target = x->target ? "the core of each recipe" : NULL,
                                .row = row,
                                .n = x->n};
    if (mnq_front_page_make(&f, &text, &n, &cli->arena, &cli->err) != 0) return -1;
    return mnq_cli_write(cli, text, n);
}

static int print_json(struct mnq_cli *cli, const struct sweeping *x)
{
    const struct sweep_opts *o = cli->opts;
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.sweep/1");
    mnq_json_string(&w, "output", o->output);
    mnq_json_bool(&w, "complete", x->open == 0);
    mnq_json_array(&w, "trials");
    for (int i = 0; i < x->n; i++) {
        mnq_json_object(&w, NULL);
        mnq_json_string(&w, "model", x->trial[i].model);
        mnq_json_string(&w, "recipe_file", x->recipe[i % x->recipes]);
        mnq_json_string(&w, "recipe", x->trial[i].recipe);
        mnq_json_bool(&w, "front", x->front[i]);
        mnq_trial_figures(&w, &x->result[i]);
        mnq_json_end(&w);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, &cli->err);
}

/* Whether there is, or may yet be, something to take. */
static bool is_any(const struct sweeping *x)
{
    int made = x->open;
    for (int i = 0; i < x->n; i++) made += x->result[i].state == MNQ_TRIAL_MADE;
    return made > 0;
}

static int print_text(struct mnq_cli *cli, const struct sweeping *x)
{
    const struct sweep_opts *o = cli->opts;
    struct mnq_trial_line *line = mnq_arena_array(&cli->arena, (size_t)x->n, sizeof *line);
    if (line == NULL) return mnq_fail_nomem(&cli->err);
    for (int i = 0; i < x->n; i++) line[i] = (struct mnq_trial_line){x->label[i], x->front[i] ? "*" : "", &x->result[i]};
    mnq_trial_table_print(line, x->n, x->target, cli);
    for (int i = 0; i < x->n; i++) {
        if (x->result[i].state != MNQ_TRIAL_UNFIT) continue;
        mnq_text_put(stdout, x->label[i], false);
        printf(": ");
        mnq_text_put(stdout, x->result[i].why, false);
        printf("\n");
    }
    if (!is_any(x)) return 0;
    printf("\n");
    mnq_text_put(stdout, o->output, false);
    printf(": report.html, journal.jsonl\n");
    return 0;
}

static int print(struct mnq_cli *cli, const struct sweeping *x)
{
    if (cli->global.json) return print_json(cli, x);
    return cli->global.quiet ? 0 : print_text(cli, x);
}

static int sweep(struct mnq_cli *cli, struct sweeping *x)
{
    if (list_recipes(cli, x) != 0 || list_trials(cli, x) != 0 || run_trials(cli, x) != 0) return -1;
    if (mark_front(cli, x) != 0) return -1;
    if (x->open > 0)
        mnq_term_note(&cli->term, 0, "the time was over with %d trials open; the same command goes on", x->open);
    if (print(cli, x) != 0) return -1;
    if (is_any(x)) return write_page(cli, x);
    return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: %s%s", x->label[0], x->result[0].why, /* a script has to hear that */
                    x->n > 1 ? "; nor could any other be made" : "");
}

static int run(struct mnq_cli *cli)
{
    const struct sweep_opts *o = cli->opts;
    struct sweeping *x = mnq_arena_alloc(&cli->arena, sizeof *x);
    struct mnq_err *e = &cli->err;
    if (x == NULL) return mnq_fail_nomem(e);
    if (o->recipes.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--recipes is missing: recipes, or folders of them");
    if (o->data.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "--data is missing: the sample pictures");
    if (o->output == NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--output is missing: the folder to write");
    x->data = mnq_cli_data(cli, &o->data, &o->from);
    x->val = mnq_cli_data(cli, &o->val, &o->from);
    x->how = (struct mnq_making){.data = &x->data,
                                 .val = o->val.n > 0 ? &x->val : NULL,
                                 .threads = cli->global.threads,
                                 .progress = mnq_term_progress,
                                 .progress_ctx = &cli->term};
    int rc = sweep(cli, x);
    for (int i = 0; x->jury != NULL && i < cli->n_inputs; i++) mnq_jury_free(x->jury[i]);
    return rc;
}

const struct mnq_command mnq_cmd_sweep = {
    .name = "sweep",
    .summary = "make and judge several models by several recipes, in one table",
    .usage = "MODEL... --recipes PATH --data PATH -o DIR",
    .about = "Makes of every float MODEL by every recipe an integer model (channels, zeros and\n"
             "tuning as the recipe says, then calibration) and judges it as fit does: one table,\n"
             "one page. Finished trials are in a journal: what was interrupted goes on.",
    .examples = "  mnquant sweep model.h5 --recipes recipe.yaml --data calib/ -o swept\n",
    .option = options,
    .n_options = OPTIONS,
    .opts_size = sizeof(struct sweep_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = -1,
    .run = run,
};
