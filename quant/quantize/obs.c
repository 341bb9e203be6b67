/* SPDX-License-Identifier: Apache-2.0
 * The optimal brain surgeon for one output of a linear layer.
 *
 * The inverse is kept as the lower triangle of the inputs still there, the last of them moving into the place of the one
 * that left: n^3 / 6 multiplications for all of them, in axpys over contiguous rows. */
#include "quantize/obs.h"

#include "graph/fkernel/fkernel.h"
#include "quantize/linalg.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { BLOCK_MAX = 16, PANEL = 32 };

struct state {
    double *h, *w, *diagonal;
    double *v, inv[PANEL]; /* [PANEL][n] columns of the inputs that left last, their 1 / v_pp */
    int *input, *place;    /* of position; of input, -1 once it left */
    const struct mnq_fkernels *kernels;
    int n, left, waiting; /* row length, positions in use, downdates to come */
};

unsigned long mnq_obs_work(int n)
{
    return (unsigned long)n * ((PANEL + 1) * sizeof(double) + 2 * sizeof(int)) + 64;
}

static double *row(double *a, int n, int i)
{
    return a + (size_t)i * (size_t)n;
}

/* An entry as it would be without waiting downdates. */
static double at(const struct state *s, int i, int j)
{
    double x = i >= j ? row(s->h, s->n, i)[j] : row(s->h, s->n, j)[i];
    for (int q = 0; q < s->waiting; q++) {
        const double *v = row(s->v, s->n, q);
        x -= v[i] * s->inv[q] * v[j];
    }
    return x;
}

static void flush(struct state *s)
{
    s->kernels->downdate(s->h, (size_t)s->n, s->left, s->v, s->inv, s->waiting);
    s->waiting = 0;
}

/* ---- removing one ---- */

/* Error that the removal of position p adds. */
static double price(const struct state *s, int p)
{
    double d = s->diagonal[p];
    return d > 0 ? s->w[p] * s->w[p] / d : 0;
}

/* Column p of the inverse. */
static void column(const struct state *s, int p, double *v)
{
    const double *rp = row(s->h, s->n, p);
    for (int i = 0; i <= p; i++) v[i] = rp[i];
    for (int i = p + 1; i < s->left; i++) v[i] = row(s->h, s->n, i)[p];
    for (int q = 0; q < s->waiting; q++) {
        const double *old = row(s->v, s->n, q);
        double c = old[p] * s->inv[q];
        for (int i = 0; i < s->left; i++) v[i] -= c * old[i];
    }
}

/* The last position moves to p. */
static void move_last(struct state *s, int p)
{
    int last = s->left - 1;
    s->place[s->input[p]] = -1;
    s->left--;
    if (p == last) return;
    const double *from = row(s->h, s->n, last);
    memcpy(row(s->h, s->n, p), from, (size_t)p * sizeof *from);
    for (int i = p + 1; i < last; i++) row(s->h, s->n, i)[p] = from[i];
    row(s->h, s->n, p)[p] = from[last];
    for (int q = 0; q < s->waiting; q++) row(s->v, s->n, q)[p] = row(s->v, s->n, q)[last];
    s->w[p] = s->w[last];
    s->diagonal[p] = s->diagonal[last];
    s->input[p] = s->input[last];
    s->place[s->input[p]] = p;
}

