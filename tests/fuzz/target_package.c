/* SPDX-License-Identifier: Apache-2.0
 * The host's reader of .mnq files, with scales and metadata, on arbitrary bytes. */
#include "fuzz.h"
#include "fuzz_nets.h"
#include "kernels.h"
#include "mnq_bytes.h"
#include "pack/qmodel.h"
#include "pack/storage.h"

#include <stdlib.h>
#include <string.h>

/* Weights are there one by one, and as many bytes as the file says, unless it stores zeros that nobody needs to. */
static void look_at_weights(struct mnq_package *p)
{
    struct mnq_qmodel *q = &p->q;
    struct mnq_storage_report report;
    struct mnq_err e = {0};
    for (int i = 0; i < q->n_layers; i++) {
        const struct mnq_qlayer *l = &q->layer[i];
        const uint8_t *size = p->model.layr + 64 * (size_t)i + 32;
        size_t stored = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
        size_t bytes = mnq_qlayer_weight_bytes(l, q->tensor[l->in0].shape.c, q->tensor[l->out].shape.c);
        for (size_t k = 0; k < l->w_count; k++) MNQ_FUZZ_MUST(abs(mnq_qlayer_weight(l, k)) <= 32767);
        MNQ_FUZZ_MUST(l->block > 0 ? bytes <= stored : bytes == stored);
    }
    MNQ_FUZZ_MUST(mnq_choose_storage(q, MNQ_STORAGE_BYTES, &report, &e) == 0);
    MNQ_FUZZ_MUST(report.bytes_chosen <= report.bytes_dense);
}

static void look(struct mnq_package *p)
{
    const struct mnq_qmodel *q = &p->q;
    look_at_weights(p);
    for (int i = 0; i < q->n_layers; i++) MNQ_FUZZ_MUST(q->layer[i].name != NULL && strlen(q->layer[i].name) < p->n_bytes);
    for (int i = 0; i < q->n_classes; i++) MNQ_FUZZ_MUST(q->classes[i] != NULL);
    for (int k = 0; k < mnq_qmodel_outputs(q); k++) {
        struct mnq_task t = mnq_qmodel_task(q, k);
        MNQ_FUZZ_MUST(t.kind > MNQ_TASK_AUTO && t.kind < MNQ_TASK_KINDS && t.threshold > 0 && t.threshold < 1);
    }
    for (int i = 0; i < q->n_tensors; i++) {
        const struct mnq_qtensor *t = &q->tensor[i];
        size_t n = (size_t)t->shape.h * (size_t)t->shape.w * (size_t)t->shape.c;
        if (n > 1 << 16) continue;
        void *data = calloc(n, t->dtype == MNQ_S16 ? 2 : 1);
        float *real = malloc(n * sizeof *real);
        if (data == NULL || real == NULL) abort();
        mnq_dequantize(t, data, real);
        free(data);
        free(real);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int sealed = 0; sealed < 2; sealed++) {
        struct mnq_arena arena = {0};
        struct mnq_package p;
        struct mnq_err e = {0};
        uint8_t *bytes = mnq_fuzz_copy(data, size);
        if (sealed && size >= 48) mnq_bytes_seal(bytes, size);
        if (mnq_package_parse("x", bytes, size, &p, &arena, &e) == 0) look(&p);
        else MNQ_FUZZ_MUST(e.code != 0 && e.msg[0] != '\0' && strchr(e.msg, '\n') == NULL);
        mnq_arena_free(&arena);
        free(bytes);
    }
    return 0;
}

/* Compressed weights of eight ones, or of one and its opposite. */
static void compress(struct mnq_qlayer *l, int wtype)
{
    static int8_t w[8] = {1, -1, 1, -1, -1, 1, 1, 1};
    static int16_t wide[8] = {5, -1, 1, 5, -5, 1, 1, 5}, coef[8] = {2, 3, 2, 3, 3, 2, 2, 3}, threshold[2] = {-7, 9};
    l->wtype = (uint8_t)wtype;
    l->w = w;
    if (wtype == MNQ_W_SPARSE || wtype == MNQ_W_SPARSE4) l->block = 2;
    if (wtype == MNQ_W_BINARY) l->bases = 2, l->coef = coef, l->w = wide;
    if (wtype == MNQ_W_XNOR) l->threshold = threshold;
}

