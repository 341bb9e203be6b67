/* SPDX-License-Identifier: Apache-2.0
 * A command's outputs: settled before any work, they appear together once it has succeeded. */
#include "outputs.h"

#include "dataset.h"
#include "export/xfolder.h"
#include "tune_journal.h"
#include "util/cleanup.h"
#include "util/spread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes have standard output for themselves. */
static int divert_stdout(struct mnq_cli *cli, const char *name)
{
    if (cli->global.json) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--json and %s both write to standard output", name);
    fflush(stdout);
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: %s", name, strerror(errno));
    cli->term.color_out = cli->term.color_err;
    return 0;
}

static int check_files(struct mnq_cli *cli, const struct mnq_output *o, const char *name, const char *const *file, int n)
{
    for (int i = 0; i < n; i++)
        if (file[i] != NULL && mnq_output_replaces(o, file[i]))
            return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "the output %s would replace the input %s", name, file[i]);
    return 0;
}

/* Options that name a file to read, or something that is no file. */
static bool reads(const struct mnq_option *x)
{
    static const char *const name[] = {"labels", "class-names", "recipe", "arch"};
    if (x->type != MNQ_OPT_STRING) return false;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (strcmp(x->name, name[i]) == 0) return true;
    return strcmp(x->arg, "FLOAT") == 0;
}

/* No output takes the place of a file that the command reads; pictures are known later. */
static int check_inputs(struct mnq_cli *cli, const struct mnq_output *o, const char *name)
{
    int rc = check_files(cli, o, name, cli->input, cli->n_inputs);
    for (int i = 0; rc == 0 && i < cli->command->n_options; i++) {
        const struct mnq_option *x = &cli->command->option[i];
        const void *value = (const char *)cli->opts + x->offset;
        if (x->type == MNQ_OPT_LIST) {
            const struct mnq_opt_list *list = value;
            rc = check_files(cli, o, name, list->item, list->n);
        } else if (reads(x)) {
            rc = check_files(cli, o, name, value, 1);
        }
    }
    return rc;
}

int mnq_cli_spare(struct mnq_cli *cli, const struct mnq_dataset *d)
{
    for (int k = 0; k < cli->n_outputs; k++)
        for (int i = 0; i < mnq_dataset_count(d); i++) {
            const char *path = mnq_dataset_name(d, i);
            if (path != NULL && mnq_output_replaces(cli->output[k], path))
                return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "an output would replace the picture %s", path);
        }
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
    if (check_inputs(cli, o, name) != 0) return -1;
    if (mnq_output_is_stdout(o) && divert_stdout(cli, name) != 0) return -1;
    return cli->n_outputs - 1;
}

int mnq_cli_write_all(struct mnq_cli *cli, const struct mnq_cli_bytes *b, int n)
{
    for (int i = 0; i < n; i++)
        if (mnq_output_put(cli->output[i], b[i].data, b[i].n, &cli->err) != 0) return -1;
    cli->n_written = n;
    return 0;
}

int mnq_cli_write(struct mnq_cli *cli, const void *data, size_t n)
{
    return mnq_cli_write_all(cli, &(struct mnq_cli_bytes){data, n}, 1);
}

void mnq_cli_folder(struct mnq_cli *cli, const char *dir, bool force, struct mnq_xfiles *files)
{
    cli->folder = (struct mnq_cli_folder){.dir = dir, .force = force, .files = *files};
    *files = (struct mnq_xfiles){0};
}

/* What was printed of a success that was none. */
static int take_back(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), out = dup(STDOUT_FILENO);
    if (null >= 0 && out >= 0 && dup2(null, STDOUT_FILENO) >= 0) {
        fflush(stdout);
        dup2(out, STDOUT_FILENO);
    }
    if (null >= 0) close(null);
    if (out >= 0) close(out);
    return -1;
}

/* A report that does not arrive is an error, and behind an error no file is another: so it goes first, but not into a pipe,
 * whose reader may leave when it has seen enough. Streams are outputs that may well fail. */
static int send_report(const struct mnq_cli *cli, struct mnq_err *e)
{
    struct stat st;
    for (int i = 0; i < cli->n_written; i++)
        if (mnq_output_is_stream(cli->output[i])) return 0;
    if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))) return 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "standard output: %s", mnq_errno_text());
}

/* The folder first: its place is given back more easily than those of files. */
static int arrive(struct mnq_cli *cli, struct mnq_xfolder *x)
{
    struct mnq_err *e = &cli->err;
    const bool any = cli->n_written > 0 || cli->folder.dir != NULL;
    if (cli->arena.starved || cli->term.starved) return mnq_fail_nomem(e);
    if (any && send_report(cli, e) != 0) return -1;
    if (x != NULL && mnq_xfolder_place(x, cli->folder.force, e) != 0) return -1;
    return mnq_output_commit(cli->output, cli->n_written, e);
}

/* The same with the command's folder; a signal waits until that is whole or gone. */
static int arrive_with_folder(struct mnq_cli *cli)
{
    const struct mnq_cli_folder *f = &cli->folder;
    struct mnq_err *e = &cli->err;
    if (f->dir == NULL || !mnq_spread_writes()) return arrive(cli, NULL);
    mnq_cleanup_hold();
    struct mnq_xfolder *x = mnq_xfolder_make(f->dir, &f->files, &cli->arena, e);
    int rc = x == NULL ? -1 : arrive(cli, x);
    if (rc == 0) rc = mnq_xfolder_keep(x, e);
    else if (x != NULL) mnq_xfolder_undo(x, e);
    mnq_cleanup_release();
    return rc;
}

int mnq_cli_appear(struct mnq_cli *cli, int code)
{
    const bool judged = code < 0 && cli->err.code == MNQ_EXIT_GATE; /* a gate judges what there is */
    struct mnq_err gate = cli->err, other = {0};
    if (code < 0 && !judged) return code;
    if (mnq_spread_settle(0, &other) != 0) {
        cli->err = other;
        return take_back();
    }
    cli->err.code = 0;
    if (arrive_with_folder(cli) != 0) return take_back();
    cli->err = gate;
    return mnq_tune_journal_remove(cli->spent, &cli->err) == 0 ? code : -1;
}
