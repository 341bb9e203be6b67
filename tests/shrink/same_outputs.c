/* SPDX-License-Identifier: Apache-2.0
 * Runs a packed model and what shrinking left of it on the same inputs: every output must be the same, bit for bit.
 *
 * usage: same_outputs WHOLE.mnq SMALL.mnq N [DATA...]
 *   N     random inputs, from fixed seeds; constant ones and the pictures of DATA are always there
 *
 * Some inputs also run layer by layer, which compares every channel that stayed in every tensor. At the end one bias in
 * each layer of weights is altered by about one unit of the layer's output, and the comparison has to find it. */
#include "dataset.h"
#include "kernels.h"
#include "pack/qmodel.h"
#include "rng.h"
#include "util/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM = 0x5321, LAYERWISE = 16, PROBES = 12, TRIED = 16 };

struct pair {
    struct mnq_package whole, small;
    uint8_t *whole_arena, *small_arena;
    uint8_t *input, *scratch;
    struct mnq_shape shape; /* of the input */
    size_t n_input, n_output;
    uint8_t *last;      /* output of the input before */
    int runs, variants; /* inputs, and how many of them gave another output than the one before */
};

/* ---- inputs ---- */

static void fill_gradient(struct mnq_rng *g, struct mnq_shape s, uint8_t *out)
{
    for (int c = 0; c < s.c; c++) {
        int corner[4];
        for (int i = 0; i < 4; i++) corner[i] = mnq_rng_in(g, 0, 255);
        for (int y = 0; y < s.h; y++) {
            for (int x = 0; x < s.w; x++) {
                int top = corner[0] * (s.w - x) + corner[1] * x, bottom = corner[2] * (s.w - x) + corner[3] * x;
                out[(y * s.w + x) * s.c + c] = (uint8_t)((top * (s.h - y) + bottom * y) / (s.w * s.h));
            }
        }
    }
}

static void fill_blocks(struct mnq_rng *g, struct mnq_shape s, uint8_t *out)
{
    int size = mnq_rng_in(g, 2, 24);
    uint64_t key = mnq_rng_u64(g);
    for (int y = 0; y < s.h; y++) {
        for (int x = 0; x < s.w; x++) {
            struct mnq_rng block = mnq_rng_seed(key, (uint64_t)(y / size * s.w + x / size));
            for (int c = 0; c < s.c; c++) out[(y * s.w + x) * s.c + c] = (uint8_t)mnq_rng_in(&block, 0, 255);
        }
    }
}

/* Random input i: noise, black and white noise, a gradient, faint noise on one level, blocks, a gradient with noise. */
static void fill_random(int i, struct mnq_shape s, uint8_t *out)
{
    struct mnq_rng g = mnq_rng_seed(STREAM, (uint64_t)i);
    int n = s.h * s.w * s.c, level = mnq_rng_in(&g, 8, 247);
    switch (i % 6) {
    case 0:
        for (int k = 0; k < n; k++) out[k] = (uint8_t)mnq_rng_in(&g, 0, 255);
        break;
    case 1:
        for (int k = 0; k < n; k++) out[k] = mnq_rng_chance(&g, 50) ? 255 : 0;
        break;
    case 2:
        fill_gradient(&g, s, out);
        break;
    case 3:
        for (int k = 0; k < n; k++) out[k] = (uint8_t)(level + mnq_rng_in(&g, -8, 7));
        break;
    case 4:
        fill_blocks(&g, s, out);
        break;
    default:
        fill_gradient(&g, s, out);
        for (int k = 0; k < n; k++) out[k] = (uint8_t)(out[k] / 2 + mnq_rng_in(&g, 0, 127));
        break;
    }
}

/* Constant input i: every channel dark or bright, all combinations of the first three. */
static void fill_constant(int i, struct mnq_shape s, uint8_t *out)
{
    for (int k = 0; k < s.h * s.w * s.c; k++) out[k] = (i >> k % s.c % 3 & 1) != 0 ? 255 : 0;
}

/* ---- comparison ---- */

static void feed(struct pair *p)
{
    memcpy(mnq_input(&p->whole.model, p->whole_arena), p->input, p->n_input);
    memcpy(mnq_input(&p->small.model, p->small_arena), p->input, p->n_input);
}

