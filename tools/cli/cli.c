/* SPDX-License-Identifier: Apache-2.0
 * From arguments to a command and from its result to an exit code. */
#include "command.h"

#include "host.h"
#include "util/h5noise.h"
#include "util/json.h"
#include "util/nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const color_words[] = {"auto", "always", "never", NULL};

const struct mnq_option mnq_global_options[] = {
    {"help", 'h', MNQ_OPT_FLAG, offsetof(struct mnq_globals, help), NULL, "print help and exit", 0, 0, NULL},
    {"version", 0, MNQ_OPT_FLAG, offsetof(struct mnq_globals, version), NULL, "print the version and exit", 0, 0, NULL},
    {"verbose", 'v', MNQ_OPT_COUNT, offsetof(struct mnq_globals, verbose), NULL, "say more; may be repeated", 0, 0, NULL},
    {"quiet", 'q', MNQ_OPT_FLAG, offsetof(struct mnq_globals, quiet), NULL, "errors only", 0, 0, NULL},
    {"json", 0, MNQ_OPT_FLAG, offsetof(struct mnq_globals, json), NULL, "print one JSON document on standard output", 0, 0,
     NULL},
    {"color", 0, MNQ_OPT_CHOICE, offsetof(struct mnq_globals, color), "WHEN", "colour: auto, always, never", 0, 0,
     color_words},
    {"no-progress", 0, MNQ_OPT_FLAG, offsetof(struct mnq_globals, no_progress), NULL, "no progress line", 0, 0, NULL},
    {"threads", 'j', MNQ_OPT_INT, offsetof(struct mnq_globals, threads), "N",
     "threads; results do not depend on it (default: one per processor, or MNQ_THREADS)", 1, 256, NULL},
    {"kernels", 0, MNQ_OPT_STRING, offsetof(struct mnq_globals, kernels), "NAME",
     "kernel table; results do not depend on it (default: the fastest, or MNQ_KERNELS)", 0, 0, NULL},
};
const int mnq_n_global_options = sizeof mnq_global_options / sizeof *mnq_global_options;

const struct mnq_command *const mnq_commands[] = {&mnq_cmd_import, &mnq_cmd_inspect, &mnq_cmd_prune,  &mnq_cmd_calibrate,
                                                  &mnq_cmd_run,    &mnq_cmd_eval,    &mnq_cmd_compare};
const int mnq_n_commands = sizeof mnq_commands / sizeof *mnq_commands;

void mnq_globals_init(struct mnq_globals *g)
{
    *g = (struct mnq_globals){.color = MNQ_COLOR_AUTO};
}

/* Precedence: option, then MNQ_THREADS, then the number of processors. */
static int settle_threads(struct mnq_globals *g, struct mnq_err *e)
{
    if (g->threads > 0) return 0;
    const char *env = getenv("MNQ_THREADS");
    if (env != NULL && *env != '\0') {
        char *end;
        errno = 0;
        long n = strtol(env, &end, 10);
        if (*end != '\0' || errno != 0 || n < 1 || n > 256)
            return mnq_fail(e, MNQ_EXIT_USAGE, "MNQ_THREADS: expected a whole number 1..256, got '%s'", env);
        g->threads = (int)n;
        return 0;
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    g->threads = n < 1 ? 1 : n > 256 ? 256 : (int)n;
    return 0;
}

/* Precedence: option, then MNQ_KERNELS, then the fastest table; the library reads the environment. */
static int settle_kernels(const struct mnq_globals *g, struct mnq_err *e)
{
    const char *name = g->kernels != NULL ? g->kernels : getenv("MNQ_KERNELS");
    if (name == NULL || (*name == '\0' && g->kernels == NULL)) return 0;
    if (mnq_kernels_find(name) == NULL) {
        char list[200] = "";
        const struct mnq_kernels *k;
        for (int i = 0; (k = mnq_kernels_at(i)) != NULL; i++) {
            size_t at = strlen(list);
            snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", k->name);
        }
        return mnq_fail(e, MNQ_EXIT_USAGE, "%s: no kernel table '%s' on this processor; there are %s",
                        g->kernels != NULL ? "--kernels" : "MNQ_KERNELS", name, list);
    }
    return setenv("MNQ_KERNELS", name, 1) == 0 ? 0 : mnq_fail_nomem(e);
}

static const struct mnq_command *find_command(const char *name, struct mnq_err *e)
{
    const char *list[32];
    int n = 0;
    for (int i = 0; i < mnq_n_commands; i++) {
        if (strcmp(mnq_commands[i]->name, name) == 0) return mnq_commands[i];
        list[n++] = mnq_commands[i]->name;
    }
    list[n++] = "help";
    list[n++] = "version";
    const char *near = mnq_nearest(name, list, n);
    if (near != NULL) mnq_fail(e, MNQ_EXIT_USAGE, "unknown command '%s'; did you mean %s?", name, near);
    else mnq_fail(e, MNQ_EXIT_USAGE, "unknown command '%s'; mnquant --help lists them", name);
    return NULL;
}

static void print_version(int verbose)
{
    printf("mnquant %d.%d.%d\n", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    if (verbose > 0) printf("format .mnq 1.0\n");
}

/* What was printed must have arrived: a full disk is an error like any other. */
static int finish(struct mnq_cli *cli, int code)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == MNQ_EXIT_OK) {
        mnq_fail(&cli->err, MNQ_EXIT_FAILED, "standard output: %s", strerror(errno));
        code = -1;
    }
    if (code < 0) {
        mnq_term_error(&cli->term, cli->err.code != 0 ? cli->err.msg : "failed without a reason");
        code = cli->err.code != 0 ? cli->err.code : MNQ_EXIT_FAILED;
    }
    mnq_term_clear(&cli->term);
    for (int i = 0; i < cli->n_outputs; i++) mnq_output_end(cli->output[i]);
    mnq_arena_free(&cli->arena);
    return code;
}

