/* SPDX-License-Identifier: Apache-2.0
 * A folder of small pictures for tests that calibrate. */
#include "coloured.h"

#include "pictures.h"
#include "tempdir.h"

#include <stdio.h>
#include <stdlib.h>

const char *mnq_temp_coloured(int n, int side, int share)
{
    const size_t values = (size_t)side * (size_t)side * 3;
    uint8_t *const pixels = malloc((size_t)n * values);
    if (pixels == NULL) abort();
    mnq_temp_dir("pics");
    mnq_noise(pixels, (size_t)n * values);
    for (int i = 0; i < n; i++) {
        uint8_t *const p = pixels + (size_t)i * values;
        char name[32];
        size_t size;
        for (size_t k = 0; k < values; k++) p[k] = (uint8_t)((p[k] + share * p[k % 3]) / (share + 1));
        uint8_t *file = mnq_make_pnm(p, side, side, 3, &size);
        snprintf(name, sizeof name, "pics/%02d.ppm", i);
        mnq_temp_write(name, file, size);
        free(file);
    }
    free(pixels);
    return mnq_temp_path("pics");
}
