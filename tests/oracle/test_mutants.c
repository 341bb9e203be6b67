/* SPDX-License-Identifier: Apache-2.0
 * Damaged networks with a repaired CRC: whatever the loader still accepts must run, and give the oracle's bytes.
 *
 * The oracle's tensors share no memory and its sums have 64 bits, so a plan that overwrites a live tensor or an
 * accumulator past the bound cannot slip through the loader's proofs unseen. Run it with the sanitizers, too. */
#include "netcompare.h"
#include "netgen.h"
#include "netpatch.h"
#include "rng.h"

#include "mnq/mnq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MUTANTS = 12, ARENA_MOST = 1 << 24, STATUSES = 10 };

static uint32_t below(struct mnq_rng *g, uint32_t n)
{
    return n ? (uint32_t)(((mnq_rng_u64(g) >> 32) * n) >> 32) : 0;
}

static void touch(struct mnq_rng *g, uint8_t *p)
{
    int how = mnq_rng_in(g, 0, 3);
    *p = (uint8_t)(how == 0 ? *p + 1 : how == 1 ? *p - 1 : how == 2 ? *p ^ 1 << mnq_rng_in(g, 0, 7) : mnq_rng_in(g, 0, 255));
}

/* A bias near the limits of 32 bits: just inside the accumulator's bound or just outside. */
static void enlarge_bias(struct mnq_rng *g, const uint8_t *row, uint8_t *data)
{
    uint32_t at = mnq_netpatch_get32(row + 36), far = 0x7fffffffu - (below(g, 4) ? below(g, 1u << 22) : below(g, 1u << 10));
    if (at != 0xffffffffu) mnq_netpatch_put32(data + at, mnq_rng_chance(g, 50) ? far : 0u - far);
}

/* Clamps at the ends of 16 bits: a wider S16 tensor may be too much for its readers. */
static void widen_clamps(struct mnq_rng *g, uint8_t *row)
{
    int far = mnq_rng_in(g, 8, 15);
    if (mnq_rng_chance(g, 80)) mnq_netpatch_put32(row + 20, 0u - (1u << far));
    if (mnq_rng_chance(g, 80)) mnq_netpatch_put32(row + 24, (1u << far) - 1);
}

/* One change of the kind that a reader may fail to notice. */
static void mutate(struct mnq_rng *g, uint8_t *file)
{
    uint32_t n_tens, n_layr, n_data;
    uint8_t *tens = mnq_netpatch_section(file, "TENS", &n_tens), *layr = mnq_netpatch_section(file, "LAYR", &n_layr);
    uint8_t *data = mnq_netpatch_section(file, "DATA", &n_data), *row = layr + 64 * below(g, n_layr / 64);
    int kind = mnq_rng_in(g, 0, 99);

    if (kind < 45)
        mnq_netpatch_put32(tens + 32 * below(g, n_tens / 32) + 12, 16 * below(g, mnq_netpatch_get32(file + 20) / 16));
    else if (kind < 55) mnq_netpatch_put32(row + 28 + 4 * below(g, 8), 16 * below(g, n_data / 16));
    else if (kind < 70) touch(g, row + below(g, 28));
    else if (kind < 80) touch(g, tens + below(g, n_tens));
    else if (kind < 90) touch(g, data + below(g, n_data));
    else if (kind < 94) enlarge_bias(g, row, data);
    else if (kind < 97) widen_clamps(g, row);
    else touch(g, file + 16 + below(g, 32));
}

int main(int argc, char **argv)
{
    unsigned long first = 0, nets = 300;
    long statuses[STATUSES] = {0};
    struct mnq_nettally tally = {0};
    int failures = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--first")) first = strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--nets")) nets = strtoul(argv[i + 1], NULL, 10);
        else return 2;
    }
    for (unsigned long seed = first; seed < first + nets && failures < 5; seed++) {
        struct mnq_netgen_file f = mnq_netgen(seed);
        struct mnq_rng g = mnq_rng_seed(0x6d7574, seed);
        uint8_t *keep = malloc(f.n);
        char again[80];

        if (!keep) return 1;
        memcpy(keep, f.bytes, f.n);
        snprintf(again, sizeof again, "again: test_mutants --first %lu --nets 1", seed);
        for (int k = 0; k < MUTANTS; k++) {
            struct mnq_model m;
            memcpy(f.bytes, keep, f.n);
            for (int changes = mnq_rng_in(&g, 1, 2); changes > 0; changes--) mutate(&g, f.bytes);
            mnq_netpatch_seal(f.bytes, f.n);
            enum mnq_status st = mnq_model_load(&m, f.bytes, f.n);
            statuses[-(int)st]++;
            if (st || mnq_arena_size(&m) > ARENA_MOST) continue;
            failures -= mnq_netcompare(f.bytes, f.n, NULL, 0, seed, again, &tally);
        }
        free(keep);
        free(f.base);
    }
    for (int i = 0; i < STATUSES; i++) {
        if (statuses[i]) printf("%ld x %s\n", statuses[i], mnq_status_str((enum mnq_status) - i));
    }
    mnq_nettally_print(&tally);
    printf("%d failures\n", failures);
    return failures || !statuses[0] || !statuses[-MNQ_E_FORMAT] || !statuses[-MNQ_E_OVERFLOW];
}
