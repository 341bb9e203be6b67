/* SPDX-License-Identifier: Apache-2.0
 * The optimal brain surgeon for one output of a linear layer.
 *
 * Damping keeps the diagonal of the inverse within a small factor of where it begins, so single precision is enough for the
 * order of removals.
 *
 * The inverse is kept as the lower triangle of the inputs still there, the last of them moving into the place of the one
 * that left: n^3 / 6 multiplications for all of them. They are put off until PANEL inputs have left, so that the matrix
 * passes through the processor once for all of these; until then the columns that are looked at are brought up to date. */
#include "quantize/obs.h"

#include "graph/fkernel/fkernel.h"
#include "quantize/linalg.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { BLOCK_MAX = 16, PANEL = MNQ_PANEL };

struct state {
    float *h, *w, *diagonal, *price; /* [n][stride], [n] each; price: error that the removal of a position adds */
    float *v, inv[PANEL];            /* [PANEL][stride] columns of the inputs that left last, their 1 / v_pp */
    float *scaled;                   /* [PANEL][stride] these times 1 / v_pp */
    size_t stride;
    int *input, *place; /* of position; of input, -1 once it left */
    const struct mnq_fkernels *kernels;
    int n, left, waiting; /* row length, positions in use, downdates to come */
};

size_t mnq_obs_stride(int n)
{
    return 2 * mnq_panel_stride((n + 1) / 2); /* as many bytes as doubles of half the number: whole lines, and odd */
}

size_t mnq_obs_work(int n)
{
    return (2 * PANEL + 2) * mnq_panel_stride(n) * sizeof(double) + 2 * (size_t)n * sizeof(int) + 64;
}

static double *wide_row(double *a, int n, int i)
{
    return a + (size_t)i * (size_t)n;
}

static float *row(const struct state *s, int i)
{
    return s->h + (size_t)i * s->stride;
}

static float *waiting_column(const struct state *s, int q)
{
    return s->v + (size_t)q * s->stride;
}

/* An entry as it would be without waiting downdates. */
static float at(const struct state *s, int i, int j)
{
    float x = i >= j ? row(s, i)[j] : row(s, j)[i];
    for (int q = 0; q < s->waiting; q++) {
        const float *v = waiting_column(s, q);
        x -= v[i] * s->inv[q] * v[j];
    }
    return x;
}

static void flush(struct state *s)
{
    for (int q = 0; q < s->waiting; q++) {
        const float *v = waiting_column(s, q);
        float *to = s->scaled + (size_t)q * s->stride, f = s->inv[q];
        for (int i = 0; i < s->left; i++) to[i] = v[i] * f;
    }
    struct mnq_fouter o = {.rows = s->left, .cols = s->left, .k = s->waiting, .lower = true};
    o.a_stride = o.u_stride = o.v_stride = s->stride;
    s->kernels->outer_f(&o, s->h, s->scaled, s->v);
    s->waiting = 0;
}

/* ---- removing one ---- */

/* Column p of the inverse; the last position's numbers take the place of p's in the matrix. */
static void column(const struct state *s, int p, float *v)
{
    int last = s->left - 1;
    float *rp = row(s, p);
    const float *from = row(s, last);
    memcpy(v, rp, (size_t)(p + 1) * sizeof *v);
    if (p < last) memcpy(rp, from, (size_t)p * sizeof *rp);
    for (int i = p + 1; i < last; i++) { /* every one in a line of its own, which is fetched once */
        float *r = row(s, i);
        v[i] = r[p];
        r[p] = from[i];
    }
    if (p < last) {
        v[last] = from[p];
        rp[p] = from[last];
    }
    float c[PANEL];
    for (int q = 0; q < s->waiting; q++) c[q] = waiting_column(s, q)[p] * s->inv[q];
    struct mnq_fouter o = {.rows = 1, .cols = s->left, .k = s->waiting, .u_stride = 1, .v_stride = s->stride};
    s->kernels->outer_f(&o, v, c, s->v);
}

