/* SPDX-License-Identifier: Apache-2.0
 * The options that every command has, and what stands for them when they are not given. */
#include "globals.h"

#include "graph/fkernel/fkernel.h"
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    {"max-work", 0, MNQ_OPT_INT, offsetof(struct mnq_globals, max_work), "N",
     "billions of operations that one run of a model may take (default: by the size of its file)", 1, 1000000, NULL},
};
const int mnq_n_global_options = sizeof mnq_global_options / sizeof *mnq_global_options;

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

/* Whether this processor has the table that the first n letters of `name` name. */
static bool has_table(const char *name, size_t n)
{
    char one[32];
    if (n >= sizeof one) return false;
    memcpy(one, name, n);
    one[n] = '\0';
    return mnq_kernels_find(one) != NULL;
}

/* Precedence: option, then MNQ_KERNELS, then the fastest table; the library reads the environment. A list stays with the
 * command that takes one. The float kernels go with it. */
static int settle_kernels(const struct mnq_globals *g, bool list, struct mnq_err *e)
{
    const char *name = g->kernels != NULL ? g->kernels : getenv("MNQ_KERNELS");
    if (name == NULL || (*name == '\0' && g->kernels == NULL)) return 0;
    list = list && g->kernels != NULL;
    for (const char *p = name;; p++) {
        const size_t n = list ? strcspn(p, ",") : strlen(p);
        if (!has_table(p, n)) {
            char known[200] = "";
            const struct mnq_kernels *k;
            for (int i = 0; (k = mnq_kernels_at(i)) != NULL; i++) {
                size_t at = strlen(known);
                snprintf(known + at, sizeof known - at, "%s%s", i > 0 ? ", " : "", k->name);
            }
            return mnq_fail(e, MNQ_EXIT_USAGE, "%s: no kernel table '%.*s' on this processor; there are %s",
                            g->kernels != NULL ? "--kernels" : "MNQ_KERNELS", (int)n, p, known);
        }
        p += n;
        if (*p == '\0') break;
    }
    if (list) return 0;
    mnq_fkernels_choose(name);
    return setenv("MNQ_KERNELS", name, 1) == 0 ? 0 : mnq_fail_nomem(e);
}

int mnq_globals_settle(struct mnq_globals *g, bool kernel_list, struct mnq_err *e)
{
    return settle_threads(g, e) != 0 || settle_kernels(g, kernel_list, e) != 0 ? -1 : 0;
}
