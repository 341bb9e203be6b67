/* SPDX-License-Identifier: Apache-2.0
 * Runs a layer that is not packed yet, with the runtime's own kernels. */
#include "pack/qrun.h"

#include "graph/fkernel/fkernel.h"
#include "kernels.h"

#include <stdlib.h>
#include <string.h>

static size_t round64(size_t n)
{
    return (n + 63) / 64 * 64;
}

/* Pixel p's activations as +-256, which the dense kernel reads as S16. */
static void binarize(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const void *x, size_t p, int16_t *t)
{
    const struct mnq_qtensor *in = &q->tensor[l->in0];
    size_t c = (size_t)in->shape.c;
    for (size_t i = 0; i < c; i++) t[i] = mnq_qtensor_at(in, x, p * c + i) >= l->threshold[i] ? 256 : -256;
}

struct mnq_qready {
    const struct mnq_qmodel *q;
    const struct mnq_qlayer *l;
    struct mnq_layer d;
    mnq_kernel *kernel;
    void *packed;
    unsigned char *scratch; /* [workers][scratch_bytes] */
    size_t scratch_bytes;
};

struct mnq_qready *mnq_qready_new(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const struct mnq_kernels *k,
                                  int workers, struct mnq_err *e)
{
    struct mnq_qready *r = calloc(1, sizeof *r);
    size_t packed;

    if (r == NULL) goto fail;
    r->q = q;
    r->l = l;
    r->d = mnq_qlayer_decode(q, l);
    if (l->wtype == MNQ_W_XNOR) {
        r->d.in16 = 1;
        r->d.in_flip = 0;
    }
    packed = round64(mnq_packed_bytes(k, &r->d));
    if (packed > 0) {
        r->packed = aligned_alloc(64, packed);
        if (r->packed == NULL) goto fail;
        k->packing->pack(&r->d, r->packed);
        r->d.packed = r->packed;
    }
    r->kernel = mnq_kernel_for(k, &r->d);
    r->scratch_bytes = round64(mnq_scratch_bytes(k, &r->d));
    if (r->scratch_bytes == 0) return r;
    r->scratch = aligned_alloc(64, r->scratch_bytes * (size_t)workers);
    if (r->scratch != NULL) return r;
fail:
    mnq_fail_nomem(e);
    mnq_qready_free(r);
    return NULL;
}

void mnq_qready_free(struct mnq_qready *r)
{
    if (r == NULL) return;
    free(r->packed);
    free(r->scratch);
    free(r);
}

static void run(const struct mnq_qready *r, const struct mnq_layer *d, int worker, void *out, const void *in0,
                const void *in1)
{
    struct mnq_band b = mnq_band_whole(d, out, in0, in1);
    if (r->scratch_bytes > 0) {
        b.scratch = r->scratch + (size_t)worker * r->scratch_bytes;
        b.scratch_bytes = r->scratch_bytes;
    }
    r->kernel(d, &b);
}

/* XNOR: 16 pixels at a time, so that outputs start where a tensor may. */
static void run_xnor(const struct mnq_qready *r, int worker, void *out, const void *x)
{
    enum { PIXELS = 16 };
    _Alignas(16) int16_t t[PIXELS * MNQ_XNOR_MAX];
    struct mnq_layer d = r->d;
    size_t c = (size_t)d.c, n = (size_t)d.h * (size_t)d.w, row = (size_t)d.oc << d.q.out16;
    d.w = d.ow = 1;
    for (size_t p = 0; p < n; p += PIXELS) {
        d.h = d.oh = (int32_t)(n - p < PIXELS ? n - p : PIXELS);
        for (size_t j = 0; j < (size_t)d.h; j++) binarize(r->q, r->l, x, p + j, t + j * c);
        run(r, &d, worker, (uint8_t *)out + p * row, t, NULL);
    }
}

void mnq_qready_run(const struct mnq_qready *r, int worker, void *out, const void *in0, const void *in1)
{
    if (r->l->wtype == MNQ_W_XNOR) run_xnor(r, worker, out, in0);
    else run(r, &r->d, worker, out, in0, in1);
}

/* Sums of pixels of one row, all channels of each: every `apart`-th one from column x0 on, before column x1. */
static void sum_columns(const struct mnq_qtensor *t, const uint8_t *row, int x0, int x1, int apart, int32_t *sum)
{
    const size_t c = (size_t)t->shape.c, bytes = t->dtype == MNQ_S16 ? 2 : 1;
    const struct mnq_fpixels p = {.n = x1 > x0 ? (x1 - x0 + apart - 1) / apart : 0,
                                  .c = t->shape.c,
                                  .stride = c * (size_t)apart,
                                  .wide = t->dtype == MNQ_S16,
                                  .flip = t->dtype == MNQ_U8 ? 0x80 : 0};
    memset(sum, 0, c * sizeof *sum);
    if (p.n > 0) mnq_fkernels_best()->sum_pixels(&p, row + (size_t)x0 * c * bytes, sum);
}

/* Outputs of one axis whose tap k lies inside: from *first on, before *end. */
static void inside(int in, int out, int stride, int pad, int k, int *first, int *end)
{
    *first = k >= pad ? 0 : (pad - k + stride - 1) / stride;
    *end = in - 1 - k + pad;
    *end = *end < 0 ? 0 : *end / stride + 1;
    if (*end > out) *end = out;
    if (*end < *first) *end = *first;
}

/* Sums over one row of the input of what the taps of one column of the window see. The sums of all pixels of a stride's
 * remainder are there already (all [sw][C_in]); only what lies outside is added up for each tap. */
