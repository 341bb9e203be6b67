/* SPDX-License-Identifier: Apache-2.0
 * Damaged plans of stages with a repaired CRC: whatever the loader still accepts must give the oracle's bytes, with the
 * picture in memory and pushed by rows.
 *
 * The oracle knows no plan, so one that reads a row before it is made, or after it is overwritten, shows. Arenas are exact:
 * run it with the sanitizers, too. */
#include "netgen.h"
#include "netpatch.h"
#include "netplan.h"
#include "oracle.h"
#include "rng.h"

#include "mnq/mnq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MUTANTS = 60, ARENA_MOST = 1 << 24, HEADER = 16, PLACE = 16, STAGE = 8 };

struct tally {
    long plans, refused, accepted;
};

static uint32_t below(struct mnq_rng *g, uint32_t n)
{
    return n ? (uint32_t)(((mnq_rng_u64(g) >> 32) * n) >> 32) : 0;
}

static void *need(void *p)
{
    if (!p) exit(1);
    return p;
}

static uint8_t *aligned(uint8_t *base)
{
    return base + (-(uintptr_t)base & 15);
}

/* A little more or less of a byte, or another one. */
static void touch(struct mnq_rng *g, uint8_t *p)
{
    int how = mnq_rng_in(g, 0, 3);
    *p = (uint8_t)(how == 0 ? *p + 1 : how == 1 ? *p - 1 : how == 2 ? *p ^ 1 << mnq_rng_in(g, 0, 7) : mnq_rng_in(g, 0, 255));
}

static void swap_steps(struct mnq_rng *g, uint8_t *steps, uint32_t n)
{
    uint32_t a = below(g, n), b = mnq_rng_chance(g, 60) && a + 1 < n ? a + 1 : below(g, n);
    uint8_t t[2];

    memcpy(t, steps + 2 * a, 2);
    memcpy(steps + 2 * a, steps + 2 * b, 2);
    memcpy(steps + 2 * b, t, 2);
}

/* Moves a place by few multiples of 16, or anywhere. */
static void move(struct mnq_rng *g, uint8_t *place, uint32_t bytes)
{
    uint32_t at = mnq_netpatch_get32(place);
    if (mnq_rng_chance(g, 70)) at += 16 * (uint32_t)mnq_rng_in(g, -8, 8);
    else at = 16 * below(g, bytes / 16);
    mnq_netpatch_put32(place, at);
}

/* A row more or less in a ring, another last reader, other scratch. */
static void change_place(struct mnq_rng *g, uint8_t *place)
{
    static const uint8_t at[] = {4, 4, 4, 8, 8, 6, 10, 12, 14};
    touch(g, place + at[below(g, sizeof at)]);
}

/* Steps of one stage become those of the next, or the stage forgets what dies in it. */
static void change_stage(struct mnq_rng *g, uint8_t *stage, uint32_t n)
{
    uint32_t i = below(g, n), k = (uint32_t)mnq_rng_in(g, 0, 3);
    uint8_t *s = stage + STAGE * i;
    if (k == 0) touch(g, s + 2 + below(g, 2));
    else if (k == 1) touch(g, s);
    else if (k == 2) memset(s + 2, 0xff, 2);
    else if (i + 1 < n) {
        uint32_t a = mnq_netpatch_get32(s + 4), b = mnq_netpatch_get32(s + STAGE + 4);
        mnq_netpatch_put32(s + 4, a - (a > 0));
        mnq_netpatch_put32(s + STAGE + 4, b + (a > 0));
    }
}

static void mutate(struct mnq_rng *g, uint8_t *plan, uint32_t n, uint32_t tensors, uint32_t stages, uint32_t steps)
{
    uint8_t *places = plan + HEADER, *stage = places + PLACE * tensors, *step = stage + STAGE * stages;
    int kind = mnq_rng_in(g, 0, 99);

    if (kind < 35) move(g, places + PLACE * below(g, tensors), mnq_netpatch_get32(plan));
    else if (kind < 55) change_place(g, places + PLACE * below(g, tensors));
    else if (kind < 70 && steps > 0) swap_steps(g, step, steps);
    else if (kind < 80 && steps > 0) touch(g, step + below(g, 2 * steps));
    else if (kind < 90) change_stage(g, stage, stages);
    else if (kind < 95) mnq_netpatch_put32(plan + 4 * below(g, 2), mnq_netpatch_get32(plan) - 16 * below(g, 4));
    else touch(g, plan + below(g, n));
}