static int check_inputs(struct mnq_cli *cli)
{
    const struct mnq_command *c = cli->command;
    if (cli->n_inputs < c->min_inputs)
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "%s is missing; usage: mnquant %s [options] %s",
                        cli->n_inputs == 0 ? "an input" : "another input", c->name, c->usage);
    if (c->max_inputs >= 0 && cli->n_inputs > c->max_inputs)
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "unexpected input '%s'; usage: mnquant %s [options] %s",
                        cli->input[c->max_inputs], c->name, c->usage);
    return 0;
}

static void settle_terminal(struct mnq_cli *cli)
{
    const struct mnq_globals *g = &cli->global;
    mnq_term_init(&cli->term, (enum mnq_color)g->color, !g->no_progress, g->quiet ? -1 : g->verbose);
    mnq_h5_set_noise(!g->quiet && g->verbose >= 2);
}

static int run_command(struct mnq_cli *cli, char *const *argv, int n)
{
    const struct mnq_command *c = cli->command;
    cli->term.command = c->name;
    cli->opts = mnq_arena_alloc(&cli->arena, c->opts_size);
    cli->input = mnq_arena_array(&cli->arena, (size_t)n + 1, sizeof *cli->input);
    if (cli->opts == NULL || cli->input == NULL) return mnq_fail_nomem(&cli->err);
    c->init(cli->opts);
    struct mnq_option_set set[2] = {{c->option, c->n_options, cli->opts, 0},
                                    {mnq_global_options, mnq_n_global_options, &cli->global, 0}};
    int used = mnq_options_parse(set, 2, argv, n, false, cli->input, &cli->n_inputs, &cli->arena, &cli->err);
    settle_terminal(cli);
    if (used < 0) return -1;
    cli->given = set[0].given;
    if (cli->global.help) {
        mnq_help_command(stdout, c);
        return 0;
    }
    if (cli->global.version) {
        print_version(cli->global.verbose);
        return 0;
    }
    if (check_inputs(cli) != 0 || settle_threads(&cli->global, &cli->err) != 0 ||
        settle_kernels(&cli->global, &cli->err) != 0)
        return -1;
    mnq_term_note(&cli->term, 1, "%d threads", cli->global.threads);
    mnq_term_catch_signals();
    return c->run(cli);
}

/* Shows the manual page in the user's pager; false if there is none installed. */
static bool show_page(const char *command)
{
    char page[64];
    snprintf(page, sizeof page, "mnquant-%s", command);
    for (int look = 1; look >= 0; look--) { /* first only ask whether there is one */
        int status = 0;
        pid_t pid = fork();
        if (pid < 0) return false;
        if (pid == 0) {
            if (look && (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)) _exit(127);
            if (look) execlp("man", "man", "-w", "1", page, (char *)NULL);
            else execlp("man", "man", "1", page, (char *)NULL);
            _exit(127);
        }
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return false;
    }
    return true;
}

static int run_help(struct mnq_cli *cli, char *const *argv, int n)
{
    if (n > 1) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "help: unexpected input '%s'", argv[1]);
    if (n == 0) {
        mnq_help(stdout);
        return 0;
    }
    const struct mnq_command *c = find_command(argv[0], &cli->err);
    if (c == NULL) return -1;
    if (!isatty(STDOUT_FILENO) || !show_page(c->name)) mnq_help_command(stdout, c);
    return 0;
}

