/* SPDX-License-Identifier: Apache-2.0
 * Proves that the static memory plan never overwrites a value that is still needed. */
#include "check.h"

/* The loops below are quadratic, so nothing but links is decoded. */
static struct mnq_links links_of(const struct mnq_model *m, unsigned k)
{
    struct mnq_links l;

    mnq_links_read(m, k, &l);
    return l;
}

/* Whether tensor i shares bytes of the arena with t. */
static int overlap(const struct mnq_model *m, unsigned i, const struct mnq_tensor *t)
{
    struct mnq_tensor a;

    mnq_tensor_read(m, i, &a);
    return a.offset < (uint64_t)t->offset + t->size && t->offset < (uint64_t)a.offset + a.size;
}

int mnq_tensor_life(const struct mnq_model *m, unsigned i, unsigned *first, unsigned *last)
{
    unsigned k, writers = 0;

    *first = 0;
    *last = 0;
    for (k = 0; k < m->n_layers; k++) {
        const struct mnq_links l = links_of(m, k);
        if (l.in0 == i || l.in1 == i) {
            if (i != m->input && writers == 0) return 0; /* read before it is written */
            *last = k + 1;
        }
        if (l.out == i) {
            writers++;
            *first = k + 1;
        }
    }
    if (mnq_is_output(m, i)) *last = m->n_layers;
    return writers == (i == m->input ? 0u : 1u);
}

static int tensor_survives(const struct mnq_model *m, unsigned i)
{
    struct mnq_tensor t;
    unsigned first, last, k;

    if (!mnq_tensor_life(m, i, &first, &last)) return 0;
    mnq_tensor_read(m, i, &t);
    for (k = first; k < last; k++)
        if (overlap(m, links_of(m, k).out, &t)) return 0;
    return 1;
}

/* Outputs against inputs is proved by survival; input against input remains. */
static int inputs_apart(const struct mnq_model *m, unsigned k)
{
    const struct mnq_links l = links_of(m, k);
    struct mnq_tensor t;

    if (l.in1 == MNQ_NO_TENSOR) return 1;
    mnq_tensor_read(m, l.in0, &t);
    return !overlap(m, l.in1, &t);
}

enum mnq_status mnq_check_plan(struct mnq_model *m)
{
    unsigned i;

    for (i = 0; i < m->n_tensors; i++) {
        m->bad = i;
        if (!tensor_survives(m, i)) return MNQ_E_FORMAT;
    }
    for (i = 0; i < m->n_layers; i++) {
        m->bad = links_of(m, i).in1;
        if (!inputs_apart(m, i)) return MNQ_E_FORMAT;
    }
    return MNQ_OK;
}
