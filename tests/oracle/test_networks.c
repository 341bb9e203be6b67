/* SPDX-License-Identifier: Apache-2.0
 * Whole random networks through the runtime and through the oracle: every intermediate tensor and the output must be
 * the same bytes, layer by layer (mnq_run_layer) and in one go (mnq_run), for every kernel table.
 *
 * test_networks [--first SEED] [--nets N] [--write FILE]     random networks; --write keeps the first
 * test_networks MODEL.mnq INPUTS.bin                         a packed model and raw input tensors, one after the other */
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
    long nets, inputs, layers, bytes, ops[ORC_LOGISTIC + 1];
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

/* What is being run, for messages: a seed, or a file. */
struct subject {
    const char *file; /* NULL: the network of `seed` */
    unsigned long seed;
};

static int complain(const struct subject *s, const char *table, const char *what, long where)
{
    printf("FAILED table %s: %s %ld; ", table, what, where);
    if (s->file) printf("model %s\n", s->file);
    else printf("again: test_networks --first %lu --nets 1\n", s->seed);
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

static int one_input(struct bench *b, const struct subject *s, const char *table, const uint8_t *input, struct tally *tally)
{
    struct mnq_oracle_tensor *in = &b->net.tensor[b->net.input];
    size_t in_bytes = mnq_oracle_bytes(in), out_bytes = mnq_oracle_bytes(&b->net.tensor[b->net.output]);
    struct mnq_rng g = mnq_rng_seed(9, s->seed);

    mnq_oracle_load(in, input);
    if (mnq_oracle_net_run(&b->net)) return complain(s, table, "the oracle refuses:", 0);
    fill(b->arena, b->arena_size, &g);
    memset(b->arena + b->arena_size, 0x5a, MNQ_ALIGN);
    memcpy(mnq_input(&b->model, b->arena), input, in_bytes);
    for (int k = 0; k < b->net.n_layers; k++) {
        if (mnq_run_layer(&b->model, b->arena, b->arena_size, (unsigned)k)) return complain(s, table, "mnq_run_layer", k);
        if (!same(b, b->net.out[k], tally)) return complain(s, table, "output differs at layer", k);
        tally->layers++;
        tally->ops[b->net.layer[k].op]++;
    }
    fill(b->arena, b->arena_size, &g);
    memcpy(mnq_input(&b->model, b->arena), input, in_bytes);
    if (mnq_run(&b->model, b->arena, b->arena_size)) return complain(s, table, "mnq_run", 0);
    mnq_oracle_store(&b->net.tensor[b->net.output], b->scratch);
    if (memcmp(mnq_output(&b->model, b->arena), b->scratch, out_bytes)) return complain(s, table, "mnq_run differs", 0);
    for (int i = 0; i < MNQ_ALIGN; i++) {
        if (b->arena[b->arena_size + (size_t)i] != 0x5a) return complain(s, table, "wrote behind the arena, byte", i);
    }
    tally->inputs++;
    return 0;
}

/* Opens the bytes with both readers. */
static int open_both(struct bench *b, const struct subject *s, const uint8_t *bytes, size_t n)
{
    size_t largest = 0;
    enum mnq_status st = mnq_model_load(&b->model, bytes, n);

    if (st) {
        printf("%s at %lu\n", mnq_status_str(st), (unsigned long)b->model.bad);
        return complain(s, "-", "the loader refuses a valid file, status", st);
    }
    if (mnq_oracle_open(&b->net, bytes, n)) {
        printf("%s\n", b->net.why);
        return complain(s, "-", "the oracle refuses the file", 0);
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

/* Every usable table on `count` inputs; without inputs, on INPUTS random ones. */
static int run_all(const struct subject *s, const uint8_t *bytes, size_t n, const uint8_t *inputs, size_t n_inputs,
                   struct tally *tally)
{
    struct bench b = {0};
    struct mnq_rng g = mnq_rng_seed(7, s->seed);
    uint8_t *random = NULL;
    int bad = open_both(&b, s, bytes, n);
    size_t in_bytes = bad ? 1 : mnq_oracle_bytes(&b.net.tensor[b.net.input]), count = inputs ? n_inputs / in_bytes : INPUTS;

    if (!bad && !inputs) {
        random = need(malloc(INPUTS * in_bytes));
        for (int i = 0; i < INPUTS; i++) fill(random + (size_t)i * in_bytes, in_bytes, &g);
        inputs = random;
    }
    if (!bad && !count) bad = complain(s, "-", "fewer input bytes than one input has:", (long)in_bytes);
    for (int t = 0; t < mnq_ktable_count && !bad; t++) {
        const struct mnq_ktable *table = &mnq_ktables[t];
        if (table->usable && !table->usable()) continue;
        b.model.kernels = table->kernels;
        for (size_t i = 0; i < count && !bad; i++) {
            bad = one_input(&b, s, table->kernels->name, inputs + i * in_bytes, tally);
        }
    }
    tally->nets++;
    mnq_oracle_close(&b.net);
    free(b.arena_base);
    free(b.scratch);
    free(random);
    return bad;
}

static int random_network(unsigned long seed, const char *write, struct tally *tally)
{
    struct mnq_netgen_file f = mnq_netgen(seed);
    struct subject s = {NULL, seed};
    int bad = 0;

    if (write) {
        FILE *out = fopen(write, "wb");
        if (!out || fwrite(f.bytes, 1, f.n, out) != f.n || fclose(out)) bad = complain(&s, "-", "cannot write the file", 0);
    }
    if (!bad) bad = run_all(&s, f.bytes, f.n, NULL, 0, tally);
    free(f.base);
    return bad;
}

/* A whole file, 16-byte aligned at *p; returns what to free, NULL if it cannot be read. */
static uint8_t *read_all(const char *path, uint8_t **p, size_t *n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *base = NULL;
    long size;

    if (!f) return NULL;
    if (!fseek(f, 0, SEEK_END) && (size = ftell(f)) > 0 && !fseek(f, 0, SEEK_SET)) {
        *n = (size_t)size;
        base = need(malloc(*n + MNQ_ALIGN));
        *p = base + (-(uintptr_t)base & (MNQ_ALIGN - 1));
        if (fread(*p, 1, *n, f) != *n) {
            free(base);
            base = NULL;
        }
    }
    fclose(f);
    return base;
}

static int packed_model(const char *model, const char *inputs, struct tally *tally)
{
    struct subject s = {model, 0};
    uint8_t *m = NULL, *in = NULL;
    size_t m_n = 0, in_n = 0;
    uint8_t *m_base = read_all(model, &m, &m_n), *in_base = read_all(inputs, &in, &in_n);
    int bad = -1;

    if (!m_base || !in_base) printf("FAILED cannot read %s\n", m_base ? inputs : model);
    else bad = run_all(&s, m, m_n, in, in_n, tally);
    free(m_base);
    free(in_base);
    return bad;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"", "conv", "dwconv", "pw", "avgpool", "add", "mul", "softmax", "logistic"};
    unsigned long first = 0, nets = 500;
    const char *write = NULL;
    struct tally tally = {0};
    int failures = 0;

    int packed = argc == 3 && argv[1][0] != '-';

    for (int i = 1; i + 1 < argc && !packed; i += 2) {
        if (!strcmp(argv[i], "--first")) first = strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--nets")) nets = strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--write")) write = argv[i + 1];
        else return 2;
    }
    if (packed) failures -= packed_model(argv[1], argv[2], &tally);
    for (unsigned long i = 0; i < nets && !packed && failures < 5; i++) {
        failures -= random_network(first + i, i ? NULL : write, &tally);
    }
    printf("%ld networks, %ld inputs, %ld layers, %ld bytes compared:", tally.nets, tally.inputs, tally.layers, tally.bytes);
    for (int op = ORC_CONV; op <= ORC_LOGISTIC; op++) printf(" %s %ld", names[op], tally.ops[op]);
    printf("; %d failures\n", failures);
    return failures != 0;
}
