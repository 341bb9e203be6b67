/* SPDX-License-Identifier: Apache-2.0
 * Pictures that reach the model row by row. */
#include "run_stream.h"

#include "pack/qrun.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* What one stream needs beside the file. */
struct stream {
    const struct mnq_subject *s;
    const struct mnq_model *m;
    const char *path;
    FILE *f;
    uint8_t *arena, *row;
    size_t size, row_bytes;
};

/* Reads a row. return 1, 0 at the end of the file before a picture's first row, -1 */
static int read_row(const struct stream *t, int y, struct mnq_err *e)
{
    size_t n = fread(t->row, 1, t->row_bytes, t->f);
    if (n == t->row_bytes) return 1;
    if (ferror(t->f)) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", t->path, mnq_errno_text());
    if (n == 0 && y == 0) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: ends in row %d of a picture of %d rows of %zu bytes", t->path, y, t->s->input.h,
                    t->row_bytes);
}

/* One picture. return 1, 0 if there is none any more, -1 */
static int one_picture(const struct stream *t, struct mnq_err *e)
{
    enum mnq_status st = mnq_begin(t->m, t->arena, t->size);
    for (int y = 0; y < t->s->input.h && st == MNQ_OK; y++) {
        int there = read_row(t, y, e);
        if (there <= 0) return there;
        st = mnq_push_rows(t->m, t->arena, t->size, t->row, 1);
    }
    return st == MNQ_OK ? 1 : mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", t->s->file, mnq_status_str(st));
}

/* Makes room for one more picture's outputs: so many values. */
static int grow(struct mnq_streamed *out, size_t values, int *cap, struct mnq_arena *arena)
{
    if (out->n < *cap) return 0;
    int more = *cap == 0 ? 16 : *cap * 2;
    float *value = mnq_arena_array(arena, (size_t)more * values, sizeof *value);
    uint8_t *raw = mnq_arena_array(arena, (size_t)more, out->raw_size);
    if (value == NULL || raw == NULL) return -1;
    if (out->n > 0) memcpy(value, out->value, (size_t)out->n * values * sizeof *value);
    if (out->n > 0) memcpy(raw, out->raw, (size_t)out->n * out->raw_size);
    out->value = value;
    out->raw = raw;
    *cap = more;
    return 0;
}

static int all_pictures(const struct stream *t, struct mnq_streamed *out, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &t->s->package.q;
    size_t values = (size_t)t->s->values;
    int cap = 0, there;
    out->raw_size = mnq_subject_raw_bytes(t->s);
    while ((there = one_picture(t, e)) > 0) {
        if (out->n == INT_MAX / 4 || grow(out, values, &cap, arena) != 0) return mnq_fail_nomem(e);
        float *value = out->value + (size_t)out->n * values;
        uint8_t *raw = out->raw + (size_t)out->n * out->raw_size;
        for (int k = 0; k < t->s->n_outputs; k++) {
            const struct mnq_qtensor *x = &q->tensor[mnq_qmodel_output(q, k)];
            const void *from = mnq_done_at(t->m, t->arena, (unsigned)k);
            mnq_dequantize(x, from, value);
            memcpy(raw, from, mnq_qtensor_bytes(x));
            value += mnq_elements(x->shape);
            raw += mnq_qtensor_bytes(x);
        }
        out->n++;
    }
    if (there == 0 && out->n == 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no picture: %d rows of %zu bytes wanted", t->path, t->s->input.h,
                        t->row_bytes);
    return there;
}

int mnq_run_stream(const struct mnq_subject *s, const char *path, struct mnq_streamed *out, struct mnq_arena *arena,
                   struct mnq_err *e)
{
    struct stream t = {.s = s, .m = &s->package.model, .path = path};
    *out = (struct mnq_streamed){0};
    if (s->kind != MNQ_SUBJECT_INT8)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--stream: %s is a float model; rows are pushed to integer ones", s->file);
    t.size = mnq_stream_size(t.m);
    t.row_bytes = (size_t)s->input.w * (size_t)s->input.c;
    t.row = mnq_arena_alloc(arena, t.row_bytes);
    t.arena = mnq_arena_alloc(arena, t.size + MNQ_ALIGN);
    if (t.row == NULL || t.arena == NULL) return mnq_fail_nomem(e);
    t.arena += (MNQ_ALIGN - (uintptr_t)t.arena % MNQ_ALIGN) % MNQ_ALIGN;
    bool standard = strcmp(path, "-") == 0;
    if (standard) t.path = "standard input";
    t.f = standard ? stdin : fopen(path, "rb");
    if (t.f == NULL) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", path, mnq_errno_text());
    int rc = all_pictures(&t, out, arena, e);
    if (!standard) fclose(t.f);
    return rc < 0 ? -1 : 0;
}
