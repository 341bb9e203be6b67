/* SPDX-License-Identifier: Apache-2.0
 * Checks tensor and layer records against FORMAT.md. */
#include "check.h"

#include "bytes.h"

static int tensor_valid(const struct mnq_model *m, unsigned i)
{
    const uint8_t *p = m->tens + (size_t)i * MNQ_TENSOR_BYTES;
    struct mnq_tensor t;

    mnq_tensor_read(m, i, &t);
    if (t.h == 0 || t.w == 0 || t.c == 0 || t.dtype > MNQ_S16) return 0;
    if (p[7] != 0 || mnq_read_u32(p + 28) != 0) return 0;
    if (t.dtype == MNQ_S16 ? t.zero_point != 0 : t.zero_point < -128 || t.zero_point > 127) return 0;
    if (t.dtype == MNQ_U8 && i != m->input) return 0;
    return t.offset % MNQ_ALIGN == 0 && t.offset + mnq_tensor_bytes(&t) <= m->arena_size;
}

enum mnq_status mnq_check_tensors(struct mnq_model *m)
{
    unsigned i;

    for (i = 0; i < m->n_tensors; i++) {
        m->bad = i;
        if (!tensor_valid(m, i)) return MNQ_E_FORMAT;
    }
    return MNQ_OK;
}

/* ---- fields ---- */

static int input_type_valid(unsigned rules, uint8_t dtype)
{
    if (dtype == MNQ_S16) return 1;
    return !(rules & MNQ_R_ONLY_S16) && (dtype == MNQ_S8 || (rules & MNQ_R_INPUT_U8));
}

static int divides(unsigned n, unsigned c)
{
    while (c >= n) c -= n;
    return c == 0;
}

/* The field at 18: depth multiplier, groups, mode, block length, number of bases, or 0; and what weight types want. */
static int mult_valid(unsigned rules, const struct mnq_record *rec, const struct mnq_tensor *in,
                      const struct mnq_tensor *out)
{
    const unsigned n = rec->mult, compressed = rules & MNQ_R_COMPRESSED;

    if (rules & MNQ_R_MULTIPLIER) return n != 0;
    if (rec->op == MNQ_L_CONV) return n != 1 && (n == 0 || (divides(n, in->c) && divides(n, out->c)));
    if (rec->op == MNQ_L_UPSAMPLE) return n == 0 || (n == 1 && rec->kh <= 64 && rec->kw <= 64);
    if (compressed && (rec->wtype == MNQ_W_SPARSE || rec->wtype == MNQ_W_SPARSE4))
        return n >= 1 && n <= 16 && (n & (n - 1)) == 0 && (in->c & (n - 1)) == 0;
    if (compressed && rec->wtype == MNQ_W_BINARY) return n >= 1 && n <= 4;
    if (compressed && rec->wtype == MNQ_W_XNOR && in->c > MNQ_XNOR_MAX) return 0;
    return n == 0;
}

static int padded(const struct mnq_record *rec)
{
    return (rec->pt | rec->pl | rec->pb | rec->pr) != 0;
}

static int fields_valid(unsigned rules, const struct mnq_record *rec, const struct mnq_tensor *in,
                        const struct mnq_tensor *out)
{
    const int32_t least = out->dtype == MNQ_S16 ? -32768 : -128, most = out->dtype == MNQ_S16 ? 32767 : 127;

    if (!input_type_valid(rules, in->dtype) || out->dtype == MNQ_U8) return 0;
    if ((rules & MNQ_R_ONLY_S16) && out->dtype != MNQ_S16) return 0;
    if (rec->lo > rec->hi || rec->lo < least || rec->hi > most) return 0;
    if (rec->act > MNQ_A_TABLE || rec->frac > 12) return 0;
    if (rec->act != MNQ_A_HSWISH && rec->act != MNQ_A_HSIGMOID && rec->frac != 0) return 0;
    if (rec->act != MNQ_A_CLAMP && !(rules & MNQ_R_PER_CHANNEL)) return 0;

    if (rec->sh == 0 || rec->sw == 0) return 0;
    if (!(rules & (MNQ_R_WINDOW | MNQ_R_BLOCKS)) && (rec->kh != 1 || rec->kw != 1)) return 0;
    if (!(rules & MNQ_R_WINDOW) && (rec->sh != 1 || rec->sw != 1)) return 0;
    /* which also refuses a kernel of no rows or columns */
    if (rec->pt >= rec->kh || rec->pb >= rec->kh || rec->pl >= rec->kw || rec->pr >= rec->kw) return 0;
    if (!(rules & (MNQ_R_PADDING | MNQ_R_MARGIN)) && padded(rec)) return 0;
    if (rec->op == MNQ_L_AVGPOOL && padded(rec) && (rec->kh > 7 || rec->kw > 7)) return 0;
    return mult_valid(rules, rec, in, out) && (rec->act == MNQ_A_TABLE || rec->table == 0);
}

