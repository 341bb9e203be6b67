/* SPDX-License-Identifier: Apache-2.0
 * Writes random networks and damaged ones, resealed, that the reader of .mnq files still takes: mutants FOLDER FIRST N. */
#include "fuzz_nets.h"
#include "mnq_bytes.h"
#include "pack/qmodel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NETS = 24, TRIES = 400, HEADER = 48 };

static uint32_t random_state;

static uint32_t next(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static bool taken(uint8_t *bytes, size_t n)
{
    struct mnq_arena arena = {0};
    struct mnq_package p;
    struct mnq_err e = {0};
    const bool yes = mnq_package_parse("mutant", bytes, n, &p, &arena, &e) == 0;
    mnq_arena_free(&arena);
    return yes;
}

/* A network with some bytes changed that is still taken; as it was if none of many tries is. */
static void damage(uint8_t *bytes, const uint8_t *whole, size_t n)
{
    for (int k = 0; k < TRIES; k++) {
        memcpy(bytes, whole, n);
        for (uint32_t i = 1 + next(6); i > 0; i--) bytes[HEADER + next((uint32_t)n - HEADER)] = (uint8_t)next(256);
        mnq_bytes_seal(bytes, n);
        if (taken(bytes, n)) return;
    }
    memcpy(bytes, whole, n);
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    const int first = atoi(argv[2]), count = atoi(argv[3]);
    for (int i = first; i < first + count; i++) {
        char path[4096];
        size_t n;
        uint8_t *whole = mnq_fuzz_net(i % NETS, &n), *bytes = malloc(n);
        if (bytes == NULL) return 1;
        random_state = (uint32_t)i;
        damage(bytes, whole, n);
        snprintf(path, sizeof path, "%s/net%d.mnq", argv[1], i);
        FILE *f = fopen(path, "wb");
        if (f == NULL || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) return 1;
        free(whole);
        free(bytes);
    }
    return 0;
}