int mnq_cli_main(int argc, char **argv)
{
    struct mnq_cli cli = {0};
    mnq_globals_init(&cli.global);
    mnq_term_init(&cli.term, MNQ_COLOR_AUTO, false, 0);
    struct mnq_option_set set = {mnq_global_options, mnq_n_global_options, &cli.global, 0};
    int at = mnq_options_parse(&set, 1, argv + 1, argc - 1, true, NULL, NULL, &cli.arena, &cli.err);
    settle_terminal(&cli);
    if (at < 0) return finish(&cli, -1);
    char **rest = argv + 1 + at;
    int n = argc - 1 - at;
    if (cli.global.version || (n > 0 && strcmp(rest[0], "version") == 0)) {
        int verbose = cli.global.verbose;
        for (int i = 1; i < n; i++) verbose += strcmp(rest[i], "-v") == 0;
        print_version(verbose);
        return finish(&cli, 0);
    }
    if (n > 0 && strcmp(rest[0], "help") == 0) return finish(&cli, run_help(&cli, rest + 1, n - 1));
    if (n > 0) {
        cli.command = find_command(rest[0], &cli.err);
        if (cli.command == NULL) return finish(&cli, -1);
        return finish(&cli, run_command(&cli, rest + 1, n - 1));
    }
    if (cli.global.help) {
        mnq_help(stdout);
        return finish(&cli, 0);
    }
    mnq_fail(&cli.err, MNQ_EXIT_USAGE, "a command is missing; mnquant --help lists them");
    return finish(&cli, -1);
}

/* ---- what commands share ---- */

static void say_one(struct mnq_cli *cli, const struct mnq_subject *s)
{
    if (s->kind != MNQ_SUBJECT_FLOAT) return;
    if (s->preprocess_from == MNQ_FROM_NOWHERE)
        mnq_term_note(&cli->term, 0, "%s: preprocessing is not stated; assuming tf (x/127.5 - 1), --preprocess sets it",
                      s->file);
    else if (s->preprocess_from == MNQ_FROM_SIBLING)
        mnq_term_note(&cli->term, 0, "%s: preprocessing %s as in the .mnq made from it", s->file, s->preprocess.name);
    else mnq_term_note(&cli->term, 1, "%s: preprocessing %s", s->file, s->preprocess.name);
}

void mnq_cli_say(struct mnq_cli *cli, const struct mnq_subject *s, int n)
{
    for (int i = 0; i < n; i++) say_one(cli, &s[i]);
}

int mnq_cli_open_all(struct mnq_cli *cli, const struct mnq_model_opts *o, const char *const *path, int n,
                     struct mnq_subject *s)
{
    struct mnq_subject_opts so = {.preprocess = o->preprocess,
                                  .resize = (enum mnq_resize)o->resize,
                                  .filter = (enum mnq_filter)o->filter,
                                  .import = {.arch = o->arch, .resolution = o->resolution}};
    for (int i = 0; i < n; i++)
        if (mnq_subject_open(path[i], &so, &s[i], &cli->arena, &cli->err) != 0) return -1;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            if (mnq_subject_adopt(&s[i], &s[k])) break;
    return 0;
}

int mnq_cli_open(struct mnq_cli *cli, const struct mnq_model_opts *o, const char *path, struct mnq_subject *s)
{
    return mnq_cli_open_all(cli, o, &path, 1, s);
}

/* The bytes have standard output for themselves. */
static int divert_stdout(struct mnq_cli *cli, const char *name)
{
    if (cli->global.json) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--json and %s both write to standard output", name);
    fflush(stdout);
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: %s", name, strerror(errno));
    cli->term.color_out = cli->term.color_err;
    return 0;
}

int mnq_cli_output(struct mnq_cli *cli, const char *name, bool force, bool binary)
{
    struct mnq_output *o = mnq_output_begin(name, force, &cli->arena, &cli->err);
    if (o == NULL) return -1;
    cli->output[cli->n_outputs++] = o;
    if (binary && mnq_output_is_terminal(o))
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "%s: is a terminal, the output is binary", name);
    for (int i = 0; i + 1 < cli->n_outputs; i++)
        if (mnq_output_same(cli->output[i], o))
            return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "two outputs would be the same file, %s", name);
    if (mnq_output_is_stdout(o) && divert_stdout(cli, name) != 0) return -1;
    return cli->n_outputs - 1;
}

int mnq_cli_write(struct mnq_cli *cli, const void *data, size_t n)
{
    return mnq_cli_write_two(cli, data, n, NULL, 0);
}

int mnq_cli_write_two(struct mnq_cli *cli, const void *data, size_t n, const void *second, size_t n_second)
{
    int count = second != NULL ? 2 : 1;
    if (mnq_output_put(cli->output[0], data, n, &cli->err) != 0 ||
        (count > 1 && mnq_output_put(cli->output[1], second, n_second, &cli->err) != 0))
        return -1;
    return mnq_output_commit(cli->output, count, &cli->err);
}

int mnq_cli_print_json(struct mnq_json *j, struct mnq_err *e)
{
    int rc = j->failed ? mnq_fail_nomem(e) : 0;
    if (rc == 0) {
        fwrite(j->text, 1, j->n, stdout);
        fputc('\n', stdout);
    }
    mnq_json_free(j);
    return rc;
}

const char *mnq_layer_op_name(int op)
{
    static const char *const name[] = {"?", "conv", "dwconv", "pw", "avgpool", "add", "mul", "softmax", "logistic"};
    return op >= 1 && op <= 8 ? name[op] : name[0];
}