/* Whether both give the same output. */
static bool same_output(struct pair *p)
{
    const struct mnq_model *w = &p->whole.model, *s = &p->small.model;
    feed(p);
    if (mnq_run(w, p->whole_arena, mnq_arena_size(w)) != MNQ_OK || mnq_run(s, p->small_arena, mnq_arena_size(s)) != MNQ_OK)
        return false;
    return memcmp(mnq_output(w, p->whole_arena), mnq_output(s, p->small_arena), p->n_output) == 0;
}

/* Whether the channels left in the small model's tensor t hold what they hold in the whole one. */
static bool same_tensor(const struct pair *p, int t)
{
    const struct mnq_qtensor *w = &p->whole.q.tensor[t], *s = &p->small.q.tensor[t];
    size_t size = s->dtype == MNQ_S16 ? 2 : 1, pixels = (size_t)s->shape.h * (size_t)s->shape.w;
    const uint8_t *a = p->whole_arena + w->offset, *b = p->small_arena + s->offset;
    for (size_t i = 0; i < pixels; i++) {
        for (int c = 0; c < s->shape.c; c++, b += size) {
            size_t origin = i * (size_t)w->shape.c + (size_t)(s->origin == NULL ? c : s->origin[c]);
            if (memcmp(a + origin * size, b, size) != 0) return false;
        }
    }
    return true;
}

/* Runs both layer by layer; the first layer whose output differs, or -1. */
static int first_difference(struct pair *p)
{
    feed(p);
    for (int k = 0; k < p->small.q.n_layers; k++) {
        if (mnq_run_layer(&p->whole.model, p->whole_arena, mnq_arena_size(&p->whole.model), (unsigned)k) != MNQ_OK ||
            mnq_run_layer(&p->small.model, p->small_arena, mnq_arena_size(&p->small.model), (unsigned)k) != MNQ_OK ||
            !same_tensor(p, p->small.q.layer[k].out))
            return k;
    }
    return -1;
}

static int compare_one(struct pair *p, const char *kind, int i, bool layerwise)
{
    bool same = same_output(p);
    const void *out = mnq_output(&p->whole.model, p->whole_arena);
    if (memcmp(out, p->last, p->n_output) != 0) p->variants++;
    memcpy(p->last, out, p->n_output);
    p->runs++;
    int k = same && !layerwise ? -1 : first_difference(p);
    if (same && k < 0) return 0;
    fprintf(stderr, "FAILED: %s %d: %s, first in layer %d (%s)\n", kind, i, same ? "tensors differ" : "outputs differ", k,
            k < 0 ? "?" : p->small.q.layer[k].name);
    return -1;
}

/* ---- what both files must have in common ---- */

static bool same_shape(const struct mnq_qtensor *a, const struct mnq_qtensor *b)
{
    return a->shape.h == b->shape.h && a->shape.w == b->shape.w && a->shape.c == b->shape.c && a->dtype == b->dtype;
}

static int check_pair(const struct pair *p, struct mnq_err *e)
{
    const struct mnq_qmodel *w = &p->whole.q, *s = &p->small.q;
    if (w->n_layers != s->n_layers || w->n_tensors != s->n_tensors || w->input != s->input || w->output != s->output)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s and %s are not of one network", p->whole.file, p->small.file);
    for (int t = 0; t < w->n_tensors; t++) {
        const struct mnq_qtensor *a = &w->tensor[t], *b = &s->tensor[t];
        bool whole = a->origin == NULL && a->shape.h == b->shape.h && a->shape.w == b->shape.w && a->dtype == b->dtype;
        if (!whole || (b->origin == NULL ? a->shape.c != b->shape.c : b->origin[b->shape.c - 1] >= a->shape.c))
            return mnq_fail(e, MNQ_EXIT_FAILED, "tensor %d of %s is not a part of %s's", t, p->small.file, p->whole.file);
    }
    if (!same_shape(&w->tensor[w->input], &s->tensor[s->input]) || !same_shape(&w->tensor[w->output], &s->tensor[s->output]))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s and %s differ in input or output", p->whole.file, p->small.file);
    if (w->tensor[w->input].dtype != MNQ_U8) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no u8 input", p->whole.file);
    return 0;
}

