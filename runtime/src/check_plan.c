/* SPDX-License-Identifier: Apache-2.0
 * Proves that the static memory plan never overwrites a value that is still needed. */
#include "check.h"

static int overlap(const struct mnq_tensor *a, const struct mnq_tensor *b)
{
    return (uint64_t)a->offset < (uint64_t)b->offset + b->size && (uint64_t)b->offset < (uint64_t)a->offset + a->size;
}

static int overlap_of(const struct mnq_model *m, unsigned i, unsigned k)
{
    struct mnq_tensor a, b;

    mnq_tensor_read(m, i, &a);
    mnq_tensor_read(m, k, &b);
    return overlap(&a, &b);
}

/* The layers between which tensor i lives: written after `first` layers, last read by layer `last` - 1. */
static int life(const struct mnq_model *m, unsigned i, unsigned *first, unsigned *last)
{
    struct mnq_record rec;
    unsigned k, writers = 0;

    *first = 0;
    *last = 0;
    for (k = 0; k < m->n_layers; k++) {
        mnq_record_read(m, k, &rec);
        if (rec.in0 == i || rec.in1 == i) {
            if (i != m->input && writers == 0) return 0; /* read before it is written */
            *last = k + 1;
        }
        if (rec.out == i) {
            writers++;
            *first = k + 1;
        }
    }
    if (i == m->output) *last = m->n_layers;
    return writers == (i == m->input ? 0u : 1u);
}

static int tensor_survives(const struct mnq_model *m, unsigned i)
{
    struct mnq_record rec;
    unsigned first, last, k;

    if (!life(m, i, &first, &last)) return 0;
    for (k = first; k < last; k++) {
        mnq_record_read(m, k, &rec);
        if (overlap_of(m, i, rec.out)) return 0;
    }
    return 1;
}

enum mnq_status mnq_check_plan(struct mnq_model *m)
{
    struct mnq_record rec;
    unsigned i;

    for (i = 0; i < m->n_tensors; i++) {
        m->bad = i;
        if (!tensor_survives(m, i)) return MNQ_E_FORMAT;
    }
    for (i = 0; i < m->n_layers; i++) { /* outputs against inputs was proved above; input against input remains */
        mnq_record_read(m, i, &rec);
        m->bad = rec.in1;
        if (rec.in1 != MNQ_NO_TENSOR && overlap_of(m, rec.in0, rec.in1)) return MNQ_E_FORMAT;
    }
    return MNQ_OK;
}
