/* SPDX-License-Identifier: Apache-2.0
 * From arguments to a command and from its result to an exit code. */
#include "cli.h"

#include "completion.h"
#include "globals.h"
#include "help.h"
#include "help_json.h"
#include "outputs.h"
#include "share.h"
#include "util/h5noise.h"
#include "util/nearest.h"
#include "util/spread.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct mnq_command *find_command(const struct mnq_program *p, const char *name, struct mnq_err *e)
{
    const char *list[32];
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        if (strcmp(p->command[i]->name, name) == 0) return p->command[i];
        list[n++] = p->command[i]->name;
    }
    list[n++] = "help";
    list[n++] = "version";
    const char *near = mnq_nearest(name, list, n);
    if (near != NULL) mnq_fail(e, MNQ_EXIT_USAGE, "unknown command '%s'; did you mean %s?", name, near);
    else mnq_fail(e, MNQ_EXIT_USAGE, "unknown command '%s'; mnquant --help lists them", name);
    return NULL;
}

static int print_version(const struct mnq_globals *g, struct mnq_err *e)
{
    if (!g->json) {
        printf("mnquant %d.%d.%d\n", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
        if (g->verbose > 0) printf("format .mnq %d.%d, older minor versions are read\n", MNQ_FORMAT_MAJOR, MNQ_FORMAT_MINOR);
        return 0;
    }
    char version[32], format[32];
    snprintf(version, sizeof version, "%d.%d.%d", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    snprintf(format, sizeof format, "%d.%d", MNQ_FORMAT_MAJOR, MNQ_FORMAT_MINOR);
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.version/1");
    mnq_json_string(&w, "version", version);
    mnq_json_string(&w, "format", format);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

/* c: NULL for the whole program. */
static int print_help(struct mnq_cli *cli, const struct mnq_program *p, const struct mnq_command *c)
{
    if (cli->global.json) {
        struct mnq_json w = {.indent = 2};
        mnq_help_json(&w, p, c);
        return mnq_cli_print_json(&w, &cli->err);
    }
    if (c != NULL) mnq_help_command(stdout, c);
    else mnq_help(stdout, p);
    return 0;
}

/* What was printed must have arrived: a full disk is an error like any other. */
static int finish(struct mnq_cli *cli, int code)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == MNQ_EXIT_OK) {
        mnq_fail(&cli->err, MNQ_EXIT_FAILED, "standard output: %s", strerror(errno));
        code = -1;
    }
    if (code >= 0 || cli->err.code != MNQ_EXIT_GATE) code = mnq_spread_settle(code, &cli->err);
    if (code < 0) {
        mnq_term_error(&cli->term, cli->err.code != 0 ? cli->err.msg : "failed without a reason");
        code = cli->err.code != 0 ? cli->err.code : MNQ_EXIT_FAILED;
    }
    mnq_term_clear(&cli->term);
    for (int i = 0; i < cli->n_outputs; i++) {
        char text[2 * PATH_MAX];
        mnq_output_end(cli->output[i]);
        if (mnq_output_left(cli->output[i], text, sizeof text)) mnq_term_note(&cli->term, 0, "%s", text);
    }
    mnq_xfiles_free(&cli->folder.files);
    free(cli->owned);
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
    mnq_package_allow((uint64_t)g->max_work * 1000000000);
}

static int run_command(struct mnq_cli *cli, const struct mnq_program *p, char *const *argv, int n)
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
    if (cli->global.help) return print_help(cli, p, c);
    if (cli->global.version) return print_version(&cli->global, &cli->err);
    if (check_inputs(cli) != 0 || mnq_globals_settle(&cli->global, c->kernel_list, &cli->err) != 0) return -1;
    mnq_term_note(&cli->term, 1, "%d threads", cli->global.threads);
    mnq_term_catch_signals();
    return mnq_cli_appear(cli, c->run(cli));
}

/* The manual page of a command beside this program, as it is installed (PREFIX/bin, PREFIX/share/man); NULL if it is not. */
static char *page_beside(const char *page, struct mnq_arena *arena)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return NULL;
    self[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');
        if (slash == NULL) return NULL;
        *slash = '\0';
    }
    size_t size = strlen(self) + strlen(page) + 32;
    char *path = mnq_arena_alloc(arena, size);
    if (path == NULL) return NULL;
    snprintf(path, size, "%s/share/man/man1/%s.1", self, page);
    if (access(path, R_OK) == 0) return path;
    snprintf(path, size, "%s/share/man/man1/%s.1.gz", self, page);
    return access(path, R_OK) == 0 ? path : NULL;
}

