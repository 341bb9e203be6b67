/* SPDX-License-Identifier: Apache-2.0
 * Random networks as seeds of the targets that read .mnq files. */
#include "fuzz_nets.h"

#include "netgen.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 12000 }; /* bytes: mutations of large files mostly hit weights */

uint8_t *mnq_fuzz_net(int i, size_t *n)
{
    uint8_t *copy = NULL;
    for (uint64_t seed = 0; copy == NULL; seed++) {
        struct mnq_netgen_file f = mnq_netgen(seed);
        if (f.n <= SMALL && i-- == 0) {
            copy = malloc(f.n);
            if (copy == NULL) abort();
            memcpy(copy, f.bytes, f.n);
            *n = f.n;
        }
        free(f.base);
    }
    return copy;
}
