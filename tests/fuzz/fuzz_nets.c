/* SPDX-License-Identifier: Apache-2.0
 * Random networks as seeds of the targets that read .mnq files. */
#include "fuzz_nets.h"

#include "netgen.h"
#include "netplan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 12000, SMALLER = 6000 }; /* bytes: mutations of large files mostly hit weights */

static uint8_t *copy_of(const struct mnq_netgen_file *f, size_t *n)
{
    uint8_t *copy = malloc(f->n);
    if (copy == NULL) abort();
    memcpy(copy, f->bytes, f->n);
    *n = f->n;
    return copy;
}

uint8_t *mnq_fuzz_net(int i, size_t *n)
{
    uint8_t *copy = NULL;
    for (uint64_t seed = 0; copy == NULL; seed++) {
        struct mnq_netgen_file f = mnq_netgen(seed);
        if (f.n <= SMALL && i-- == 0) copy = copy_of(&f, n);
        free(f.base);
    }
    return copy;
}

static bool holds(const struct mnq_netgen_file *f, const char *tag)
{
    for (size_t i = 0; i < f->bytes[16]; i++)
        if (memcmp(f->bytes + 48 + 16 * i, tag, 4) == 0) return true;
    return false;
}

uint8_t *mnq_fuzz_planned_net(int i, size_t *n)
{
    uint8_t *copy = NULL;
    for (uint64_t seed = 0; copy == NULL; seed++) {
        struct mnq_netgen_file f = mnq_netgen(seed);
        if (f.n <= SMALLER) {
            struct mnq_netgen_file planned = mnq_netplan(f.bytes, f.n, (enum mnq_netplan)(seed % 3), 0);
            if (holds(&planned, "PUSH") && i-- == 0) copy = copy_of(&planned, n);
            free(planned.base);
        }
        free(f.base);
    }
    return copy;
}
