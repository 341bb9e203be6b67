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

/* to[c] += the values of a run of pixels of C channels, all inside the tensor. */
static void add_pixels(const struct mnq_qtensor *t, const void *x, size_t at, int pixels, int64_t *to, int32_t *part)
{
    enum { RUN = 32768 }; /* of 16-bit values that 32 bits hold */
    int c = t->shape.c;
    uint8_t flip = t->dtype == MNQ_U8 ? 0x80 : 0;
    size_t wide = t->dtype == MNQ_S16 ? 2 : 1;
    for (int done = 0; done < pixels; done += RUN) {
        int run = pixels - done < RUN ? pixels - done : RUN;
        memset(part, 0, (size_t)c * sizeof *part);
        mnq_fkernels_best()->sum_pixels((const uint8_t *)x + at * wide, t->dtype == MNQ_S16, flip, run, c, part);
        at += (size_t)run * (size_t)c;
        for (int k = 0; k < c; k++) to[k] += part[k];
    }
}

/* The same for every stride-th pixel of a row. */
static void add_strided(const struct mnq_qtensor *t, const void *x, size_t at, int pixels, int stride, int64_t *to,
                        int32_t *part)
{
    if (stride == 1) {
        add_pixels(t, x, at, pixels, to, part);
        return;
    }
    for (int p = 0; p < pixels; p++) add_pixels(t, x, at + (size_t)p * (size_t)stride * (size_t)t->shape.c, 1, to, part);
}

/* Adds what tap (ky, kx) sees over the output's pixels, for every input channel. */
static void tap_sums(const struct mnq_qtensor *in, const struct mnq_qtensor *out, const struct mnq_qlayer *l, const void *x,
                     int ky, int kx, int64_t *s, int32_t *part)
{
    int cin = in->shape.c, padded = 0;
    int first = kx >= l->pl ? 0 : (l->pl - kx + l->sw - 1) / l->sw; /* columns of the output whose tap is inside */
    int end = in->shape.w - 1 - kx + l->pl;                         /* from first on, before end */
    end = end < 0 ? 0 : end / l->sw + 1;
    if (end > out->shape.w) end = out->shape.w;
    if (end < first) end = first;
    for (int oy = 0; oy < out->shape.h; oy++) {
        int y = oy * l->sh + ky - l->pt;
        if (y < 0 || y >= in->shape.h) {
            padded += out->shape.w;
            continue;
        }
        size_t pixel = (size_t)y * (size_t)in->shape.w + (size_t)(first * l->sw + kx - l->pl);
        if (end > first) add_strided(in, x, pixel * (size_t)cin, end - first, l->sw, s, part);
        padded += out->shape.w - (end - first);
    }
    for (int c = 0; padded > 0 && c < cin; c++) s[c] += (int64_t)padded * l->pad[c];
}

/* The same for XNOR, which has one tap and no padding: sums of +-256. */
static void sign_sums(const struct mnq_qtensor *in, const struct mnq_qlayer *l, const void *x, int64_t *s)
{
    size_t c = (size_t)in->shape.c, n = (size_t)in->shape.h * (size_t)in->shape.w * c;
    for (size_t i = 0; i < n; i++) s[i % c] += mnq_qtensor_at(in, x, i) >= l->threshold[i % c] ? 256 : -256;
}

int64_t mnq_qlayer_tap_sums(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const void *in0, int64_t *sum,
                            int32_t *scratch)
{
    const struct mnq_qtensor *in = &q->tensor[l->in0], *out = &q->tensor[l->out];
    for (int t = 0; t < l->kh * l->kw; t++, sum += in->shape.c) {
        if (l->wtype == MNQ_W_XNOR) sign_sums(in, l, in0, sum);
        else tap_sums(in, out, l, in0, t / l->kw, t % l->kw, sum, scratch);
    }
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
