/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages for files of netgen: the loader's records as the search wants them, and two sections more. */
#include "netplan.h"

#include "netpatch.h"
#include "pack/stage_write.h"
#include "record.h"
#include "util/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *p)
{
    if (!p) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return p;
}

/* What the search looks at. */
static void read_model(const struct mnq_model *m, struct mnq_qmodel *q)
{
    q->n_tensors = m->n_tensors, q->n_layers = m->n_layers, q->input = m->input, q->output = m->output;
    q->arena_bytes = m->arena_size;
    q->n_more = m->n_outs;
    for (int k = 0; k < q->n_more; k++) q->more[k] = (int)mnq_output_tensor(m, (unsigned)k + 1);
    q->tensor = need(mnq_arena_array(q->arena, (size_t)q->n_tensors, sizeof *q->tensor));
    q->layer = need(mnq_arena_array(q->arena, (size_t)q->n_layers, sizeof *q->layer));
    for (int i = 0; i < q->n_tensors; i++) {
        struct mnq_tensor t;
        mnq_tensor_read(m, (unsigned)i, &t);
        q->tensor[i] = (struct mnq_qtensor){.shape = {t.h, t.w, t.c}, .dtype = (enum mnq_dtype)t.dtype};
    }
    for (int k = 0; k < q->n_layers; k++) {
        struct mnq_record r;
        mnq_record_read(m, (unsigned)k, &r);
        q->layer[k] = (struct mnq_qlayer){.op = r.op,
                                          .wtype = r.wtype,
                                          .in0 = r.in0,
                                          .in1 = r.in1 == MNQ_NO_TENSOR ? -1 : r.in1,
                                          .out = r.out,
                                          .kh = r.kh,
                                          .kw = r.kw,
                                          .sh = r.sh,
                                          .sw = r.sw,
                                          .pt = r.pt,
                                          .pl = r.pl,
                                          .pb = r.pb,
                                          .pr = r.pr,
                                          .mult = r.mult,
                                          .act = r.act};
    }
}

/* Appends a section and its row; rows were made room for. */
static void append(uint8_t *f, size_t *n, const char *tag, const struct mnq_stages *p, const struct mnq_qmodel *q)
{
    uint32_t sections = mnq_netpatch_get32(f + 16);
    uint8_t *row = f + 48 + 16 * sections;
    size_t size = mnq_stages_size(p, q->n_tensors);

    memcpy(row, tag, 4);
    mnq_netpatch_put32(row + 4, (uint32_t)*n);
    mnq_netpatch_put32(row + 8, (uint32_t)size);
    mnq_netpatch_put32(row + 12, 0);
    mnq_stages_write(p, q->n_tensors, q->n_layers, f + *n);
    *n += (size + 15) / 16 * 16;
    mnq_netpatch_put32(f + 16, sections + 1);
}

/* A core on which windows cost for each band. */
static int64_t work(const void *context, int k, int calls, int rows)
{
    const struct mnq_qlayer *l = &((const struct mnq_qmodel *)context)->layer[k];
    return calls * (30 + 10 * (int64_t)(rows + (l->op == MNQ_L_DWCONV ? 2 : 0)));
}

static int find(struct mnq_qmodel *q, enum mnq_netplan how, long ram, struct mnq_err *e)
{
    uint32_t *scratch = need(mnq_arena_array(q->arena, (size_t)q->n_layers, sizeof *scratch));
    const struct mnq_stage_target core = {
        .scratch = scratch, .work = work, .context = q, .tall = q->n_layers % 3 == 0, .push = 200};
    struct mnq_stage_options o = {.speed = how == MNQ_NETPLAN_SPEED, .ram = ram};

    for (int k = 0; k < q->n_layers; k++) scratch[k] = ((uint32_t)k * 2654435761u >> 16) % 200;
    if (how == MNQ_NETPLAN_CORE) {
        o.target = &core;
        o.permille = q->n_layers % 2 ? 200 : 0;
    }
    return mnq_qmodel_stages(q, &o, e);
}

struct mnq_netgen_file mnq_netplan(const uint8_t *bytes, size_t n, enum mnq_netplan how, long ram)
{
    struct mnq_arena arena = {0};
    struct mnq_qmodel q = {.arena = &arena};
    struct mnq_netgen_file f;
    struct mnq_err e = {0};
    struct mnq_model m;
    size_t old = mnq_netpatch_get32(bytes + 8), size, table;
    uint32_t sections = mnq_netpatch_get32(bytes + 16);

    if (mnq_model_load(&m, bytes, n)) {
        fprintf(stderr, "netplan: not a model\n");
        exit(1);
    }
    read_model(&m, &q);
    if (find(&q, how, ram, &e)) {
        fprintf(stderr, "netplan: %s\n", e.msg);
        exit(1);
    }
    size = old + 32;
    if (q.plan) size += (mnq_stages_size(q.plan, q.n_tensors) + 15) / 16 * 16;
    if (q.push) size += (mnq_stages_size(q.push, q.n_tensors) + 15) / 16 * 16;
    f.base = need(calloc(1, size + 16));
    f.bytes = (uint8_t *)f.base + (-(uintptr_t)f.base & 15);
    table = 48 + 16 * (size_t)sections;
    memcpy(f.bytes, bytes, table);
    memcpy(f.bytes + table + 32, bytes + table, old - table);
    for (uint32_t i = 0; i < sections; i++) {
        uint8_t *at = f.bytes + 48 + 16 * i + 4;
        mnq_netpatch_put32(at, mnq_netpatch_get32(at) + 32);
        if (!memcmp(at - 4, "PLAN", 4) || !memcmp(at - 4, "PUSH", 4)) at[-4] = 'O'; /* the new one counts */
    }
    f.n = old + 32;
    if (q.plan) append(f.bytes, &f.n, "PLAN", q.plan, &q);
    if (q.push) append(f.bytes, &f.n, "PUSH", q.push, &q);
    if (f.bytes[6] < 2) f.bytes[6] = 2;
    mnq_netpatch_put32(f.bytes + 8, (uint32_t)f.n);
    mnq_netpatch_seal(f.bytes, f.n);
    mnq_arena_free(&arena);
    return f;
}