static uint8_t *aligned(struct mnq_arena *arena, size_t n)
{
    uint8_t *p = mnq_arena_array(arena, n + MNQ_ALIGN, 1);
    return p == NULL ? NULL : p + (MNQ_ALIGN - (uintptr_t)p % MNQ_ALIGN) % MNQ_ALIGN;
}

static int open_pair(struct pair *p, char **path, struct mnq_arena *arena, struct mnq_err *e)
{
    if (mnq_package_open(path[0], &p->whole, arena, e) != 0 || mnq_package_open(path[1], &p->small, arena, e) != 0 ||
        check_pair(p, e) != 0)
        return -1;
    mnq_layer_by_layer(&p->whole.model);
    mnq_layer_by_layer(&p->small.model);
    const struct mnq_qtensor *in = &p->whole.q.tensor[p->whole.q.input], *out = &p->whole.q.tensor[p->whole.q.output];
    p->shape = in->shape;
    p->n_input = (size_t)in->shape.h * (size_t)in->shape.w * (size_t)in->shape.c;
    p->n_output = (size_t)out->shape.h * (size_t)out->shape.w * (size_t)out->shape.c * (out->dtype == MNQ_S16 ? 2u : 1u);
    p->whole_arena = aligned(arena, mnq_arena_size(&p->whole.model));
    p->small_arena = aligned(arena, mnq_arena_size(&p->small.model));
    p->input = mnq_arena_array(arena, p->n_input, 1);
    p->scratch = mnq_arena_array(arena, mnq_arena_size(&p->small.model), 1);
    p->last = mnq_arena_array(arena, p->n_output, 1);
    if (p->whole_arena == NULL || p->small_arena == NULL || p->input == NULL || p->scratch == NULL || p->last == NULL)
        return mnq_fail_nomem(e);
    return 0;
}

/* ---- the comparison can fail ---- */

/* About one unit of the output, in units of the accumulator: real multiplier m / 2^(32 + r). With h-swish the unit is
 * that of its argument, finer than the output: 1/8 of real value. Towards 0, so that no accumulator leaves its bounds. */
static int32_t bias_step(const struct mnq_qlayer *l, int c)
{
    double unit = 4294967296.0 / (l->m[c] > 0 ? l->m[c] : 1);
    for (int r = l->r[c]; r > 0; r--) unit *= 2;
    for (int r = l->r[c]; r < 0; r++) unit /= 2;
    if (l->act != MNQ_A_CLAMP) unit *= l->frac > 3 ? 1 << (l->frac - 3) : 1;
    int32_t step = unit < 1 ? 1 : unit > 1 << 30 ? 1 << 30 : (int32_t)(unit + 0.5);
    return l->bias[c] > 0 ? -step : step;
}

/* Alters one bias of layer k, after its inputs were computed, so that its output changes; returns the channel, -1 = none.
 * A channel may be at a limit everywhere, so several are tried. */
static int alter_bias(struct pair *p, int k, int32_t *kept)
{
    const struct mnq_qlayer *l = &p->small.q.layer[k];
    const struct mnq_qtensor *t = &p->small.q.tensor[l->out];
    const struct mnq_model *m = &p->small.model;
    size_t n = (size_t)t->shape.h * (size_t)t->shape.w * (size_t)t->shape.c * (t->dtype == MNQ_S16 ? 2u : 1u);
    memcpy(p->scratch, p->small_arena + t->offset, n);
    for (int c = 0; c < t->shape.c; c += 1 + t->shape.c / TRIED) {
        *kept = l->bias[c];
        l->bias[c] += bias_step(l, c);
        if (mnq_run_layer(m, p->small_arena, mnq_arena_size(m), (unsigned)k) != MNQ_OK) return -1;
        if (memcmp(p->scratch, p->small_arena + t->offset, n) != 0) return c;
        l->bias[c] = *kept;
    }
    return -1;
}

