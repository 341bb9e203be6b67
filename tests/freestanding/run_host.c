/* SPDX-License-Identifier: Apache-2.0
 * The firmware's report on the host: the same lines, to be compared.
 *
 * usage: run_host MODEL.mnq INPUTS.bin N */
#include "mnq/mnq.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p;
    long size;

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(f);
    p = aligned_alloc(MNQ_ALIGN, ((size_t)size + MNQ_ALIGN) / MNQ_ALIGN * MNQ_ALIGN);
    if (p == NULL || fread(p, 1, (size_t)size, f) != (size_t)size) {
        perror(path);
        exit(1);
    }
    fclose(f);
    *n = (size_t)size;
    return p;
}

static void write_stdout(const char *text, size_t n)
{
    fwrite(text, 1, n, stdout);
}

int main(int argc, char **argv)
{
    struct report_job job = {.arena_size = (size_t)64 << 20};
    uint8_t *model, *inputs;
    int status;

    if (argc != 4) {
        fprintf(stderr, "usage: run_host MODEL.mnq INPUTS.bin N\n");
        return 2;
    }
    model = read_file(argv[1], &job.model_size);
    inputs = read_file(argv[2], &job.inputs_size);
    job.model = model;
    job.inputs = inputs;
    job.count = (unsigned)strtoul(argv[3], NULL, 10);
    job.arena = aligned_alloc(MNQ_ALIGN, job.arena_size);
    if (job.arena == NULL) return 1;
    status = report_run(&job, write_stdout);
    free(job.arena);
    free(inputs);
    free(model);
    return status;
}