/* The last position moves to p, in all but the matrix. */
static void move_last(struct state *s, int p)
{
    int last = s->left - 1;
    s->place[s->input[p]] = -1;
    s->left--;
    if (p == last) return;
    for (int q = 0; q < s->waiting; q++) waiting_column(s, q)[p] = waiting_column(s, q)[last];
    s->w[p] = s->w[last];
    s->diagonal[p] = s->diagonal[last];
    s->price[p] = s->price[last];
    s->input[p] = s->input[last];
    s->place[s->input[p]] = p;
}

static void take_out(struct state *s, int p)
{
    float *v = waiting_column(s, s->waiting);
    column(s, p, v);
    float inv = v[p] > 0 ? 1 / v[p] : 0;
    s->kernels->remove(v, s->w[p] * inv, inv, s->left, s->w, s->diagonal, s->price);
    s->inv[s->waiting++] = inv;
    move_last(s, p);
    if (s->waiting == PANEL) flush(s);
}

/* ---- blocks ---- */

/* Error that removing a whole block adds: w_B^T inverse(Hinv_BB) w_B. */
static double block_price(const struct state *s, int first, int size)
{
    double a[BLOCK_MAX * BLOCK_MAX], b[BLOCK_MAX], x[BLOCK_MAX], sum = 0;
    for (int i = 0; i < size; i++) {
        int p = s->place[first + i];
        b[i] = x[i] = (double)s->w[p];
        for (int j = 0; j < size; j++) a[i * size + j] = (double)at(s, p, s->place[first + j]);
    }
    if (mnq_cholesky(a, size) != 0) return 0;
    mnq_cholesky_solve(a, size, x);
    for (int i = 0; i < size; i++) sum += b[i] * x[i];
    return sum;
}

static int trace_blocks(struct state *s, int block, int *order, double *error)
{
    double total = 0;
    int gone = 0;
    while (s->left > 0) {
        int best = -1, best_size = 0;
        double least = 0;
        for (int first = 0; first < s->n; first += block) {
            if (s->place[first] < 0) continue;
            int size = s->n - first < block ? s->n - first : block;
            double cost = block_price(s, first, size) / size;
            if (best >= 0 && cost >= least) continue;
            best = first;
            best_size = size;
            least = cost;
        }
        for (int i = 0; i < best_size; i++) {
            order[gone] = best + i;
            error[gone++] = total;
            take_out(s, s->place[best + i]);
        }
        total += least * best_size;
        error[gone - 1] = total;
    }
    return gone;
}

/* ---- groups ---- */

/* The cheapest position whose group has not lost its most yet, -1: none. */
static int least_in_groups(const struct state *s, struct mnq_obs_pattern p)
{
    int best = -1;
    for (int i = 0; i < s->left; i++) {
        if (best >= 0 && s->price[i] >= s->price[best]) continue;
        int first = s->input[i] / p.group * p.group, there = 0, size = s->n - first < p.group ? s->n - first : p.group;
        for (int k = 0; k < size; k++) there += s->place[first + k] >= 0;
        if (there > p.group - p.most) best = i;
    }
    return best;
}

/* ---- public ---- */

int mnq_obs_trace(float *hinv, float *w, int n, struct mnq_obs_pattern p, int *order, double *error, void *work)
{
    struct state s = {.h = hinv, .w = w, .v = work, .kernels = mnq_fkernels_best(), .n = n, .left = n};
    s.stride = mnq_obs_stride(n);
    s.scaled = s.v + PANEL * s.stride;
    s.diagonal = s.scaled + PANEL * s.stride;
    s.price = s.diagonal + s.stride;
    s.input = (int *)(void *)(s.price + s.stride);
    s.place = s.input + n;
    for (int i = 0; i < n; i++) {
        s.input[i] = s.place[i] = i;
        s.diagonal[i] = row(&s, i)[i];
        s.price[i] = s.diagonal[i] > 0 ? w[i] * w[i] / s.diagonal[i] : 0;
    }
    if (p.block > 1) return trace_blocks(&s, p.block, order, error);
    double total = 0;
    int gone = 0;
    while (s.left > 0) {
        int best = p.group > 0 ? least_in_groups(&s, p) : s.kernels->least(s.price, s.left);
        if (best < 0) break;
        total += (double)s.price[best];
        order[gone] = s.input[best];
        error[gone++] = total;
        take_out(&s, best);
    }
    return gone;
}

