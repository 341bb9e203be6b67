/* SPDX-License-Identifier: Apache-2.0
 * What a self-test on the target compares with. */
#include "export/xgolden.h"

#include "util/file.h"

#include <stdlib.h>
#include <string.h>

void mnq_xgolden_input(int k, uint8_t *p, size_t n)
{
    uint32_t x = 1;

    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = (uint8_t)(k == 0 ? x >> 24 : (i >> 5) + (x >> 29));
    }
}

static int run(const struct mnq_package *p, uint8_t *memory, size_t size, struct mnq_xgolden *g, struct mnq_err *e)
{
    struct mnq_model m = p->model;
    struct mnq_tensor in, t;
    mnq_layer_by_layer(&m);
    mnq_tensor_get(&m, m.input, &in);
    for (int k = 0; k < MNQ_XGOLDEN_INPUTS; k++) {
        memset(memory, 0, size);
        mnq_xgolden_input(k, mnq_input(&m, memory), in.size);
        for (unsigned i = 0; i < m.n_layers; i++) {
            enum mnq_status s = mnq_run_layer(&m, memory, size, i);
            if (s != MNQ_OK) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer %u: %s", p->file, i, mnq_status_str(s));
            mnq_tensor_get(&m, (unsigned)p->q.layer[i].out, &t);
            if (k == 0) g->layer[i] = mnq_bytes_crc32(0, memory + t.offset, t.size);
        }
        for (unsigned o = 0; o < mnq_output_count(&m); o++) {
            mnq_tensor_get(&m, mnq_output_tensor(&m, o), &t);
            g->output[k][o] = mnq_bytes_crc32(0, mnq_output_at(&m, memory, o), t.size);
        }
    }
    return 0;
}

int mnq_xgolden_make(const struct mnq_package *p, struct mnq_xgolden *g, struct mnq_arena *arena, struct mnq_err *e)
{
    size_t size;
    if (mnq_package_layers_arena(p, &size, e) != 0) return -1;
    size = (size + 63) / 64 * 64;
    uint8_t *memory = aligned_alloc(64, size);
    g->layer = mnq_arena_array(arena, (size_t)p->q.n_layers, sizeof *g->layer);
    int rc = memory == NULL || g->layer == NULL ? mnq_fail_nomem(e) : run(p, memory, size, g, e);
    free(memory);
    return rc;
}
