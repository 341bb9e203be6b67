/* SPDX-License-Identifier: Apache-2.0
 * The optimal brain surgeon for one output of a linear layer.
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
    double *h, *w, *diagonal;
    double *v, inv[PANEL]; /* [PANEL][stride] columns of the inputs that left last, their 1 / v_pp */
    double *scaled;        /* [PANEL][stride] these times 1 / v_pp */
    size_t stride;
    int *input, *place; /* of position; of input, -1 once it left */
    const struct mnq_fkernels *kernels;
    int n, left, waiting; /* row length, positions in use, downdates to come */
};

unsigned long mnq_obs_work(int n)
{
    return (2 * PANEL + 1) * (unsigned long)mnq_panel_stride(n) * sizeof(double) + 2 * (unsigned long)n * sizeof(int) + 64;
}

static double *row(double *a, int n, int i)
{
    return a + (size_t)i * (size_t)n;
}

static double *waiting_column(const struct state *s, int q)
{
    return s->v + (size_t)q * s->stride;
}

/* An entry as it would be without waiting downdates. */
static double at(const struct state *s, int i, int j)
{
    double x = i >= j ? row(s->h, s->n, i)[j] : row(s->h, s->n, j)[i];
    for (int q = 0; q < s->waiting; q++) {
        const double *v = waiting_column(s, q);
        x -= v[i] * s->inv[q] * v[j];
    }
    return x;
}

static void flush(struct state *s)
{
    for (int q = 0; q < s->waiting; q++) {
        const double *v = waiting_column(s, q);
        double *to = s->scaled + (size_t)q * s->stride, f = s->inv[q];
        for (int i = 0; i < s->left; i++) to[i] = v[i] * f;
    }
    struct mnq_fouter o = {.rows = s->left, .cols = s->left, .k = s->waiting, .lower = true};
    o.a_stride = (size_t)s->n;
    o.u_stride = o.v_stride = s->stride;
    s->kernels->outer(&o, s->h, s->scaled, s->v);
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
    double c[PANEL];
    for (int q = 0; q < s->waiting; q++) c[q] = waiting_column(s, q)[p] * s->inv[q];
    const struct mnq_faxpys d = {.rows = 1, .k = s->waiting, .n = s->left, .x_stride = (ptrdiff_t)s->stride};
    s->kernels->axpys(&d, v, s->v, c);
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
    for (int q = 0; q < s->waiting; q++) waiting_column(s, q)[p] = waiting_column(s, q)[last];
    s->w[p] = s->w[last];
    s->diagonal[p] = s->diagonal[last];
    s->input[p] = s->input[last];
    s->place[s->input[p]] = p;
}

static void take_out(struct state *s, int p)
{
    double *v = waiting_column(s, s->waiting);
    column(s, p, v);
    double inv = v[p] > 0 ? 1 / v[p] : 0, f = s->w[p] * inv;
    s->kernels->axpy(s->w, v, f, s->left);
    for (int i = 0; i < s->left; i++) s->diagonal[i] -= v[i] * v[i] * inv;
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
    s.stride = mnq_panel_stride(n);
    s.scaled = s.v + PANEL * s.stride;
    s.diagonal = s.scaled + PANEL * s.stride;
    s.input = (int *)(void *)(s.diagonal + s.stride);
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

int mnq_obs_refit(const double *h, int n, const unsigned char *gone, double *w, double *scratch, void *work)
{
    /* H_SS (w'_S - w_S) = H_SP w_P */
    double *b = work, *v = b + mnq_panel_stride(n);
    int *kept = (int *)(void *)(v + PANEL * mnq_panel_stride(n)), m = 0;
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
    if (mnq_cholesky_panels(scratch, m, v) != 0) return -1;
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
    for (int i = 0; i < n; i++) memset(row(a, n, i), 0, (size_t)(i + 1) * sizeof *a);
    for (int first = 0; first < n; first += PANEL) {
        struct mnq_fouter o = {.rows = n - first, .cols = n - first, .k = n - first < PANEL ? n - first : PANEL};
        o.a_stride = o.u_stride = o.v_stride = (size_t)n;
        o.plus = o.lower = true;
        for (int k = 1; k < o.k; k++) memset(row(scratch, n, first + k) + first, 0, (size_t)k * sizeof *scratch);
        mnq_fkernels_best()->outer(&o, row(a, n, first) + first, row(scratch, n, first) + first,
                                   row(scratch, n, first) + first);
    }
    return 0;
}
