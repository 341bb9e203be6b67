/* SPDX-License-Identifier: Apache-2.0
 * Whole networks through the runtime and through the oracle.
 *
 * test_networks [--first SEED] [--nets N] [--write FILE]     random networks; --write keeps the first
 * test_networks MODEL.mnq INPUTS.bin                         a packed model and raw input tensors, one after the other */
#include "netcompare.h"
#include "netgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int random_network(unsigned long seed, const char *write, struct mnq_nettally *tally)
{
    struct mnq_netgen_file f = mnq_netgen(seed);
    char again[80];
    int bad = 0;

    snprintf(again, sizeof again, "again: test_networks --first %lu --nets 1", seed);
    if (write) {
        FILE *out = fopen(write, "wb");
        bad = !out || fwrite(f.bytes, 1, f.n, out) != f.n || fclose(out) ? -1 : 0;
        if (bad) printf("FAILED cannot write %s\n", write);
    }
    if (!bad) bad = mnq_netcompare(f.bytes, f.n, NULL, 0, seed, again, tally);
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
        base = malloc(*n + 16);
        *p = base + (-(uintptr_t)base & 15);
        if (base && fread(*p, 1, *n, f) != *n) {
            free(base);
            base = NULL;
        }
    }
    fclose(f);
    return base;
}

static int packed_model(const char *model, const char *inputs, struct mnq_nettally *tally)
{
    uint8_t *m = NULL, *in = NULL;
    size_t m_n = 0, in_n = 0;
    uint8_t *m_base = read_all(model, &m, &m_n), *in_base = read_all(inputs, &in, &in_n);
    int bad = -1;

    if (!m_base || !in_base) printf("FAILED cannot read %s\n", m_base ? inputs : model);
    else bad = mnq_netcompare(m, m_n, in, in_n, 0, model, tally);
    free(m_base);
    free(in_base);
    return bad;
}

int main(int argc, char **argv)
{
    unsigned long first = 0, nets = 500;
    const char *write = NULL;
    struct mnq_nettally tally = {0};
    int failures = 0, packed = argc == 3 && argv[1][0] != '-';

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
    mnq_nettally_print(&tally);
    printf("%d failures\n", failures);
    return failures != 0;
}
