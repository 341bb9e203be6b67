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

enum { BLOCK_MAX = 16 };

struct state {
    double *h, *w, *v;  /* v: column of the input that leaves */
    int *input, *place; /* of position; of input, -1 once it left */
    const struct mnq_fkernels *kernels;
    int n, left; /* row length, positions in use */
};

unsigned long mnq_obs_work(int n)
{
    return (unsigned long)n * (2 * sizeof(double) + 2 * sizeof(int)) + 64;
}

static double *row(double *a, int n, int i)
{
    return a + (size_t)i * (size_t)n;
}

static double at(const struct state *s, int i, int j)
{
    return i >= j ? row(s->h, s->n, i)[j] : row(s->h, s->n, j)[i];
}

/* ---- removing one ---- */

/* Error that the removal of position p adds. */
static double price(const struct state *s, int p)
{
    double d = row(s->h, s->n, p)[p];
    return d > 0 ? s->w[p] * s->w[p] / d : 0;
}

static void take_out(struct state *s, int p)
{
    int m = s->left, last = m - 1;
    double *v = s->v, d = row(s->h, s->n, p)[p], inv = d > 0 ? 1 / d : 0, f = s->w[p] * inv;
    for (int i = 0; i < m; i++) v[i] = at(s, p, i);
    for (int i = 0; i < m; i++) s->w[i] -= f * v[i];
    s->kernels->downdate(s->h, (size_t)s->n, m, v, inv);
    /* the last one moves */
    if (p != last) {
        double *from = row(s->h, s->n, last);
        memcpy(row(s->h, s->n, p), from, (size_t)p * sizeof *from);
        for (int i = p + 1; i < last; i++) row(s->h, s->n, i)[p] = from[i];
        row(s->h, s->n, p)[p] = from[last];
        s->w[p] = s->w[last];
    }
    s->place[s->input[p]] = -1;
    s->input[p] = s->input[last];
    if (p != last) s->place[s->input[p]] = p;
    s->left--;
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
    s.input = (int *)(void *)((double *)work + n);
    s.place = s.input + n;
    for (int i = 0; i < n; i++) s.input[i] = s.place[i] = i;
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

/* A = L L^T in the lower triangle; v: n doubles. */
static int factor(double *a, int n, double *v)
{
    const struct mnq_fkernels *kernels = mnq_fkernels_best();
    for (int k = 0; k < n; k++) {
        double *d = row(a, n, k) + k;
        if (!(*d > 0)) return -1;
        *d = sqrt(*d);
        for (int i = k + 1; i < n; i++) v[i] = row(a, n, i)[k] /= *d;
        if (k + 1 < n) kernels->downdate(row(a, n, k + 1) + k + 1, (size_t)n, n - k - 1, v + k + 1, 1);
    }
    return 0;
}

int mnq_obs_refit(const double *h, int n, const unsigned char *gone, double *w, double *scratch, void *work)
{
    /* H_SS (w'_S - w_S) = H_SP w_P */
    double *b = work, *v = b + n;
    int *kept = (int *)(void *)(v + n), m = 0;
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
    /* inverse(A) = U^T U: row k of U adds U_ki U_kj */
    for (int i = 0; i < n; i++) memset(row(a, n, i), 0, (size_t)(i + 1) * sizeof *a);
    for (int k = 0; k < n; k++) {
        const double *u = row(scratch, n, k);
        for (int i = k; i < n; i++) {
            double *r = row(a, n, i), f = u[i];
            for (int j = k; j <= i; j++) r[j] += f * u[j];
        }
    }
    return 0;
}
