/* SPDX-License-Identifier: Apache-2.0
 * Checks that a layer's arrays have their sizes and lie inside DATA. */
#include "check.h"

/* Whether an array of `size` bytes lies in DATA at `offset`, or is absent if not wanted. */
static int array_valid(const struct mnq_model *m, unsigned wanted, uint32_t offset, uint64_t size)
{
    if (!wanted) return offset == MNQ_NO_ARRAY;
    return offset % MNQ_ALIGN == 0 && offset + size <= m->data_size;
}

static uint64_t weight_count(const struct mnq_record *rec, const struct mnq_tensor *in, const struct mnq_tensor *out)
{
    const uint32_t window = (uint32_t)rec->kh * rec->kw;

    switch (rec->op) {
    case MNQ_L_CONV:
        return (uint64_t)(window * in->c) * out->c;
    case MNQ_L_DWCONV:
        return (uint64_t)window * out->c;
    case MNQ_L_PW:
        return (uint64_t)in->c * out->c;
    case MNQ_L_ADD:
        return (uint64_t)out->c * 2;
    default:
        return 0;
    }
}

enum mnq_status mnq_check_arrays(const struct mnq_model *m, unsigned i)
{
    struct mnq_record rec;
    struct mnq_tensor in, out;
    uint64_t weight_bytes, channels;
    unsigned rules, weights, second;

    mnq_record_read(m, i, &rec);
    mnq_tensor_read(m, rec.in0, &in);
    mnq_tensor_read(m, rec.out, &out);
    rules = mnq_rules_of(rec.op);
    weights = (rules & (MNQ_R_WEIGHTS_S8 | MNQ_R_WEIGHTS_S16)) != 0;
    second = rec.act != MNQ_A_CLAMP;
    weight_bytes = weight_count(&rec, &in, &out) << (rec.wtype == MNQ_W_S16);
    channels = rules & MNQ_R_PER_CHANNEL ? out.c : 1;

    if (rec.wtype > MNQ_W_S16 || weights != (rec.wtype != MNQ_W_NONE)) return MNQ_E_FORMAT;
    if (rec.wtype == MNQ_W_S8 && !(rules & MNQ_R_WEIGHTS_S8)) return MNQ_E_FORMAT;
    if (rec.weights_size != weight_bytes || !array_valid(m, weights, rec.weights, weight_bytes)) return MNQ_E_FORMAT;
    if (!array_valid(m, rules & MNQ_R_PER_CHANNEL, rec.bias, channels * 4)) return MNQ_E_FORMAT;
    if (!array_valid(m, 1, rec.m, channels * 4) || !array_valid(m, 1, rec.r, channels)) return MNQ_E_FORMAT;
    if (!array_valid(m, second, rec.m2, channels * 4) || !array_valid(m, second, rec.r2, channels)) return MNQ_E_FORMAT;
    return array_valid(m, rules & MNQ_R_PADDING, rec.pad, in.c) ? MNQ_OK : MNQ_E_FORMAT;
}
