/* SPDX-License-Identifier: Apache-2.0
 * Views of a picture to learn from: other parts, sizes, sides and colours of it. */
#include "tune_view.h"

#include "graph/activation.h"

#include <math.h>
#include <string.h>

uint64_t mnq_random_next(struct mnq_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double mnq_random_unit(struct mnq_random *r)
{
    return (double)(mnq_random_next(r) >> 11) * (1.0 / 9007199254740992.0);
}

/* A part of the picture in pixels, mirrored or not, and what the light does: gain per channel, contrast, saturation. */
struct part {
    double x, y, w, h;
    bool mirrored, coloured;
    double gain[3], contrast, saturation;
};

static uint8_t pixel_of(double v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5);
}

static void recolour(const struct part *p, double *v)
{
    const double middle = 110; /* contrast turns around it */
    double grey = 0;
    for (int c = 0; c < 3; c++) {
        v[c] = (v[c] * p->gain[c] - middle) * p->contrast + middle;
        grey += v[c] / 3;
    }
    for (int c = 0; c < 3; c++) v[c] = (v[c] - grey) * p->saturation + grey;
}

/* Bilinear between the four nearest pixels. */
static void cut(const uint8_t *from, struct mnq_shape s, const struct part *p, uint8_t *to)
{
    size_t c = (size_t)s.c, row = (size_t)s.w * c;
    for (int y = 0; y < s.h; y++) {
        double fy = fmin(fmax(p->y + (y + 0.5) * p->h / s.h - 0.5, 0), s.h - 1);
        int iy = (int)fy < s.h - 1 ? (int)fy : s.h - 1, dy = iy + 1 < s.h;
        for (int x = 0; x < s.w; x++, to += c) {
            int at = p->mirrored ? s.w - 1 - x : x;
            double fx = fmin(fmax(p->x + (at + 0.5) * p->w / s.w - 0.5, 0), s.w - 1);
            int ix = (int)fx < s.w - 1 ? (int)fx : s.w - 1, dx = ix + 1 < s.w;
            const uint8_t *a = from + (size_t)iy * row + (size_t)ix * c, *b = a + (size_t)dy * row;
            double v[3] = {0}, ty = fy - iy, tx = fx - ix;
            for (size_t k = 0; k < c; k++) {
                double top = a[k] * (1 - tx) + a[k + (size_t)dx * c] * tx,
                       low = b[k] * (1 - tx) + b[k + (size_t)dx * c] * tx;
                if (k < 3) v[k] = top * (1 - ty) + low * ty;
                if (!p->coloured) to[k] = pixel_of(top * (1 - ty) + low * ty);
            }
            if (!p->coloured) continue;
            recolour(p, v);
            for (size_t k = 0; k < c; k++) to[k] = pixel_of(v[k]);
        }
    }
}

void mnq_tune_view(const uint8_t *from, struct mnq_shape s, uint64_t seed, int picture, int k, uint8_t *to)
{
    static const double LEAST_AREA = 0.25, LOG_ASPECT = 0.2877, LIGHT = 0.2; /* log(4/3) */
    struct mnq_random r = {seed * 0x9e3779b97f4a7c15u + (uint64_t)picture * 1000003u + (uint64_t)k};
    if (k == 0) {
        memcpy(to, from, mnq_elements(s));
        return;
    }
    double area = LEAST_AREA + (1 - LEAST_AREA) * mnq_random_unit(&r);
    double aspect = mnq_exp_plain(LOG_ASPECT * (2 * mnq_random_unit(&r) - 1));
    double w = fmin(sqrt(area * aspect), 1), h = fmin(sqrt(area / aspect), 1);
    struct part p = {.x = mnq_random_unit(&r) * (1 - w) * s.w,
                     .y = mnq_random_unit(&r) * (1 - h) * s.h,
                     .w = w * s.w,
                     .h = h * s.h,
                     .mirrored = mnq_random_unit(&r) < 0.5,
                     .coloured = s.c == 3};
    double light = 1 + LIGHT * (2 * mnq_random_unit(&r) - 1);
    for (int c = 0; c < 3; c++) p.gain[c] = light * (1 + 0.3 * LIGHT * (2 * mnq_random_unit(&r) - 1));
    p.contrast = 1 + LIGHT * (2 * mnq_random_unit(&r) - 1);
    p.saturation = 1 + 1.3 * LIGHT * (2 * mnq_random_unit(&r) - 1);
    cut(from, s, &p, to);
}

double mnq_tune_blend(const uint8_t *other, size_t n, struct mnq_random *r, uint8_t *to)
{
    const int share = (int)(128 * mnq_random_unit(r)); /* of 256 */
    for (size_t i = 0; i < n; i++) to[i] = (uint8_t)((to[i] * (256 - share) + other[i] * share + 128) >> 8);
    return share / 256.0;
}

void mnq_tune_judge_view(const uint8_t *from, struct mnq_shape s, int k, uint8_t *to)
{
    static const double place[MNQ_TUNE_JUDGES] = {0, 0, 1.0 / 3, 1.0 / 6};
    double side = k == 0 ? 1 : 2.0 / 3;
    struct part p = {.x = place[k] * s.w, .y = place[k] * s.h, .w = side * s.w, .h = side * s.h};
    cut(from, s, &p, to);
}
