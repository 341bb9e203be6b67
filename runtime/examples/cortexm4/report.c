/* SPDX-License-Identifier: Apache-2.0
 * Runs a model on raw inputs and reports the bits. */
#include "report.h"

#include "mnq/mnq.h"

/* As a C library has them; a board without one brings its own. */
void *memset(void *to, int value, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
size_t strlen(const char *s);

static void write_text(report_write *write, const char *text)
{
    write(text, strlen(text));
}

static void write_hex(report_write *write, const uint8_t *p, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    char text[64];
    size_t i, k = 0;

    for (i = 0; i < n; i++) {
        text[k++] = digit[p[i] >> 4];
        text[k++] = digit[p[i] & 15];
        if (k == sizeof text || i + 1 == n) {
            write(text, k);
            k = 0;
        }
    }
}

static void write_decimal(report_write *write, unsigned n)
{
    char text[10];
    size_t k = sizeof text;

    do {
        text[--k] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    write(text + k, sizeof text - k);
}

/* CRC-32 as zlib computes it, most significant byte first. */
static void write_crc(report_write *write, const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;
    uint8_t bytes[4];
    int k;

    for (; n > 0; n--) {
        crc ^= *p++;
        for (k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    for (k = 0; k < 4; k++) bytes[k] = (uint8_t)(~crc >> (24 - 8 * k));
    write_hex(write, bytes, 4);
}

static int fail(report_write *write, const char *what, enum mnq_status s)
{
    write_text(write, "error: ");
    write_text(write, what);
    if (s != MNQ_OK) {
        write_text(write, ": ");
        write_text(write, mnq_status_str(s));
    }
    write_text(write, "\n");
    return 1;
}

int report_run(const struct report_job *job, report_write *write)
{
    struct mnq_model m;
    struct mnq_tensor in, out;
    enum mnq_status s = mnq_model_load(&m, job->model, job->model_size);
    unsigned i;

    if (s != MNQ_OK) return fail(write, "model", s);
    if (mnq_arena_size(&m) > job->arena_size) return fail(write, "arena", MNQ_E_ARENA);
    mnq_tensor_get(&m, m.input, &in);
    mnq_tensor_get(&m, m.output, &out);
    if ((uint64_t)job->count * in.size > job->inputs_size) return fail(write, "fewer inputs than asked for", MNQ_OK);

    for (i = 0; i < job->count; i++) {
        memset(job->arena, 0, mnq_arena_size(&m));
        memcpy(mnq_input(&m, job->arena), job->inputs + (size_t)i * in.size, in.size);
        s = mnq_run(&m, job->arena, job->arena_size);
        if (s != MNQ_OK) return fail(write, "run", s);
        write_decimal(write, i);
        write_text(write, " arena ");
        write_crc(write, job->arena, mnq_arena_size(&m));
        write_text(write, " output ");
        write_crc(write, mnq_output(&m, job->arena), out.size);
        write_text(write, " ");
        write_hex(write, mnq_output(&m, job->arena), out.size);
        write_text(write, "\n");
    }
    return 0;
}
