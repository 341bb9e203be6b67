/* SPDX-License-Identifier: Apache-2.0
 * Which 1x1 layers are stored sparse. */
#include "pack/storage.h"

#include "kernels.h"
#include "pack/weights.h"
#include "packed.h"

/* Costs of the generic kernels in multiply-accumulates of the dense one, `kerncheck --bench --compressed --table generic` on
 * a host: 0.11 ns each. Pixels are taken in blocks of 32, of which whole eights run side by side (pw_sparse_c.c), the rest
 * one by one. A core without vectors is kinder to sparse weights. */
#define COST_MAP_BYTE     25.0 /* a byte of bitmap, per block of pixels */
#define COST_LANE         1.6  /* a stored weight and pixel, side by side */
#define COST_GATHER_BLOCK 8.0  /* a stored weight, per block of pixels that are not */
#define COST_GATHER       6.0  /* and per pixel */

enum { BLOCK = 32, LANES = 8 };

/* Cores have kernels for dense weights of 4 bits: an eighth of their bytes is what makes them sparse. */
enum { WORTH = 8 };

uint8_t mnq_storage_dense(uint8_t wtype)
{
    return wtype == MNQ_W_SPARSE ? MNQ_W_S8 : wtype == MNQ_W_SPARSE4 ? MNQ_W_S4 : wtype;
}

/* map, stored: bytes of bitmap, and stored weights. */
static double sparse_time(int64_t pixels, double map, double stored)
{
    int64_t whole = pixels / BLOCK, rest = pixels % BLOCK, lanes = rest / LANES * LANES, single = rest % LANES;
    double blocks = (double)(whole + (lanes > 0) + (single > 0));
    double t = blocks * map * COST_MAP_BYTE + (double)(whole * BLOCK + lanes) * stored * COST_LANE;
    return single > 0 ? t + stored * (COST_GATHER_BLOCK + (double)single * COST_GATHER) : t;
}

/* The share of zeros, scattered, from which a cost that falls from `none` (no zeros) to `all` is below `limit`. */
static double break_even(double none, double all, double limit)
{
    return none <= limit ? 0 : (none - limit) / (none - all);
}

/* The block length that takes least bytes, the largest of several. */
static void best_block(struct mnq_qlayer sparse, int cin, int cout, struct mnq_storage_layer *s)
{
    sparse.wtype = sparse.wtype == MNQ_W_S4 ? MNQ_W_SPARSE4 : MNQ_W_SPARSE;
    for (int block = 1; block <= 16; block *= 2) {
        if (cin % block != 0) continue;
        sparse.block = block;
        int64_t bytes = (int64_t)mnq_qlayer_weight_bytes(&sparse, cin, cout);
        if (block > 1 && bytes > s->bytes_sparse) continue;
        s->bytes_sparse = bytes;
        s->block = block;
    }
}

static struct mnq_storage_layer judge(const struct mnq_qmodel *q, int k, enum mnq_storage_mode mode)
{
    const struct mnq_qlayer *l = &q->layer[k];
    struct mnq_shape in = q->tensor[l->in0].shape, out = q->tensor[l->out].shape;
    struct mnq_storage_layer s = {.layer = k, .zeros = mnq_weights_zeros(l)};
    struct mnq_qlayer dense = *l;
    int64_t pixels = (int64_t)out.h * out.w;
    double weights = (double)l->w_count, map = (double)out.c * (double)mnq_bitmap_bytes(in.c, 1);
    dense.wtype = mnq_storage_dense(l->wtype);
    s.bytes_dense = (int64_t)mnq_qlayer_weight_bytes(&dense, in.c, out.c);
    best_block(dense, in.c, out.c, &s);
    double map_stored = (double)out.c * (double)mnq_bitmap_bytes(in.c, s.block), byte = dense.wtype == MNQ_W_S4 ? 0.5 : 1;
    s.time_dense = (double)pixels * weights;
    s.time_sparse = sparse_time(pixels, map_stored, ((double)s.bytes_sparse - map_stored) / byte);
    const double limit = (double)(s.bytes_dense - (dense.wtype == MNQ_W_S4 ? s.bytes_dense / WORTH : 0));
    s.even_bytes = break_even(map + byte * weights, map, limit);
    s.even_time = break_even(sparse_time(pixels, map, weights), sparse_time(pixels, map, 0), s.time_dense);
    s.sparse = mode != MNQ_STORAGE_DENSE && (double)s.bytes_sparse < limit;
    if (mode == MNQ_STORAGE_SPEED && s.time_sparse >= s.time_dense) s.sparse = false;
    return s;
}

static bool has_choice(const struct mnq_qlayer *l)
{
    uint8_t dense = mnq_storage_dense(l->wtype);
    return l->op == MNQ_L_PW && (dense == MNQ_W_S8 || dense == MNQ_W_S4);
}

int mnq_choose_storage(struct mnq_qmodel *q, enum mnq_storage_mode mode, struct mnq_storage_report *report,
                       struct mnq_err *e)
{
    *report = (struct mnq_storage_report){.layer = mnq_arena_array(q->arena, (size_t)q->n_layers, sizeof *report->layer)};
    if (report->layer == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < q->n_layers; k++) {
        struct mnq_qlayer *l = &q->layer[k];
        if (!has_choice(l)) continue;
        struct mnq_storage_layer s = judge(q, k, mode);
        l->wtype = mnq_storage_dense(l->wtype);
        if (s.sparse) l->wtype = l->wtype == MNQ_W_S4 ? MNQ_W_SPARSE4 : MNQ_W_SPARSE;
        l->block = s.sparse ? s.block : 0;
        report->bytes_dense += s.bytes_dense;
        report->bytes_chosen += s.sparse ? s.bytes_sparse : s.bytes_dense;
        report->layer[report->n++] = s;
    }
    return 0;
}