/* Whether the comparison finds an altered bias in layer k with the current input: 1 found, 0 missed, -1 nothing to find. */
static int find_altered(struct pair *p, int k, bool *in_output)
{
    int32_t kept;
    feed(p);
    for (int i = 0; i <= k; i++)
        if (mnq_run_layer(&p->small.model, p->small_arena, mnq_arena_size(&p->small.model), (unsigned)i) != MNQ_OK) return 0;
    int c = alter_bias(p, k, &kept);
    if (c < 0) return -1;
    bool found = first_difference(p) >= 0;
    *in_output = !same_output(p) || *in_output;
    p->small.q.layer[k].bias[c] = kept;
    return found;
}

static int check_detection(struct pair *p)
{
    int layers = 0, altered = 0, in_outputs = 0;
    for (int k = 0; k < p->small.q.n_layers; k++) {
        uint8_t op = p->small.q.layer[k].op;
        int tried = 0;
        bool shown = false;
        if (op != MNQ_L_CONV && op != MNQ_L_DWCONV && op != MNQ_L_PW) continue;
        for (int i = 0; i < PROBES && !shown; i++) {
            fill_random(i, p->shape, p->input);
            int found = find_altered(p, k, &shown);
            if (found == 0) {
                fprintf(stderr, "FAILED: an altered bias in layer %d (%s) stays unnoticed, random input %d\n", k,
                        p->small.q.layer[k].name, i);
                return -1;
            }
            tried += found > 0;
        }
        layers++;
        altered += tried > 0;
        in_outputs += shown;
    }
    printf("altered biases: found in %d of %d layers, in the outputs in %d\n", altered, layers, in_outputs);
    if (2 * altered > layers && 2 * in_outputs > layers) return 0;
    fprintf(stderr, "FAILED: too few altered biases show\n");
    return -1;
}

/* ---- program ---- */

static int compare_all(struct pair *p, int n, char **data, int n_data, struct mnq_err *e)
{
    enum { CONSTANTS = 8 };
    for (int i = 0; i < CONSTANTS; i++) {
        fill_constant(i, p->shape, p->input);
        if (compare_one(p, "constant", i, true) != 0) return -1;
    }
    for (int i = 0; i < n; i++) {
        fill_random(i, p->shape, p->input);
        if (compare_one(p, "random input", i, i % LAYERWISE == 0) != 0) return -1;
    }
    int pictures = 0;
    if (n_data > 0) {
        struct mnq_dataset *d = mnq_dataset_open(data, n_data, p->shape.h, p->shape.w, p->shape.c, e);
        if (d == NULL) return -1;
        int rc = 0;
        pictures = mnq_dataset_count(d);
        for (int i = 0; rc == 0 && i < pictures; i++) {
            rc = mnq_dataset_load(d, i, &p->whole.q.preprocess, p->input, e);
            if (rc == 0) rc = compare_one(p, mnq_dataset_name(d, i), i, true);
        }
        mnq_dataset_close(d);
        if (rc != 0) return -1;
    }
    printf("%d random, %d constant inputs, %d pictures: the same outputs; %d changes from one to the next\n", n, CONSTANTS,
           pictures, p->variants);
    if (p->variants * 4 >= p->runs) return 0;
    fprintf(stderr, "FAILED: too few different outputs\n");
    return -1;
}

static void count_channels(const struct mnq_qmodel *q, int *n)
{
    *n = 0;
    for (int k = 0; k < q->n_layers; k++) *n += q->tensor[q->layer[k].out].shape.c;
}

int main(int argc, char **argv)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct pair p = {.runs = 0};
    int whole, small, n = argc < 4 ? 0 : (int)strtol(argv[3], NULL, 10);
    if (n < 1) {
        fprintf(stderr, "usage: same_outputs WHOLE.mnq SMALL.mnq N [DATA...]\n");
        return 2;
    }
    int rc = open_pair(&p, argv + 1, &arena, &e);
    if (rc == 0) {
        count_channels(&p.whole.q, &whole);
        count_channels(&p.small.q, &small);
        printf("channels: %d, %d of them left\n", whole, small);
        rc = compare_all(&p, n, argv + 4, argc - 4, &e);
    }
    if (rc == 0) rc = check_detection(&p);
    if (rc != 0 && e.msg[0] != '\0') fprintf(stderr, "same_outputs: %s\n", e.msg);
    mnq_arena_free(&arena);
    return rc != 0;
}