/* Two pointwise layers, the second one into 16 bits; names and classes as asked, weights of one type each. */
uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const char *const classes[] = {"rose \"red\"", "\xc3\xa9t\xc3\xa9\n"};
    static int8_t w[8] = {1, -2, 3, -4, 127, -127, 0, 9}, r[4] = {1, 2, 3, 4};
    static int32_t bias[4] = {5, -6, 7, -8}, m[4] = {1 << 30, 1 << 30, 1 << 30, 1 << 30};
    static int origin[4] = {0, 1, 5, 9};
    static float scale[4] = {0.5f, 0.25f, 1e-3f, 2.0f};
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    if (i == 49) return NULL;
    if (i >= 33) return mnq_fuzz_planned_net(i - 33, n);
    if (i >= 7 && i < 31) return mnq_fuzz_net(i - 7, n);
    struct mnq_qtensor tensor[4] = {{.shape = {3, 2, 2}, .dtype = MNQ_U8, .zp = 5, .scale = scale},
                                    {.shape = {3, 2, 4}, .dtype = MNQ_S8, .zp = -7, .scale = scale},
                                    {.shape = {1, 1, 4}, .dtype = MNQ_S8, .zp = 0, .scale = scale},
                                    {.shape = {1, 1, 2}, .dtype = MNQ_S16, .zp = 0, .scale = scale}};
    struct mnq_qlayer base = {.kh = 1, .kw = 1, .sh = 1, .sw = 1, .in1 = -1, .bias = bias, .m = m, .r = r, .node = -1};
    struct mnq_qlayer layer[3] = {base, base, base};
    for (int k = 0; k < 3; k++) {
        layer[k].in0 = k;
        layer[k].out = k + 1;
        layer[k].lo = k < 2 ? -128 : -32768;
        layer[k].hi = k < 2 ? 127 : 32767;
        layer[k].w = k == 1 ? NULL : w;
        layer[k].w_count = k == 1 ? 0 : 8;
        layer[k].wtype = k == 1 ? MNQ_W_NONE : MNQ_W_S8;
        layer[k].op = k == 1 ? MNQ_L_AVGPOOL : MNQ_L_PW;
    }
    layer[0].name = "conv_pw_1", layer[1].name = "pool", layer[2].name = "\"dense\"\t";
    layer[1].kh = 3, layer[1].kw = 2;
    if (i > 2) compress(&layer[0], i >= 31 ? MNQ_W_SPARSE4 + i - 31 : MNQ_W_S4 + i - 3);
    struct mnq_qmodel q = {.arena = &arena, .tensor = tensor, .layer = layer, .n_tensors = 4, .n_layers = 3, .output = 3};
    q.tool = "mnquant test", q.source_name = "m.h5", q.recipe = "preprocess: tf\n";
    if (i > 0) q.classes = classes, q.n_classes = 2;
    if (i == 1) q.task = MNQ_TASK_MULTILABEL, q.threshold = 0.25, tensor[1].origin = origin;
    if (i == 2) q.more[0] = 1, q.n_more = 1, q.name_of[0] = "class", q.name_of[1] = "map", q.more_task[0] = MNQ_TASK_REGRESSION;
    if (mnq_preprocess_named(&q.preprocess, i == 2 ? "none" : "unit", 2, &e) != 0) return NULL;
    uint8_t *bytes;
    MNQ_FUZZ_MUST(mnq_qmodel_plan(&q, &e) == 0 && mnq_qmodel_pack(&q, &bytes, n, &e) == 0);
    uint8_t *copy = mnq_fuzz_copy(bytes, *n);
    mnq_arena_free(&arena);
    return copy;
}
