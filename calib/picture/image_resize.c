/* SPDX-License-Identifier: Apache-2.0
 * Resizing: bit-exact with Pillow's BILINEAR, BICUBIC and NEAREST, or as TensorFlow's plain bilinear.
 *
 * Pillow resamples one axis at a time, columns first, with 8 bits in between. Output pixel o is centred at
 * (o + 1/2) * scale of the input; a triangle of half width max(scale, 1) around it, or Keys' cubic with a = -1/2 of twice
 * that width, weighs the input pixels, normalized in double and rounded to 22 fraction bits (8-bit samples, two guard bits
 * in an int). Shrinking thus averages. NEAREST takes the pixel under each centre. TensorFlow (half_pixel_centers,
 * antialias=False) takes the two neighbours of each axis in single precision. */
#include "image_resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION = 32 - 8 - 2 };

/* Pixels first .. first+n-1 of an axis of `in` pixels resized to `out`. */
struct axis {
    int in, out, first, n;
};

/* ---- Pillow ---- */

/* Weights of the inputs lo[o] .. lo[o]+taps[o]-1 of output o at w + o * width. */
struct filter {
    int width;
    int *lo, *taps, *w;
};

static void filter_free(struct filter *f)
{
    free(f->lo);
    free(f->taps);
    free(f->w);
}

