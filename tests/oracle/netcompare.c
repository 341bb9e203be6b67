/* SPDX-License-Identifier: Apache-2.0
 * Runs a network in both implementations side by side and compares tensors as they are produced.
 *
 * In the runtime tensors share one arena, in the oracle they do not: equal outputs also say that the memory plan holds. */
#include "netcompare.h"

#include "ktables.h"
#include "netplan.h"
#include "rng.h"

#include "mnq/mnq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Plans: for the least RAM; for few calls with twice that; of every tenth network, for a core with little more work than at
 * once. */
enum { INPUTS = 3, PLANS = 3, PACK_ALIGN = 64 };

/* The network with plans in its file. */
struct planned {
    struct mnq_netgen_file file;
    struct mnq_model model;
};

struct bench {
    struct mnq_oracle_net net;
    struct mnq_model model;
    struct planned planned[PLANS];
    uint8_t *arena_base, *arena; /* with room for one guard block behind */
    uint8_t *scratch;            /* the largest tensor */
    uint8_t *packed;             /* weights, by the table, wherever they are aligned in it */
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

/* All outputs, the first one last: that is what remains in b->scratch. return whether one differs */
static int outputs_differ(struct bench *b, const struct mnq_model *m, const uint8_t *arena, int pushed)
{
    int bad =
        mnq_output_count(m) != 1u + (unsigned)b->net.n_more || mnq_output_at(m, arena, 1u + (unsigned)b->net.n_more) != NULL;

    for (int k = b->net.n_more; k >= 0 && !bad; k--) {
        int t = k == 0 ? b->net.output : b->net.more[k - 1];
        const void *at = pushed ? mnq_done_at(m, arena, (unsigned)k) : mnq_output_at(m, arena, (unsigned)k);
        mnq_oracle_store(&b->net.tensor[t], b->scratch);
        bad = mnq_output_tensor(m, (unsigned)k) != (unsigned)t || !at ||
              memcmp(at, b->scratch, mnq_oracle_bytes(&b->net.tensor[t]));
    }
    return bad;
}

/* ---- plans ---- */

/* An arena of exactly n bytes, filled, with a block behind it that must stay as it is. */
static uint8_t *new_arena(size_t n, struct mnq_rng *g, uint8_t **base)
{
    *base = need(malloc(n + 2 * MNQ_ALIGN));
    uint8_t *p = *base + (-(uintptr_t)*base & (MNQ_ALIGN - 1));
    fill(p, n, g);
    memset(p + n, 0x5a, MNQ_ALIGN);
    return p;
}

static int overrun(const uint8_t *p, size_t n)
{
    for (int i = 0; i < MNQ_ALIGN; i++)
        if (p[n + (size_t)i] != 0x5a) return 1;
    return 0;
}

/* The picture in memory. */
static int by_plan(struct bench *b, const struct mnq_model *m, const uint8_t *input, size_t in_bytes, size_t out_bytes,
                   struct mnq_rng *g)
{
    size_t n = mnq_arena_size(m);
    uint8_t *base, *arena = new_arena(n, g, &base);
    int bad = 0;

    memcpy(mnq_input(m, arena), input, in_bytes);
    if (mnq_run(m, arena, n)) bad = complain(b, "mnq_run by plan", 0);
    else if (memcmp(mnq_output(m, arena), b->scratch, out_bytes)) bad = complain(b, "the plan's output differs", 0);
    else if (outputs_differ(b, m, arena, 0)) bad = complain(b, "the plan: one of several outputs differs", 0);
    else if (overrun(arena, n)) bad = complain(b, "the plan wrote behind the arena", 0);
    free(base);
    return bad;
}

/* Pushed, a few rows at a time; now and then all that there is of the run moves to other memory. */
static int by_rows(struct bench *b, const struct mnq_model *m, const uint8_t *input, size_t in_bytes, size_t out_bytes,
                   struct mnq_rng *g, struct mnq_nettally *tally)
{
    struct mnq_tensor in;
    size_t n = mnq_stream_size(m), row;
    uint8_t *base, *arena = new_arena(n, g, &base);
    int bad = mnq_tensor_get(m, m->input, &in) || mnq_begin(m, arena, n) ? complain(b, "mnq_begin", 0) : 0;

