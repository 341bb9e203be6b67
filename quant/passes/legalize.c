/* SPDX-License-Identifier: Apache-2.0
 * Raw graph to legal graph: the passes in their order, then what quantization wants of the result. */
#include "passes/passes.h"
#include "passes/pass.h"

/* ---- wishes of the integer network ---- */

/* INPUT, or AFFINE behind it: the picture itself, which only convolutions, dense layers and pools may read. */
static bool is_picture(const struct mnq_rw *rw, int i)
{
    enum mnq_op op = mnq_rw_at(rw, i)->op;
    return op == MNQ_OP_INPUT || op == MNQ_OP_AFFINE;
}

/* Puts an identity convolution between node i and its input k. */
static int buffer_input(struct mnq_rw *rw, int i, int k, struct mnq_err *e)
{
    int made = mnq_rw_make(rw, MNQ_OP_DWCONV, mnq_rw_at(rw, i)->name, "input", mnq_rw_at(rw, i)->in[k], e);
    if (made < 0 || mnq_rw_identity(rw, made, 1, 1, 0, e) != 0) return -1;
    return mnq_rw_read(rw, i, k, made, e);
}

/* Sums and products read no picture; softmax and sigmoid have their input for themselves. */
static int buffer_inputs(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0, n = rw->n; i < n; i++) {
        enum mnq_op op = mnq_rw_at(rw, i)->op;
        bool last = op == MNQ_OP_SOFTMAX || op == MNQ_OP_ACT;
        if (rw->node[i].dead || !(last || op == MNQ_OP_ADD || op == MNQ_OP_MUL)) continue;
        for (int k = 0; k < mnq_rw_at(rw, i)->n_in; k++) {
            int from = mnq_rw_at(rw, i)->in[k];
            bool shared = last && mnq_rw_only_reader(rw, from) != i;
            if ((is_picture(rw, from) || shared) && buffer_input(rw, i, k, e) != 0) return -1;
        }
    }
    return 0;
}

/* ---- what cannot be expressed ---- */

static int check_node(const struct mnq_rw *rw, int i, struct mnq_err *e)
{
    const struct mnq_node *nd = mnq_rw_at(rw, i);
    switch (nd->op) {
    case MNQ_OP_INPUT:
    case MNQ_OP_CONV:
    case MNQ_OP_DWCONV:
    case MNQ_OP_DENSE:
    case MNQ_OP_AVGPOOL:
    case MNQ_OP_ADD:
    case MNQ_OP_AFFINE: /* affine_to_dwconv left the input's only */
    case MNQ_OP_ACT:    /* fuse_act left the final sigmoid only */
        return 0;
    case MNQ_OP_MUL: {
        struct mnq_shape gate = mnq_rw_at(rw, nd->in[1])->out;
        if (gate.h == 1 && gate.w == 1) return 0;
        return mnq_rw_fail(rw, i, e, "product of two %dx%dx%d tensors, neither h-swish nor a 1x1x%d gate", gate.h, gate.w,
                           gate.c, gate.c);
    }
    case MNQ_OP_SOFTMAX:
        if (rw->output != i || rw->node[i].n_readers > 0)
            return mnq_rw_fail(rw, i, e, "softmax is supported behind the last layer only");
        if (nd->out.h == 1 && nd->out.w == 1) return 0;
        return mnq_rw_fail(rw, i, e, "softmax of %dx%dx%d, 1x1xC is wanted", nd->out.h, nd->out.w, nd->out.c);
    default:
        return mnq_rw_fail(rw, i, e, "cannot be expressed");
    }
}

static int check(const struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0; i < rw->n; i++)
        if (!rw->node[i].dead && check_node(rw, i, e) != 0) return -1;
    return 0;
}

/* ---- driver ---- */

static int rewrite(struct mnq_rw *rw, struct mnq_err *e)
{
    static int (*const pass[])(struct mnq_rw *, struct mnq_err *) = {
        mnq_split_act, mnq_drop_reshape,  mnq_match_act, mnq_fold_bn,          mnq_absorb_pad, mnq_fold_bn,   mnq_absorb_pad,
        mnq_fold_bn,   mnq_pad_to_dwconv, mnq_fold_bn,   mnq_affine_to_dwconv, mnq_fuse_act,   buffer_inputs,
    };
    for (size_t i = 0; i < sizeof pass / sizeof *pass; i++)
        if (pass[i](rw, e) != 0) return -1;
    return check(rw, e);
}

int mnq_graph_legalize(const struct mnq_graph *raw, struct mnq_graph *legal, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_rw rw;
    int rc = mnq_rw_init(&rw, raw, &scratch, e);
    if (rc == 0) rc = rewrite(&rw, e);
    if (rc == 0) rc = mnq_rw_emit(&rw, legal, arena, e);
    mnq_arena_free(&scratch);
    return rc;
}
