/* SPDX-License-Identifier: Apache-2.0
 * Kernels of the host: float layers, and the sums that calibration is made of. One source, compiled per instruction set, the
 * same bits from each.
 *
 * Every output element is a sum in one fixed order, starting at its bias, with separate multiplications and additions.
 * Vectors run over output channels, so their width changes no sum. */
#ifndef MNQ_FKERNEL_H
#define MNQ_FKERNEL_H

#include "graph/graph.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** a [pixels][k] times w [k][n]. */
struct mnq_fmat {
    int pixels, k, n;
};

/** A window over an H x W x C input, at every stride; padding is zero. */
struct mnq_fwindow {
    struct mnq_shape in, out; /* equal channel counts */
    int kh, kw, sh, sw, pt, pl;
};

/** Vectors that several others are subtracted from: y [rows][y_stride], x [k][x_stride], f [rows][f_stride]. */
struct mnq_faxpys {
    int rows, k, n;
    ptrdiff_t y_stride, x_stride, f_stride; /* in doubles; x_stride may be negative */
};

/** Pixels of c channels, `stride` values apart. */
struct mnq_fpixels {
    int n, c;
    size_t stride;
    bool wide;
    uint8_t flip;
};

/** Partial sums of a product of two float vectors. */
enum { MNQ_FLANES = 8 };

/** Channels and pixels that histograms take at a time. */
enum { MNQ_FTOGETHER = 16, MNQ_FSLICE = 256 };

struct mnq_fbins {
    float lo[MNQ_FTOGETHER], hi[MNQ_FTOGETHER], inv[MNQ_FTOGETHER];
};

enum { MNQ_FSTEPS = 8 };

/** Widths of quantization steps, and their inverses. */
struct mnq_fsteps {
    int n; /* a multiple of MNQ_FSTEPS */
    const double *step, *inv;
};

/** k outer products into a [rows][cols]. */
struct mnq_fouter {
    int rows, cols, k;
    size_t a_stride, u_stride, v_stride; /* elements from row to row */
    bool plus;
    bool lower; /* only j <= i + cols - rows is wanted; what lies above is undefined afterwards */
};

