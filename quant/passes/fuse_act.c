/* SPDX-License-Identifier: Apache-2.0
 * Activations, taken apart for the other passes and fused again at the end. */
#include "passes/pass.h"

static bool is_act(const struct mnq_rw *rw, int i)
{
    return !rw->node[i].dead && rw->node[i].nd.op == MNQ_OP_ACT;
}

int mnq_split_act(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0, n = rw->n; i < n; i++) {
        struct mnq_node *nd = mnq_rw_at(rw, i);
        enum mnq_act act = nd->act;
        float max = nd->act_max;
        if (rw->node[i].dead || (act == MNQ_ACT_NONE) != (nd->op == MNQ_OP_ACT)) continue;
        if (nd->op == MNQ_OP_ACT) {
            if (mnq_rw_bypass(rw, i, e) != 0) return -1;
            continue;
        }
        int made = mnq_rw_make_behind(rw, MNQ_OP_ACT, "act", i, e);
        if (made < 0) return -1;
        mnq_rw_at(rw, made)->act = act;
        mnq_rw_at(rw, made)->act_max = max;
        mnq_rw_at(rw, i)->act = MNQ_ACT_NONE;
    }
    return 0;
}

static bool can_carry(const struct mnq_node *nd)
{
    return nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DWCONV || nd->op == MNQ_OP_DENSE || nd->op == MNQ_OP_AVGPOOL ||
           nd->op == MNQ_OP_ADD || nd->op == MNQ_OP_MUL;
}

/* Puts `act` behind an activation that is there already, if both together are one; false if they are not. */
static bool compose(struct mnq_node *nd, const struct mnq_node *act)
{
    bool limited = nd->act == MNQ_ACT_RELU_MAX, unit = nd->act == MNQ_ACT_HSIGMOID;
    if (nd->act == MNQ_ACT_NONE) {
        nd->act = act->act;
        nd->act_max = act->act_max;
        return true;
    }
    if (act->act == MNQ_ACT_RELU) return nd->act == MNQ_ACT_RELU || limited || unit;
    if (act->act != MNQ_ACT_RELU_MAX) return false;
    if (unit) return act->act_max >= 1.0f;
    if (nd->act != MNQ_ACT_RELU && !limited) return false;
    if (!limited || act->act_max < nd->act_max) nd->act_max = act->act_max;
    nd->act = MNQ_ACT_RELU_MAX;
    return true;
}

/* SIGMOID stays a node, the last one. */
static int check_sigmoid(const struct mnq_rw *rw, int i, struct mnq_err *e)
{
    const struct mnq_node *nd = mnq_rw_at(rw, i);
    if (rw->output != i || rw->node[i].n_readers > 0)
        return mnq_rw_fail(rw, i, e, "sigmoid is supported behind the last layer only");
    if (nd->out.h != 1 || nd->out.w != 1)
        return mnq_rw_fail(rw, i, e, "sigmoid of %dx%dx%d, 1x1xC is wanted", nd->out.h, nd->out.w, nd->out.c);
    return 0;
}

int mnq_fuse_act(struct mnq_rw *rw, struct mnq_err *e)
{
    for (bool changed = true; changed;) { /* made nodes stand behind their readers, so once is not always enough */
        changed = false;
        for (int i = 0; i < rw->n; i++) {
            if (!is_act(rw, i)) continue;
            int p = mnq_rw_producer(rw, i);
            if (mnq_rw_at(rw, i)->act == MNQ_ACT_SIGMOID || is_act(rw, p)) continue;
            bool alone = mnq_rw_only_reader(rw, p) == i && can_carry(mnq_rw_at(rw, p));
            if (alone && compose(mnq_rw_at(rw, p), mnq_rw_at(rw, i))) {
                if (mnq_rw_bypass(rw, i, e) != 0) return -1;
            } else if (mnq_rw_identity(rw, i, 1, 1, 0, e) != 0) {
                return -1;
            }
            changed = true;
        }
    }
    for (int i = 0; i < rw->n; i++)
        if (is_act(rw, i) && mnq_rw_at(rw, i)->act == MNQ_ACT_SIGMOID && check_sigmoid(rw, i, e) != 0) return -1;
    return 0;
}
