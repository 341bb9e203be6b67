/* SPDX-License-Identifier: Apache-2.0
 * Runs a network in both implementations side by side and compares tensors as they are produced.
 *
 * In the runtime tensors share one arena, in the oracle they do not: equal outputs also say that the memory plan holds. */
#include "netcompare.h"

#include "ktables.h"
#include "rng.h"

#include "mnq/mnq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 3 };

struct bench {
    struct mnq_oracle_net net;
    struct mnq_model model;
    uint8_t *arena_base, *arena; /* with room for one guard block behind */
    uint8_t *scratch;            /* the largest tensor */
    size_t arena_size;
    uint64_t seed;
    const char *again, *table;
};

static void *need(void *p)
{
    if (!p) {
        fprintf(stderr, "netcompare: out of memory\n");
        exit(1);
    }
    return p;
}

static int complain(const struct bench *b, const char *what, long where)
{
    printf("FAILED table %s: %s %ld; %s\n", b->table, what, where, b->again);
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

/* An input tensor: least, greatest or alternating values, all zero bytes, or random. */
static void fill_input(uint8_t *p, const struct mnq_oracle_tensor *t, struct mnq_rng *g)
{
    int kind = mnq_rng_in(g, 0, 6), wide = t->dtype == ORC_S16;
    size_t n = mnq_oracle_bytes(t);

    for (size_t i = 0; i < n; i++) {
        int top = !wide || i % 2; /* the byte that has the sign */
        uint8_t least = top && t->dtype != ORC_U8 ? 0x80 : 0, most = (uint8_t)~least;
        uint8_t random = (uint8_t)(mnq_rng_u64(g) & 255);
        if (kind == 0) p[i] = least;
        else if (kind == 1) p[i] = most;
        else if (kind == 2) p[i] = (wide ? i / 2 : i) % 2 ? least : most;
        else p[i] = kind == 3 ? 0 : random;
    }
}

/* The arena's bytes of tensor i against the oracle's. */
static int same(struct bench *b, int i, struct mnq_nettally *tally)
{
    const struct mnq_oracle_tensor *o = &b->net.tensor[i];
    struct mnq_tensor t;

    if (mnq_tensor_get(&b->model, (unsigned)i, &t) || t.size != mnq_oracle_bytes(o) || t.zero_point != o->zp) return 0;
    mnq_oracle_store(o, b->scratch);
    tally->bytes += (long)t.size;
    return !memcmp(b->arena + t.offset, b->scratch, t.size);
}

static int reads_s16(const struct mnq_oracle_net *net, int layer)
{
    int in1 = net->in1[layer];
    return net->tensor[net->in0[layer]].dtype == ORC_S16 || (in1 >= 0 && net->tensor[in1].dtype == ORC_S16);
}

static int one_input(struct bench *b, const uint8_t *input, struct mnq_nettally *tally)
{
    struct mnq_oracle_tensor *in = &b->net.tensor[b->net.input];
    size_t in_bytes = mnq_oracle_bytes(in), out_bytes = mnq_oracle_bytes(&b->net.tensor[b->net.output]);
    struct mnq_rng g = mnq_rng_seed(9, b->seed);

    mnq_oracle_load(in, input);
    if (mnq_oracle_net_run(&b->net)) return complain(b, "the oracle refuses:", 0);
    fill(b->arena, b->arena_size, &g);
    memset(b->arena + b->arena_size, 0x5a, MNQ_ALIGN);
    memcpy(mnq_input(&b->model, b->arena), input, in_bytes);
    for (int k = 0; k < b->net.n_layers; k++) {
        if (mnq_run_layer(&b->model, b->arena, b->arena_size, (unsigned)k)) return complain(b, "mnq_run_layer", k);
        if (!same(b, b->net.out[k], tally)) return complain(b, "output differs at layer", k);
        tally->layers++;
        tally->ops[b->net.layer[k].op]++;
        if (b->net.layer[k].op == ORC_PW) tally->packed[b->net.layer[k].wtype]++;
        tally->wide += b->net.layer[k].op < ORC_SOFTMAX && reads_s16(&b->net, k);
    }
    fill(b->arena, b->arena_size, &g);
    memcpy(mnq_input(&b->model, b->arena), input, in_bytes);
    if (mnq_run(&b->model, b->arena, b->arena_size)) return complain(b, "mnq_run", 0);
    mnq_oracle_store(&b->net.tensor[b->net.output], b->scratch);
    if (memcmp(mnq_output(&b->model, b->arena), b->scratch, out_bytes)) return complain(b, "mnq_run differs", 0);
    for (int i = 0; i < MNQ_ALIGN; i++) {
        if (b->arena[b->arena_size + (size_t)i] != 0x5a) return complain(b, "wrote behind the arena, byte", i);
    }
    tally->inputs++;
    return 0;
}

/* Opens the bytes with both readers. */
static int open_both(struct bench *b, const uint8_t *bytes, size_t n)
{
    size_t largest = 0;
    enum mnq_status st = mnq_model_load(&b->model, bytes, n);

    if (st) {
        printf("%s at %lu\n", mnq_status_str(st), (unsigned long)b->model.bad);
        return complain(b, "the loader refuses a valid file, status", st);
    }
    if (mnq_oracle_open(&b->net, bytes, n)) {
        printf("%s\n", b->net.why);
        return complain(b, "the oracle refuses the file", 0);
    }
    for (int i = 0; i < b->net.n_tensors; i++) {
        size_t size = mnq_oracle_bytes(&b->net.tensor[i]);
        if (size > largest) largest = size;
    }
    b->arena_size = mnq_arena_size(&b->model);
    b->arena_base = need(malloc(b->arena_size + 2 * MNQ_ALIGN));
    b->arena = b->arena_base + (-(uintptr_t)b->arena_base & (MNQ_ALIGN - 1));
    b->scratch = need(malloc(largest));
    return 0;
}

int mnq_netcompare(const uint8_t *bytes, size_t n, const uint8_t *inputs, size_t n_inputs, uint64_t seed, const char *again,
                   struct mnq_nettally *tally)
{
    struct bench b = {.seed = seed, .again = again, .table = "-"};
    struct mnq_rng g = mnq_rng_seed(7, seed);
    uint8_t *random = NULL;
    int bad = open_both(&b, bytes, n);
    size_t in_bytes = bad ? 1 : mnq_oracle_bytes(&b.net.tensor[b.net.input]), count = inputs ? n_inputs / in_bytes : INPUTS;

    if (!bad && !inputs) {
        random = need(malloc(INPUTS * in_bytes));
        for (int i = 0; i < INPUTS; i++) fill_input(random + (size_t)i * in_bytes, &b.net.tensor[b.net.input], &g);
        inputs = random;
    }
    if (!bad && !count) bad = complain(&b, "fewer input bytes than one input has:", (long)in_bytes);
    for (int t = 0; t < mnq_ktable_count && !bad; t++) {
        const struct mnq_ktable *table = &mnq_ktables[t];
        if (table->usable && !table->usable()) continue;
        b.model.kernels = table->kernels;
        b.table = table->kernels->name;
        for (size_t i = 0; i < count && !bad; i++) bad = one_input(&b, inputs + i * in_bytes, tally);
    }
    tally->nets++;
    mnq_oracle_close(&b.net);
    free(b.arena_base);
    free(b.scratch);
    free(random);
    return bad;
}

void mnq_nettally_print(const struct mnq_nettally *t)
{
    static const char *const names[] = {"", "conv", "dwconv", "pw", "avgpool", "add", "mul", "softmax", "logistic"};

    printf("%ld networks, %ld inputs, %ld layers, %ld bytes compared:", t->nets, t->inputs, t->layers, t->bytes);
    for (int op = ORC_CONV; op <= ORC_LOGISTIC; op++) printf(" %s %ld", names[op], t->ops[op]);
    printf(", %ld of them on 16-bit activations; of the pw s8 %ld, s16 %ld, s4 %ld, sparse %ld, binary %ld, xnor %ld\n",
           t->wide, t->packed[ORC_W_S8], t->packed[ORC_W_S16], t->packed[ORC_W_S4], t->packed[ORC_W_SPARSE],
           t->packed[ORC_W_BINARY], t->packed[ORC_W_XNOR]);
}
