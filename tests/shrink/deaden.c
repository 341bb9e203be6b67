/* SPDX-License-Identifier: Apache-2.0
 * Makes channels of a packed model constant or unread, and writes the result whole and shrunk.
 *
 * usage: deaden MODEL.mnq PERCENT SEED WHOLE.mnq SMALL.mnq
 *
 * Networks in good health have nothing to shrink. Here PERCENT of the channels of each convolution lose their weights, which
 * leaves whatever their bias says, and PERCENT of the inputs of each 1x1 layer their readers. */
#include "kernels.h"
#include "pack/qmodel.h"
#include "quantize/shrink.h"
#include "rng.h"
#include "util/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear_weight(const struct mnq_qlayer *l, size_t i)
{
    if (l->wtype == MNQ_W_S16) ((int16_t *)l->w)[i] = 0;
    else ((int8_t *)l->w)[i] = 0;
}

/* Clears n weights from `at` on, `step` apart. */
static void clear_weights(const struct mnq_qlayer *l, size_t at, size_t n, size_t step)
{
    for (size_t i = 0; i < n; i++) clear_weight(l, at + i * step);
}

static void deaden(struct mnq_qmodel *q, int percent, struct mnq_rng *g)
{
    for (int k = 0; k < q->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        size_t out = (size_t)q->tensor[l->out].shape.c, in = (size_t)q->tensor[l->in0].shape.c;
        if (l->op != MNQ_L_CONV && l->op != MNQ_L_DWCONV && l->op != MNQ_L_PW) continue;
        size_t each = l->w_count / out;
        bool last = q->tensor[l->out].shape.h * q->tensor[l->out].shape.w == 1 && k + 2 >= q->n_layers;
        for (size_t c = 0; c < out && !last; c++) {
            if (!mnq_rng_chance(g, percent)) continue;
            if (l->op == MNQ_L_DWCONV) clear_weights(l, c, each, out);
            else clear_weights(l, c * each, each, 1);
        }
        for (size_t c = 0; c < in && l->op == MNQ_L_PW; c++)
            if (mnq_rng_chance(g, percent)) clear_weights(l, c, out, in);
    }
}

static void *copy(const void *p, size_t n, size_t size, struct mnq_arena *arena, bool *failed)
{
    void *to = p == NULL ? NULL : mnq_arena_array(arena, n, size);
    if (to != NULL) memcpy(to, p, n * size);
    *failed = *failed || (p != NULL && to == NULL);
    return to;
}

/* Gives each layer arrays of its own: files share equal ones, and shrinking works in place. */
static int own_arrays(struct mnq_qmodel *q, struct mnq_err *e)
{
    bool failed = false;
    for (int k = 0; k < q->n_layers; k++) {
        struct mnq_qlayer *l = &q->layer[k];
        size_t in = (size_t)q->tensor[l->in0].shape.c, out = (size_t)q->tensor[l->out].shape.c;
        if (l->op == MNQ_L_SOFTMAX || l->op == MNQ_L_LOGISTIC) continue;
        l->w = copy(l->w, l->w_count, l->wtype == MNQ_W_S16 ? 2 : 1, q->arena, &failed);
        l->bias = copy(l->bias, out, sizeof *l->bias, q->arena, &failed);
        l->m = copy(l->m, out, sizeof *l->m, q->arena, &failed);
        l->r = copy(l->r, out, sizeof *l->r, q->arena, &failed);
        l->m2 = copy(l->m2, out, sizeof *l->m2, q->arena, &failed);
        l->r2 = copy(l->r2, out, sizeof *l->r2, q->arena, &failed);
        l->pad = copy(l->pad, in, sizeof *l->pad, q->arena, &failed);
    }
    return failed ? mnq_fail_nomem(e) : 0;
}

static int write_model(struct mnq_qmodel *q, const char *path, struct mnq_err *e)
{
    uint8_t *bytes;
    size_t n;
    if (mnq_qmodel_plan(q, e) != 0 || mnq_qmodel_pack(q, &bytes, &n, e) != 0) return -1;
    FILE *f = fopen(path, "wb");
    bool done = f != NULL && fwrite(bytes, 1, n, f) == n;
    if (f != NULL && fclose(f) != 0) done = false;
    return done ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "cannot write %s", path);
}

int main(int argc, char **argv)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_package p;
    struct mnq_shrink_report r;
    if (argc != 6) {
        fprintf(stderr, "usage: deaden MODEL.mnq PERCENT SEED WHOLE.mnq SMALL.mnq\n");
        return 2;
    }
    struct mnq_rng g = mnq_rng_seed(0xdead, strtoull(argv[3], NULL, 10));
    int rc = mnq_package_open(argv[1], &p, &arena, &e);
    if (rc == 0) rc = own_arrays(&p.q, &e);
    if (rc == 0) {
        deaden(&p.q, (int)strtol(argv[2], NULL, 10), &g);
        rc = write_model(&p.q, argv[4], &e);
    }
    if (rc == 0) rc = mnq_shrink(&p.q, &r, &e);
    if (rc == 0) rc = write_model(&p.q, argv[5], &e);
    if (rc != 0) fprintf(stderr, "deaden: %s\n", e.msg);
    mnq_arena_free(&arena);
    return rc != 0;
}
