/* SPDX-License-Identifier: Apache-2.0
 * Writes a random model of every operator, and inputs for it: random, least, most, alternating bytes.
 *
 * usage: make_model SEED MODEL.mnq INPUTS.bin */
#include "mnq_bytes.h"

#include <stdio.h>
#include <stdlib.h>

enum { H = 23, W = 18, CHANNELS = 19, INPUTS = 4 };

static void save(const char *path, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static uint8_t inputs[INPUTS][H * W * 3];
    struct mnq_bytes b;
    size_t n, i;
    uint8_t *f;

    if (argc != 4) {
        fprintf(stderr, "usage: make_model SEED MODEL.mnq INPUTS.bin\n");
        return 2;
    }
    mnq_bytes_zoo(&b, (uint32_t)strtoul(argv[1], NULL, 10), H, W, CHANNELS);
    f = mnq_bytes_file(&b, &n);
    save(argv[2], f, n);
    for (i = 0; i < sizeof inputs[0]; i++) {
        inputs[0][i] = (uint8_t)mnq_bytes_random(&b);
        inputs[1][i] = 0;
        inputs[2][i] = 255;
        inputs[3][i] = i & 1 ? 255 : 0;
    }
    save(argv[3], inputs[0], sizeof inputs);
    free(f);
    mnq_bytes_free(&b);
    return 0;
}