    row = in_bytes / in.h;
    for (unsigned y = 0, count; y < in.h && !bad; y += count) {
        count = (unsigned)mnq_rng_in(g, 1, in.h - y < 3 ? in.h - (int)y : 3);
        if (mnq_done(m, arena)) bad = complain(b, "done before the last row, at row", (long)y);
        else if (mnq_push_rows(m, arena, n, input + y * row, count)) bad = complain(b, "mnq_push_rows at row", (long)y);
        if (mnq_rng_chance(g, 20)) {
            uint8_t *base2, *moved = new_arena(n, g, &base2);
            memcpy(moved, arena, n + MNQ_ALIGN);
            free(base);
            base = base2, arena = moved;
            tally->stops++;
        }
    }
    if (!bad && !mnq_done(m, arena)) bad = complain(b, "not done after the last row", 0);
    if (!bad && memcmp(mnq_done(m, arena), b->scratch, out_bytes)) bad = complain(b, "pushed rows: the output differs", 0);
    if (!bad && outputs_differ(b, m, arena, 1)) bad = complain(b, "pushed rows: one of several outputs differs", 0);
    if (!bad && overrun(arena, n)) bad = complain(b, "pushed rows: wrote behind the arena", 0);
    free(base);
    tally->pushed++;
    return bad;
}

static int plans(struct bench *b, const uint8_t *input, size_t in_bytes, size_t out_bytes, struct mnq_nettally *tally)
{
    struct mnq_rng g = mnq_rng_seed(13, b->seed);

    for (int i = 0; i < PLANS; i++) {
        struct mnq_model *m = &b->planned[i].model;
        m->kernels = b->model.kernels;
        m->packed = b->model.packed; /* the same layers */
        if (by_plan(b, m, input, in_bytes, out_bytes, &g) || by_rows(b, m, input, in_bytes, out_bytes, &g, tally)) return -1;
        tally->plans++;
    }
    return by_rows(b, &b->model, input, in_bytes, out_bytes, &g, tally); /* without a plan */
}

static int open_plans(struct bench *b, const uint8_t *bytes, size_t n, struct mnq_nettally *tally)
{
    for (int i = 0; i < PLANS; i++) {
        struct planned *p = &b->planned[i];
        /* A model of a few bytes may need more than twice as many where nothing is planned together. */
        long twice = i == 1 ? 2 * (long)mnq_arena_size(&b->planned[0].model) + 64 : 0;
        enum mnq_status st;
        p->file = mnq_netplan(bytes, n, (enum mnq_netplan)(b->seed % 10 != 0 && i == 2 ? 0 : i), twice);
        st = mnq_model_load(&p->model, p->file.bytes, p->file.n);
        if (st) return complain(b, "the loader refuses a valid plan, status", st);
    }
    tally->ram_whole += (long)mnq_arena_size(&b->model);
    tally->ram_plan += (long)mnq_arena_size(&b->planned[0].model);
    tally->ram_push += (long)mnq_stream_size(&b->planned[0].model);
    return 0;
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
    if (outputs_differ(b, &b->model, b->arena, 0)) return complain(b, "mnq_run: one of several outputs differs", 0);
    tally->outputs += 1 + b->net.n_more;
    for (int i = 0; i < MNQ_ALIGN; i++) {
        if (b->arena[b->arena_size + (size_t)i] != 0x5a) return complain(b, "wrote behind the arena, byte", i);
    }
    tally->inputs++;
    return plans(b, input, in_bytes, out_bytes, tally);
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
    mnq_layer_by_layer(&b->model);
    b->scratch = need(malloc(largest));
    return 0;
}

/* Weights and arena for a table. */
static int use_table(struct bench *b, const struct mnq_kernels *kernels)
{
    size_t n;

    free(b->arena_base);
    free(b->packed);
    b->model.packed = NULL;
    b->table = kernels->name;
    b->model.kernels = kernels;
    n = mnq_pack_bytes(&b->model);
    b->packed = need(malloc(n + PACK_ALIGN));
    if (mnq_pack(&b->model, b->packed + (-(uintptr_t)b->packed & (PACK_ALIGN - 1)), n)) return complain(b, "mnq_pack", 0);
    b->arena_size = mnq_arena_size(&b->model);
    b->arena_base = need(malloc(b->arena_size + 2 * MNQ_ALIGN));
    b->arena = b->arena_base + (-(uintptr_t)b->arena_base & (MNQ_ALIGN - 1));
    return 0;
}

int mnq_netcompare(const uint8_t *bytes, size_t n, const uint8_t *inputs, size_t n_inputs, uint64_t seed, const char *again,
                   struct mnq_nettally *tally)
{
    struct bench b = {.seed = seed, .again = again, .table = "-"};
    struct mnq_rng g = mnq_rng_seed(7, seed);
    uint8_t *random = NULL;
    int bad = open_both(&b, bytes, n) || open_plans(&b, bytes, n, tally) ? -1 : 0;
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
        bad = use_table(&b, table->kernels);
        for (size_t i = 0; i < count && !bad; i++) bad = one_input(&b, inputs + i * in_bytes, tally);
    }
    tally->nets++;
    mnq_oracle_close(&b.net);
    free(b.arena_base);
    free(b.packed);
    free(b.scratch);
    for (int i = 0; i < PLANS; i++) free(b.planned[i].file.base);
    free(random);
    return bad;
}

void mnq_nettally_print(const struct mnq_nettally *t)
{
    static const char *const names[] = {"",        "conv",     "dwconv",  "pw",     "avgpool",  "add",   "mul",
                                        "softmax", "logistic", "maxpool", "select", "upsample", "spread"};

    printf("%ld networks, %ld inputs, %ld layers, %ld bytes compared:", t->nets, t->inputs, t->layers, t->bytes);
    for (int op = ORC_CONV; op <= ORC_SPREAD; op++) printf(" %s %ld", names[op], t->ops[op]);
    printf(", %ld of them on 16-bit activations; of the pw s8 %ld, s16 %ld, s4 %ld, sparse %ld, sparse4 %ld, ternary %ld, "
           "binary %ld, xnor %ld\n",
           t->wide, t->packed[ORC_W_S8], t->packed[ORC_W_S16], t->packed[ORC_W_S4], t->packed[ORC_W_SPARSE],
           t->packed[ORC_W_SPARSE4], t->packed[ORC_W_TERNARY], t->packed[ORC_W_BINARY], t->packed[ORC_W_XNOR]);
    printf("%ld outputs at the end of runs; ", t->outputs);
    printf("%ld runs by plans, %ld pictures pushed by rows, %ld times moved between rows; arenas: %ld bytes layer by layer, "
           "%ld by plan, %ld pushed\n",
           t->plans, t->pushed, t->stops, t->ram_whole, t->ram_plan, t->ram_push);
}
