/* SPDX-License-Identifier: Apache-2.0
 * oracle_run MODEL.mnq INPUTS.bin N: one line per input, lower-case hex of the output tensor's bytes. */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t *read_all(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = NULL;
    long size;

    if (!f) return NULL;
    if (!fseek(f, 0, SEEK_END) && (size = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET)) {
        p = malloc((size_t)size + 1);
        *n = (size_t)size;
        if (p && fread(p, 1, *n, f) != *n) {
            free(p);
            p = NULL;
        }
    }
    fclose(f);
    return p;
}

static int run(const char *model, const char *inputs, long count)
{
    struct mnq_oracle_net net = {0};
    size_t n = 0, in_n = 0;
    uint8_t *file = read_all(model, &n), *in = read_all(inputs, &in_n), *out = NULL;
    int bad = 1;

    if (!file || !in) {
        fprintf(stderr, "oracle_run: cannot read %s\n", file ? inputs : model);
        goto done;
    }
    if (mnq_oracle_open(&net, file, n)) {
        fprintf(stderr, "oracle_run: %s: %s\n", model, net.why);
        goto done;
    }
    size_t in_bytes = mnq_oracle_bytes(&net.tensor[net.input]), out_bytes = mnq_oracle_bytes(&net.tensor[net.output]);
    out = malloc(out_bytes);
    if (!out || in_n / in_bytes < (size_t)count) {
        fprintf(stderr, "oracle_run: %s: holds fewer than %ld inputs of %zu bytes\n", inputs, count, in_bytes);
        goto done;
    }
    for (long i = 0; i < count; i++) {
        mnq_oracle_load(&net.tensor[net.input], in + (size_t)i * in_bytes);
        if (mnq_oracle_net_run(&net)) {
            fprintf(stderr, "oracle_run: %s: input %ld: %s\n", model, i, net.why);
            goto done;
        }
        mnq_oracle_store(&net.tensor[net.output], out);
        for (size_t k = 0; k < out_bytes; k++) printf("%02x", out[k]);
        printf("\n");
    }
    bad = 0;
done:
    mnq_oracle_close(&net);
    free(file);
    free(in);
    free(out);
    return bad;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    long count = argc == 4 ? strtol(argv[3], &end, 10) : 0;

    if (argc != 4 || *end || count < 1) {
        fprintf(stderr, "usage: oracle_run MODEL.mnq INPUTS.bin N\n");
        return 2;
    }
    return run(argv[1], argv[2], count);
}
