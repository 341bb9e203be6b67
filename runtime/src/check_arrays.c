/* SPDX-License-Identifier: Apache-2.0
 * Checks that a layer's arrays have their sizes and lie inside DATA. */
#include "check.h"

/* Whether an array of `size` bytes lies in DATA at `offset`, or is absent if not wanted. */
static int array_valid(const struct mnq_model *m, unsigned wanted, uint32_t offset, uint64_t size)
{
    if (!wanted) return offset == MNQ_NO_ARRAY;
    return offset % MNQ_ALIGN == 0 && offset + size <= m->data_size;
}

/* Input channels of a group. */
static uint32_t channels_of(uint32_t c, uint32_t groups)
{
    uint32_t n = 0;

    if (groups < 2) return c;
    for (; c >= groups; c -= groups) n++;
    return n;
}

static uint64_t weight_count(const struct mnq_record *rec, const struct mnq_tensor *in, const struct mnq_tensor *out)
{
    const uint32_t window = (uint32_t)rec->kh * rec->kw;

    switch (rec->op) {
    case MNQ_L_CONV:
        return (uint64_t)(window * channels_of(in->c, rec->mult)) * out->c;
    case MNQ_L_SELECT:
        return rec->wtype == MNQ_W_MAP ? out->c : 0;
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

/* The weights, of whatever type the operator allows, have their size and place. */
static int weights_valid(const struct mnq_model *m, const struct mnq_record *rec, const struct mnq_tensor *in,
                         const struct mnq_tensor *out)
{
    const unsigned rules = mnq_rules_of(rec->op), wanted = (rules & (MNQ_R_WEIGHTS_S8 | MNQ_R_WEIGHTS_S16)) != 0;
    uint64_t bytes = weight_count(rec, in, out) << (rec->wtype == MNQ_W_S16 || rec->wtype == MNQ_W_MAP);

    if ((rules & MNQ_R_SELECT) && rec->wtype == MNQ_W_MAP)
        return rec->weights_size == bytes && array_valid(m, 1, rec->weights, bytes);
    if (wanted != (rec->wtype != MNQ_W_NONE) || rec->wtype == MNQ_W_MAP || rec->wtype > MNQ_W_TERNARY) return 0;
    if (rec->wtype == MNQ_W_S8 && !(rules & MNQ_R_WEIGHTS_S8)) return 0;
    if (rec->wtype > MNQ_W_S16) {
        if (!(rules & MNQ_R_COMPRESSED)) return 0;
        bytes = mnq_compressed_bytes(m, rec, in->c, out->c);
    }
    return rec->weights_size == bytes && array_valid(m, wanted, rec->weights, bytes);
}

enum mnq_status mnq_check_arrays(const struct mnq_model *m, unsigned i)
{
    struct mnq_record rec;
    struct mnq_tensor in, out;
    uint64_t channels;
    unsigned rules, second;

    mnq_record_read(m, i, &rec);
    mnq_tensor_read(m, rec.in0, &in);
    mnq_tensor_read(m, rec.out, &out);
    rules = mnq_rules_of(rec.op);
    second = rec.act != MNQ_A_CLAMP;
    channels = rules & MNQ_R_PER_CHANNEL ? out.c : 1;

    if (!weights_valid(m, &rec, &in, &out)) return MNQ_E_FORMAT;
    if (!array_valid(m, rules & MNQ_R_PER_CHANNEL, rec.bias, channels * 4)) return MNQ_E_FORMAT;
    if (!array_valid(m, 1, rec.m, channels * 4) || !array_valid(m, 1, rec.r, channels)) return MNQ_E_FORMAT;
    if (!array_valid(m, second, rec.m2, channels * 4) || !array_valid(m, second, rec.r2, channels)) return MNQ_E_FORMAT;
    if (rec.act == MNQ_A_TABLE && !array_valid(m, 1, rec.table, 257 * 2)) return MNQ_E_FORMAT;
    return array_valid(m, rules & MNQ_R_PADDING, rec.pad, in.c) ? MNQ_OK : MNQ_E_FORMAT;
}
