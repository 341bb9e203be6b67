/* SPDX-License-Identifier: Apache-2.0
 * How much a model asks for: operations of a run, and bytes that the loader has to look at to prove it.
 *
 * Both follow from the records. 64 bits hold one layer: a tensor has fewer than 2^32 values, what meets in one of them is
 * below 2^32, as sizes of arrays and windows are. */
#include "check.h"

/* Operations that one value of the output takes, but for its requantization. */
static uint64_t terms_of(const struct mnq_record *rec, const struct mnq_tensor *in)
{
    const uint32_t window = (uint32_t)rec->kh * rec->kw;

    switch (rec->op) {
    case MNQ_L_PW:
        return (uint64_t)in->c * (rec->wtype == MNQ_W_BINARY ? rec->mult : 1u);
    case MNQ_L_DWCONV:
    case MNQ_L_AVGPOOL:
    case MNQ_L_MAXPOOL:
        return window;
    case MNQ_L_UPSAMPLE:
        return rec->mult != 0 ? 4 : 1;
    case MNQ_L_SOFTMAX:
        return 16; /* an exponential and a division */
    default:
        return 1;
    }
}

/* Of layer i. */
static uint64_t operations_of(const struct mnq_model *m, unsigned i)
{
    struct mnq_record rec;
    struct mnq_tensor in, out;
    uint64_t pixels, values;

    mnq_record_read(m, i, &rec);
    mnq_tensor_read(m, rec.in0, &in);
    mnq_tensor_read(m, rec.out, &out);
    pixels = (uint32_t)out.h * out.w;
    values = pixels * out.c;
    /* Groups make it a division; the weights have it done. */
    if (rec.op == MNQ_L_CONV) return values + pixels * (rec.weights_size >> (rec.wtype == MNQ_W_S16));
    return values + values * terms_of(&rec, &in);
}

uint64_t mnq_operations(const struct mnq_model *m)
{
    uint64_t all = 0;
    unsigned i;

    for (i = 0; i < m->n_layers; i++) {
        const uint64_t n = operations_of(m, i);
        all = n > UINT64_MAX - all ? UINT64_MAX : all + n;
    }
    return all;
}

uint64_t mnq_proof_bytes(const struct mnq_model *m, unsigned i)
{
    struct mnq_record rec;
    struct mnq_tensor in, out;

    mnq_record_read(m, i, &rec);
    mnq_tensor_read(m, rec.in0, &in);
    mnq_tensor_read(m, rec.out, &out);
    return (uint64_t)rec.weights_size + in.c + out.c * (uint64_t)16;
}
