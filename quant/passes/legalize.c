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

/* Operators that need one zero point, or read no bytes. */
static bool wants_tensor(const struct mnq_node *nd)
{
    switch (nd->op) {
    case MNQ_OP_ADD:
    case MNQ_OP_MUL:
    case MNQ_OP_MAXPOOL:
    case MNQ_OP_SELECT:
    case MNQ_OP_UPSAMPLE:
    case MNQ_OP_SPREAD:
    case MNQ_OP_JOIN:
        return true;
    default:
        return nd->op == MNQ_OP_AVGPOOL && nd->pt + nd->pl + nd->pb + nd->pr > 0;
    }
}

/* Whether a layer other than `but` reads node i. */
static bool read_elsewhere(const struct mnq_rw *rw, int i, int but)
{
    for (int k = 0; k < rw->node[i].n_readers; k++) {
        int r = rw->node[i].reader[k];
        if (r != but && mnq_rw_at(rw, r)->op != MNQ_OP_JOIN) return true;
    }
    return false;
}

/* Probabilities have 15 bits and one scale: layers other than softmax read them as a tensor of their own. One for all. */
static int buffer_softmax(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0, n = rw->n; i < n; i++) {
        if (rw->node[i].dead || mnq_rw_at(rw, i)->op != MNQ_OP_SOFTMAX || mnq_rw_is_end(rw, i)) continue;
        int made = mnq_rw_make(rw, MNQ_OP_DWCONV, mnq_rw_at(rw, i)->name, "tensor", i, e);
        if (made < 0 || mnq_rw_identity(rw, made, 1, 1, 0, e) != 0) return -1;
        for (int k = 0; k < rw->node[i].n_readers;) {
            int r = rw->node[i].reader[k];
            if (r == made || mnq_rw_at(rw, r)->op == MNQ_OP_JOIN) {
                k++;
                continue;
            }
            if (mnq_rw_read(rw, r, mnq_rw_at(rw, r)->in[0] == i ? 0 : 1, made, e) != 0) return -1;
        }
    }
    return 0;
}

/* Sums, products and moves read no picture; softmax and sigmoid have their input for themselves, unless it is an output too.
 */
static int buffer_inputs(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0, n = rw->n; i < n; i++) {
        enum mnq_op op = mnq_rw_at(rw, i)->op;
        bool last = op == MNQ_OP_SOFTMAX || op == MNQ_OP_ACT;
        if (rw->node[i].dead || !(last || wants_tensor(mnq_rw_at(rw, i)))) continue;
        for (int k = 0; k < mnq_rw_at(rw, i)->n_in; k++) {
            int from = mnq_rw_at(rw, i)->in[k];
            bool shared = last && read_elsewhere(rw, from, i);
            if ((is_picture(rw, from) || shared) && buffer_input(rw, i, k, e) != 0) return -1;
        }
    }
    return 0;
}

/* The output is no picture: a network of which nothing is left has a layer all the same. */
static int buffer_output(struct mnq_rw *rw, struct mnq_err *e)
{
    if (!is_picture(rw, rw->output)) return 0;
    int made = mnq_rw_make(rw, MNQ_OP_DWCONV, mnq_rw_at(rw, rw->output)->name, "output", rw->output, e);
    if (made < 0 || mnq_rw_identity(rw, made, 1, 1, 0, e) != 0) return -1;
    rw->output = made;
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
    case MNQ_OP_ADD: /* mnq_expand settled sizes */
    case MNQ_OP_MUL:
    case MNQ_OP_MAXPOOL:
    case MNQ_OP_SELECT:
    case MNQ_OP_UPSAMPLE:
    case MNQ_OP_SPREAD:
    case MNQ_OP_JOIN:
    case MNQ_OP_SOFTMAX:
    case MNQ_OP_AFFINE: /* affine_to_dwconv left the input's only */
    case MNQ_OP_ACT:    /* fuse_act left the final sigmoid only */
        return 0;
    case MNQ_OP_AVGPOOL:
        if (nd->pt + nd->pl + nd->pb + nd->pr == 0 || (nd->kh <= MNQ_COUNTED_WINDOW && nd->kw <= MNQ_COUNTED_WINDOW))
            return 0;
        return mnq_rw_fail(rw, i, e, "windows of %d x %d reach over the border, %d x %d at most are supported there", nd->kh,
                           nd->kw, (int)MNQ_COUNTED_WINDOW, (int)MNQ_COUNTED_WINDOW);
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
        mnq_split_act,        mnq_expand,     mnq_expand_conv, mnq_drop_reshape,  mnq_expand,
        mnq_fold_mix,         mnq_match_act,  mnq_sink_moves,  mnq_fold_bn,       mnq_absorb_pad,
        mnq_fold_bn,          mnq_absorb_pad, mnq_fold_bn,     mnq_pad_to_dwconv, mnq_fold_bn,
        mnq_affine_to_dwconv, mnq_fuse_act,   buffer_softmax,  buffer_inputs,     buffer_output,
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