/* A window that can move by `way` in steps of `stride` has n places, n >= 1: n - 1 = floor(way / stride). */
static int places_valid(int32_t way, int32_t stride, int32_t n)
{
    return (n - 1) * stride <= way && way < n * stride;
}

/* UPSAMPLE: exactly the input's pixels repeated; SPREAD: blocks that may be cut at the end. */
static int blocks_valid(const struct mnq_record *rec, const struct mnq_tensor *in, const struct mnq_tensor *out)
{
    const uint32_t h = (uint32_t)in->h * rec->kh, w = (uint32_t)in->w * rec->kw;

    if (rec->op == MNQ_L_UPSAMPLE) return out->h == h && out->w == w && out->c == in->c;
    return out->h <= h && out->w <= w && in->c == (uint32_t)out->c * rec->kh * rec->kw;
}

static int shape_valid(const struct mnq_record *rec, const struct mnq_tensor *in, const struct mnq_tensor *out)
{
    if (mnq_rules_of(rec->op) & MNQ_R_BLOCKS) return blocks_valid(rec, in, out);
    if (!places_valid(in->h + rec->pt + rec->pb - rec->kh, rec->sh, out->h)) return 0;
    if (!places_valid(in->w + rec->pl + rec->pr - rec->kw, rec->sw, out->w)) return 0;
    switch (rec->op) {
    case MNQ_L_CONV:
    case MNQ_L_PW:
        return 1;
    case MNQ_L_DWCONV:
        return out->c == (uint32_t)in->c * rec->mult;
    case MNQ_L_SOFTMAX:
        return out->c == in->c && in->c <= 16384;
    case MNQ_L_SELECT: /* its channels are checked with its values */
        return 1;
    default:
        return out->c == in->c;
    }
}

static int second_input_valid(const struct mnq_record *rec, const struct mnq_tensor *in, const struct mnq_tensor *in1)
{
    const int like = in1->h == in->h && in1->w == in->w;

    if (in1->dtype == MNQ_U8) return 0;
    if (rec->op == MNQ_L_SELECT) return like;
    return (in1->c == in->c || in1->c == 1) && (like || (in1->h == 1 && in1->w == 1));
}

/* ---- layer ---- */

static enum mnq_status layer_check(const struct mnq_model *m, unsigned i)
{
    struct mnq_record rec;
    struct mnq_tensor in, t;
    unsigned rules, two;

    mnq_record_read(m, i, &rec);
    if (rec.op < MNQ_L_CONV || rec.op > MNQ_L_SPREAD) return MNQ_E_FORMAT;
    rules = mnq_rules_of(rec.op);
    if (rec.in0 >= m->n_tensors || rec.out >= m->n_tensors) return MNQ_E_FORMAT;
    two = (rules & MNQ_R_TWO_INPUTS) || ((rules & MNQ_R_SELECT) && rec.in1 != MNQ_NO_TENSOR);
    if (two ? rec.in1 >= m->n_tensors : rec.in1 != MNQ_NO_TENSOR) return MNQ_E_FORMAT;

    mnq_tensor_read(m, rec.in0, &in);
    if (two) {
        mnq_tensor_read(m, rec.in1, &t);
        if (!second_input_valid(&rec, &in, &t)) return MNQ_E_FORMAT;
    }
    mnq_tensor_read(m, rec.out, &t);
    if (!fields_valid(rules, &rec, &in, &t) || !shape_valid(&rec, &in, &t)) return MNQ_E_FORMAT;
    return MNQ_OK;
}

enum mnq_status mnq_check_layers(struct mnq_model *m)
{
    uint64_t left = (uint64_t)m->data_size * MNQ_SHARED_TIMES + MNQ_SHARED_FREE;
    unsigned i;

    for (i = 0; i < m->n_layers; i++) {
        enum mnq_status s;
        uint64_t n;
        m->bad = i;
        s = layer_check(m, i);
        if (s != MNQ_OK) return s;
        n = mnq_proof_bytes(m, i); /* before they are looked at */
        if (n > left) return MNQ_E_FORMAT;
        left -= n;
        s = mnq_check_arrays(m, i);
        if (s == MNQ_OK) s = mnq_check_values(m, i);
        if (s != MNQ_OK) return s;
    }
    return MNQ_OK;
}
