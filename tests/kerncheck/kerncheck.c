/* SPDX-License-Identifier: Apache-2.0
 * kerncheck: every kernel table against the definition, bit for bit, and its benchmark.
 *
 * The generic table is compared with the oracle, every other table with the generic one (--oracle: with the oracle). */
#if defined(__unix__)
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <unistd.h>
#endif

#include "kbench.h"
#include "kready.h"
#include "ktables.h"

#include "rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    const char *table; /* NULL = all */
    int op;            /* 0 = all */
    unsigned long first, cases;
    int bench, compressed, list, oracle;
};

static const char *const array_names[KA_COUNT] = {"input 0", "input 1", "weights",  "bias",    "m",
                                                  "r",       "m2",      "second r", "padding", "table"};

static int is_generic(const struct mnq_kernels *t)
{
    return t == &mnq_kernels_generic;
}

static void describe(const struct mnq_kcase *k)
{
    static const char *const weights[] = {"none", "s8", "s16", "s4", "sparse", "binary", "xnor", "map"};
    const struct mnq_layer *l = &k->l;
    printf(
        "  %ldx%ldx%ld -> %ldx%ldx%ld, kernel %dx%d, stride %dx%d, pad %d,%d, mult %d, weights %s, input %s%s, output %s\n",
        (long)l->h, (long)l->w, (long)l->c, (long)l->oh, (long)l->ow, (long)l->oc, l->kh, l->kw, l->sh, l->sw, l->pt, l->pl,
        l->mult, weights[l->wtype],
        l->in_flip ? "u8"
        : l->in16  ? "s16"
                   : "s8",
        !k->g[KA_IN1].p ? ""
        : l->in16b      ? " and s16"
                        : " and s8",
        l->q.out16 ? "s16" : "s8");
    printf("  act %d, frac %d, zero points %ld %ld -> %ld, clamp %ld..%ld, magnitudes %ld %ld\n", l->q.act, l->q.frac,
           (long)l->zp0, (long)l->zp1, (long)l->q.zp, (long)l->q.lo, (long)l->q.hi, (long)k->a0, (long)k->a1);
}

/* Says where the first difference is. */
static void show_difference(const struct mnq_kcase *k, const uint8_t *got, const uint8_t *want)
{
    const struct mnq_layer *l = &k->l;
    int wide = l->q.out16;
    size_t count = 0, first = 0;

    for (size_t i = k->out_n; i-- > 0;) {
        size_t at = wide ? 2 * i : i;
        if (memcmp(got + at, want + at, wide ? 2 : 1)) count++, first = i;
    }
    long g = wide ? ((const int16_t *)(const void *)got)[first] : ((const int8_t *)got)[first];
    long w = wide ? ((const int16_t *)(const void *)want)[first] : ((const int8_t *)want)[first];
    size_t ch = first % (size_t)l->oc, px = first / (size_t)l->oc;
    printf("  %zu of %zu differ; first at y %zu, x %zu, channel %zu: got %ld, expected %ld\n", count, k->out_n,
           px / (size_t)l->ow, px % (size_t)l->ow, ch, g, w);
    if (l->q.bias) {
        printf("  channel: bias %ld, m %ld, r %d", (long)l->q.bias[ch], (long)l->q.mult[ch], l->q.shift[ch]);
        if (l->q.mult2) printf(", m2 %ld, r2 %d", (long)l->q.mult2[ch], l->q.shift2[ch]);
        printf("\n");
    }
}

static void random_fill(struct mnq_guard *b, uint64_t seed)
{
    struct mnq_rng g = mnq_rng_seed(99, seed);
    for (size_t i = 0; i < b->n; i++) b->p[i] = (uint8_t)(mnq_rng_u64(&g) & 255);
}

/* What a run of the table gave, and how it ran. */
struct outcome {
    const char *how, *fault;
    struct mnq_guard out;
};

enum how { WHOLE, BANDS, SUMS, HOWS };

