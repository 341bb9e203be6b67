/* SPDX-License-Identifier: Apache-2.0
 * Small Keras files as text, and what any result of the importer must be. */
#include "keras_text.h"

#include "fuzz.h"
#include "graph/cost.h"
#include "graph/exec.h"
#include "passes/passes.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 16];
static size_t length;

/* ---- descriptions ---- */

static void put(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text + length, sizeof text - length, format, ap);
    va_end(ap);
    MNQ_FUZZ_MUST(n >= 0 && length + (size_t)n < sizeof text);
    length += (size_t)n;
}

static void norm(const char *name, int c)
{
    put("d /%s_bn/%s_bn/gamma:0 f32 %d 1\nd /%s_bn/%s_bn/beta:0 f32 %d\n", name, name, c, name, name, c);
    put("d /%s_bn/%s_bn/moving_mean:0 f32 %d\nd /%s_bn/%s_bn/moving_variance:0 f32 %d 1\n", name, name, c, name, name, c);
    put("l /%s_bn weight_names %s_bn/gamma:0 %s_bn/beta:0 %s_bn/moving_mean:0 %s_bn/moving_variance:0\n", name, name, name,
        name, name);
}

/* MobileNet V1 of width 1/16, weights only, as keras.applications writes it. */
static void v1_weights(void)
{
    static const int filters[] = {64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024};
    int c = 2;
    put("d /conv1/conv1/kernel:0 f32 3,3,3,%d\nl /conv1 weight_names conv1/kernel:0\n", c);
    norm("conv1", c);
    for (int i = 1; i <= 13; i++) {
        char name[32];
        int out = filters[i - 1] / 16;
        snprintf(name, sizeof name, "conv_dw_%d", i);
        put("d /%s/%s/depthwise_kernel:0 f32 3,3,%d,1\nl /%s weight_names %s/depthwise_kernel:0\n", name, name, c, name,
            name);
        norm(name, c);
        snprintf(name, sizeof name, "conv_pw_%d", i);
        put("d /%s/%s/kernel:0 f32 1,1,%d,%d\nl /%s weight_names %s/kernel:0\n", name, name, c, out, name, name);
        norm(name, out);
        c = out;
    }
    put("d /conv_preds/conv_preds/kernel:0 f32 1,1,%d,5\nd /conv_preds/conv_preds/bias:0 f32 5\n", c);
    put("l /conv_preds weight_names conv_preds/kernel:0 conv_preds/bias:0\nl / layer_names conv1 conv1_bn");
    for (int i = 1; i <= 13; i++) put(" conv_dw_%d conv_dw_%d_bn conv_pw_%d conv_pw_%d_bn", i, i, i, i);
    put(" conv_preds\ns / backend tensorflow\ns / keras_version 2.1.5\n");
}

static void read_text(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/support/keras/%s.txt", MNQ_SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    MNQ_FUZZ_MUST(f != NULL);
    length = fread(text, 1, sizeof text, f);
    fclose(f);
}

const char *mnq_keras_text(int i, size_t *n)
{
    static const char *const name[] = {"functional", "sequential", "keras3", "remnants", "operators", "layers", "functions"};
    enum { FILES = sizeof name / sizeof *name };
    length = 0;
    if (i < FILES) read_text(name[i]);
    else if (i == FILES) v1_weights();
    else return NULL;
    *n = length;
    return text;
}

/* ---- results ---- */

void mnq_fuzz_explained(const struct mnq_err *e)
{
    MNQ_FUZZ_MUST(e->code != 0 && e->msg[0] != '\0' && strchr(e->msg, '\n') == NULL);
}

/* Runs a graph once if that is a matter of milliseconds. */
static void run(const struct mnq_graph *g)
{
    enum { MAX_WORK = 1 << 22 };
    struct mnq_cost c = mnq_cost_total(g);
    struct mnq_err e = {0};
    MNQ_FUZZ_MUST(c.macs >= 0 && c.params >= 0 && c.weights >= 0 && c.activation >= 0);
    if (c.macs > MAX_WORK || c.activation > MAX_WORK) return;
    struct mnq_exec *x = mnq_exec_new(g, false, &e);
    if (x == NULL) {
        mnq_fuzz_explained(&e);
        return;
    }
    const struct mnq_shape in = g->node[0].out;
    MNQ_FUZZ_MUST(g->node[0].op == MNQ_OP_INPUT);
    float *pixels = calloc((size_t)in.h * (size_t)in.w * (size_t)in.c, sizeof *pixels);
    MNQ_FUZZ_MUST(pixels != NULL && mnq_exec_run(x, pixels, NULL, NULL) != NULL);
    free(pixels);
    mnq_exec_free(x);
}

static bool last_is_output(const struct mnq_graph *g)
{
    bool last = false;
    for (int k = 0; k < mnq_graph_outputs(g); k++) last = last || mnq_graph_output(g, k) == g->n - 1;
    return last;
}

void mnq_fuzz_import(const uint8_t *bytes, size_t n, const struct mnq_import_opts *opts, struct mnq_graph *g,
                     struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_graph legal;
    if (mnq_import_bytes("x", bytes, n, opts, g, arena, e) != 0) {
        mnq_fuzz_explained(e);
        return;
    }
    MNQ_FUZZ_MUST(e->code == 0 && g->n > 0 && g->output >= 0 && g->output < g->n);
    MNQ_FUZZ_MUST(mnq_graph_check(g, e) == 0);
    run(g);
    if (mnq_graph_legalize(g, &legal, arena, e) != 0) {
        mnq_fuzz_explained(e);
        return;
    }
    MNQ_FUZZ_MUST(mnq_graph_check(&legal, e) == 0 && last_is_output(&legal));
    run(&legal);
}

void mnq_fuzz_import_seed(uint8_t *(*seed)(int i, size_t *n))
{
    static bool imports;
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err e = {0};
    size_t n;
    if (imports) return;
    uint8_t *bytes = seed(0, &n);
    mnq_fuzz_import(bytes, n, NULL, &g, &arena, &e);
    if (e.code != 0) fprintf(stderr, "seed 0: %s\n", e.msg);
    MNQ_FUZZ_MUST(e.code == 0);
    imports = true;
    free(bytes);
    mnq_arena_free(&arena);
}