static void row_sums(const struct mnq_qtensor *in, const struct mnq_qtensor *out, const struct mnq_qlayer *l,
                     const uint8_t *row, int kx, const int32_t *all, int32_t *sum, int32_t *part)
{
    int c = in->shape.c, first, end, shift = kx - l->pl;
    inside(in->shape.w, out->shape.w, l->sw, l->pl, kx, &first, &end);
    memset(sum, 0, (size_t)c * sizeof *sum);
    if (end == first) return;
    int from = first * l->sw + shift, to = (end - 1) * l->sw + shift, r = from % l->sw;
    const int32_t *whole = all + (size_t)r * (size_t)c;
    for (int k = 0; k < c; k++) sum[k] = whole[k];
    for (int side = 0; side < 2; side++) {
        int x0 = side == 0 ? r : to + l->sw, x1 = side == 0 ? from : in->shape.w;
        if (x0 >= x1) continue;
        sum_columns(in, row, x0, x1, l->sw, part);
        for (int k = 0; k < c; k++) sum[k] -= part[k];
    }
}

/* Whether an output's tap in row ky of the window lies in row y. */
static bool reads_row(const struct mnq_qtensor *in, const struct mnq_qtensor *out, const struct mnq_qlayer *l, int y, int ky)
{
    int first, end, at = y + l->pt - ky;
    inside(in->shape.h, out->shape.h, l->sh, l->pt, ky, &first, &end);
    return at >= 0 && at % l->sh == 0 && at / l->sh >= first && at / l->sh < end;
}

/* What every tap sees, row after row of the input: [kh * kw][C_in]. */
static void tap_sums(const struct mnq_qtensor *in, const struct mnq_qtensor *out, const struct mnq_qlayer *l, const void *x,
                     int64_t *s, int32_t *scratch)
{
    size_t c = (size_t)in->shape.c, row_bytes = (size_t)in->shape.w * c * (in->dtype == MNQ_S16 ? 2 : 1);
    int32_t *all = scratch, *sum = all + (size_t)l->sw * c, *part = sum + c;
    const uint8_t *row = x;
    for (int y = 0; y < in->shape.h; y++, row += row_bytes) {
        bool read = false;
        for (int ky = 0; ky < l->kh && !read; ky++) read = reads_row(in, out, l, y, ky);
        if (!read) continue;
        for (int r = 0; r < l->sw; r++) sum_columns(in, row, r, in->shape.w, l->sw, all + (size_t)r * c);
        for (int kx = 0; kx < l->kw; kx++) {
            row_sums(in, out, l, row, kx, all, sum, part);
            for (int ky = 0; ky < l->kh; ky++) {
                if (!reads_row(in, out, l, y, ky)) continue;
                int64_t *to = s + (size_t)(ky * l->kw + kx) * c;
                for (size_t k = 0; k < c; k++) to[k] += sum[k];
            }
        }
    }
    for (int t = 0; t < l->kh * l->kw; t++, s += c) { /* outputs whose tap lies outside see padding */
        int y0, y1, x0, x1;
        inside(in->shape.h, out->shape.h, l->sh, l->pt, t / l->kw, &y0, &y1);
        inside(in->shape.w, out->shape.w, l->sw, l->pl, t % l->kw, &x0, &x1);
        int64_t padded = (int64_t)out->shape.h * out->shape.w - (int64_t)(y1 - y0) * (x1 - x0);
        for (size_t k = 0; padded > 0 && k < c; k++) s[k] += padded * l->pad[k];
    }
}

/* The same for XNOR, which has one tap and no padding: sums of +-256. */
static void sign_sums(const struct mnq_qtensor *in, const struct mnq_qlayer *l, const void *x, int64_t *s)
{
    size_t c = (size_t)in->shape.c, n = (size_t)in->shape.h * (size_t)in->shape.w * c;
    for (size_t i = 0; i < n; i++) s[i % c] += mnq_qtensor_at(in, x, i) >= l->threshold[i % c] ? 256 : -256;
}

size_t mnq_qlayer_tap_scratch(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    return (size_t)q->tensor[l->in0].shape.c * (size_t)(l->sw + 2);
}

int64_t mnq_qlayer_tap_sums(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const void *in0, int64_t *sum,
                            int32_t *scratch)
{
    const struct mnq_qtensor *in = &q->tensor[l->in0], *out = &q->tensor[l->out];
    if (l->wtype == MNQ_W_XNOR) sign_sums(in, l, in0, sum);
    else tap_sums(in, out, l, in0, sum, scratch);
    return (int64_t)out->shape.h * out->shape.w;
}

void mnq_qlayer_acc_sums(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const int64_t *tap, int64_t pixels,
                         int64_t *sum)
{
    int cin = q->tensor[l->in0].shape.c, cout = q->tensor[l->out].shape.c, taps = l->kh * l->kw;
    for (int o = 0; o < cout; o++) {
        sum[o] = pixels * l->bias[o];
        for (int t = 0; t < taps; t++) {
            const int64_t *s = tap + (size_t)t * (size_t)cin;
            if (l->op == MNQ_L_DWCONV) {
                sum[o] += s[o / l->mult] * mnq_qlayer_weight(l, (size_t)t * (size_t)cout + (size_t)o);
                continue;
            }
            int each = cin / mnq_qlayer_groups(l), first = o / (cout / mnq_qlayer_groups(l)) * each;
            size_t row = ((size_t)o * (size_t)taps + (size_t)t) * (size_t)each;
            for (int c = 0; c < each; c++) sum[o] += s[first + c] * mnq_qlayer_weight(l, row + (size_t)c);
        }
    }
}
