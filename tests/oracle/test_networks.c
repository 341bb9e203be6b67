/* SPDX-License-Identifier: Apache-2.0
 * Whole random networks through the runtime and through the oracle: every intermediate tensor and the output must be
 * the same bytes, layer by layer (mnq_run_layer) and in one go (mnq_run), for every kernel table.
 *
 * test_networks [--first SEED] [--nets N] [--write FILE]; --write keeps the first network of the run. */
#include "ktables.h"
#include "netgen.h"
#include "oracle.h"
#include "rng.h"

#include "mnq/mnq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 3 };

struct tally {
    long nets, layers, bytes, ops[ORC_LOGISTIC + 1];
};

struct bench {
    struct mnq_oracle_net net;
    struct mnq_model model;
    uint8_t *arena_base, *arena; /* with room for one guard block behind */
    uint8_t *scratch;            /* the largest tensor */
    size_t arena_size;
};

static void *need(void *p)
{
    if (!p) {
        fprintf(stderr, "test_networks: out of memory\n");
        exit(1);
    }
    return p;
}

static int complain(uint64_t seed, const char *table, const char *what, long where)
{
    printf("FAILED seed %llu, table %s: %s %ld; again: test_networks --first %llu --nets 1\n", (unsigned long long)seed,
           table, what, where, (unsigned long long)seed);
    return -1;
}

static void fill(uint8_t *p, size_t n, struct mnq_rng *g)
{
    int kind = mnq_rng_in(g, 0, 5);
    for (size_t i = 0; i < n; i++) {
        uint8_t v = (uint8_t)(mnq_rng_u64(g) & 255);
        p[i] = kind == 0 ? 0 : kind == 1 ? 255 : kind == 2 ? (uint8_t)(i % 2 ? 255 : 0) : v;
    }
}

/* The arena's bytes of tensor i against the oracle's. */
static int same(struct bench *b, int i, struct tally *tally)
{
    const struct mnq_oracle_tensor *o = &b->net.tensor[i];
    struct mnq_tensor t;

    if (mnq_tensor_get(&b->model, (unsigned)i, &t) || t.size != mnq_oracle_bytes(o) || t.zero_point != o->zp) return 0;
    mnq_oracle_store(o, b->scratch);
    tally->bytes += (long)t.size;
    return !memcmp(b->arena + t.offset, b->scratch, t.size);
}

static int one_input(struct bench *b, uint64_t seed, const char *table, struct mnq_rng *g, struct tally *tally)
{
    struct mnq_oracle_tensor *in = &b->net.tensor[b->net.input];
    size_t in_bytes = mnq_oracle_bytes(in), out_bytes = mnq_oracle_bytes(&b->net.tensor[b->net.output]);
    uint8_t *input = need(malloc(in_bytes));
    int bad = 0;

    fill(input, in_bytes, g);
    mnq_oracle_load(in, input);
    if (mnq_oracle_net_run(&b->net)) bad = complain(seed, table, "the oracle refuses:", 0);
    fill(b->arena, b->arena_size + MNQ_ALIGN, g);
    memset(b->arena + b->arena_size, 0x5a, MNQ_ALIGN);
    memcpy(mnq_input(&b->model, b->arena), input, in_bytes);
    for (int k = 0; k < b->net.n_layers && !bad; k++) {
        if (mnq_run_layer(&b->model, b->arena, b->arena_size, (unsigned)k)) bad = complain(seed, table, "mnq_run_layer", k);
        else if (!same(b, b->net.out[k], tally)) bad = complain(seed, table, "output differs at layer", k);
        tally->layers++;
        tally->ops[b->net.layer[k].op]++;
    }
    fill(b->arena, b->arena_size, g);
    memcpy(mnq_input(&b->model, b->arena), input, in_bytes);
    if (!bad && mnq_run(&b->model, b->arena, b->arena_size)) bad = complain(seed, table, "mnq_run", 0);
    mnq_oracle_store(&b->net.tensor[b->net.output], b->scratch);
    if (!bad && memcmp(mnq_output(&b->model, b->arena), b->scratch, out_bytes))
        bad = complain(seed, table, "mnq_run differs", 0);
    for (int i = 0; i < MNQ_ALIGN && !bad; i++) {
        if (b->arena[b->arena_size + (size_t)i] != 0x5a) bad = complain(seed, table, "wrote behind the arena, byte", i);
    }
    free(input);
    return bad;
}

static int one_network(uint64_t seed, const char *write, struct tally *tally)
{
    struct mnq_netgen_file f = mnq_netgen(seed);
    struct bench b = {0};
    struct mnq_rng g = mnq_rng_seed(7, seed);
    size_t largest = 0;
    int bad = 0;

    if (write) {
        FILE *out = fopen(write, "wb");
        if (!out || fwrite(f.bytes, 1, f.n, out) != f.n || fclose(out)) bad = complain(seed, write, "cannot write", 0);
    }
    enum mnq_status st = mnq_model_load(&b.model, f.bytes, f.n);
    if (st) {
        printf("%s at %lu\n", mnq_status_str(st), (unsigned long)b.model.bad);
        bad = complain(seed, "-", "the loader refuses a valid file, status", st);
    } else if (mnq_oracle_open(&b.net, f.bytes, f.n)) {
        printf("%s\n", b.net.why);
        bad = complain(seed, "-", "the oracle refuses the file", 0);
    }
    if (!bad) {
        for (int i = 0; i < b.net.n_tensors; i++) {
            size_t n = mnq_oracle_bytes(&b.net.tensor[i]);
            if (n > largest) largest = n;
        }
        b.arena_size = mnq_arena_size(&b.model);
        b.arena_base = need(malloc(b.arena_size + 2 * MNQ_ALIGN));
        b.arena = b.arena_base + (-(uintptr_t)b.arena_base & (MNQ_ALIGN - 1));
        b.scratch = need(malloc(largest));
    }
    for (int t = 0; t < mnq_ktable_count && !bad; t++) {
        const struct mnq_ktable *table = &mnq_ktables[t];
        if (table->usable && !table->usable()) continue;
        b.model.kernels = table->kernels;
        for (int i = 0; i < INPUTS && !bad; i++) bad = one_input(&b, seed, table->kernels->name, &g, tally);
    }
    tally->nets++;
    mnq_oracle_close(&b.net);
    free(b.arena_base);
    free(b.scratch);
    free(f.base);
    return bad;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"", "conv", "dwconv", "pw", "avgpool", "add", "mul", "softmax", "logistic"};
    unsigned long first = 0, nets = 500;
    const char *write = NULL;
    struct tally tally = {0};
    int failures = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--first")) first = strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--nets")) nets = strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--write")) write = argv[i + 1];
        else return 2;
    }
    for (unsigned long i = 0; i < nets && failures < 5; i++) failures -= one_network(first + i, i ? NULL : write, &tally);
    printf("%ld networks, %ld layers, %ld bytes compared:", tally.nets, tally.layers, tally.bytes);
    for (int op = ORC_CONV; op <= ORC_LOGISTIC; op++) printf(" %s %ld", names[op], tally.ops[op]);
    printf("; %d failures\n", failures);
    return failures != 0;
}