/* Weight of an input pixel at distance x >= 0, in units of the stretched filter; 0 from its end on. */
static double triangle(double x)
{
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double cubic(double x)
{
    static const double a = -0.5;
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static int filter_new(struct filter *f, const struct axis *a, bool bicubic)
{
    double scale = (double)a->in / a->out, stretch = scale < 1.0 ? 1.0 : scale, step = 1.0 / stretch;
    double support = bicubic ? 2.0 * stretch : stretch;
    size_t n = (size_t)a->n;
    f->width = (int)ceil(support) * 2 + 1;
    f->lo = malloc(n * sizeof *f->lo);
    f->taps = malloc(n * sizeof *f->taps);
    f->w = calloc(n * (size_t)f->width, sizeof *f->w);
    double *tap = malloc((size_t)f->width * sizeof *tap);
    if (f->lo == NULL || f->taps == NULL || f->w == NULL || tap == NULL) {
        free(tap);
        return -1;
    }
    for (int o = 0; o < a->n; o++) {
        double centre = (o + a->first + 0.5) * scale, sum = 0.0;
        int lo = (int)(centre - support + 0.5), hi = (int)(centre + support + 0.5);
        if (lo < 0) lo = 0;
        if (hi > a->in) hi = a->in;
        for (int i = lo; i < hi; i++) {
            double x = fabs((i - centre + 0.5) * step);
            tap[i - lo] = bicubic ? cubic(x) : triangle(x);
            sum += tap[i - lo];
        }
        f->lo[o] = lo;
        f->taps[o] = hi - lo;
        for (int t = 0; t < hi - lo; t++) {
            double w = (sum != 0.0 ? tap[t] / sum : tap[t]) * (1 << PRECISION);
            f->w[(size_t)o * (size_t)f->width + (size_t)t] = (int)(w < 0 ? w - 0.5 : w + 0.5);
        }
    }
    free(tap);
    return 0;
}

/* The rounded weights of many taps may sum to slightly more than one; a cubic overshoots. */
static uint8_t finish(int acc)
{
    acc >>= PRECISION;
    return (uint8_t)(acc > 255 ? 255 : acc < 0 ? 0 : acc);
}

/* Three channels side by side: a weight is read once for all of them. */
static void columns_rgb(const uint8_t *in, int rows, int in_w, const struct filter *f, int n, uint8_t *out)
{
    for (int y = 0; y < rows; y++, in += (size_t)in_w * 3) {
        const int *w = f->w;
        for (int o = 0; o < n; o++, w += f->width, out += 3) {
            const uint8_t *p = in + (size_t)f->lo[o] * 3, *end = p + (size_t)f->taps[o] * 3;
            int r = 1 << (PRECISION - 1), g = r, b = r;
            for (const int *v = w; p < end; p += 3, v++) {
                r += p[0] * *v;
                g += p[1] * *v;
                b += p[2] * *v;
            }
            out[0] = finish(r);
            out[1] = finish(g);
            out[2] = finish(b);
        }
    }
}

static void columns(const uint8_t *in, int rows, int in_w, int c, const struct filter *f, int n, uint8_t *out)
{
    for (int y = 0; y < rows; y++, in += (size_t)in_w * (size_t)c) {
        for (int o = 0; o < n; o++) {
            const int *w = f->w + (size_t)o * (size_t)f->width;
            const int taps = f->taps[o];
            for (int k = 0; k < c; k++) {
                const uint8_t *p = in + (size_t)f->lo[o] * (size_t)c + k;
                int acc = 1 << (PRECISION - 1);
                for (int t = 0; t < taps; t++) acc += p[(size_t)t * (size_t)c] * w[t];
                *out++ = finish(acc);
            }
        }
    }
}

/* Row `first` of the picture is row 0 of `in`. */
static void rows(const uint8_t *in, int first, size_t stride, const struct filter *f, int n, int *acc, uint8_t *out)
{
    for (int o = 0; o < n; o++, out += stride) {
        const int *w = f->w + (size_t)o * (size_t)f->width;
        const uint8_t *p = in + (size_t)(f->lo[o] - first) * stride;
        for (size_t i = 0; i < stride; i++) acc[i] = 1 << (PRECISION - 1);
        for (int t = 0; t < f->taps[o]; t++, p += stride)
            for (size_t i = 0; i < stride; i++) acc[i] += p[i] * w[t];
        for (size_t i = 0; i < stride; i++) out[i] = finish(acc[i]);
    }
}

static int fit_pil(const struct mnq_image *im, const struct axis *ax, const struct axis *ay, bool bicubic, uint8_t *out,
                   struct mnq_err *e)
{
    struct filter fx = {0}, fy = {0};
    uint8_t *mid = NULL;
    int *acc = NULL;
    size_t c = (size_t)im->c, stride = (size_t)ax->n * c;
    int rc = -1;
    if (filter_new(&fx, ax, bicubic) != 0 || filter_new(&fy, ay, bicubic) != 0) goto done;
    /* Only rows that the second pass reads. An axis of unchanged length has weights 0, 1, 0: copying is the same. */
    int first = fy.lo[0], end = fy.lo[ay->n - 1] + fy.taps[ay->n - 1];
    mid = malloc((size_t)(end - first) * stride);
    acc = malloc(stride * sizeof *acc);
    if (mid == NULL || acc == NULL) goto done;
    const uint8_t *from = im->data + (size_t)first * (size_t)im->w * c;
    if (c == 3) columns_rgb(from, end - first, im->w, &fx, ax->n, mid);
    else columns(from, end - first, im->w, im->c, &fx, ax->n, mid);
    rows(mid, first, stride, &fy, ay->n, acc, out);
    rc = 0;
done:
    filter_free(&fx);
    filter_free(&fy);
    free(mid);
    free(acc);
    return rc == 0 ? 0 : mnq_fail_nomem(e);
}

/* Input pixel of output pixel o, its centre found by adding up as Pillow does. */
static void nearest_at(const struct axis *a, int *at)
{
    double step = (double)a->in / a->out, x = step * 0.5;
    for (int o = 0; o < a->first + a->n; o++, x += step)
        if (o >= a->first) at[o - a->first] = (int)x < a->in ? (int)x : a->in - 1;
}

static int fit_nearest(const struct mnq_image *im, const struct axis *ax, const struct axis *ay, uint8_t *out,
                       struct mnq_err *e)
{
    size_t c = (size_t)im->c;
    int *x = malloc(((size_t)ax->n + (size_t)ay->n) * sizeof *x), *y = x == NULL ? NULL : x + ax->n;
    if (x == NULL) return mnq_fail_nomem(e);
    nearest_at(ax, x);
    nearest_at(ay, y);
    for (int i = 0; i < ay->n; i++)
        for (int k = 0; k < ax->n; k++, out += c)
            memcpy(out, im->data + ((size_t)y[i] * (size_t)im->w + (size_t)x[k]) * c, c);
    free(x);
    return 0;
}

/* ---- TensorFlow ---- */

struct lerp {
    int lo, hi;
    float t;
};

static struct lerp lerp_at(const struct axis *a, int o)
{
    float scale = (float)a->in / (float)a->out;
    float x = ((float)(o + a->first) + 0.5f) * scale - 0.5f, floor_x = floorf(x);
    struct lerp l = {.lo = floor_x > 0.0f ? (int)floor_x : 0, .hi = (int)ceilf(x), .t = x - floor_x};
    if (l.hi > a->in - 1) l.hi = a->in - 1;
    if (l.lo > a->in - 1) l.lo = a->in - 1;
    return l;
}

static void fit_tf(const struct mnq_image *im, const struct axis *ax, const struct axis *ay, uint8_t *out)
{
    const size_t c = (size_t)im->c, stride = (size_t)im->w * c;
    for (int y = 0; y < ay->n; y++) {
        struct lerp ly = lerp_at(ay, y);
        const uint8_t *top = im->data + stride * (size_t)ly.lo, *bottom = im->data + stride * (size_t)ly.hi;
        for (int x = 0; x < ax->n; x++) {
            struct lerp lx = lerp_at(ax, x);
            size_t a = (size_t)lx.lo * c, b = (size_t)lx.hi * c;
            for (size_t k = 0; k < c; k++) {
                float tl = top[a + k], tr = top[b + k], bl = bottom[a + k], br = bottom[b + k];
                float t = tl + (tr - tl) * lx.t, u = bl + (br - bl) * lx.t;
                *out++ = (uint8_t)(t + (u - t) * ly.t + 0.5f);
            }
        }
    }
}

/* ---- public ---- */

/* The crop of n out of `a->out` pixels, rounded half to even as torchvision's CenterCrop does. */
static void centre(struct axis *a)
{
    int spare = a->out - a->n;
    a->first = spare / 2;
    if (spare % 2 != 0 && a->first % 2 != 0) a->first++;
}

int mnq_image_fit(const struct mnq_image *im, int h, int w, enum mnq_resize resize, enum mnq_filter filter, uint8_t *out,
                  struct mnq_err *e)
{
    struct axis ax = {im->w, w, 0, w}, ay = {im->h, h, 0, h};
    if (resize == MNQ_RESIZE_CROP) { /* the axis that has less to spare fits, the other keeps the aspect */
        long long wide = (long long)im->w * h, tall = (long long)im->h * w;
        if (wide > tall) ax.out = (int)(wide / im->h);
        else ay.out = (int)(tall / im->w);
        centre(&ax);
        centre(&ay);
    }
    if (ax.out == im->w && ay.out == im->h && ax.n == im->w && ay.n == im->h) {
        memcpy(out, im->data, (size_t)h * (size_t)w * (size_t)im->c);
        return 0;
    }
    if (filter == MNQ_FILTER_NEAREST) return fit_nearest(im, &ax, &ay, out, e);
    if (filter != MNQ_FILTER_TF) return fit_pil(im, &ax, &ay, filter == MNQ_FILTER_BICUBIC, out, e);
    fit_tf(im, &ax, &ay, out);
    return 0;
}