static uint8_t *noise(size_t n, struct mnq_rng *g, uint8_t **base)
{
    *base = need(malloc(n + 16));
    for (size_t i = 0; i < n + 16; i++) (*base)[i] = (uint8_t)(mnq_rng_u64(g) & 255);
    return aligned(*base);
}

/* Both ways to run. return what differs, or NULL */
static const char *run(const struct mnq_model *m, const uint8_t *input, size_t in_bytes, const uint8_t *want, size_t n,
                       struct mnq_rng *g)
{
    size_t size = mnq_arena_size(m), stream = mnq_stream_size(m);
    const char *bad = NULL;
    struct mnq_tensor in;
    uint8_t *base, *arena = noise(size, g, &base);

    memcpy(mnq_input(m, arena), input, in_bytes);
    if (mnq_run(m, arena, size) || memcmp(mnq_output(m, arena), want, n)) bad = "the picture in memory";
    free(base);
    arena = noise(stream, g, &base);
    if (mnq_tensor_get(m, m->input, &in) || mnq_begin(m, arena, stream) || mnq_push_rows(m, arena, stream, input, in.h) ||
        !mnq_done(m, arena) || memcmp(mnq_done(m, arena), want, n))
        bad = "pushed rows";
    free(base);
    return bad;
}

/* Mutants of the plans of one network. return the number of failures */
static int network(unsigned long seed, struct tally *tally)
{
    struct mnq_netgen_file f = mnq_netgen(seed), p = mnq_netplan(f.bytes, f.n, (enum mnq_netplan)(seed % 3), 0);
    struct mnq_rng g = mnq_rng_seed(0x706c616e, seed);
    struct mnq_oracle_net net = {0};
    uint8_t *keep = need(malloc(p.n)), *input, *want;
    int failures = 0;

    if (mnq_oracle_open(&net, f.bytes, f.n)) exit(1);
    size_t in_bytes = mnq_oracle_bytes(&net.tensor[net.input]), out_bytes = mnq_oracle_bytes(&net.tensor[net.output]);
    input = need(malloc(in_bytes)), want = need(malloc(out_bytes));
    for (size_t i = 0; i < in_bytes; i++) input[i] = (uint8_t)(mnq_rng_u64(&g) & 255);
    mnq_oracle_load(&net.tensor[net.input], input);
    if (mnq_oracle_net_run(&net)) exit(1);
    mnq_oracle_store(&net.tensor[net.output], want);
    memcpy(keep, p.bytes, p.n);
    for (int k = 0; k < MUTANTS && !failures; k++) {
        struct mnq_model m;
        uint32_t n, sections = mnq_netpatch_get32(keep + 16);
        const char *bad;
        memcpy(p.bytes, keep, p.n);
        if (memcmp(p.bytes + 48 + 16 * (sections - 1), "PUSH", 4)) break; /* no plan was found */
        int both = !memcmp(p.bytes + 48 + 16 * (sections - 2), "PLAN", 4);
        uint8_t *plan = mnq_netpatch_section(p.bytes, both && k % 2 ? "PLAN" : "PUSH", &n);
        uint32_t stages = plan[12] | (uint32_t)plan[13] << 8, steps = mnq_netpatch_get32(plan + 8);
        for (int changes = mnq_rng_in(&g, 1, 3); changes > 0; changes--)
            mutate(&g, plan, n, (uint32_t)net.n_tensors, stages, steps);
        mnq_netpatch_seal(p.bytes, p.n);
        tally->plans++;
        if (mnq_model_load(&m, p.bytes, p.n) || mnq_arena_size(&m) > ARENA_MOST || mnq_stream_size(&m) > ARENA_MOST) {
            tally->refused++;
            continue;
        }
        tally->accepted++;
        bad = run(&m, input, in_bytes, want, out_bytes, &g);
        if (bad) printf("FAILED %s, mutant %d; again: test_plans --first %lu --nets 1\n", bad, k, seed);
        failures += bad != NULL;
    }
    mnq_oracle_close(&net);
    free(input);
    free(want);
    free(keep);
    free(f.base);
    free(p.base);
    return failures;
}

int main(int argc, char **argv)
{
    unsigned long first = 0, nets = 200;
    struct tally tally = {0};
    int failures = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--first")) first = strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--nets")) nets = strtoul(argv[i + 1], NULL, 10);
        else return 2;
    }
    for (unsigned long seed = first; seed < first + nets && failures < 5; seed++) failures += network(seed, &tally);
    printf("%ld damaged plans: %ld refused, %ld accepted and run\n%d failures\n", tally.plans, tally.refused, tally.accepted,
           failures);
    return failures || !tally.refused || !tally.accepted;
}
