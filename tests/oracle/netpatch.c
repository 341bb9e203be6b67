/* SPDX-License-Identifier: Apache-2.0
 * Byte access to .mnq files, without any check. */
#include "netpatch.h"

#include <string.h>

uint32_t mnq_netpatch_get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void mnq_netpatch_put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> 8 * i & 255);
}

uint8_t *mnq_netpatch_section(uint8_t *file, const char *tag, uint32_t *n)
{
    uint8_t *row = file + 48;

    while (memcmp(row, tag, 4)) row += 16;
    *n = mnq_netpatch_get32(row + 8);
    return file + mnq_netpatch_get32(row + 4);
}

void mnq_netpatch_seal(uint8_t *file, size_t n)
{
    uint32_t c = ~0u;

    for (size_t i = 16; i < n; i++) {
        c ^= file[i];
        for (int k = 0; k < 8; k++) c = (c >> 1) ^ (0xedb88320u & (0u - (c & 1)));
    }
    mnq_netpatch_put32(file + 12, ~c);
}
