/* SPDX-License-Identifier: Apache-2.0
 * Activations, taken apart for the other passes and fused again at the end. */
#include "passes/pass.h"

static bool is_act(const struct mnq_rw *rw, int i)
{
    return !rw->node[i].dead && rw->node[i].nd.op == MNQ_OP_ACT;
}

static void copy_act(struct mnq_node *to, const struct mnq_node *from)
{
    to->act = from->act;
    to->act_max = from->act_max;
    to->act_alpha = from->act_alpha;
    to->act_threshold = from->act_threshold;
    to->slope = from->slope;
}

int mnq_split_act(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0, n = rw->n; i < n; i++) {
        struct mnq_node *nd = mnq_rw_at(rw, i);
        struct mnq_node own = *nd;
        enum mnq_act act = nd->act;
        if (rw->node[i].dead || (act == MNQ_ACT_NONE) != (nd->op == MNQ_OP_ACT)) continue;
        if (nd->op == MNQ_OP_ACT) {
            if (mnq_rw_bypass(rw, i, e) != 0) return -1;
            continue;
        }
        int made = mnq_rw_make_behind(rw, MNQ_OP_ACT, "act", i, e);
        if (made < 0) return -1;
        copy_act(mnq_rw_at(rw, made), &own);
        mnq_rw_at(rw, i)->act = MNQ_ACT_NONE;
    }
    return 0;
}

static bool can_carry(const struct mnq_node *nd)
{
    return nd->op != MNQ_OP_INPUT && nd->op != MNQ_OP_AFFINE && nd->op != MNQ_OP_SOFTMAX && nd->op != MNQ_OP_ACT;
}

/* Puts `act` behind an activation that is there already, if both together are one; false if they are not. */
static bool compose(struct mnq_node *nd, const struct mnq_node *act)
{
    bool limited = nd->act == MNQ_ACT_RELU_MAX, unit = nd->act == MNQ_ACT_HSIGMOID;
    if (nd->act == MNQ_ACT_NONE) {
        copy_act(nd, act);
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

/* A sigmoid that gives the result stays a node: it is computed from 16 bits. */
static bool is_final(const struct mnq_rw *rw, int i)
{
    return mnq_rw_at(rw, i)->act == MNQ_ACT_SIGMOID && mnq_rw_is_end(rw, i);
}

int mnq_fuse_act(struct mnq_rw *rw, struct mnq_err *e)
{
    for (bool changed = true; changed;) { /* made nodes stand behind their readers, so once is not always enough */
        changed = false;
        for (int i = 0; i < rw->n; i++) {
            if (!is_act(rw, i)) continue;
            int p = mnq_rw_producer(rw, i);
            if (is_final(rw, i) || is_act(rw, p)) continue;
            bool alone = mnq_rw_only_reader(rw, p) == i && can_carry(mnq_rw_at(rw, p));
            if (alone && compose(mnq_rw_at(rw, p), mnq_rw_at(rw, i))) {
                if (mnq_rw_merge(rw, i, e) != 0) return -1;
            } else if (mnq_rw_identity(rw, i, 1, 1, 0, e) != 0) {
                return -1;
            }
            changed = true;
        }
    }
    return 0;
}