/* Runs man with two arguments; whether it succeeded. */
static bool run_man(const char *option, const char *page, bool look)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) return false;
    if (pid == 0) {
        if (look && (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)) _exit(127);
        execlp("man", "man", option, page, (char *)NULL);
        _exit(127);
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Shows the manual page by man, in the user's pager on a terminal: the page installed with this program, else the one that
 * man finds. False if there is none, or no man. */
static bool show_page(const char *command, struct mnq_arena *arena)
{
    char page[64];
    snprintf(page, sizeof page, "mnquant-%s", command);
    const char *path = page_beside(page, arena);
    if (path != NULL) return run_man("-l", path, false);
    return run_man("-w", page, true) && run_man("1", page, false);
}

static int run_help(struct mnq_cli *cli, const struct mnq_program *p)
{
    if (cli->n_inputs > 1) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "help: unexpected input '%s'", cli->input[1]);
    if (cli->n_inputs == 0) return print_help(cli, p, NULL);
    const struct mnq_command *c = find_command(p, cli->input[0], &cli->err);
    if (c == NULL) return -1;
    if (!cli->global.json && show_page(c->name, &cli->arena)) return 0;
    return print_help(cli, p, c);
}

/* help and version: global options and inputs. */
static int run_plain(struct mnq_cli *cli, const struct mnq_program *p, const char *name, char *const *argv, int n)
{
    struct mnq_option_set set = {mnq_global_options, mnq_n_global_options, &cli->global, 0};
    cli->input = mnq_arena_array(&cli->arena, (size_t)n + 1, sizeof *cli->input);
    if (cli->input == NULL) return mnq_fail_nomem(&cli->err);
    if (mnq_options_parse(&set, 1, argv, n, false, cli->input, &cli->n_inputs, &cli->arena, &cli->err) < 0) return -1;
    if (strcmp(name, "help") == 0) return run_help(cli, p);
    if (cli->n_inputs > 0) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "version: unexpected input '%s'", cli->input[0]);
    return print_version(&cli->global, &cli->err);
}

/* Not in the list of commands: packages call it. */
static int run_completion(struct mnq_cli *cli, const struct mnq_program *p, char *const *argv, int n)
{
    if (n == 1 && mnq_completion(stdout, p, argv[0]) == 0) return 0;
    return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "completion: expected bash, zsh or fish");
}

/* Nothing is printed before the outputs are there: who reads only the first lines of a report would end the program. */
static int hold_output(struct mnq_err *e)
{
    enum { HELD = 1 << 20 };
    static char *buffer; /* for as long as there is a stdout */
    if (buffer == NULL && (buffer = malloc(HELD)) == NULL) return mnq_fail_nomem(e);
    setvbuf(stdout, buffer, _IOFBF, HELD);
    return 0;
}

/* Stack for this program and the processes that it starts: as much as is usual, if the limits allow it. */
static int make_stack(struct mnq_err *e)
{
    enum { LEAST = 512 << 10, USUAL = 8 << 20 };
    struct rlimit r;
    if (getrlimit(RLIMIT_STACK, &r) != 0 || r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= LEAST) return 0;
    rlim_t found = r.rlim_cur;
    r.rlim_cur = r.rlim_max == RLIM_INFINITY || r.rlim_max > USUAL ? USUAL : r.rlim_max;
    if (r.rlim_cur >= LEAST && setrlimit(RLIMIT_STACK, &r) == 0) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "the stack may have %llu KiB, %d are wanted; ulimit -s %d allows them",
                    (unsigned long long)found / 1024, LEAST / 1024, USUAL / 1024);
}

int mnq_cli_main(const struct mnq_program *p, int argc, char **argv)
{
    struct mnq_cli cli = {0};
    mnq_globals_init(&cli.global);
    mnq_term_init(&cli.term, MNQ_COLOR_AUTO, false, 0);
    struct mnq_option_set set = {mnq_global_options, mnq_n_global_options, &cli.global, 0};
    int at = mnq_options_parse(&set, 1, argv + 1, argc - 1, true, NULL, NULL, &cli.arena, &cli.err);
    settle_terminal(&cli);
    if (at < 0 || hold_output(&cli.err) != 0 || make_stack(&cli.err) != 0) return finish(&cli, -1);
    char **rest = argv + 1 + at;
    int n = argc - 1 - at;
    if (cli.global.version) return finish(&cli, print_version(&cli.global, &cli.err));
    if (n > 0 && (strcmp(rest[0], "help") == 0 || strcmp(rest[0], "version") == 0))
        return finish(&cli, run_plain(&cli, p, rest[0], rest + 1, n - 1));
    if (n > 0 && strcmp(rest[0], "completion") == 0) return finish(&cli, run_completion(&cli, p, rest + 1, n - 1));
    if (n > 0) {
        cli.command = find_command(p, rest[0], &cli.err);
        if (cli.command == NULL) return finish(&cli, -1);
        return finish(&cli, run_command(&cli, p, rest + 1, n - 1));
    }
    if (cli.global.help) return finish(&cli, print_help(&cli, p, NULL));
    mnq_fail(&cli.err, MNQ_EXIT_USAGE, "a command is missing; mnquant --help lists them");
    return finish(&cli, -1);
}