static void take_out(struct state *s, int p)
{
    double *v = row(s->v, s->n, s->waiting);
    column(s, p, v);
    double inv = v[p] > 0 ? 1 / v[p] : 0, f = s->w[p] * inv;
    for (int i = 0; i < s->left; i++) {
        s->w[i] -= f * v[i];
        s->diagonal[i] -= v[i] * v[i] * inv;
    }
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
        b[i] = x[i] = s->w[p];
        for (int j = 0; j < size; j++) a[i * size + j] = at(s, p, s->place[first + j]);
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

/* ---- public ---- */

int mnq_obs_trace(double *hinv, double *w, int n, struct mnq_obs_pattern p, int *order, double *error, void *work)
{
    struct state s = {.h = hinv, .w = w, .v = work, .kernels = mnq_fkernels_best(), .n = n, .left = n};
    s.diagonal = s.v + (size_t)PANEL * (size_t)n;
    s.input = (int *)(void *)(s.diagonal + n);
    s.place = s.input + n;
    for (int i = 0; i < n; i++) {
        s.input[i] = s.place[i] = i;
        s.diagonal[i] = row(hinv, n, i)[i];
    }
    if (p.block > 1) return trace_blocks(&s, p.block, order, error);
    double total = 0;
    int gone = 0;
    while (s.left > 0) {
        int best = -1;
        double least = 0;
        for (int i = 0; i < s.left; i++) {
            double cost = price(&s, i);
            if (best >= 0 && cost >= least) continue;
            if (p.group > 0) { /* how many of its group are still there */
                int first = s.input[i] / p.group * p.group, there = 0, size = n - first < p.group ? n - first : p.group;
                for (int k = 0; k < size; k++) there += s.place[first + k] >= 0;
                if (there <= p.group - p.most) continue;
            }
            best = i;
            least = cost;
        }
        if (best < 0) break;
        total += least;
        order[gone] = s.input[best];
        error[gone++] = total;
        take_out(&s, best);
    }
    return gone;
}

/* A = L L^T in the lower triangle, PANEL columns at a time; v: PANEL * n doubles. */
static int factor(double *a, int n, double *v)
{
    const struct mnq_fkernels *kernels = mnq_fkernels_best();
    double ones[PANEL];
    for (int q = 0; q < PANEL; q++) ones[q] = 1;
    for (int first = 0; first < n; first += PANEL) {
        int end = n - first < PANEL ? n : first + PANEL;
        for (int k = first; k < end; k++) {
            double *vk = v + (size_t)(k - first) * (size_t)n, d = row(a, n, k)[k];
            for (int q = first; q < k; q++) d -= row(a, n, k)[q] * row(a, n, k)[q];
            if (!(d > 0)) return -1;
            d = row(a, n, k)[k] = sqrt(d);
            for (int i = k + 1; i < n; i++) vk[i] = row(a, n, i)[k];
            for (int q = first; q < k; q++) {
                const double *vq = v + (size_t)(q - first) * (size_t)n;
                double c = vq[k];
                for (int i = k + 1; i < n; i++) vk[i] -= c * vq[i];
            }
            for (int i = k + 1; i < n; i++) row(a, n, i)[k] = vk[i] /= d;
        }
        if (end < n) kernels->downdate(row(a, n, end) + end, (size_t)n, n - end, v + end, ones, end - first);
    }
    return 0;
}

int mnq_obs_refit(const double *h, int n, const unsigned char *gone, double *w, double *scratch, void *work)
{
    /* H_SS (w'_S - w_S) = H_SP w_P */
    double *b = work, *v = b + n;
    int *kept = (int *)(void *)(v + (size_t)PANEL * (size_t)n), m = 0;
    for (int i = 0; i < n; i++)
        if (!gone[i]) kept[m++] = i;
    for (int i = 0; i < m; i++) b[i] = 0;
    for (int i = 0; i < n; i++) { /* rows of H, whose columns are the same numbers */
        const double *from = h + (size_t)i * (size_t)n;
        if (gone[i])
            for (int c = 0; c < m; c++) b[c] += w[i] * from[kept[c]];
    }
    for (int a = 0; a < m; a++) {
        const double *from = h + (size_t)kept[a] * (size_t)n;
        for (int c = 0; c <= a; c++) row(scratch, m, a)[c] = from[kept[c]];
    }
    if (factor(scratch, m, v) != 0) return -1;
    mnq_cholesky_solve(scratch, m, b);
    for (int a = 0; a < m; a++) w[kept[a]] += b[a];
    for (int i = 0; i < n; i++)
        if (gone[i]) w[i] = 0;
    return 0;
}

int mnq_obs_invert(double *a, int n, double *scratch)
{
    memcpy(scratch, a, (size_t)n * (size_t)n * sizeof *a);
    if (mnq_inverse_cholesky(scratch, n) != 0) return -1;
    /* inverse(A) = U^T U: row k of U adds U_ki U_kj; PANEL rows k at a time, the same order for every element */
    void (*axpy)(double *, const double *, double, int) = mnq_fkernels_best()->axpy;
    for (int i = 0; i < n; i++) memset(row(a, n, i), 0, (size_t)(i + 1) * sizeof *a);
    for (int first = 0; first < n; first += PANEL)
        for (int i = first; i < n; i++)
            for (int k = first; k <= i && k < first + PANEL; k++)
                axpy(row(a, n, i) + k, row(scratch, n, k) + k, -row(scratch, n, k)[i], i - k + 1);
    return 0;
}