/* Of the kept: H_SS (w'_S - w_S) = H_SP w_P. */
static int solve_kept(const double *h, int n, const unsigned char *gone, const int *kept, int m, double *w, double *scratch,
                      double *b, double *v)
{
    for (int i = 0; i < m; i++) b[i] = 0;
    for (int i = 0; i < n; i++) { /* rows of H, whose columns are the same numbers */
        const double *from = h + (size_t)i * (size_t)n;
        if (gone[i])
            for (int c = 0; c < m; c++) b[c] += w[i] * from[kept[c]];
    }
    for (int a = 0; a < m; a++) {
        const double *from = h + (size_t)kept[a] * (size_t)n;
        for (int c = 0; c <= a; c++) wide_row(scratch, m, a)[c] = from[kept[c]];
    }
    if (mnq_cholesky_panels(scratch, m, v) != 0) return -1;
    mnq_cholesky_solve(scratch, m, b);
    for (int a = 0; a < m; a++) w[kept[a]] += b[a];
    return 0;
}

/* Of those that go: w' = w - inverse(H)_P x, inverse(H)_PP x = w_P. */
static int solve_gone(const double *hinv, int n, const int *left, int m, double *w, double *scratch, double *b, double *v)
{
    for (int a = 0; a < m; a++) {
        const double *from = hinv + (size_t)left[a] * (size_t)n;
        b[a] = w[left[a]];
        for (int c = 0; c <= a; c++) wide_row(scratch, m, a)[c] = from[left[c]];
    }
    if (mnq_cholesky_panels(scratch, m, v) != 0) return -1;
    mnq_cholesky_solve(scratch, m, b);
    for (int a = 0; a < m; a++) mnq_fkernels_best()->axpy(w, hinv + (size_t)left[a] * (size_t)n, b[a], n);
    return 0;
}

int mnq_obs_refit(const double *h, const double *hinv, int n, const unsigned char *gone, double *w, double *scratch,
                  void *work)
{
    double *b = work, *v = b + mnq_panel_stride(n);
    int *list = (int *)(void *)(v + PANEL * mnq_panel_stride(n)), leaving = 0, m = 0;
    for (int i = 0; i < n; i++) leaving += gone[i] != 0;
    bool kept = leaving > n / 2;
    for (int i = 0; i < n; i++)
        if ((gone[i] == 0) == kept) list[m++] = i;
    if ((kept ? solve_kept(h, n, gone, list, m, w, scratch, b, v) : solve_gone(hinv, n, list, m, w, scratch, b, v)) != 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (gone[i]) w[i] = 0;
    return 0;
}

int mnq_obs_invert(double *a, int n, double *scratch)
{
    memcpy(scratch, a, (size_t)n * (size_t)n * sizeof *a);
    if (mnq_inverse_cholesky(scratch, n) != 0) return -1;
    /* inverse(A) = U^T U: row k of U adds U_ki U_kj; PANEL rows k at a time, the same order for every element */
    for (int i = 0; i < n; i++) memset(wide_row(a, n, i), 0, (size_t)(i + 1) * sizeof *a);
    for (int first = 0; first < n; first += PANEL) {
        struct mnq_fouter o = {.rows = n - first, .cols = n - first, .k = n - first < PANEL ? n - first : PANEL};
        o.a_stride = o.u_stride = o.v_stride = (size_t)n;
        o.plus = o.lower = true;
        for (int k = 1; k < o.k; k++) memset(wide_row(scratch, n, first + k) + first, 0, (size_t)k * sizeof *scratch);
        mnq_fkernels_best()->outer(&o, wide_row(a, n, first) + first, wide_row(scratch, n, first) + first,
                                   wide_row(scratch, n, first) + first);
    }
    return 0;
}
