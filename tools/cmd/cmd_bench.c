/* SPDX-License-Identifier: Apache-2.0
 * mnquant bench: how long integer models take on this machine, layer by layer. */
#include "bench_print.h"
#include "command.h"
#include "commands.h"
#include "host.h"
#include "share.h"
#include "timing.h"
#include "util/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bench_opts {
    int rounds;
    bool layers;
};

static const struct mnq_option options[] = {
    {"rounds", 'r', MNQ_OPT_INT, offsetof(struct bench_opts, rounds), "N",
     "runs of each model with each kernel table; times are medians over them", 1, 100000, NULL},
    {"layers", 'l', MNQ_OPT_FLAG, offsetof(struct bench_opts, layers), NULL, "print every layer, too", 0, 0, NULL},
};

static void init(void *opts)
{
    *(struct bench_opts *)opts = (struct bench_opts){.rounds = 30};
}

enum { MAX_TABLES = 8 };

/* The kernel tables that a list names, or the fastest one. Names were checked before. */
static int pick_tables(const char *list, const struct mnq_kernels **table)
{
    int n = 0;
    if (list == NULL) {
        table[0] = mnq_kernels_best();
        return 1;
    }
    while (n < MAX_TABLES) {
        char name[32];
        const size_t len = strcspn(list, ",");
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), list);
        table[n++] = mnq_kernels_find(name);
        if (list[len] == '\0') break;
        list += len + 1;
    }
    return n;
}

/* What /proc/cpuinfo calls the processor, or "". */
static const char *processor_name(struct mnq_arena *arena)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    const char *name = NULL;
    while (f != NULL && name == NULL && fgets(line, sizeof line, f) != NULL) {
        char *value = strstr(line, ": ");
        if (strncmp(line, "model name", 10) != 0 || value == NULL) continue;
        value[strcspn(value, "\n")] = '\0';
        name = mnq_arena_strdup(arena, value + 2);
    }
    if (f != NULL) fclose(f);
    return name == NULL ? "" : name;
}

static int run(struct mnq_cli *cli)
{
    const struct bench_opts *o = cli->opts;
    const struct mnq_kernels *table[MAX_TABLES];
    double peak[MAX_TABLES];
    struct mnq_bench_result r = {.n_models = cli->n_inputs, .rounds = o->rounds, .table = table, .peak = peak};
    struct mnq_package *p = mnq_arena_array(&cli->arena, (size_t)cli->n_inputs, sizeof *p);
    if (p == NULL) return mnq_fail_nomem(&cli->err);
    r.n_tables = pick_tables(cli->global.kernels, table);
    for (int i = 0; i < cli->n_inputs; i++)
        if (mnq_package_open(cli->input[i], &p[i], &cli->arena, &cli->err) != 0) return -1;
    struct mnq_timing *timing = mnq_arena_array(&cli->arena, (size_t)(r.n_models * r.n_tables), sizeof *timing);
    if (timing == NULL) return mnq_fail_nomem(&cli->err);
    if (mnq_timing_run(p, r.n_models, table, r.n_tables, o->rounds, timing, peak, &r.pinned, &cli->arena, &cli->err) != 0)
        return -1;
    r.timing = timing;
    r.processor = processor_name(&cli->arena);
    r.processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (!cli->global.json) {
        mnq_bench_print(&r, o->layers, &cli->arena, cli->term.color_out);
        return 0;
    }
    struct mnq_json w = {.indent = 2};
    mnq_bench_json(&r, &w);
    return mnq_cli_print_json(&w, &cli->err);
}

const struct mnq_command mnq_cmd_bench = {
    .name = "bench",
    .summary = "time integer models on this machine, layer by layer",
    .usage = "MODEL...",
    .about = "Runs every MODEL (.mnq) with every kernel table that --kernels names, in turn, so\n"
             "that their times can be compared, on one thread that stays on one processor.\n"
             "Times are medians of processor time; the share of the peak is that of the best\n"
             "run, against the best of the table's own 1x1 kernel on data in the first-level\n"
             "cache, measured in every round: other work on the machine hardly moves it.",
    .examples = "  mnquant bench model.mnq --layers\n"
                "  mnquant bench model.mnq int8.mnq --kernels generic --rounds 20 --json\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct bench_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = -1,
    .kernel_list = true,
    .run = run,
};