/** Variants for one instruction set. No kernel reads or writes outside of its tensors; out overlaps no input. */
struct mnq_fkernels {
    const char *name;
    /** w [k][n] to the layout of matmul; packed holds k * mnq_fpacked_width(n) floats. */
    void (*pack)(const struct mnq_fmat *m, const float *w, float *packed);
    /** out[p][j] = b[j] + a[p][0] w[0][j] + a[p][1] w[1][j] + ...; b may be NULL (zero). */
    void (*matmul)(const struct mnq_fmat *m, const float *a, const float *packed, const float *b, float *out);
    /** The same sums from unpacked weights, for few pixels. */
    void (*matvec)(const struct mnq_fmat *m, const float *a, const float *w, const float *b, float *out);
    /** Depthwise: out = b[c] + sum over ky, kx of in * w[ky][kx][c], taps outside of the input left out. */
    void (*dwconv)(const struct mnq_fwindow *d, const float *in, const float *w, const float *b, float *out);
    /** Mean over the window, a sum in ky, kx order divided by kh * kw; no padding. */
    void (*avgpool)(const struct mnq_fwindow *d, const float *in, float *out);
    /** In place, n values; RELU, RELU_MAX, HSWISH, HSIGMOID and HARD_SIGMOID_02. */
    void (*act)(enum mnq_act act, float max, float *x, size_t n);
    /** In place, n values; SWISH, TANH, MISH, ELU, SELU. False, and nothing done, for any other. */
    bool (*curve)(enum mnq_act act, float alpha, float *x, size_t n);
    void (*add)(const float *a, const float *b, float *out, size_t n);
    void (*mul)(const float *a, const float *b, float *out, size_t n);
    /** out[p][j] = a[p][j] * gate[j]. */
    void (*gate)(const float *a, const float *gate, float *out, int pixels, int n);
    /** out[p][j] = (a[p][j] - mean[j]) * scale[j] + offset[j]; mean may be NULL (zero). */
    void (*affine)(const float *a, const float *mean, const float *scale, const float *offset, float *out,
                   const struct mnq_fmat *m);
    /** a[i][j] -= (`plus`: +=) u[0][i] v[0][j], u[1][i] v[1][j] and so on, one after the other; a overlaps neither u nor v.
     */
    void (*outer)(const struct mnq_fouter *o, double *a, const double *u, const double *v);
    /** The same in single precision. */
    void (*outer_f)(const struct mnq_fouter *o, float *a, const float *u, const float *v);
    /** w[i] -= v[i] f, diagonal[i] -= v[i]^2 inv, price[i] = w[i]^2 / diagonal[i], or 0 where that is not positive. */
    void (*remove)(const float *v, float f, float inv, int n, float *w, float *diagonal, float *price);
    /** Where the least of n > 0 values lies, the first of equal ones. */
    int (*least)(const float *x, int n);
    /** sum[k] += a[0] b[k][0] + ... + a[len - 1] b[k][len - 1] for k < n, exact; |a|, |b| <= most; b [n][stride]. */
    void (*products)(const int16_t *a, const int16_t *b, size_t stride, int n, int len, int most, int64_t *sum);
    /** sum[k] += y . x[k] for k < n, of len values, a multiple of MNQ_FLANES that are summed side by side; x [n][stride]. */
    void (*dots)(const float *y, const float *x, size_t stride, int n, int len, double *sum);
    /** sum[c] += the values of p->n pixels: int16 if p->wide, else bytes with p->flip xored. */
    void (*sum_pixels)(const struct mnq_fpixels *p, const void *x, int32_t *sum);
    /** Of n pixels of MNQ_FTOGETHER channels: extremes (those so far and zero included; no NaN) and sums, in their order. */
    void (*extremes)(const float *x, size_t stride, int n, float *lo, float *hi, double *sum);
    /**
     * Where values lie: bin[c][i] = floor(v inv[c]), or INT16_MIN for zero, where v is x within lo[c] .. hi[c], or hi[c] if
     * it is not a number. Counts the zeros of each channel. |v inv[c]| < 2^15.
     * bin  [MNQ_FTOGETHER][MNQ_FSLICE]
     */
    void (*bins)(const float *x, size_t stride, int n, const struct mnq_fbins *b, int16_t (*bin)[MNQ_FSLICE],
                 int32_t *zeros);
    /** y[i] -= f x[i]; x and y do not overlap. */
    void (*axpy)(double *y, const double *x, double f, int n);
    /** y[r][i] -= f[r][0] x[0][i], then f[r][1] x[1][i] and so on to k - 1, for i < n; y overlaps neither x nor f. */
    void (*axpys)(const struct mnq_faxpys *d, double *y, const double *x, const double *f);
    /**
     * error[s] = sum over k of (importance[k] d) d, d = w[k] - step[s] q, q the integer of at most qmax in magnitude that is
     * nearest to w[k] inv[s], halves away from zero. |w[k] inv[s]| < 2^30; `steps` is a multiple of MNQ_FSTEPS.
     */
    void (*round_noise)(const double *w, const double *importance, int n, int qmax, const struct mnq_fsteps *s,
                        double *error);
};

/** Columns of packed weights per row of w, a multiple of every vector width. */
size_t mnq_fpacked_width(int n);

extern const struct mnq_fkernels mnq_fkernels_c, mnq_fkernels_avx2, mnq_fkernels_avx512;

/** Variant i that this host can run, slowest first; NULL behind the last. */
const struct mnq_fkernels *mnq_fkernels_at(int i);

/** The fastest of them, or the one that was chosen. */
const struct mnq_fkernels *mnq_fkernels_best(void);

/**
 * Chooses the variant that goes with the runtime's table `name`: "generic", or what begins with a variant's name. NULL and
 * names that no variant goes with: the fastest. Call it before other threads run.
 */
void mnq_fkernels_choose(const char *name);

#ifdef __cplusplus
}
#endif
#endif