/* Whether the layer is a global average pooling, which can be summed up row by row. */
static int is_global(const struct mnq_layer *l)
{
    return l->op == MNQ_L_AVGPOOL && l->kh == l->h && l->kw == l->w && !l->counted;
}

static struct outcome run(const struct mnq_kcase *k, const struct mnq_kernels *t, enum how how, unsigned long seed)
{
    static const char *const names[HOWS] = {"whole", "in bands", "summed up by rows"};
    struct outcome o = {names[how], NULL, mnq_guard_new(k->out_bytes, (unsigned)(seed % 4))};
    struct mnq_kready r;

    mnq_kready_make(&r, k, t, how == SUMS ? MNQ_L_AVGPOOL_SUM : k->l.op, seed % 8 != 0);
    random_fill(&o.out, seed);
    mnq_guard_seal(&o.out);
    if (how == WHOLE) mnq_kready_whole(&r, k, o.out.p);
    else o.fault = mnq_kready_bands(&r, k, seed, o.out.p);
    if (!o.fault) o.fault = mnq_kready_fault(&r);
    mnq_kready_free(&r);
    for (int i = 0; i < KA_COUNT && !o.fault; i++) {
        if (mnq_guard_payload(&k->g[i]) || mnq_guard_zones(&k->g[i])) o.fault = array_names[i];
    }
    if (!o.fault && mnq_guard_zones(&o.out)) o.fault = "wrote outside the output";
    return o;
}

/* The case at work, for what ends the program in a kernel. */
static char at_work[120];

