/* SPDX-License-Identifier: Apache-2.0
 * Activations as the runtime's tables: 257 knots, straight lines between them. */
#include "quantize/act_table.h"

#include "graph/activation.h"

#include <math.h>

enum { LEAST_BITS = -14, MOST_BITS = 14 };
/* Behind this a sigmoid or tangent is constant to 16 bits. */
static const double SATURATED = 12;

bool mnq_act_by_table(const struct mnq_node *nd)
{
    switch (nd->act) {
    case MNQ_ACT_NONE:
    case MNQ_ACT_HSWISH:
    case MNQ_ACT_HSIGMOID:
        return false;
    default:
        return !mnq_act_is_linear(nd);
    }
}

static bool saturates(enum mnq_act act)
{
    return act == MNQ_ACT_SIGMOID || act == MNQ_ACT_TANH || act == MNQ_ACT_HARD_SIGMOID_02;
}

/* Fraction bits, at most `most`, with which `top` still fits 16 bits. */
static int bits_for(double top, int most)
{
    int bits = most;
    while (bits > LEAST_BITS && ldexp(top, bits) > 32767) bits--;
    return bits;
}

void mnq_act_table_make(const struct mnq_node *nd, double pre_max, struct mnq_act_table *t)
{
    double range = 1.25 * pre_max, top = 0;
    if (saturates(nd->act)) range = fmin(range, SATURATED);
    t->in_bits = bits_for(range, MOST_BITS);
    for (int i = 0; i < MNQ_TABLE_KNOTS; i++)
        top = fmax(top, fabs(mnq_act_value(nd, 0, ldexp(256.0 * (i - 128), -t->in_bits))));
    t->out_bits = bits_for(top, 24);
    for (int i = 0; i < MNQ_TABLE_KNOTS; i++) {
        double v = mnq_act_value(nd, 0, ldexp(256.0 * (i - 128), -t->in_bits));
        t->knot[i] = (int16_t)fmin(fmax(round(ldexp(v, t->out_bits)), -32768), 32767);
    }
}