#if defined(__unix__)
static const int crash[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
enum { CRASHES = sizeof crash / sizeof *crash };
static struct sigaction before[CRASHES]; /* a sanitizer's */

static void crashed(int number)
{
    ssize_t written = write(STDOUT_FILENO, at_work, strlen(at_work));
    (void)written;
    for (int i = 0; i < CRASHES; i++)
        if (crash[i] == number) sigaction(number, &before[i], NULL);
    raise(number);
}
#endif

static void watch_crashes(void)
{
#if defined(__unix__)
    const struct sigaction watch = {.sa_handler = crashed};
    for (int i = 0; i < CRASHES; i++) sigaction(crash[i], &watch, &before[i]);
#endif
}

/* One case on one table: whole, in bands and, where that is possible, summed up. return 0 if every bit is right. */
static int check(const struct options *opt, const struct mnq_kernels *t, int op, unsigned long seed)
{
    struct mnq_kcase k;
    struct mnq_guard want;
    const char *broken = NULL;
    int bad = 0;

    snprintf(at_work, sizeof at_work, "CRASHED, again: kerncheck --table %s --op %s --seed %lu\n", t->name, mnq_kop_name(op),
             seed);
    mnq_kcase_make(&k, op, seed);
    want = mnq_guard_new(k.out_bytes, 0);
    if (is_generic(t) || opt->oracle) {
        if (mnq_kcase_expect(&k, want.p)) broken = "the case itself breaks the accumulator bound";
    } else {
        struct mnq_kready r;
        mnq_kready_make(&r, &k, &mnq_kernels_generic, k.l.op, 0);
        mnq_kready_whole(&r, &k, want.p);
        mnq_kready_free(&r);
    }
    for (int how = WHOLE; how < HOWS && !bad; how++) {
        struct outcome o;
        int differs;
        if (how == SUMS && !is_global(&k.l)) continue;
        o = run(&k, t, (enum how)how, seed);
        if (broken) o.fault = broken;
        differs = memcmp(o.out.p, want.p, k.out_bytes) != 0;
        bad = o.fault || differs;
        if (bad) {
            printf("FAILED table %s, op %s, seed %lu, %s%s%s\n", t->name, mnq_kop_name(op), seed, o.how,
                   o.fault ? ": touched or bad: " : "", o.fault ? o.fault : "");
            describe(&k);
            if (differs) show_difference(&k, o.out.p, want.p);
            printf("  again: kerncheck --table %s --op %s --seed %lu\n", t->name, mnq_kop_name(op), seed);
        }
        mnq_guard_free(&o.out);
    }
    mnq_guard_free(&want);
    mnq_kcase_free(&k);
    return bad;
}

/* All cases asked for on one table. return number of failures, at most 10 printed. */
static int check_table(const struct options *opt, const struct mnq_kernels *t)
{
    int failures = 0;

    for (int op = 1; op <= MNQ_KOPS; op++) {
        unsigned long done = 0;
        if (opt->op && op != opt->op) continue;
        for (unsigned long i = 0; i < opt->cases && failures < 10; i++, done++)
            failures += check(opt, t, op, opt->first + i);
        printf("%s %s: %lu cases against %s, %d failures\n", t->name, mnq_kop_name(op), done,
               is_generic(t) || opt->oracle ? "the oracle" : "generic", failures);
    }
    return failures;
}

static int usage(void)
{
    fprintf(stderr, "usage: kerncheck [--table NAME] [--op OP] [--cases N] [--first SEED] [--oracle]\n"
                    "       kerncheck [--table NAME] --op OP --seed N      one case again\n"
                    "       kerncheck [--table NAME] [--op OP] --bench     rates, and ratios to generic\n"
                    "       kerncheck [--table NAME] --bench --compressed  1x1 layers only: ratios of weight types to s8\n"
                    "       kerncheck --list                               tables of this build\n"
                    "OP is conv, dwconv, pw, avgpool, add, mul, softmax, logistic, maxpool, select, upsample or spread.\n");
    return 2;
}

/* A whole decimal number. return 0 or -1. */
static int number(const char *text, unsigned long *n)
{
    char *end;

    *n = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end ? 0 : -1;
}

static int parse(struct options *opt, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];

        if (!strcmp(a, "--bench")) opt->bench = 1;
        else if (!strcmp(a, "--compressed")) opt->compressed = 1;
        else if (!strcmp(a, "--list")) opt->list = 1;
        else if (!strcmp(a, "--oracle")) opt->oracle = 1;
        else if (++i >= argc) return -1;
        else if (!strcmp(a, "--table")) opt->table = argv[i];
        else if (!strcmp(a, "--op")) {
            opt->op = mnq_kop_find(argv[i]);
            if (!opt->op) return -1;
        } else if (!strcmp(a, "--cases")) {
            if (number(argv[i], &opt->cases)) return -1;
        } else if (!strcmp(a, "--first")) {
            if (number(argv[i], &opt->first)) return -1;
        } else if (!strcmp(a, "--seed")) {
            if (number(argv[i], &opt->first)) return -1;
            opt->cases = 1;
        } else {
            return -1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options opt = {.cases = 500};
    int failures = 0, found = 0, skipped = 0;

    if (parse(&opt, argc, argv)) return usage();
    watch_crashes();
    for (int i = 0; i < mnq_ktable_count; i++) {
        const struct mnq_ktable *t = &mnq_ktables[i];
        int usable = !t->usable || t->usable();

        if (opt.list) printf("%s%s\n", t->kernels->name, usable ? "" : " (not on this processor)");
        if (opt.list || (opt.table && strcmp(opt.table, t->kernels->name))) continue;
        found = 1;
        if (!usable) {
            printf("%s: skipped, not on this processor\n", t->kernels->name);
            skipped = 1;
        } else if (opt.bench) {
            if (!opt.compressed) mnq_kbench(t->kernels, opt.op);
            if (opt.compressed || !opt.op) mnq_kbench_compressed(t->kernels);
        } else {
            failures += check_table(&opt, t->kernels);
        }
    }
    if (!opt.list && !found) {
        fprintf(stderr, "kerncheck: no table named %s; --list shows them\n", opt.table);
        return 2;
    }
    if (failures) return 1;
    return opt.table && skipped ? 77 : 0;
}
